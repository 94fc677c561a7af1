import numpy as np
import pytest
import torch
import torch.nn.functional as F
from golden import parity_weights
from torch import nn

from sspl.encoders import vgg16
from sspl.pcm import PredictiveCoding


def build_pcm(num_cycles: int = 3, channels: int = 6, visual: int = 8, sound: int = 5):
    return PredictiveCoding(
        visual_channels=visual, channels=channels, sound_channels=sound, num_cycles=num_cycles
    )


def test_maps_after_each_cycle_are_those_of_the_authors_code(golden):
    """Frozen VGG16, PCM with T = 5, cosine with g(f_a): `sim1_per_t` of the published run."""
    seed, case = 11, np.load(golden / "sspl_T5_seed11.npz")

    def part(name: str) -> dict[str, torch.Tensor]:
        tensors = parity_weights.state_dict(name, seed, golden / "author_layout.json")
        return {key: torch.from_numpy(np.asarray(value)) for key, value in tensors.items()}

    eyes = vgg16().eval()
    eyes.load_state_dict({k.removeprefix("feat_extractor."): v for k, v in part("frame").items()})
    pcm = build_pcm(num_cycles=5, channels=512, visual=512, sound=128).eval()
    pcm.load_state_dict(_from_authors(part("pcm_T5")))
    with torch.no_grad():
        visual = eyes(torch.from_numpy(parity_weights.normal("view1", (2, 3, 224, 224), seed)))
        sound, query = torch.from_numpy(case["f_a"]), torch.from_numpy(case["g_fa"])
        cycles = pcm.trace(visual, sound)
        ours = [F.cosine_similarity(query[:, :, None, None], c.feature, dim=1) for c in cycles]
    np.testing.assert_allclose(torch.stack(ours).numpy(), case["sim1_per_t"], atol=1e-4)


def _from_authors(authors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    layers = {
        "PredProcess.0": "predict_sound",
        "PredProcess.1.conv2d": "predict_r1",
        "PredProcess.2.conv2d": "predict_r2",
        "ErrorProcess.0": "correct_r1",
        "ErrorProcess.1": "correct_r2",
        "ErrorProcess.2.convtrans2d": "correct_r3",
        "ErrorProcess.3": "read_out",
    }
    ours = {}
    for key, value in authors.items():
        name, leaf = key.rsplit(".", 1)
        if name in layers:
            ours[f"{layers[name]}.{leaf}"] = value
        elif name == "b0":
            ours[f"feedback_gain.{leaf}"] = value
        elif name == "a0":
            ours[f"error_gain.{leaf}"] = value
        else:
            kind, index = name.split(".")
            per_cycle, norms = (2, "feedback_norms") if "Pred" in kind else (3, "error_norms")
            cycle, layer = divmod(int(index), per_cycle)
            ours[f"{norms}.{cycle + ('step' in kind)}.{layer}.{leaf}"] = value
    return ours


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


def test_every_weight_but_the_unused_gets_gradient():
    pcm = build_pcm(num_cycles=2).train()
    pcm(torch.randn(4, 8, 14, 14), torch.rand(4, 5)).square().mean().backward()
    silent = [name for name, p in pcm.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []


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
