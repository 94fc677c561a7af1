"""Sounds as people have them: every format and rate, every way in which one can be broken."""

import os

import numpy as np
import pytest
import soundfile
from media_files import (
    assert_one_sentence,
    cut_in_half,
    draw_quarters,
    rising_tone,
    run_ffmpeg_tool,
    write_noise,
    write_sound,
    write_video_file,
)

from sspl.media.files import MediaError
from sspl.media.pictures import write_image
from sspl.media.sounds import audio_duration_s, read_audio, to_model_rate, write_audio

RATE_HZ = 16_000


def middle_of_tone(duration_s: float, window_s: float = 3.0) -> np.ndarray:
    """The middle of the rising tone, straight from its formula."""
    tone = rising_tone(duration_s, RATE_HZ)
    start = (len(tone) - round(window_s * RATE_HZ)) // 2
    return tone[start : start + round(window_s * RATE_HZ)]


def relative_error(waveform: np.ndarray, expected: np.ndarray) -> float:
    """Root mean square of the difference over that of what is expected."""
    assert waveform.shape == expected.shape
    assert waveform.dtype == np.float32
    assert np.abs(waveform).max() <= 1
    return float(np.sqrt(np.mean((waveform - expected) ** 2) / np.mean(expected**2)))


def find_lag(waveform: np.ndarray, tone: np.ndarray, start: int) -> int:
    """By how many samples `waveform` is late against `tone[start:]`; loudly, or it fails."""
    inside, middle = waveform[3000:-3000], tone[start + 3000 : start + len(waveform) - 3000]
    lags = range(-2500, 2500)
    overlaps = [inside @ tone[start + 3000 - lag :][: len(inside)] for lag in lags]
    best = int(np.argmax(overlaps))
    assert overlaps[best] > 0.9 * np.linalg.norm(inside) * np.linalg.norm(middle)
    return lags[best]


@pytest.mark.parametrize("num_channels", [1, 2, 6])
@pytest.mark.parametrize("sample_rate_hz", [8000, 11_025, 22_050, 44_100, 48_000, 96_000, 44_101])
def test_read_audio_at_every_rate(tmp_path, sample_rate_hz, num_channels):
    path = write_sound(tmp_path / "a.wav", 5.0, sample_rate_hz, num_channels)
    waveform = read_audio(path)
    # A shift by one sample of 16 kHz would give 0.4; for odd rates a neighbouring one is taken.
    tolerance = 0.2 if sample_rate_hz == 44_101 else 0.01
    assert relative_error(waveform, middle_of_tone(5.0)) < tolerance
    assert audio_duration_s(path) == pytest.approx(5.0, abs=0.001)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_read_audio_of_every_number_type(tmp_path, subtype):
    path = write_sound(tmp_path / "a.wav", 5.0, subtype=subtype)
    tolerance = 0.02 if subtype == "PCM_U8" else 0.001
    assert relative_error(read_audio(path), middle_of_tone(5.0)) < tolerance


@pytest.mark.parametrize(
    ("suffix", "tolerance"), [(".flac", 0.001), (".ogg", 0.2), (".mp3", 0.2), (".aiff", 0.001)]
)
def test_read_audio_formats(tmp_path, suffix, tolerance):
    path = write_sound(tmp_path / f"a{suffix}", 5.0, 44_100, 2)
    expected = rising_tone(5.0, RATE_HZ)[RATE_HZ : 4 * RATE_HZ]
    assert relative_error(read_audio(path, 1.0), expected) < tolerance
    assert audio_duration_s(path) == pytest.approx(5.0, abs=0.06)


@pytest.mark.parametrize("name", ["a.m4a", "a.opus", "a.webm", "a.mka"])
def test_read_audio_through_ffmpeg(tmp_path, name):
    write_sound(tmp_path / "tone.wav", 5.0, 48_000)
    codec = "aac" if name == "a.m4a" else "libopus"
    run_ffmpeg_tool("-i", tmp_path / "tone.wav", "-c:a", codec, tmp_path / name)
    tone = rising_tone(5.0, RATE_HZ)
    for start_s in (0.25, 1.0):
        waveform = read_audio(tmp_path / name, start_s)
        # Matroska counts in milliseconds, and not every ffmpeg drops what Opus puts in front.
        assert abs(find_lag(waveform, tone, round(start_s * RATE_HZ))) <= 0.01 * RATE_HZ
    assert audio_duration_s(tmp_path / name) == pytest.approx(5.0, abs=0.06)


