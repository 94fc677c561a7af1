"""Mixtures of sounds to learn from: what a phone may record, made of a few hundred recordings.

Each is one sound or two of a bank, at another speed, equalised, in a room, cut, in noise, sometimes
clipped; a few are noise, a tone, or near silence alone. Everything is drawn in batches by one
generator, and nothing has a label.

Letters: B batch, N samples of a clip of 3 s at 16 kHz, K sounds in the bank.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from sspl.audio import NUM_SAMPLES, SAMPLE_RATE_HZ

LEVEL = 0.85  # of the loudest sample
FFT = 65_536  # at least a clip and the echo of its end
ROOM_S = 1.0  # how long an echo lasts at most


@dataclass(frozen=True, kw_only=True)
class MixtureConfig:
    """How often what is done to a clip, as shares of the clips, and how much."""

    other_speed: float = 0.6  # by up to 2 to the power of `octaves`, up or down
    octaves: float = 0.7
    second_sound: float = 0.45  # up to `quieter_db` below the first
    quieter_db: float = 18.0
    equaliser_db: float = 7.0  # at each of nine frequencies, up or down at most
    room: float = 0.35
    cut: float = 0.25  # silent before and after
    noise: float = 0.6  # down to `noise_db` below the sound
    noise_db: float = 50.0
    clipped: float = 0.05
    only_noise: float = 0.03
    only_tone: float = 0.01
    only_hiss: float = 0.01  # of a silent room, below -60 dBFS


class MixtureMaker:
    """Draws mixtures from a bank of sounds.

    Args:
        bank: (K, N) int16, mono at 16 kHz.
        kinds: K names; a kind with few sounds is drawn more often than its number says.
        seed: the same seed gives the same mixtures.
    """

    def __init__(
        self, bank: Tensor, kinds: Sequence[str], seed: int, config: MixtureConfig | None = None
    ) -> None:
        self._bank, self._config = bank, config or MixtureConfig()
        self._generator = torch.Generator().manual_seed(seed)
        counts = {kind: kinds.count(kind) for kind in kinds}
        # Half by kind and half by sound.
        weights = [1 / (len(counts) * counts[kind]) + 1 / len(kinds) for kind in kinds]
        self._weights = torch.tensor(weights)
        self._noises = torch.cat([self._make_noise(64) for _ in range(6)])

    def draw(self, num: int) -> Tensor:
        """(B, N) float32 mixtures; their loudest sample is at 0.85, but for the hiss."""
        c = self._config
        clips = _to_unit_power(self._draw_sounds(num))
        gain = self._happens(num, c.second_sound) * _from_db(-self._uniform(num) * c.quieter_db)
        clips = clips + gain * _to_unit_power(self._draw_sounds(num))
        clips = self._filter(clips)
        times = torch.linspace(0, 1, NUM_SAMPLES)
        start = self._uniform(num) * 0.6
        end = start + 0.15 + self._uniform(num) * 0.6
        outside = (times < start) | (times > end)
        clips = clips.masked_fill(self._happens(num, c.cut) & outside, 0.0)
        gain = self._happens(num, c.noise) * _from_db(-self._uniform(num) * c.noise_db)
        clips = _to_unit_power(clips) + gain * self._draw_noise(num)

        which = self._uniform(num)
        clips = torch.where(which < c.only_noise, self._draw_noise(num), clips)
        which = which - c.only_noise
        clips = torch.where((which >= 0) & (which < c.only_tone), self._draw_tone(num), clips)
        clips = clips * (LEVEL / clips.abs().amax(1, keepdim=True).clamp_min(1e-6))
        louder = (clips * (2 + 10 * self._uniform(num))).clamp(-LEVEL, LEVEL)
        clips = torch.where(self._happens(num, c.clipped), louder, clips)
        which = which - c.only_tone
        hiss = self._draw_noise(num) * 2e-4 * self._uniform(num)
        return torch.where((which >= 0) & (which < c.only_hiss), hiss, clips)

    def _uniform(self, *shape: int) -> Tensor:
        """(B, 1) or as asked, in [0, 1)."""
        size = shape if len(shape) > 1 else (*shape, 1)
        return torch.rand(size, generator=self._generator)

    def _happens(self, num: int, share: float) -> Tensor:
        return self._uniform(num) < share

    def _draw_sounds(self, num: int) -> Tensor:
        """Sounds of the bank, some faster or slower, each turned round from a moment on."""
        chosen = torch.multinomial(self._weights, num, True, generator=self._generator)
        parts = []
        for part in (self._bank[chosen].float() / 32768).split(math.ceil(num / 6)):
            speed = 1.0
            if self._uniform(1).item() < self._config.other_speed:
                speed = 2 ** (self._config.octaves * (2 * self._uniform(1).item() - 1))
            size = round(NUM_SAMPLES / speed)
            stretched = F.interpolate(part[:, None], size=size, mode="linear")[:, 0]
            parts.append(F.pad(stretched, (0, max(0, NUM_SAMPLES - size)))[:, :NUM_SAMPLES])
        start = (self._uniform(num) * NUM_SAMPLES).long()
        return torch.cat(parts).gather(1, (torch.arange(NUM_SAMPLES) + start) % NUM_SAMPLES)

    def _filter(self, clips: Tensor) -> Tensor:
        """Equalise each, and let it echo in a room of its own."""
        num, c = len(clips), self._config
        gains_db = (2 * self._uniform(num, 9) - 1) * c.equaliser_db * 2 * self._uniform(num)
        hz = torch.arange(FFT // 2 + 1) * (SAMPLE_RATE_HZ / FFT)
        octave = (hz.clamp_min(1.0) / 62.5).log2().clamp(0, 7) * (8 / 7)  # 62.5 Hz to 8 kHz
        below = octave.long().clamp_max(7)
        share = octave - below
        curve_db = gains_db[:, below] * (1 - share) + gains_db[:, below + 1] * share
        times_s = torch.arange(round(ROOM_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
        decay = torch.exp(-6.9 * times_s / (0.15 + 1.2 * self._uniform(num)))  # by 60 dB
        echo = torch.randn(num, len(times_s), generator=self._generator) * decay
        echo = echo * (0.9 * self._uniform(num) / echo.norm(dim=1, keepdim=True))
        echo = echo * self._happens(num, c.room)
        echo[:, 0] += 1
        spectrum = torch.fft.rfft(clips, FFT) * _from_db(curve_db) * torch.fft.rfft(echo, FFT)
        return torch.fft.irfft(spectrum, FFT)[:, :NUM_SAMPLES]

    def _draw_noise(self, num: int) -> Tensor:
        """(B, N) of unit power, of the noises that were made at the start."""
        chosen = torch.randint(len(self._noises), (num,), generator=self._generator)
        start = int(self._uniform(1).item() * NUM_SAMPLES)
        return self._noises[chosen].roll(start, 1)

    def _make_noise(self, num: int) -> Tensor:
        """From a little bluer than white to brown, some of it swelling and fading."""
        slope = 2.2 * self._uniform(num) - 0.2
        hz = (torch.arange(FFT // 2 + 1) * (SAMPLE_RATE_HZ / FFT)).clamp_min(5.0)
        size = (num, len(hz))
        spectrum = torch.randn(size, dtype=torch.complex64, generator=self._generator)
        noise = torch.fft.irfft(spectrum * hz ** (-slope / 2), FFT)[:, :NUM_SAMPLES]
        times_s = torch.arange(NUM_SAMPLES) / SAMPLE_RATE_HZ
        phase = 2 * math.pi * (4 * self._uniform(num) * times_s + self._uniform(num))
        return _to_unit_power(noise * (1 + 0.8 * self._happens(num, 0.3) * torch.sin(phase)))

    def _draw_tone(self, num: int) -> Tensor:
        hz = 40 * 2 ** (7 * self._uniform(num))
        return torch.sin(2 * math.pi * hz * torch.arange(NUM_SAMPLES) / SAMPLE_RATE_HZ)


def _to_unit_power(clips: Tensor) -> Tensor:
    return clips / (clips.square().mean(1, keepdim=True).sqrt() + 1e-6)


def _from_db(db: Tensor) -> Tensor:
    return 10 ** (db / 20)
