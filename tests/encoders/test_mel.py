import math

import numpy as np
import pytest
import torch
from torchaudio.functional import resample

from sspl.data.inputs import prepare_sound
from sspl.encoders import AUDIO_ENCODERS
from sspl.encoders.mel import MN04_16K_MEL, MN04_MEL, _make_bands
from sspl.media.sounds import read_audio, write_audio

EVERY_MEL = [MN04_MEL, MN04_16K_MEL]


def make_golden_sound() -> torch.Tensor:
    """Two tones and noise, 3 s at 16 kHz, of which mn04's numbers are known."""
    t = np.arange(48_000) / 16_000
    noise = np.random.default_rng(0).standard_normal(48_000)
    tones = 0.3 * np.sin(2 * np.pi * 440 * t) + 0.2 * np.sin(2 * np.pi * 1760 * t)
    return torch.from_numpy((tones + 0.05 * noise).astype(np.float32))


def test_mn04s_spectrogram_has_its_golden_numbers():
    sound = make_golden_sound()
    torch.testing.assert_close(sound[:3], torch.tensor([0.00628651, 0.17245829, 0.33009997]))
    (log_mel,) = MN04_MEL(resample(sound, 16_000, 32_000))
    assert log_mel.shape == (128, 300)
    assert log_mel.mean().item() == pytest.approx(0.471608, abs=1e-4)
    assert log_mel.std(correction=0).item() == pytest.approx(0.779966, abs=1e-4)
    first_band = torch.tensor([-0.06839, -0.60269, -0.71614, -1.06633, -1.09389])
    torch.testing.assert_close(log_mel[0, :5], first_band, atol=1e-4, rtol=0)
    frame_150 = torch.tensor([-0.94763, -0.67224, -0.89340, -0.85840, -0.77128])
    torch.testing.assert_close(log_mel[:5, 150], frame_150, atol=1e-4, rtol=0)


def test_a_frame_is_what_a_naive_transform_finds():
    """The definition written out for one frame and one band."""
    mel, sound, frame, band = MN04_16K_MEL, make_golden_sound(), 100, 20
    wave = sound * (0.85 / sound.abs().max())
    wave = (wave[1:] - 0.97 * wave[:-1]).double()
    cut = wave[frame * 160 - 200 : frame * 160 + 200]
    window = torch.tensor([0.5 - 0.5 * math.cos(2 * math.pi * n / 399) for n in range(400)])
    power = torch.fft.rfft(cut * window, 512).abs() ** 2  # its phase is another one, its power not
    to_mel = lambda hz: 1127 * math.log1p(hz / 700)  # noqa: E731
    step = to_mel(mel.highest_hz) / (mel.num_bands + 1)
    expected = 0.0
    for k in range(256):
        place = to_mel(k * 16_000 / 512) / step - band
        expected += max(0.0, min(place, 2 - place)) * power[k].item()
    found = mel(sound)[0, band, frame].item()
    assert found == pytest.approx((math.log(expected + 1e-5) + 4.5) / 5, abs=2e-3)


def test_at_16_khz_the_bands_are_the_first_of_the_teachers():
    (_, wide), (_, narrow) = _make_bands(MN04_MEL), _make_bands(MN04_16K_MEL)
    assert wide.shape == (128, 513)
    torch.testing.assert_close(narrow[:, :256], wide[:103, :256], atol=1e-3, rtol=0)
    assert wide[:103, 257:].abs().max() == 0  # nothing of them lies above 8 kHz


@pytest.mark.parametrize("mel", EVERY_MEL)
@pytest.mark.parametrize("seconds", [0.2, 0.5, 3.0, 10.0])
def test_a_sound_of_any_length_has_300_frames(mel, seconds):
    waveform = torch.randn(round(seconds * mel.sample_rate_hz)).clamp(-1, 1)
    log_mel = mel(waveform)
    assert log_mel.shape == (1, mel.num_bands, 300)
    assert log_mel.isfinite().all()


def test_a_faint_recording_counts_as_a_loud_one_and_hiss_stays_quiet():
    sound = make_golden_sound()
    torch.testing.assert_close(MN04_16K_MEL(sound), MN04_16K_MEL(0.05 * sound), atol=1e-3, rtol=0)
    hiss = 1e-4 * torch.randn(48_000)
    assert MN04_16K_MEL(hiss).mean() < MN04_16K_MEL(torch.randn(48_000).clamp(-1, 1)).mean() - 0.5
    assert MN04_16K_MEL(torch.zeros(48_000)).isfinite().all()


@pytest.mark.parametrize("name", ["mn04", "mn04_16k", "vggish", "tiny_vggish"])
@pytest.mark.parametrize("what", ["0.2 s", "silence", "clipping", "one sample", "a click"])
def test_embeddings_are_finite_whatever_is_heard(name, what):
    spec = AUDIO_ENCODERS[name]
    rate = spec.sample_rate_hz
    tone = np.sin(np.arange(3 * rate) * 0.05).astype(np.float32)
    click = np.zeros(rate, np.float32)
    click[100] = 1.0
    sounds = {
        "0.2 s": tone[: rate // 5],
        "silence": np.zeros(3 * rate, np.float32),
        "clipping": np.sign(tone),
        "one sample": tone[1:2],
        "a click": click,
    }
    patches = prepare_sound(sounds[what], spec)
    assert patches.shape == (1, spec.num_patches, *spec.patch_shape)
    if name == "vggish":
        return  # its 72 M weights are too many to make for each
    with torch.no_grad():
        embedding = spec.build().eval()(patches)
    assert embedding.shape == (1, spec.num_patches, spec.channels)
    assert embedding.isfinite().all()


@pytest.mark.parametrize("name", ["mn04", "mn04_16k"])
@pytest.mark.parametrize(
    ("rate_hz", "channels"), [(8_000, 1), (11_025, 2), (44_100, 2), (96_000, 6)]
)
def test_a_file_of_any_rate_and_channels_has_a_finite_embedding(tmp_path, name, rate_hz, channels):
    spec = AUDIO_ENCODERS[name]
    t = np.arange(rate_hz) / rate_hz
    tone = 0.5 * np.sin(2 * np.pi * 440 * t).astype(np.float32)
    write_audio(tmp_path / "tone.wav", np.stack([tone] * channels, axis=1), rate_hz)
    waveform = read_audio(tmp_path / "tone.wav", sample_rate_hz=spec.sample_rate_hz)
    assert abs(len(waveform) - spec.sample_rate_hz) <= 1
    patches = prepare_sound(waveform, spec)
    with torch.no_grad():
        embedding = spec.build().eval()(patches)
    assert embedding.isfinite().all()
    # 440 Hz is in the same band whatever the file's rate was.
    expected = round(1127 * math.log1p(440 / 700) / (1127 * math.log1p(15_000 / 700) / 129)) - 1
    assert abs(int(patches[0, 0].mean(1).argmax()) - expected) <= 1
