import os
import re
import subprocess

import numpy as np
import pytest
from imageio_ffmpeg import get_ffmpeg_exe
from media_files import (
    VIDEO_FPS,
    assert_one_sentence,
    corner_colours,
    cut_in_half,
    draw_quarters,
    rising_tone,
    run_ffmpeg_tool,
    shade_of_frame,
    write_noise,
    write_sound,
    write_video_file,
)

import sspl.media.video
from sspl.media.files import MediaError
from sspl.media.video import Video, open_video, write_video

RATE_HZ = 16_000


def shade(frame: np.ndarray) -> int:
    """The grey of a frame of ours, at its bottom right."""
    return int(frame[-8, -8].mean())


def assert_plays_from_first_to_last(video: Video, num_frames: int) -> None:
    times, shades = zip(*((t_s, shade(frame)) for t_s, frame in video.frames()), strict=True)
    np.testing.assert_allclose(times, np.arange(num_frames) / VIDEO_FPS)
    np.testing.assert_allclose(shades, [shade_of_frame(k) for k in range(num_frames)], atol=3)


@pytest.fixture
def processes(monkeypatch):
    """Every process started in the test; at its end none may be left."""
    started = []

    class Recorded(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    yield started
    assert started
    assert all(process.poll() is not None for process in started)


# --- Reading ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "video_codec", "audio_codec"),
    [
        ("a.mp4", "libx264", "aac"),
        ("a.mov", "libx264", "pcm_s16le"),
        ("a.webm", "libvpx-vp9", "libopus"),
        ("b.webm", "libvpx", "libvorbis"),
        ("a.mkv", "libx264", "flac"),
    ],
)
def test_open_video_formats(tmp_path, processes, name, video_codec, audio_codec):
    path = write_video_file(tmp_path / name, 3.0, video_codec=video_codec, audio_codec=audio_codec)
    with open_video(path) as video:
        assert video.duration_s == pytest.approx(3.0, abs=0.1)
        assert video.fps == VIDEO_FPS
        assert (video.width_px, video.height_px) == (64, 48)
        assert video.has_audio
        assert_plays_from_first_to_last(video, 24)
        tone = rising_tone(3.0, RATE_HZ)
        heard = video.audio_window(0.5, 1.0)
        assert heard.shape == (RATE_HZ,)
        assert heard.dtype == np.float32
        # The pitch of a middle piece: the number of times that it rises through zero.
        piece = slice(4000, 12_000)
        rises = [
            int(np.sum((x[:-1] < 0) & (x[1:] >= 0))) for x in (heard[piece], tone[12_000:20_000])
        ]
        assert abs(rises[0] - rises[1]) < 0.03 * rises[1]


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_frames_of_a_phone_are_upright(tmp_path, rotation):
    path = write_video_file(tmp_path / "phone.mov", 1.0, rotation=rotation)
    with open_video(path) as video:
        assert (video.width_px, video.height_px) == ((64, 48) if rotation == 180 else (48, 64))
        frame = video.frame_at(0.5)
    # The white quarter, top left in the file, turned against the clock.
    expected = {90: (0, 0, 1, 0), 180: (0, 0, 0, 1), 270: (0, 1, 0, 0)}[rotation]
    assert frame.shape == (video.height_px, video.width_px, 3)
    np.testing.assert_array_equal(corner_colours(frame).mean(axis=1) > 200, np.array(expected) > 0)


def test_frames_may_be_kept_and_written_to(tmp_path):
    with open_video(write_video_file(tmp_path / "a.mp4", 1.0)) as video:
        frames = [frame for _, frame in video.frames()]
    frames[0][:] = 0
    assert shade(frames[1]) == pytest.approx(shade_of_frame(1), abs=3)


def test_frames_of_square_pixels(tmp_path):
    # Television stores 64x48 and says that each pixel is twice as wide as high.
    path = write_video_file(tmp_path / "a.mp4", 1.0, options=("-aspect", "8:3"))
    with open_video(path) as video:
        assert (video.width_px, video.height_px) == (128, 48)
        assert video.frame_at(0.0).shape == (48, 128, 3)


