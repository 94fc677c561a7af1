"""EfficientAT's mn04: MobileNetV3 at 0.4 of its width, which tags AudioSet with mAP 0.432.

Schmid, Koutini and Widmer, "Efficient Large-scale Audio Tagging via Transformer-to-CNN Knowledge
Distillation" (ICASSP 2023), MIT. torchvision's network carries its weights once three things are
changed: one input channel, a true sigmoid in the squeeze-and-excitation, and some names.

`mn04_16k` is the same network, started from these weights and taught by it to hear at 16 kHz and
at any level (`sspl.training.distill`). It comes along.

Letters: B batch, P patches (one), M mel bands, F frames, A audio channels.
"""

from torch import Tensor, nn
from torchvision.models import MobileNetV3, mobilenet_v3_large
from torchvision.ops import SqueezeExcitation

from sspl.encoders.spec import Tensors

CHANNELS = 384
NUM_TAGS = 527  # AudioSet's


class MN04(nn.Module):
    """A log-mel spectrogram to its embedding: means over bands and frames before the head."""

    def __init__(self) -> None:
        super().__init__()
        self.features = make_network().features

    def forward(self, log_mel: Tensor) -> Tensor:
        """(B, P, M, F) float of its `LogMel` to (B, P, 384), not rectified, from about -0.37 up."""
        batch, patches = log_mel.shape[:2]
        x = self.features(log_mel.flatten(0, 1).unsqueeze(1))
        return x.mean((2, 3)).unflatten(0, (batch, patches))


def make_network() -> MobileNetV3:
    """The whole tagger with random weights: (B, 1, M, F) to (B, 527) logits."""
    network = mobilenet_v3_large(weights=None, width_mult=0.4, num_classes=NUM_TAGS)
    stem = network.features[0]
    assert isinstance(stem, nn.Sequential)
    stem[0] = nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False)
    for layer in network.modules():
        if isinstance(layer, SqueezeExcitation):
            layer.scale_activation = nn.Sigmoid()
    return network


def rename_tagger(tensors: Tensors) -> Tensors:
    """From EfficientAT's names to those of `make_network`."""
    renamed: Tensors = {}
    for name, tensor in tensors.items():
        name = name.replace(".conc_se_layers.0.", ".")
        name = name.replace("classifier.2.", "classifier.0.").replace(
            "classifier.5.", "classifier.3."
        )
        if name.endswith((".fc1.weight", ".fc2.weight")):
            tensor = tensor.reshape(*tensor.shape[:2], 1, 1)  # torchvision convolves here
        renamed[name] = tensor
    return renamed


def rename_mn04(tensors: Tensors) -> Tensors:
    """From EfficientAT's names to those of `MN04`; the head is left out."""
    renamed = rename_tagger(tensors)
    return {name: tensor for name, tensor in renamed.items() if name.startswith("features.")}
