import dataclasses

import pytest
import torch

from sspl.audio import NUM_SAMPLES
from sspl.training.mixtures import LEVEL, MixtureConfig, MixtureMaker

NOTHING = MixtureConfig(
    other_speed=0,
    second_sound=0,
    equaliser_db=0,
    room=0,
    cut=0,
    noise=0,
    clipped=0,
    only_noise=0,
    only_tone=0,
    only_hiss=0,
)


def make_bank(num: int = 3) -> torch.Tensor:
    """Tones of 250, 500, 750 ... Hz."""
    t = torch.arange(NUM_SAMPLES) / 16_000
    tones = [torch.sin(2 * torch.pi * 250 * (i + 1) * t) for i in range(num)]
    return (torch.stack(tones) * 30_000).short()


def make(config: MixtureConfig, seed: int = 3, kinds=("a", "b", "c"), num: int = 24):
    return MixtureMaker(make_bank(len(kinds)), list(kinds), seed, config).draw(num)


def find_pitch_hz(clips: torch.Tensor) -> torch.Tensor:
    return torch.fft.rfft(clips).abs().argmax(1) * 16_000 / NUM_SAMPLES


def test_mixtures_are_clips_at_one_level_and_come_again_with_their_seed():
    clips = make(dataclasses.replace(MixtureConfig(), only_hiss=0))
    assert clips.shape == (24, NUM_SAMPLES)
    assert clips.isfinite().all()
    torch.testing.assert_close(clips.abs().amax(1), torch.full((24,), LEVEL))
    assert torch.equal(clips, make(dataclasses.replace(MixtureConfig(), only_hiss=0)))
    assert not torch.equal(clips, make(dataclasses.replace(MixtureConfig(), only_hiss=0), seed=4))


def test_with_everything_off_the_sounds_of_the_bank_come_out():
    pitches = find_pitch_hz(make(NOTHING))
    assert set(pitches.round().tolist()) == {250, 500, 750}


def test_speed_moves_the_pitch_within_its_octaves():
    pitches = find_pitch_hz(make(dataclasses.replace(NOTHING, other_speed=1), kinds=("a",)))
    assert pitches.min() > 250 * 2**-0.71
    assert pitches.max() < 250 * 2**0.71
    assert pitches.unique().numel() > 3


def test_a_second_sound_is_heard_beside_the_first_and_never_louder():
    clips = make(dataclasses.replace(NOTHING, second_sound=1, quieter_db=6), num=60)
    power = torch.fft.rfft(clips).abs()[:, [750, 1500, 2250]]
    loud = power / power.amax(1, keepdim=True)
    assert ((loud > 0.4).sum(1) == 2).any()
    assert ((loud > 0.4).sum(1) <= 2).all()


@pytest.mark.parametrize("what", ["only_noise", "only_tone", "only_hiss"])
def test_what_is_no_sound_of_the_bank_comes_as_often_as_it_should(what):
    clips = make(dataclasses.replace(NOTHING, **{what: 1}))
    peaks = clips.abs().amax(1)
    if what == "only_hiss":
        assert peaks.max() < 0.002  # the empty rooms of `orchestra` hiss at -60 dBFS
    else:
        torch.testing.assert_close(peaks, torch.full((24,), LEVEL))
    assert not set(find_pitch_hz(clips).round().tolist()) & {250, 500, 750}


def test_a_cut_clip_is_silent_before_and_after():
    clips = make(dataclasses.replace(NOTHING, cut=1))
    silent = (clips.abs() < 1e-6).float().mean(1)
    assert silent.min() > 0.2
    assert silent.max() < 0.9


def test_a_kind_with_few_sounds_is_drawn_as_often_as_half_by_kind_says():
    kinds = ["rare"] + ["common"] * 9
    pitches = find_pitch_hz(make(NOTHING, kinds=kinds, num=2000)).round()
    rare = (pitches == 250).float().mean()
    assert rare == pytest.approx((1 / 2 + 1 / 10) / 2, abs=0.04)