@pytest.mark.parametrize(("max_side_px", "size"), [(32, (32, 24)), (1000, (64, 48))])
def test_frames_can_be_shrunk(tmp_path, max_side_px, size):
    with open_video(write_video_file(tmp_path / "a.mp4", 1.0), max_side_px) as video:
        assert (video.width_px, video.height_px) == size
        _, frame = next(video.frames())
        assert frame.shape == (size[1], size[0], 3)


def test_frames_at_another_rate(tmp_path):
    with open_video(write_video_file(tmp_path / "a.mp4", 2.0)) as video:
        slower = list(video.frames(fps=4))
        assert [t_s for t_s, _ in slower] == [k / 4 for k in range(8)]
        for t_s, frame in slower:
            assert shade(frame) == pytest.approx(shade_of_frame(round(t_s * VIDEO_FPS)), abs=8)
        assert len(list(video.frames(fps=16))) == pytest.approx(32, abs=1)
        for fps in (0, -1, float("nan"), float("inf")):
            with pytest.raises(ValueError, match="fps must lie"):
                next(video.frames(fps=fps))


def test_frames_of_a_varying_rate_keep_time(tmp_path):
    # 8 frames a second for one second, then 2: a phone in the dark.
    flat = write_video_file(tmp_path / "flat.mp4", 3.0)
    keep = "select='lt(n,8)+not(mod(n,4))'"
    path = tmp_path / "phone.mp4"
    run_ffmpeg_tool("-i", flat, "-vf", keep, "-fps_mode", "vfr", "-c:a", "copy", path)
    with open_video(path) as video:
        assert video.fps == VIDEO_FPS
        for t_s, frame in video.frames():
            index = round(t_s * VIDEO_FPS)
            index = index if index < 8 else index // 4 * 4
            assert shade(frame) == pytest.approx(shade_of_frame(index), abs=4)
        assert shade(video.frame_at(1.9)) == pytest.approx(shade_of_frame(12), abs=4)


def test_video_from_a_browser_does_not_say_its_length(tmp_path):
    path = write_video_file(tmp_path / "a.webm", 2.0, video_codec="libvpx", audio_codec="libopus")
    live = tmp_path / "live.webm"
    run_ffmpeg_tool("-i", path, "-c", "copy", "-live", "1", "-f", "webm", live)
    with open_video(live) as video:
        assert video.duration_s == pytest.approx(2.0, abs=0.15)
        assert_plays_from_first_to_last(video, 16)


def test_frame_at_is_the_frame_shown(tmp_path):
    with open_video(write_video_file(tmp_path / "a.mp4", 3.0)) as video:
        for t_s in (0.0, 0.124, 0.125, 0.2, 1.0, 1.49, 2.0, 2.875, 2.99, video.duration_s):
            index = min(int(t_s * VIDEO_FPS + 1e-6), 23)
            assert shade(video.frame_at(t_s)) == pytest.approx(shade_of_frame(index), abs=3)
        for t_s in (-0.1, 3.5, float("nan")):
            with pytest.raises(ValueError, match="t_s must lie"):
                video.frame_at(t_s)


def test_frame_at_the_end_of_a_longer_sound(tmp_path):
    path = write_video_file(tmp_path / "a.mp4", 1.0, sound_duration_s=13.0)
    with open_video(path) as video:
        assert video.duration_s == pytest.approx(13.0, abs=0.1)
        assert_plays_from_first_to_last(video, 8)
        for t_s in (1.2, 5.0, 12.9):
            assert shade(video.frame_at(t_s)) == pytest.approx(shade_of_frame(7), abs=3)
        video.frame_at(1.2, stale_s=0.5)
        with pytest.raises(MediaError, match=r"pictures for 0\.88 s: none is shown at 5\.00 s"):
            video.frame_at(5.0, stale_s=0.5)


def test_audio_windows_are_where_they_should_be(tmp_path, processes):
    path = write_video_file(tmp_path / "a.mp4", 3.0)
    tone = rising_tone(3.0, RATE_HZ)
    with open_video(path) as video:
        # Forward by small steps, back, and far apart: every way of reading.
        for start_s in (*np.arange(0, 2.2, 0.1), 0.3, 2.0, 1.0):
            window = video.audio_window(start_s, 0.75)
            start = round(start_s * RATE_HZ)
            expected = tone[start : start + 12_000]
            assert window @ expected > 0.98 * np.linalg.norm(window) * np.linalg.norm(expected)
            assert np.abs(window).max() == pytest.approx(0.5, abs=0.1)


