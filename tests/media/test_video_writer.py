"""Videos as they are written: read back, in time, whole or not at all."""

import os
import re
import subprocess

import numpy as np
import pytest
from imageio_ffmpeg import get_ffmpeg_exe
from media_files import (
    VIDEO_FPS,
    assert_plays_from_first_to_last,
    corner_colours,
    draw_quarters,
    rising_tone,
    shade_of_frame,
    write_noise,
    write_sound,
    write_video_file,
)

import sspl.media.video_writer
from sspl.media.files import MediaError
from sspl.media.video import open_video
from sspl.media.video_writer import write_video

RATE_HZ = 16_000


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
        sspl.media.video_writer, "_picture_arguments", lambda *_: ["-v", "error", "-i", "no"]
    )
    frames = (np.zeros((480, 640, 3), np.uint8) for _ in range(50))
    with pytest.raises(MediaError, match=r"cannot be written \(.+\)"):
        write_video(tmp_path / "a.mp4", frames, 8)
    assert os.listdir(tmp_path) == []
