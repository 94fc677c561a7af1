"""Read and write pictures and sounds, whatever a person brings. Videos are in `sspl.video`.

A picture is (H, W, 3) uint8 RGB; a sound is (N,) float32 in [-1, 1], 16 kHz, mono. A file that
cannot be used raises `MediaError`: one sentence that names it and says what to do.
"""

from collections.abc import Iterable
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile
import torch
from PIL import Image, ImageOps
from torchaudio.functional import resample

from sspl.ffmpeg import SAMPLE_RATE_HZ, SoundTrack, measure_duration_s, probe_file, reject
from sspl.files import MediaError, check_file, replace_when_done

__all__ = [
    "SAMPLE_RATE_HZ",
    "MediaError",
    "audio_duration_s",
    "read_audio",
    "read_image",
    "to_model_rate",
    "write_audio",
    "write_gif",
    "write_image",
]

MAX_PICTURE_PIXELS = 89_478_485  # Pillow's own limit, above which it suspects a decompression bomb
MIN_SOUND_S = 0.2

# Only these decoders may run on a stranger's file: Pillow's list also has EPS, which starts a
# PostScript interpreter.
_PICTURE_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "JPEG2000", "PPM", "AVIF")
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")

_WRITTEN_PICTURES = (".png", ".jpg", ".jpeg", ".webp")
_WRITTEN_SOUNDS = (".wav", ".flac", ".ogg", ".mp3")
# libsndfile's Vorbis encoder overflows the stack when it is handed a long sound at once.
_BLOCK = 65_536


# --- Pictures ---------------------------------------------------------------------------------


def read_image(
    source: str | Path | bytes | Image.Image | np.ndarray, max_side_px: int | None = None
) -> np.ndarray:
    """Read a picture as (H, W, 3) uint8 RGB, upright.

    The rotation that cameras note in EXIF is applied; transparency is laid on white; palette,
    greyscale, 16-bit and CMYK become RGB; an animation gives its first frame.

    Args:
        source: A file or what it holds, a Pillow image, or an array (H, W), (H, W, 1), (H, W, 3)
            or (H, W, 4) uint8.
        max_side_px: Shrink so that neither side is longer (much quicker for large JPEGs).

    Raises:
        MediaError: It cannot be read, or has more than 89 megapixels.
    """
    if max_side_px is not None and max_side_px < 1:
        raise ValueError(f"max_side_px must be at least 1, not {max_side_px}.")
    if isinstance(source, np.ndarray):
        return _to_rgb(_from_array(source), "The picture array", max_side_px)
    if isinstance(source, Image.Image):
        return _to_rgb(source, "The picture", max_side_px)
    file, name = _open_source(source, "The picture")
    try:
        with Image.open(file, formats=_PICTURE_FORMATS) as image:
            _check_size(image, name)
            if max_side_px is not None:
                # JPEG can be decoded at 1/2, 1/4 or 1/8; twice the wanted size loses nothing.
                image.draft(None, (2 * max_side_px, 2 * max_side_px))
            return _to_rgb(image, name, max_side_px)
    except MediaError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(name) from error
    except Image.UnidentifiedImageError as error:
        raise _unknown_picture(file, name) from error
    except Exception as error:  # as its readers of headers do
        raise _damaged_picture(name) from error


def write_image(path: str | Path, image: np.ndarray) -> None:
    """Write (H, W, 3) uint8 RGB as .png, .jpg or .webp, whole or not at all."""
    path = _with_suffix(path, _WRITTEN_PICTURES)
    with replace_when_done(path) as unfinished:
        # subsampling 0 is 4:4:4: the usual halved colour smears the edges of a heat-map. PNG
        # takes no notice of either option.
        Image.fromarray(read_image(image)).save(unfinished, quality=95, subsampling=0)


def write_gif(path: str | Path, frames: Iterable[np.ndarray], seconds_per_frame: float) -> None:
    """Write (H, W, 3) uint8 frames of one size as a .gif that plays for ever."""
    path = _with_suffix(path, (".gif",))
    if not 0.02 <= seconds_per_frame <= 600:
        raise ValueError(f"seconds_per_frame must lie in 0.02 to 600, not {seconds_per_frame}.")
    pictures = [_to_palette(Image.fromarray(read_image(frame))) for frame in frames]
    if not pictures:
        raise ValueError(f"There are no frames to write to {path.name}.")
    if len({picture.size for picture in pictures}) > 1:
        raise ValueError(f"The frames for {path.name} must all have one size.")
    with replace_when_done(path) as unfinished:
        pictures[0].save(
            unfinished,
            save_all=True,
            append_images=pictures[1:],
            duration=round(1000 * seconds_per_frame),
            loop=0,
        )