def test_read_audio_of_an_mp3_that_does_not_say_its_length(tmp_path):
    # Varying bit rate and no table of contents: libsndfile counts 14.6 s of 60, ffmpeg guesses 80.
    tone = np.concatenate([np.zeros(480_000, np.float32), rising_tone(30.0, RATE_HZ)])
    soundfile.write(tmp_path / "a.wav", tone, RATE_HZ)
    mp3 = ("-c:a", "libmp3lame", "-q:a", "5", "-write_xing", "0", "-id3v2_version", "0")
    run_ffmpeg_tool("-i", tmp_path / "a.wav", *mp3, tmp_path / "a.mp3")
    assert audio_duration_s(tmp_path / "a.mp3") == pytest.approx(60.0, abs=0.1)
    # Nor does it say by how much the encoder delayed the sound: 1105 samples and decoders' 529.
    assert 0 <= find_lag(read_audio(tmp_path / "a.mp3", 50.0), tone, 50 * RATE_HZ) <= 1700


def test_read_audio_of_a_video(tmp_path):
    path = write_video_file(tmp_path / "a.mp4", 4.0)
    assert relative_error(read_audio(path), middle_of_tone(4.0)) < 0.1
    with pytest.raises(MediaError, match="has no sound") as raised:
        read_audio(write_video_file(tmp_path / "mute.mp4", 1.0, with_sound=False))
    assert_one_sentence(raised, "mute.mp4")


def test_read_audio_of_loud_stereo_through_ffmpeg_is_not_cut(tmp_path):
    # ffmpeg's own mix of two float channels is 1.41 times too loud.
    stereo = np.repeat(1.8 * rising_tone(3.0, RATE_HZ)[:, None], 2, axis=1)
    soundfile.write(tmp_path / "a.wav", stereo, RATE_HZ)
    run_ffmpeg_tool("-i", tmp_path / "a.wav", "-c:a", "pcm_f32le", tmp_path / "a.mka")
    assert relative_error(read_audio(tmp_path / "a.mka"), stereo[:, 0]) < 0.01


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg"])
def test_read_audio_of_bytes_is_that_of_the_file(tmp_path, name):
    path = write_sound(tmp_path / name, 5.0, 44_100, 2)
    for start_s in (None, 0.3):
        expected = read_audio(path, start_s)
        np.testing.assert_array_equal(read_audio(path.read_bytes(), start_s), expected)


