import os
import re

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchaudio.functional import resample
from torchvision.ops import SqueezeExcitation

from encoders.test_mel import make_golden_sound
from sspl.encoders import AUDIO_ENCODERS
from sspl.encoders.mel import MN04_MEL
from sspl.encoders.mn04 import MN04, make_network
from sspl.weights import find_weights, read_weights

FOLDER = os.environ.get("SSPL_WEIGHTS_DIR")


def publish(network: nn.Module) -> dict[str, torch.Tensor]:
    """Its weights under EfficientAT's names, without the counters, as they are published."""
    published = {}
    for name, tensor in network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        name = re.sub(r"\.(fc[12])\.", r".conc_se_layers.0.\1.", name)
        name = name.replace("classifier.0.", "classifier.2.").replace(
            "classifier.3.", "classifier.5."
        )
        published[name] = (
            tensor.flatten(2)[..., 0] if ".fc" in name and tensor.ndim == 4 else tensor
        )
    return published


def test_published_names_are_read_and_the_embedding_is_what_precedes_the_head(tmp_path):
    network = make_network().eval()
    save_file(
        {k: v.contiguous() for k, v in publish(network).items()}, tmp_path / "mn04_as.safetensors"
    )
    path = find_weights("mn04", tmp_path)
    encoder = MN04().eval()
    encoder.load_state_dict(read_weights("mn04", path))
    log_mel = torch.randn(2, 1, 128, 300)
    with torch.no_grad():
        embedding = encoder(log_mel)
        assert embedding.shape == (2, 1, 384)
        torch.testing.assert_close(network.classifier(embedding[:, 0]), network(log_mel))


def test_it_has_as_many_weights_as_published_and_true_sigmoids():
    network = make_network()
    assert sum(p.numel() for p in network.parameters()) == 983_599
    gates = [m for m in network.modules() if isinstance(m, SqueezeExcitation)]
    assert len(gates) == 8
    assert all(isinstance(gate.scale_activation, nn.Sigmoid) for gate in gates)


@pytest.mark.weights
@pytest.mark.skipif(not FOLDER, reason="needs published weights in SSPL_WEIGHTS_DIR")
def test_the_golden_sound_has_its_golden_embedding():
    encoder = MN04().eval()
    encoder.load_state_dict(read_weights("mn04", find_weights("mn04", FOLDER)))
    log_mel = MN04_MEL(resample(make_golden_sound(), 16_000, 32_000))
    with torch.no_grad():
        embedding = encoder(log_mel[None])[0, 0]
    first = [-0.23153, 0.19289, -0.23006, 0.29907, 0.14900, -0.21121, -0.23624, 0.22943]
    torch.testing.assert_close(embedding[:8], torch.tensor(first), atol=1e-4, rtol=0)
    assert embedding.mean().item() == pytest.approx(-0.120183, abs=1e-4)
    assert embedding.norm().item() == pytest.approx(4.78918, abs=1e-4)
    assert AUDIO_ENCODERS["mn04"].channels == len(embedding)