def test_audio_window_is_silent_outside(tmp_path):
    with open_video(write_video_file(tmp_path / "a.mp4", 2.0)) as video:
        early = video.audio_window(-1.0, 3.0)
        assert early.shape == (3 * RATE_HZ,)
        assert not early[:RATE_HZ].any()
        np.testing.assert_array_equal(early[RATE_HZ:], video.audio_window(0.0, 2.0))
        late = video.audio_window(1.0, 3.0)
        assert late[: RATE_HZ - 1000].any()
        assert not late[RATE_HZ + 2000 :].any()
        for start_s in (-5.0, 50.0):
            assert not video.audio_window(start_s, 1.0).any()
        with pytest.raises(ValueError, match="duration_s"):
            video.audio_window(0.0, 0.0)


def test_audio_window_knows_that_the_sound_begins_late(tmp_path):
    video_only = write_video_file(tmp_path / "mute.mp4", 3.0, with_sound=False)
    tone = write_sound(tmp_path / "tone.wav", 2.0)
    late = ("-itsoffset", "1", "-i", tone, "-c:v", "copy")
    run_ffmpeg_tool("-i", video_only, *late, tmp_path / "late.mp4")
    with open_video(tmp_path / "late.mp4") as video:
        for start_s in (0.0, 0.7):
            window = video.audio_window(start_s, 2.0)
            begin = round((1.0 - start_s) * RATE_HZ)
            assert np.abs(window[: begin - 400]).max(initial=0) < 0.02
            assert np.abs(window[begin + 400 : begin + 4000]).max() > 0.4


def test_audio_windows_keep_no_more_than_they_need(tmp_path):
    sound = write_sound(tmp_path / "tone.wav", 60.0)
    run_ffmpeg_tool("-i", sound, "-f", "lavfi", "-i", "color=s=16x16:r=1:d=60", tmp_path / "a.mp4")
    with open_video(tmp_path / "a.mp4") as video:
        for start_s in range(0, 57, 3):
            video.audio_window(start_s, 3.0)
            assert len(video._sound._kept) <= 3 * RATE_HZ


def test_video_without_sound(tmp_path):
    with open_video(write_video_file(tmp_path / "mute.mp4", 1.0, with_sound=False)) as video:
        assert not video.has_audio
        assert_plays_from_first_to_last(video, 8)
        with pytest.raises(MediaError, match="has no sound") as raised:
            video.audio_window(0.0, 1.0)
    assert_one_sentence(raised, "mute.mp4")


def test_no_process_outlives_a_loop_that_stops_early(tmp_path, processes):
    path = write_video_file(tmp_path / "a.mp4", 3.0)
    with open_video(path) as video:
        for _ in video.frames():
            break
        video.audio_window(0.0, 0.5)


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.mov", "a.avi"])
def test_open_video_refuses_what_is_not_a_video(tmp_path, name):
    for content in (np.random.default_rng(0).bytes(50_000), b"only words " * 100, b""):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(MediaError) as raised:
            open_video(tmp_path / name)
        assert_one_sentence(raised, name)


def test_open_video_refuses_sounds_pictures_missing_files_and_folders(tmp_path):
    sound = write_sound(tmp_path / "a.wav", 1.0)
    run_ffmpeg_tool("-f", "lavfi", "-i", "color=s=32x32", "-frames:v", "1", tmp_path / "a.png")
    cover = ("-i", tmp_path / "a.png", "-map", "0", "-map", "1", "-c:v", "copy")
    run_ffmpeg_tool("-i", sound, *cover, "-disposition:v", "attached_pic", tmp_path / "song.m4a")
    for path in (sound, tmp_path / "a.png", tmp_path / "song.m4a", tmp_path / "no.mp4", tmp_path):
        with pytest.raises(MediaError) as raised:
            open_video(path)
        assert_one_sentence(raised, path.name)