def test_read_audio_of_bytes_that_libsndfile_cannot_read(tmp_path):
    flac = write_sound(tmp_path / "a.flac").read_bytes()
    mp3 = write_sound(tmp_path / "a.mp3").read_bytes()
    for data in (b"", b"noise" * 1000, flac[: len(flac) // 2], mp3):
        with pytest.raises(MediaError, match="none of WAV") as raised:
            read_audio(data)
        assert_one_sentence(raised, "The sound")


@pytest.mark.parametrize("suffix", [".wav", ".mp3"])
def test_read_audio_where_one_asks(tmp_path, suffix):
    path = write_sound(tmp_path / f"a{suffix}", 5.0, 44_100)
    tone = rising_tone(5.0, RATE_HZ)
    for start_s, duration_s in ((0.0, 1.0), (1.23, 0.5), (4.0, 1.0), (3.3, 1.5)):
        start = round(start_s * RATE_HZ)
        expected = tone[start : start + round(duration_s * RATE_HZ)]
        waveform = read_audio(path, start_s, duration_s)
        assert relative_error(waveform, expected) < (0.01 if suffix == ".wav" else 0.2)
    # What is left, where less than the window is left.
    assert len(read_audio(path, 4.5, 3.0)) == pytest.approx(0.5 * RATE_HZ, abs=1000)
    with pytest.raises(MediaError, match="start before"):
        read_audio(path, 6.0)
    for start_s, duration_s in ((-1.0, 3.0), (0.0, 0.0), (0.0, float("nan"))):
        with pytest.raises(ValueError, match="start_s"):
            read_audio(path, start_s, duration_s)


def test_read_audio_has_no_edges_where_it_cuts(tmp_path):
    # A steady tone must be as steady at the ends of the window as inside.
    t = np.arange(5 * 44_100) / 44_100
    soundfile.write(tmp_path / "a.wav", 0.5 * np.cos(2 * np.pi * 1000 * t), 44_100)
    expected = 0.5 * np.cos(2 * np.pi * 1000 * np.arange(16_000, 64_000) / RATE_HZ)
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav"), expected, atol=0.002)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_read_audio_of_short_sounds(tmp_path, suffix):
    short = write_sound(tmp_path / f"short{suffix}", 0.2, 44_100)
    assert 3200 <= len(read_audio(short)) <= 5000  # compressed ones come back a little longer
    with pytest.raises(MediaError, match=r"0\.2 s|cut short") as raised:
        read_audio(write_sound(tmp_path / f"blip{suffix}", 0.05, 44_100))
    assert_one_sentence(raised, f"blip{suffix}")


def test_read_audio_of_ten_minutes_of_surround_reads_only_the_window(tmp_path, monkeypatch):
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 8000, 6) as file:
        for second in range(600):
            file.write(np.full((8000, 6), second / 1000))
    num_read = 0
    read = soundfile.SoundFile.read

    def count(self, frames, **options):
        nonlocal num_read
        num_read += frames
        return read(self, frames, **options)

    monkeypatch.setattr(soundfile.SoundFile, "read", count)
    waveform = read_audio(path)
    assert num_read < 4 * 8000
    assert audio_duration_s(path) == 600
    # 298.5 to 301.5 s: half a second of 0.298, then 0.299, 0.300, half a second of 0.301.
    assert waveform[[4000, 16_000, 32_000, 44_000]] == pytest.approx(
        [0.298, 0.299, 0.300, 0.301], abs=5e-4
    )


def test_read_audio_scales_what_is_too_loud(tmp_path):
    tone = rising_tone(1.0, RATE_HZ)
    soundfile.write(tmp_path / "a.wav", 4 * tone, RATE_HZ, subtype="FLOAT")
    assert relative_error(read_audio(tmp_path / "a.wav"), 2 * tone) < 0.01


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_read_audio_refuses_broken_samples(tmp_path, bad):
    tone = rising_tone(1.0, RATE_HZ)
    tone[8000] = bad
    soundfile.write(tmp_path / "a.wav", tone, RATE_HZ, subtype="FLOAT")
    with pytest.raises(MediaError, match="broken samples") as raised:
        read_audio(tmp_path / "a.wav")
    assert_one_sentence(raised, "a.wav")


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3", ".m4a"])
def test_read_audio_of_half_a_file_gives_what_is_there(tmp_path, suffix):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 6 * RATE_HZ)
    soundfile.write(tmp_path / "a.wav", noise, RATE_HZ)
    path = tmp_path / f"half{suffix}"
    run_ffmpeg_tool("-i", tmp_path / "a.wav", path)
    cut_in_half(path)
    if suffix == ".m4a":  # its index is at the end
        with pytest.raises(MediaError) as raised:
            read_audio(path)
        assert_one_sentence(raised, path.name)
    else:
        waveform = read_audio(path)
        assert 2 * RATE_HZ < len(waveform) <= 3 * RATE_HZ
        assert np.abs(waveform).mean() > 0.1


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.ogg", "a.m4a", "a.raw", "a", "a.txt"])
def test_read_audio_refuses_what_is_not_a_sound(tmp_path, name):
    for content in (np.random.default_rng(1).bytes(100_000), b"only words " * 100, b""):
        (tmp_path / name).write_bytes(content)
        for read in (read_audio, audio_duration_s):
            with pytest.raises(MediaError) as raised:
                read(tmp_path / name)
            assert_one_sentence(raised, name)


def test_read_audio_refuses_pictures_missing_files_and_folders(tmp_path):
    write_image(tmp_path / "a.png", draw_quarters())
    for path in (tmp_path / "a.png", tmp_path / "no.wav", tmp_path):
        with pytest.raises(MediaError) as raised:
            read_audio(path)
        assert_one_sentence(raised, path.name)


def test_read_audio_does_not_follow_a_playlist(tmp_path):
    # A stranger's playlist must not make us open other files or addresses.
    write_sound(tmp_path / "secret.wav", 3.0)
    (tmp_path / "a.mp3").write_text("ffconcat version 1.0\nfile secret.wav\n")
    (tmp_path / "b.mp3").write_text("#EXTM3U\n#EXTINF:3,\nsecret.wav\n#EXT-X-ENDLIST\n")
    for name in ("a.mp3", "b.mp3"):
        with pytest.raises(MediaError):
            read_audio(tmp_path / name)


