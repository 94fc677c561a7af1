"""Log-mel spectrograms of a whole clip, the front end of `mn04` and `mn04_16k`.

EfficientAT's recipe (Schmid et al., ICASSP 2023): pre-emphasis, a short-time Fourier transform,
mel bands drawn over the mel scale as Kaldi draws them, a logarithm.

Letters: B batch, N samples, M mel bands, F frames of 10 ms.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from sspl.audio import CLIP_S, fit_length

PREEMPHASIS = 0.97
HOP_S = 0.01
WINDOW_S = 0.025
LOG_OFFSET = 1e-5
# To about -1 to 1: EfficientAT's fixed numbers, the same for every sound.
SHIFT, SCALE = 4.5, 5.0


@dataclass(frozen=True, kw_only=True)
class LogMel:
    """A sound of any length to the log-mel spectrogram of its middle 3 s, as one patch.

    Attributes:
        sample_rate_hz: of the waveform.
        fft: points of the transform.
        num_bands: M, from 0 Hz to `highest_hz`.
        full_scale: bring the loudest sample to 0.85 first, unless it is quieter than -46 dBFS: a
            recording from across the room counts as much as one from near by, and the hiss of a
            silent one stays quiet.
    """

    sample_rate_hz: int
    fft: int
    num_bands: int
    highest_hz: float
    full_scale: bool = False

    def __call__(self, waveform: Tensor) -> Tensor:
        """(N,) float in [-1, 1], N >= 1, to (1, M, F) float32; F is 300."""
        clip = fit_length(waveform.float(), round(CLIP_S * self.sample_rate_hz))
        return self.of_clips(clip[None])

    def of_clips(self, clips: Tensor) -> Tensor:
        """Clips of equal length (B, N), N at least half of `fft`, to (B, M, F) float32."""
        if self.full_scale:
            clips = clips * (0.85 / clips.abs().amax(-1, keepdim=True).clamp_min(0.005))
        clips = clips[:, 1:] - PREEMPHASIS * clips[:, :-1]
        window, bands = _make_bands(self)
        spectrum = torch.stft(
            clips,
            self.fft,
            round(HOP_S * self.sample_rate_hz),
            len(window),
            window.to(clips.device),
            center=True,
            pad_mode="reflect",
            return_complex=True,
        )
        power = spectrum.real.square() + spectrum.imag.square()
        return (torch.log(bands.to(clips.device) @ power + LOG_OFFSET) + SHIFT) / SCALE


@lru_cache
def _make_bands(mel: LogMel) -> tuple[Tensor, Tensor]:
    """The window, and the weights (M, bins) of each frequency in each band."""
    from torchaudio.compliance.kaldi import get_mel_banks  # slow to import, and not always needed

    window = torch.hann_window(round(WINDOW_S * mel.sample_rate_hz), periodic=False)
    bands, _ = get_mel_banks(
        mel.num_bands, mel.fft, float(mel.sample_rate_hz), 0.0, mel.highest_hz, 100.0, -500.0, 1.0
    )
    return window, F.pad(bands, (0, 1))  # Kaldi leaves the last bin out


MN04_MEL = LogMel(sample_rate_hz=32_000, fft=1024, num_bands=128, highest_hz=15_000.0)
# The same bands as far as a sound at 16 kHz has something in them: 103 of the 128.
MN04_16K_MEL = LogMel(
    sample_rate_hz=16_000, fft=512, num_bands=103, highest_hz=7_892.5, full_scale=True
)
