"""Make real picture, sound and video files to test with: what phones, editors and browsers save.

Plain functions. What they write tells where and when it is: the four quarters of a picture have
four colours, a sound's pitch rises steadily, and a video's frames get lighter one by one.
"""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from imageio_ffmpeg import get_ffmpeg_exe
from PIL import Image

from sspl.media.video import Video

TOP_LEFT, TOP_RIGHT = (200, 30, 30), (30, 170, 30)
BOTTOM_LEFT, BOTTOM_RIGHT = (30, 30, 200), (210, 200, 40)

VIDEO_FPS = 8


def assert_one_sentence(raised: pytest.ExceptionInfo, name: str) -> None:
    """The message names the file and is one sentence in one line."""
    message = str(raised.value)
    assert name in message
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 250


def draw_quarters(width_px: int = 64, height_px: int = 48) -> np.ndarray:
    """(H, W, 3) uint8: red, green / blue, yellow."""
    picture = np.empty((height_px, width_px, 3), np.uint8)
    x, y = width_px // 2, height_px // 2
    picture[:y, :x], picture[:y, x:] = TOP_LEFT, TOP_RIGHT
    picture[y:, :x], picture[y:, x:] = BOTTOM_LEFT, BOTTOM_RIGHT
    return picture


def corner_colours(picture: np.ndarray) -> np.ndarray:
    """(4, 3) int: the colours amid the four quarters, row by row."""
    height_px, width_px = picture.shape[:2]
    ys, xs = (height_px // 4, 3 * height_px // 4), (width_px // 4, 3 * width_px // 4)
    return np.array([picture[y, x] for y in ys for x in xs], int)


QUARTERS = np.array([TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT, BOTTOM_RIGHT])


def write_phone_jpeg(path: Path, width_px: int = 64, height_px: int = 48) -> Path:
    """A JPEG that a phone held upright saves: lying on its side, EXIF orientation 6."""
    upright = Image.fromarray(draw_quarters(width_px, height_px))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.transpose(Image.Transpose.ROTATE_90).save(path, quality=92, exif=exif)
    return path


def rising_tone(duration_s: float, sample_rate_hz: int, top_hz: float = 2000.0) -> np.ndarray:
    """(N,) float32, peak 0.5: a pitch that rises from 100 Hz to `top_hz`."""
    t = np.arange(round(duration_s * sample_rate_hz)) / sample_rate_hz
    phase = 2 * np.pi * (100 * t + (top_hz - 100) * t**2 / (2 * duration_s))
    return (0.5 * np.sin(phase)).astype(np.float32)


def write_sound(
    path: Path,
    duration_s: float = 5.0,
    sample_rate_hz: int = 16_000,
    num_channels: int = 1,
    subtype: str | None = None,
) -> Path:
    """A rising tone in any format that libsndfile writes, the same in all channels."""
    tone = rising_tone(duration_s, sample_rate_hz)
    channels = np.repeat(tone[:, None], num_channels, axis=1)
    soundfile.write(path, channels, sample_rate_hz, subtype=subtype)
    return path


def run_ffmpeg_tool(*arguments: str | Path, pictures: bytes = b"") -> None:
    """Run ffmpeg to the end, with raw pictures on its standard input."""
    command = [get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, input=pictures, check=True, capture_output=True)


def shade_of_frame(index: int) -> int:
    """The grey of a video's frame number `index`, 0 to 31."""
    return 20 + 7 * index


def write_video_file(
    path: Path,
    duration_s: float = 3.0,
    *,
    with_sound: bool = True,
    sound_duration_s: float | None = None,
    video_codec: str = "libx264",
    audio_codec: str = "aac",
    width_px: int = 64,
    height_px: int = 48,
    rotation: int = 0,
    options: tuple[str, ...] = (),
) -> Path:
    """A video, 8 frames a second: frame k is grey `shade_of_frame(k)`, its top left quarter white.

    Args:
        rotation: Degrees that a phone notes beside the pictures (90: portrait).
        options: More words for ffmpeg about the output.
    """
    num_frames = round(duration_s * VIDEO_FPS)
    pictures = np.empty((num_frames, height_px, width_px, 3), np.uint8)
    for index, picture in enumerate(pictures):
        picture[:] = shade_of_frame(index)
        picture[: height_px // 2, : width_px // 2] = 255
    words: list[str | Path] = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-r", str(VIDEO_FPS)]
    words += ["-s", f"{width_px}x{height_px}", "-i", "pipe:0"]
    tone = path.with_name(f"{path.stem}-tone.wav")
    if with_sound:
        words += ["-i", write_sound(tone, sound_duration_s or duration_s, 44_100)]
        words += ["-c:a", audio_codec]
    words += ["-c:v", video_codec, "-pix_fmt", "yuv420p", *options]
    if video_codec.startswith("libvpx"):
        words += ["-deadline", "realtime", "-cpu-used", "8"]
    target = path.with_name(f"{path.stem}-flat{path.suffix}") if rotation else path
    run_ffmpeg_tool(*words, target, pictures=pictures.tobytes())
    tone.unlink(missing_ok=True)
    if rotation:
        run_ffmpeg_tool("-display_rotation", str(rotation), "-i", target, "-c", "copy", path)
        target.unlink()
    return path


def cut_in_half(path: Path) -> Path:
    """The same name, the first half of its bytes, as after a broken upload."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def write_noise(path: Path, num_bytes: int = 100_000) -> Path:
    """Random bytes under whatever name."""
    path.write_bytes(np.random.default_rng(0).bytes(num_bytes))
    return path


def assert_plays_from_first_to_last(video: Video, num_frames: int) -> None:
    times, shades = zip(
        *((t_s, int(frame[-8, -8].mean())) for t_s, frame in video.frames()), strict=True
    )
    np.testing.assert_allclose(times, np.arange(num_frames) / VIDEO_FPS)
    np.testing.assert_allclose(shades, [shade_of_frame(k) for k in range(num_frames)], atol=3)