@pytest.mark.parametrize("name", ["-y.m4a", "a:b.m4a", "tön é.m4a", "100%d.m4a", "it's.m4a"])
def test_read_audio_of_awkward_names(tmp_path, monkeypatch, name):
    write_sound(tmp_path / "tone.wav", 1.0)
    run_ffmpeg_tool("-i", tmp_path / "tone.wav", tmp_path / "plain.m4a")
    (tmp_path / "plain.m4a").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert 1.0 * RATE_HZ <= len(read_audio(name)) < 1.1 * RATE_HZ


@pytest.mark.parametrize(
    ("waveform", "tolerance"),
    [
        (rising_tone(1.0, 48_000), 0.01),
        (rising_tone(1.0, 48_000).astype(np.float64), 0.01),
        ((rising_tone(1.0, 48_000) * 32_767).astype(np.int16), 0.01),
        ((rising_tone(1.0, 48_000) * 2_147_483_000).astype(np.int32), 0.01),
        ((rising_tone(1.0, 48_000) * 127 + 128).astype(np.uint8), 0.03),
        (np.repeat(rising_tone(1.0, 48_000)[:, None], 2, axis=1), 0.01),
    ],
)
def test_to_model_rate(waveform, tolerance):
    # The ends have no neighbours to filter with.
    inside = slice(100, -100)
    expected = rising_tone(1.0, RATE_HZ)
    assert relative_error(to_model_rate(waveform, 48_000)[inside], expected[inside]) < tolerance


def test_to_model_rate_averages_channels():
    left, right = np.ones(1600, np.int16) * 16_384, np.zeros(1600, np.int16)
    mono = to_model_rate(np.stack([left, right], axis=1), RATE_HZ)
    np.testing.assert_allclose(mono, 0.25, atol=1e-6)


@pytest.mark.parametrize(
    ("waveform", "rate_hz", "words"),
    [
        (np.zeros(0, np.float32), 16_000, "shape"),
        (np.zeros((2, 100, 2), np.float32), 16_000, "shape"),
        (np.zeros((2, 48_000), np.float32), 16_000, "transpose"),
        (np.zeros(100, np.complex64), 16_000, "complex64"),
        (np.full(100, np.nan, np.float32), 16_000, "broken samples"),
        (np.zeros(100, np.float32), 0, "samples per second"),
    ],
)
def test_to_model_rate_says_what_is_wrong(waveform, rate_hz, words):
    with pytest.raises(MediaError, match=words):
        to_model_rate(waveform, rate_hz)


@pytest.mark.parametrize(
    ("name", "tolerance"), [("a.wav", 0.001), ("a.flac", 0.001), ("a.ogg", 0.2), ("a.mp3", 0.2)]
)
def test_write_audio_can_be_read_back(tmp_path, name, tolerance):
    tone = rising_tone(2.0, RATE_HZ)
    write_audio(tmp_path / name, tone)
    assert os.listdir(tmp_path) == [name]
    waveform = read_audio(tmp_path / name, 0.0, 2.0)
    assert relative_error(waveform[: len(tone)], tone) < tolerance


def test_write_audio_of_a_long_sound_as_ogg(tmp_path):
    # In one piece, libsndfile overflows its stack.
    write_audio(tmp_path / "a.ogg", np.zeros(120 * RATE_HZ, np.float32))
    assert audio_duration_s(tmp_path / "a.ogg") == pytest.approx(120)


def test_write_audio_leaves_nothing_behind_when_it_fails(tmp_path):
    tone = rising_tone(1.0, RATE_HZ)
    with pytest.raises(MediaError, match="end its name"):
        write_audio(tmp_path / "a.xyz", tone)
    with pytest.raises(ValueError, match="finite"):
        write_audio(tmp_path / "a.wav", tone * np.nan)
    with pytest.raises(MediaError, match="cannot be written"):
        write_audio(tmp_path / "a.mp3", np.zeros((100, 7)))  # MP3 has at most two channels
    assert os.listdir(tmp_path) == []
    assert not write_noise(tmp_path / "b").with_suffix(".wav").exists()


@pytest.mark.parametrize("name", ["a.wav", "a.m4a"])
def test_read_audio_at_the_rate_asked_for(tmp_path, name):
    path = write_sound(tmp_path / "a.wav", 4.0, 48_000)
    if name != path.name:
        run_ffmpeg_tool("-i", path, tmp_path / name)
    waveform = read_audio(tmp_path / name, 0.5, sample_rate_hz=32_000)
    assert waveform.shape == (96_000,)
    expected = rising_tone(4.0, 32_000)[16_000:112_000]
    assert relative_error(waveform, expected) < (0.01 if name == path.name else 0.3)
