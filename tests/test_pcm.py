import pytest
import torch
from torch import nn

from sspl.pcm import PredictiveCoding


def build_pcm(num_cycles: int = 3, channels: int = 6, visual: int = 8, audio: int = 5):
    return PredictiveCoding(
        visual_channels=visual, channels=channels, audio_channels=audio, num_cycles=num_cycles
    )


def test_forward_is_the_last_cycle_of_the_trace():
    pcm, visual, sound = build_pcm().eval(), torch.randn(2, 8, 14, 14), torch.rand(2, 5)
    torch.testing.assert_close(pcm(visual, sound), pcm.trace(visual, sound)[-1].feature)


def test_trace_reads_out_every_cycle_with_its_errors():
    cycles = build_pcm(num_cycles=4).eval().trace(torch.randn(2, 8, 14, 14), torch.rand(2, 5))
    assert len(cycles) == 4
    assert {c.feature.shape for c in cycles} == {(2, 8, 14, 14)}
    assert {c.errors.shape for c in cycles} == {(2, 3)}


def test_the_sound_error_is_the_sound_less_its_prediction():
    sound = torch.rand(2, 5)
    for cycle in build_pcm().eval().trace(torch.randn(2, 8, 14, 14), sound):
        expected = (sound - cycle.predicted_sound).square().mean(1).sqrt()
        torch.testing.assert_close(cycle.errors[:, 0], expected)


def test_refining_tells_the_squared_error_of_the_sound_over_all_cycles():
    pcm, visual, sound = build_pcm().eval(), torch.randn(2, 8, 14, 14), torch.rand(2, 5)
    feature, error = pcm.refine(visual, sound)
    assert torch.equal(feature, pcm(visual, sound))
    squares = [
        (sound[b] - cycle.predicted_sound[b]).square().sum().item()
        for cycle in pcm.trace(visual, sound)
        for b in range(2)
    ]
    assert error.item() == pytest.approx(sum(squares) / 6, rel=1e-5)


def test_every_weight_but_the_unused_gets_gradient():
    pcm = build_pcm(num_cycles=2).train()
    pcm(torch.randn(4, 8, 14, 14), torch.rand(4, 5)).square().mean().backward()
    silent = [name for name, p in pcm.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []


def test_one_cycle_learns_no_feedback_gain_since_it_uses_none():
    one, two = build_pcm(num_cycles=1), build_pcm(num_cycles=2)
    assert not any(gain.requires_grad for gain in one.feedback_gain)
    assert all(gain.requires_grad for gain in two.feedback_gain)
    one.train()(torch.randn(4, 8, 14, 14), torch.rand(4, 5)).square().mean().backward()
    learned = [p for p in one.parameters() if p.requires_grad]
    assert all(p.grad is not None for p in learned)


def test_without_error_gain_the_sound_is_not_heard():
    pcm = build_pcm().eval()
    with torch.no_grad():
        for gain in pcm.error_gain:
            gain.fill_(-1.0)  # a passes a ReLU
    visual = torch.randn(2, 8, 14, 14)
    torch.testing.assert_close(pcm(visual, torch.rand(2, 5)), pcm(visual, torch.rand(2, 5)))


def test_batch_norms_stand_per_layer_and_cycle_but_not_at_r3s_feedback():
    norms = [m for m in build_pcm(num_cycles=5).modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 5 * (2 + 3)


@pytest.mark.parametrize("batch", [1, 3])
def test_any_batch_size_gives_finite_features(batch):
    pcm = build_pcm().eval()
    assert pcm(torch.zeros(batch, 8, 14, 14), torch.zeros(batch, 5)).isfinite().all()


def test_wrong_grids_and_no_cycles_are_refused():
    with pytest.raises(ValueError, match="14x14"):
        build_pcm()(torch.zeros(1, 8, 7, 7), torch.zeros(1, 5))
    with pytest.raises(ValueError, match="at least one cycle"):
        build_pcm(num_cycles=0)