def test_open_video_refuses_frames_that_fill_the_memory(tmp_path, monkeypatch):
    path = write_video_file(tmp_path / "a.mp4", 1.0)
    monkeypatch.setattr(sspl.media.video, "MAX_FRAME_PIXELS", 64 * 48 - 1)
    with pytest.raises(MediaError) as raised:
        open_video(path)
    assert_one_sentence(raised, "a.mp4")


def test_half_a_video_is_refused_at_once_or_where_it_breaks_off(tmp_path, processes):
    # An MP4's index is at its end, unless it was made to stream.
    with pytest.raises(MediaError, match="cut short") as raised:
        open_video(cut_in_half(write_video_file(tmp_path / "a.mp4", 3.0)))
    assert_one_sentence(raised, "a.mp4")
    for name, options in {"b.mp4": ("-movflags", "+faststart"), "b.mkv": ()}.items():
        # Noise, so that the pictures are most of the file.
        noise = ("-f", "lavfi", "-i", "nullsrc=s=64x48:r=8:d=3,geq=random(1)*255:128:128")
        run_ffmpeg_tool(*noise, "-g", "4", "-c:v", "libx264", *options, tmp_path / name)
        with open_video(cut_in_half(tmp_path / name)) as video:
            shown = []
            with pytest.raises(MediaError, match="cut short") as raised:
                shown.extend(t_s for t_s, _ in video.frames())
            assert 6 <= len(shown) <= 18
        assert_one_sentence(raised, name)


def test_a_badly_damaged_video_does_not_hang(tmp_path):
    # ffmpeg says more about it than a pipe holds (64 kB).
    noise = ("-f", "lavfi", "-i", "nullsrc=s=64x48:r=100:d=12,geq=random(1)*255:128:128")
    path = tmp_path / "a.mp4"
    run_ffmpeg_tool(*noise, "-g", "2", "-c:v", "libx264", "-preset", "ultrafast", path)
    content = bytearray(path.read_bytes())
    index = content.rfind(b"moov")
    for position in range(5000, index - 100, 97):
        content[position] ^= 0xFF
    path.write_bytes(content)
    with open_video(path) as video:
        assert sum(1 for _ in video.frames()) > 100


# --- Writing ----------------------------------------------------------------------------------


def shaded_frames(num_frames: int, width_px: int = 64, height_px: int = 48):
    for index in range(num_frames):
        yield np.full((height_px, width_px, 3), shade_of_frame(index), np.uint8)


