"""Read and write sounds, whatever a person brings.

A sound is (N,) float32 in [-1, 1], mono, at 16 kHz or the rate asked for. A file that cannot be
used raises `MediaError`: one sentence that names it and says what to do.
"""

from fractions import Fraction
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile
import torch
from torchaudio.functional import resample

from sspl.audio import SAMPLE_RATE_HZ
from sspl.media.ffmpeg import (
    SoundTrack,
    measure_duration_s,
    probe_file,
    reject,
)
from sspl.media.files import MediaError, check_file, open_source, replace_when_done, with_suffix

MIN_SOUND_S = 0.2

_WRITTEN_SOUNDS = (".wav", ".flac", ".ogg", ".mp3")

# libsndfile's Vorbis encoder overflows the stack when it is handed a long sound at once.
_BLOCK = 65_536


def read_audio(
    source: str | Path | bytes,
    start_s: float | None = None,
    duration_s: float = 3.0,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
) -> np.ndarray:
    """Read a window of a sound file, or of a video's sound, as (N,) float32, mono.

    Only the window is read, so a long file costs no more than a short one. The channels are
    averaged. A sound that is shorter than the window is returned whole (see
    `sspl.audio.fit_length`), and a file that breaks off is read as far as it goes. Values beyond
    full scale are scaled into [-1, 1].

    Args:
        source: wav, flac, ogg, mp3, m4a, or a video: what libsndfile or ffmpeg reads. Or what such
            a file holds; then libsndfile alone.
        start_s: Where the window begins; by default it is centred on the middle, as in the paper.
        duration_s: The length of the window.
        sample_rate_hz: Of what is returned.

    Raises:
        MediaError: It cannot be read, has no sound, holds less than 0.2 s, or has broken samples.
    """
    if not duration_s > 0 or (start_s is not None and not start_s >= 0):
        raise ValueError(f"Pass start_s >= 0 and duration_s > 0, not {start_s} and {duration_s}.")
    file, name = open_source(source, "The sound")
    waveform = _read_with_soundfile(file, name, start_s, duration_s, sample_rate_hz)
    if waveform is None:
        if isinstance(file, BytesIO):
            raise MediaError(f"{name} is damaged, or none of WAV, FLAC and OGG: export it as FLAC.")
        waveform = _read_with_ffmpeg(file, start_s, duration_s, sample_rate_hz)
    return _into_range(waveform, name)


def audio_duration_s(source: str | Path) -> float:
    """The length in seconds of a sound file or of a video. Raises MediaError as `read_audio`."""
    path = check_file(source)
    file = _open_with_soundfile(path)
    if file is not None:
        with file:
            return file.frames / file.samplerate
    return _probe_sound(path)


def to_model_rate(
    waveform: np.ndarray, sample_rate_hz: int, model_rate_hz: int = SAMPLE_RATE_HZ
) -> np.ndarray:
    """Turn any waveform into (N,) float32 in [-1, 1], mono, at the rate a model takes.

    Args:
        waveform: (N,) or (N, channels); floats in [-1, 1], or integers over their type's range
            (a microphone in Gradio gives int16).
        sample_rate_hz: Its sample rate.
        model_rate_hz: That of what is returned.

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
    return _into_range(_resample(mono, _near_ratio(sample_rate_hz, model_rate_hz)), "The sound")


def write_audio(
    path: str | Path, waveform: np.ndarray, sample_rate_hz: int = SAMPLE_RATE_HZ
) -> None:
    """Write (N,) or (N, channels) float in [-1, 1] as .wav, .flac, .ogg or .mp3, whole or not."""
    path = with_suffix(path, _WRITTEN_SOUNDS)
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
    source: Path | BytesIO, name: str, start_s: float | None, duration_s: float, rate_hz: int
) -> np.ndarray | None:
    """The window as libsndfile reads it, or None where it does not read all of it."""
    file = _open_with_soundfile(source)
    if file is None:
        return None
    with file:
        exact = Fraction(rate_hz, file.samplerate)
        ratio = _near_ratio(file.samplerate, rate_hz)
        total = int(file.frames * exact)
        start, stop = _choose_window(total, start_s, duration_s, name, rate_hz)
        # Read a little more on both sides, so that the resampler reaches across the edges, and
        # from a frame that falls on a resampled one: every `denominator` frames there is one.
        margin = rate_hz // 20
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


def _read_with_ffmpeg(
    path: Path, start_s: float | None, duration_s: float, rate_hz: int
) -> np.ndarray:
    """The window as ffmpeg reads it."""
    total = int(_probe_sound(path) * rate_hz)
    start, stop = _choose_window(total, start_s, duration_s, path.name, rate_hz)
    with SoundTrack(path, rate_hz) as track:
        waveform = track.read(start, stop)
        if len(waveform) < 0.9 * (stop - start):
            # The file promises more than it holds: choose again from what is there.
            total = int(measure_duration_s(path, "-map", "0:a:0") * rate_hz)
            start, stop = _choose_window(total, start_s, duration_s, path.name, rate_hz)
            waveform = track.read(start, stop)
    if len(waveform) < int(MIN_SOUND_S * rate_hz):
        raise reject(path, "sound", "record it again or export it as WAV")
    return waveform


def _probe_sound(path: Path) -> float:
    """The duration in seconds of a file's sound, by ffmpeg."""
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
    total: int, start_s: float | None, duration_s: float, name: str, rate_hz: int
) -> tuple[int, int]:
    """The first sample and the one after the last of the window to read, out of `total`."""
    total_s = total / rate_hz
    if total_s < MIN_SOUND_S - 0.001:
        raise MediaError(f"{name} lasts {total_s:.2f} s: bring at least {MIN_SOUND_S} s of sound.")
    length = round(min(duration_s, total_s) * rate_hz)
    start = (total - length) // 2 if start_s is None else round(start_s * rate_hz)
    stop = min(start + length, total)
    if start_s is not None and stop - start < min(length, MIN_SOUND_S * rate_hz):
        raise MediaError(f"{name} lasts {total_s:.2f} s: start before {start_s:.2f} s.")
    return start, stop


def _near_ratio(sample_rate_hz: int, wanted_hz: int) -> Fraction:
    """The rate wanted over the sample rate: exact for the usual ones, else within 0.05 per cent.

    The resampler's table grows with numerator times denominator: gigabytes for 44101 Hz.
    """
    return Fraction(wanted_hz, sample_rate_hz).limit_denominator(1000)


def _resample(mono: np.ndarray, ratio: Fraction) -> np.ndarray:
    """(N,) at any rate to (N * ratio,) float32."""
    waveform = torch.from_numpy(np.ascontiguousarray(mono, np.float32))
    # Sharp on the way down. On the way up torchaudio's default: `mn04` was measured so, and hears
    # the difference (its embeddings of 16 kHz sounds correlate 0.91 to 0.99).
    width = 16 if ratio < 1 else 6
    return resample(
        waveform, ratio.denominator, ratio.numerator, lowpass_filter_width=width
    ).numpy()


def _into_range(waveform: np.ndarray, name: str) -> np.ndarray:
    """The same in [-1, 1]: float files and resampling go beyond it."""
    peak = float(np.abs(waveform).max(initial=0.0))
    if not np.isfinite(peak):
        raise MediaError(f"{name} has broken samples (NaN or infinite): export it again as WAV.")
    return np.ascontiguousarray(waveform / peak if peak > 1 else waveform, np.float32)
