"""Videos as people have them: formats, rotation, rates, sound, and every way of breaking."""

import numpy as np
import pytest
from media_files import (
    VIDEO_FPS,
    assert_one_sentence,
    assert_plays_from_first_to_last,
    corner_colours,
    cut_in_half,
    rising_tone,
    run_ffmpeg_tool,
    shade_of_frame,
    write_sound,
    write_video_file,
)

import sspl.media.video
from sspl.media.files import MediaError
from sspl.media.video import open_video

RATE_HZ = 16_000


def shade(frame: np.ndarray) -> int:
    """The grey of a frame of ours, at its bottom right."""
    return int(frame[-8, -8].mean())


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