def describe(path) -> str:
    """What ffmpeg says about a file."""
    command = [get_ffmpeg_exe(), "-i", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def test_write_video_can_be_read_back(tmp_path, processes):
    tone = rising_tone(2.0, RATE_HZ)
    write_video(tmp_path / "a.mp4", shaded_frames(16), VIDEO_FPS, waveform=tone)
    assert os.listdir(tmp_path) == ["a.mp4"]
    with open_video(tmp_path / "a.mp4") as video:
        assert video.fps == VIDEO_FPS
        assert video.duration_s == pytest.approx(2.0, abs=0.05)
        assert_plays_from_first_to_last(video, 16)
        heard = video.audio_window(0.0, 2.0)
    assert heard @ tone > 0.95 * np.linalg.norm(heard) * np.linalg.norm(tone)


def test_write_video_plays_in_every_browser(tmp_path):
    tone = rising_tone(1.0, RATE_HZ)
    write_video(tmp_path / "a.mp4", shaded_frames(8, 33, 21), VIDEO_FPS, waveform=tone)
    text = describe(tmp_path / "a.mp4")
    assert re.search(r"Video: h264 .*yuv420p\(.*bt709.*34x22", text), text
    assert re.search(r"Audio: aac", text), text
    content = (tmp_path / "a.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat"), "it cannot start before it is loaded"


def test_write_video_keeps_colours(tmp_path):
    frames = [draw_quarters(128, 96)] * 8
    write_video(tmp_path / "a.mp4", frames, VIDEO_FPS)
    with open_video(tmp_path / "a.mp4") as video:
        colours = corner_colours(video.frame_at(0.5))
    np.testing.assert_allclose(colours, corner_colours(frames[0]), atol=4)


@pytest.mark.parametrize("sound_s", [0.5, 2.0, 5.0])
def test_write_video_is_as_long_as_its_pictures(tmp_path, sound_s):
    source = write_sound(tmp_path / "a.wav", sound_s, 96_000, 6)
    write_video(tmp_path / "a.mp4", shaded_frames(16), VIDEO_FPS, audio_from=source)
    with open_video(tmp_path / "a.mp4") as video:
        assert video.duration_s == pytest.approx(2.0, abs=0.03)  # AAC comes in blocks of 0.021 s
        assert_plays_from_first_to_last(video, 16)
        assert np.abs(video.audio_window(0.0, min(sound_s, 2.0))).max() > 0.3
        if sound_s < 1:
            assert np.abs(video.audio_window(1.0, 1.0)).max() < 0.01


def test_write_video_takes_the_sound_of_another_video(tmp_path):
    source = write_video_file(tmp_path / "a.webm", 2.0, video_codec="libvpx", audio_codec="libopus")
    mute = write_video_file(tmp_path / "mute.mp4", 2.0, with_sound=False)
    write_video(tmp_path / "b.mp4", shaded_frames(16), VIDEO_FPS, audio_from=source)
    write_video(tmp_path / "c.mp4", shaded_frames(16), VIDEO_FPS, audio_from=mute)
    write_video(tmp_path / "d.mp4", shaded_frames(16), VIDEO_FPS)
    for name, has_audio in {"b.mp4": True, "c.mp4": False, "d.mp4": False}.items():
        with open_video(tmp_path / name) as video:
            assert video.has_audio == has_audio
            assert_plays_from_first_to_last(video, 16)


@pytest.mark.parametrize("fps", [29.97, 23.976, 30000 / 1001, 12.5, 60])
def test_write_video_keeps_the_rate(tmp_path, fps):
    write_video(tmp_path / "a.mp4", shaded_frames(8), fps)
    with open_video(tmp_path / "a.mp4") as video:
        assert video.fps == pytest.approx(fps, abs=2e-4)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_write_video_leaves_the_old_file_after_an_error(tmp_path, processes, error):
    (tmp_path / "a.mp4").write_text("old")

    def frames():
        yield from shaded_frames(8)
        raise error

    with pytest.raises(error):
        write_video(tmp_path / "a.mp4", frames(), VIDEO_FPS, waveform=rising_tone(1.0, RATE_HZ))
    assert (tmp_path / "a.mp4").read_text() == "old"
    assert os.listdir(tmp_path) == ["a.mp4"]


def test_write_video_says_what_is_wrong_and_leaves_nothing(tmp_path):
    bad_sound = write_noise(tmp_path / "noise.wav")
    frame = np.zeros((48, 64, 3), np.uint8)
    out = tmp_path / "out"
    out.mkdir()
    tone = rising_tone(1.0, RATE_HZ)
    for words, arguments, sound in [
        ("end its name in .mp4", (out / "a.avi", [frame], 8), {}),
        ("make the folder", (out / "no" / "a.mp4", [frame], 8), {}),
        ("no frames", (out / "a.mp4", [], 8), {}),
        ("all of one size", (out / "a.mp4", [frame, frame[:40]], 8), {}),
        ("uint8", (out / "a.mp4", [frame / 255], 8), {}),
        ("fps must lie", (out / "a.mp4", [frame], 0), {}),
        ("noise.wav is not a sound", (out / "a.mp4", [frame], 8), {"audio_from": bad_sound}),
        ("no.wav does not exist", (out / "a.mp4", [frame], 8), {"audio_from": out / "no.wav"}),
        ("not both", (out / "a.mp4", [frame], 8), {"audio_from": bad_sound, "waveform": tone}),
    ]:
        with pytest.raises(ValueError, match=re.escape(words)):
            write_video(*arguments, **sound)
        assert os.listdir(out) == []


def test_write_video_reports_what_ffmpeg_says(tmp_path, monkeypatch):
    # A disk that fills up: ffmpeg stops early, and its exit status is the only sign.
    monkeypatch.setattr(
        sspl.media.video, "_picture_arguments", lambda *_: ["-v", "error", "-i", "no"]
    )
    frames = (np.zeros((480, 640, 3), np.uint8) for _ in range(50))
    with pytest.raises(MediaError, match=r"cannot be written \(.+\)"):
        write_video(tmp_path / "a.mp4", frames, 8)
    assert os.listdir(tmp_path) == []
