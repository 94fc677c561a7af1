"""From a waveform to the input of VGGish: 3 s at 16 kHz, log-mel patches of 0.96 s.

Letters: N samples, F frames of 10 ms, P patches of 96 frames.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor

SAMPLE_RATE_HZ = 16_000
CLIP_S = 3.0
NUM_SAMPLES = int(CLIP_S * SAMPLE_RATE_HZ)  # 48000

WINDOW = 400  # 25 ms
HOP = 160  # 10 ms
FFT = 512
NUM_BANDS = 64
LOWEST_HZ, HIGHEST_HZ = 125.0, 7500.0
LOG_OFFSET = 0.01
PATCH_FRAMES = 96  # 0.96 s


def fit_length(waveform: Tensor, num_samples: int = NUM_SAMPLES) -> Tensor:
    """Cut the middle out of a long waveform, repeat a short one, to exactly `num_samples`.

    The middle is the paper's choice (Sec. 4.1: "a 3s audio clip around the middle frame").

    Args:
        waveform: (N,) float, N >= 1.
    Returns:
        (num_samples,) of the same dtype.
    Raises:
        ValueError: if the waveform is empty or not one-dimensional.
    """
    if waveform.ndim != 1 or len(waveform) == 0:
        raise ValueError(f"expected a waveform of shape (N,), N >= 1, got {tuple(waveform.shape)}")
    if len(waveform) < num_samples:
        waveform = waveform.repeat(math.ceil(num_samples / len(waveform)))[:num_samples]
    start = (len(waveform) - num_samples) // 2
    return waveform[start : start + num_samples]


def stretch_range(waveform: Tensor) -> Tensor:
    """Min-max the samples to [-1, 1], as the authors' loader does; silence stays silent.

    Args:
        waveform: (..., N) float.
    """
    low, high = waveform.amin(-1, keepdim=True), waveform.amax(-1, keepdim=True)
    span = high - low
    stretched = 2 * (waveform - low) / span.clamp_min(1e-12) - 1
    return torch.where(span > 1e-6, stretched, torch.zeros_like(waveform))


def clip_log_mel(waveform: Tensor) -> Tensor:
    """The front end of VGGish: 3 s of any sound, stretched to [-1, 1], as log-mel patches.

    Args:
        waveform: (N,) float at 16 kHz, N >= 1, any level.
    Returns:
        (3, 96, 64) float32.
    """
    return log_mel(stretch_range(fit_length(waveform)))


def log_mel(waveform: Tensor) -> Tensor:
    """VGGish's log-mel patches of a waveform (Hershey et al., ICASSP 2017).

    Magnitude of a 25 ms periodic Hann window every 10 ms, 64 mel bands in 125-7500 Hz,
    log(x + 0.01), cut into patches of 96 frames that do not overlap; a rest is dropped.

    Args:
        waveform: (N,) or (B, N) float in [-1, 1] at 16 kHz, N >= 15600 (0.975 s).
    Returns:
        (P, 96, 64) or (B, P, 96, 64) float32; 3 s give P = 3.
    Raises:
        ValueError: if the waveform is shorter than one patch.
    """
    num_frames = (waveform.shape[-1] - WINDOW) // HOP + 1
    num_patches = num_frames // PATCH_FRAMES
    if waveform.ndim not in (1, 2) or num_patches < 1:
        raise ValueError(
            f"expected (N,) or (B, N) with at least 15600 samples (0.975 s at 16 kHz), "
            f"got {tuple(waveform.shape)}: repeat the sound first, see sspl.audio.fit_length"
        )
    frames = waveform.to(torch.float32).unfold(-1, WINDOW, HOP)  # (..., F, 400)
    window = torch.hann_window(WINDOW, periodic=True, device=waveform.device)
    spectrum = torch.fft.rfft(frames * window, n=FFT).abs()  # (..., F, 257)
    bands = torch.log(spectrum @ mel_matrix().to(waveform.device) + LOG_OFFSET)  # (..., F, 64)
    bands = bands[..., : num_patches * PATCH_FRAMES, :]
    return bands.unflatten(-2, (num_patches, PATCH_FRAMES))


@lru_cache(maxsize=1)
def mel_matrix() -> Tensor:
    """Weights (257, 64) from FFT bins to mel bands.

    The triangles are straight lines over the mel scale, as in VGGish; torchaudio draws them
    straight over Hz, which is another matrix (log-mel up to 0.015 apart on our golden sound).
    """

    def to_mel(hz: Tensor) -> Tensor:
        return 1127.0 * torch.log1p(hz / 700.0)

    bins = to_mel(torch.linspace(0, SAMPLE_RATE_HZ / 2, FFT // 2 + 1, dtype=torch.float64))
    low, high = to_mel(torch.tensor([LOWEST_HZ, HIGHEST_HZ], dtype=torch.float64)).tolist()
    edges = torch.linspace(low, high, NUM_BANDS + 2, dtype=torch.float64)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins[:, None] - left) / (centre - left)
    falling = (right - bins[:, None]) / (right - centre)
    weights = torch.minimum(rising, falling).clamp_min(0)
    weights[0] = 0  # the constant part of a sound belongs to no band
    return weights.float()