def _to_palette(image: Image.Image) -> Image.Image:
    """The 256 colours that fit best, dithered: without, a heat-map gets contour lines."""
    palette = image.quantize(256)
    return image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)


def _from_array(pixels: np.ndarray) -> Image.Image:
    """A Pillow image of the same pixels."""
    if pixels.dtype != np.uint8:
        raise MediaError(f"The picture array is {pixels.dtype}: pass uint8 values from 0 to 255.")
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    is_grey_or_colour = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))
    if pixels.size == 0 or not is_grey_or_colour:
        raise MediaError(f"The picture array has shape {pixels.shape}: pass (H, W, 3) RGB.")
    return Image.fromarray(pixels)


def _to_rgb(image: Image.Image, name: str, max_side_px: int | None) -> np.ndarray:
    """Decode an opened image, turn it upright and lay it on white; (H, W, 3) uint8."""
    _check_size(image, name)
    try:
        image = ImageOps.exif_transpose(image)
        if image.mode.startswith("I"):  # 16-bit grey; Pillow would cut at 255 where this divides
            image = Image.fromarray((np.asarray(image) // 257).clip(0, 255).astype(np.uint8))
        if image.mode == "F":
            raise ValueError("nobody can tell what is white in a picture of floats")
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        image = image.convert("RGB")
        if max_side_px is not None:
            image.thumbnail((max_side_px, max_side_px))
    except Exception as error:  # Pillow's decoders raise a dozen types
        raise _damaged_picture(name) from error
    return np.array(image)


def _check_size(image: Image.Image, name: str) -> None:
    if image.width * image.height > MAX_PICTURE_PIXELS:
        raise _too_large(name)


def _too_large(name: str) -> MediaError:
    limit = MAX_PICTURE_PIXELS // 1_000_000
    return MediaError(f"{name} has more than {limit} megapixels: shrink it first.")


def _damaged_picture(name: str) -> MediaError:
    return MediaError(
        f"{name} is a damaged or unusual picture: open it in a viewer and save it as PNG or JPEG."
    )


def _unknown_picture(file: Path | BytesIO, name: str) -> MediaError:
    with file.open("rb") if isinstance(file, Path) else file as opened:
        opened.seek(0)
        start = opened.read(12)
    if start[4:8] == b"ftyp" and start[8:12] in _HEIC_BRANDS:
        return MediaError(f"{name} is a HEIC picture: export it as JPEG or PNG first.")
    return MediaError(f"{name} is not a picture that can be read: save it as JPEG or PNG.")


# --- Sounds -----------------------------------------------------------------------------------


def read_audio(
    source: str | Path | bytes, start_s: float | None = None, duration_s: float = 3.0
) -> np.ndarray:
    """Read a window of a sound file, or of a video's sound, as (N,) float32, 16 kHz, mono.

    Only the window is read, so a long file costs no more than a short one. The channels are
    averaged. A sound that is shorter than the window is returned whole (see
    `sspl.audio.fit_length`), and a file that breaks off is read as far as it goes. Values beyond
    full scale are scaled into [-1, 1].

    Args:
        source: wav, flac, ogg, mp3, m4a, or a video: what libsndfile or ffmpeg reads. Or what such
            a file holds; then libsndfile alone.
        start_s: Where the window begins; by default it is centred on the middle, as in the paper.
        duration_s: The length of the window.

    Raises:
        MediaError: It cannot be read, has no sound, holds less than 0.2 s, or has broken samples.
    """
    if not duration_s > 0 or (start_s is not None and not start_s >= 0):
        raise ValueError(f"Pass start_s >= 0 and duration_s > 0, not {start_s} and {duration_s}.")
    file, name = _open_source(source, "The sound")
    waveform = _read_with_soundfile(file, name, start_s, duration_s)
    if waveform is None:
        if isinstance(file, BytesIO):
            raise MediaError(f"{name} is damaged, or none of WAV, FLAC and OGG: export it as FLAC.")
        waveform = _read_with_ffmpeg(file, start_s, duration_s)
    return _into_range(waveform, name)


def audio_duration_s(source: str | Path) -> float:
    """The length in seconds of a sound file or of a video. Raises MediaError as `read_audio`."""
    path = check_file(source)
    file = _open_with_soundfile(path)
    if file is not None:
        with file:
            return file.frames / file.samplerate
    return _probe_sound(path)


def to_model_rate(waveform: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Turn any waveform into (N,) float32 in [-1, 1], 16 kHz, mono.

    Args:
        waveform: (N,) or (N, channels); floats in [-1, 1], or integers over their type's range
            (a microphone in Gradio gives int16).
        sample_rate_hz: Its sample rate.

    Raises:
        MediaError: It is empty, has broken samples, or not one of these shapes and types.
    """
    if not 1000 <= sample_rate_hz <= 1_000_000:
        raise MediaError(f"The sound has {sample_rate_hz} samples per second: record it at 16000.")
    if waveform.size == 0 or waveform.ndim not in (1, 2):
        raise MediaError(f"The sound has shape {waveform.shape}: pass (N,) or (N, channels).")
    if waveform.ndim == 2 and waveform.shape[1] > 32:
        raise MediaError(
            f"The sound has shape {waveform.shape}, {waveform.shape[1]} channels: transpose it."
        )
    if np.issubdtype(waveform.dtype, np.integer):
        half = 2.0 ** (8 * waveform.dtype.itemsize - 1)
        middle = half if np.issubdtype(waveform.dtype, np.unsignedinteger) else 0.0
        waveform = ((waveform - middle) / half).astype(np.float32)
    elif not np.issubdtype(waveform.dtype, np.floating):
        raise MediaError(f"The sound is {waveform.dtype}: pass float32 or int16 samples.")
    mono = waveform if waveform.ndim == 1 else waveform.mean(axis=1)
    return _into_range(_resample(mono, _near_ratio(sample_rate_hz)), "The sound")


def write_audio(
    path: str | Path, waveform: np.ndarray, sample_rate_hz: int = SAMPLE_RATE_HZ
) -> None:
    """Write (N,) or (N, channels) float in [-1, 1] as .wav, .flac, .ogg or .mp3, whole or not."""
    path = _with_suffix(path, _WRITTEN_SOUNDS)
    if waveform.ndim not in (1, 2) or waveform.size == 0 or not np.isfinite(waveform).all():
        raise ValueError(f"Pass finite samples (N,) for {path.name}, N > 0.")
    num_channels = 1 if waveform.ndim == 1 else waveform.shape[1]
    # Into memory first: libsndfile says nothing if the disk fills up as it closes a file.
    encoded, kind = BytesIO(), path.suffix[1:].upper()
    try:
        with soundfile.SoundFile(encoded, "w", sample_rate_hz, num_channels, format=kind) as file:
            for begin in range(0, len(waveform), _BLOCK):
                file.write(np.clip(waveform[begin : begin + _BLOCK], -1.0, 1.0))
    except soundfile.LibsndfileError as error:
        raise MediaError(
            f"{path} cannot be written ({error.error_string}): choose another format."
        ) from error
    with replace_when_done(path) as unfinished:
        unfinished.write_bytes(encoded.getvalue())


def _open_with_soundfile(file: Path | BytesIO) -> soundfile.SoundFile | None:
    """The file, opened, or None where libsndfile cannot read it or miscounts its frames.

    An MP3 of varying bit rate without a table of contents is a quarter of its length to it.
    """
    if isinstance(file, Path) and file.suffix.lower() == ".mp3":
        return None
    try:
        opened = soundfile.SoundFile(file)
    except (soundfile.LibsndfileError, TypeError):  # TypeError: a .raw file, which has no header
        return None
    if opened.format == "MP3" or opened.frames <= 0:
        opened.close()
        return None
    return opened


def _read_with_soundfile(
    source: Path | BytesIO, name: str, start_s: float | None, duration_s: float
) -> np.ndarray | None:
    """The window as libsndfile reads it, or None where it does not read all of it."""
    file = _open_with_soundfile(source)
    if file is None:
        return None
    with file:
        exact = Fraction(SAMPLE_RATE_HZ, file.samplerate)
        ratio = _near_ratio(file.samplerate)
        total = int(file.frames * exact)
        start, stop = _choose_window(total, start_s, duration_s, name)
        # Read a little more on both sides, so that the resampler sees across the edges, and from
        # a frame that falls exactly on a 16 kHz sample: every `denominator` frames there is one.
        margin = SAMPLE_RATE_HZ // 20
        first = int(max(0, start - margin) / exact) // ratio.denominator * ratio.denominator
        last = min(file.frames, int((stop + margin) / exact) + 1)
        try:
            file.seek(first)
            frames = file.read(last - first, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            return None
    if len(frames) < last - first:
        return None
    begin = round(start - first * exact)
    return _resample(frames.mean(axis=1), ratio)[begin : begin + stop - start]


def _read_with_ffmpeg(path: Path, start_s: float | None, duration_s: float) -> np.ndarray:
    """The window as ffmpeg reads it."""
    total = int(_probe_sound(path) * SAMPLE_RATE_HZ)
    start, stop = _choose_window(total, start_s, duration_s, path.name)
    with SoundTrack(path) as track:
        waveform = track.read(start, stop)
        if len(waveform) < 0.9 * (stop - start):
            # The file promises more than it holds: look again in what is there.
            total = int(measure_duration_s(path, "-map", "0:a:0") * SAMPLE_RATE_HZ)
            start, stop = _choose_window(total, start_s, duration_s, path.name)
            waveform = track.read(start, stop)
    if len(waveform) < int(MIN_SOUND_S * SAMPLE_RATE_HZ):
        raise reject(path, "sound", "record it again or export it as WAV")
    return waveform


def _probe_sound(path: Path) -> float:
    """The duration in seconds of what ffmpeg hears in a file."""
    contents = probe_file(path)
    if contents is None:
        raise reject(path, "sound", "export it as WAV, FLAC, OGG or MP3")
    if not contents.has_sound:
        raise MediaError(f"{path.name} has no sound: choose another file.")
    if contents.duration_s is not None and not contents.is_guess:
        return contents.duration_s
    measured_s = measure_duration_s(path, "-map", "0:a:0")
    if measured_s < 0.1 * (contents.duration_s or 0.0):  # by chance, noise has an MP3 frame in it
        raise reject(path, "sound", "export it as WAV, FLAC, OGG or MP3")
    return measured_s


def _choose_window(
    total: int, start_s: float | None, duration_s: float, name: str
) -> tuple[int, int]:
    """The first sample and the one after the last, at 16 kHz, of the window to read."""
    total_s = total / SAMPLE_RATE_HZ
    if total_s < MIN_SOUND_S - 0.001:
        raise MediaError(f"{name} lasts {total_s:.2f} s: bring at least {MIN_SOUND_S} s of sound.")
    length = round(min(duration_s, total_s) * SAMPLE_RATE_HZ)
    start = (total - length) // 2 if start_s is None else round(start_s * SAMPLE_RATE_HZ)
    stop = min(start + length, total)
    if start_s is not None and stop - start < min(length, MIN_SOUND_S * SAMPLE_RATE_HZ):
        raise MediaError(f"{name} lasts {total_s:.2f} s: start before {start_s:.2f} s.")
    return start, stop


def _near_ratio(sample_rate_hz: int) -> Fraction:
    """16 kHz over the sample rate: exact for the usual ones, else within 0.05 per cent.

    The resampler's table grows with numerator times denominator: gigabytes for 44101 Hz.
    """
    return Fraction(SAMPLE_RATE_HZ, sample_rate_hz).limit_denominator(1000)


def _resample(mono: np.ndarray, ratio: Fraction) -> np.ndarray:
    """(N,) at any rate to (N * ratio,) float32."""
    waveform = torch.from_numpy(np.ascontiguousarray(mono, np.float32))
    return resample(waveform, ratio.denominator, ratio.numerator, lowpass_filter_width=16).numpy()


def _into_range(waveform: np.ndarray, name: str) -> np.ndarray:
    """The same in [-1, 1]: float files and resampling go beyond it."""
    peak = float(np.abs(waveform).max(initial=0.0))
    if not np.isfinite(peak):
        raise MediaError(f"{name} has broken samples (NaN or infinite): export it again as WAV.")
    return np.ascontiguousarray(waveform / peak if peak > 1 else waveform, np.float32)


def _open_source(source: str | Path | bytes, name: str) -> tuple[Path | BytesIO, str]:
    """What a library can open, and what to call it: a file by its name, bytes by `name`."""
    if isinstance(source, bytes):
        return BytesIO(source), name
    path = check_file(source)
    return path, path.name


def _with_suffix(path: str | Path, suffixes: tuple[str, ...]) -> Path:
    path = Path(path)
    if path.suffix.lower() not in suffixes:
        raise MediaError(f"{path} cannot be written: end its name in {' or '.join(suffixes)}.")
    return path
