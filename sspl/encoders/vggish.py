"""VGGish and our small one: log-mel patches of 0.96 s to embeddings.

Letters: B batch, P audio patches, A audio channels.
"""

from torch import Tensor, nn


class VGGish(nn.Module):
    """Log-mel patches to embeddings, each patch by itself (Hershey et al., ICASSP 2017).

    Args:
        widths: channels of the six convolutions; a 2x2 max-pool follows the 1st, 2nd, 4th, 6th.
        hidden: width of the two hidden layers.
        channels: A, width of the embedding, which ends in a ReLU.
        batch_norm: after each convolution; VGGish has none, a small one trains faster with it.
    """

    def __init__(
        self, widths: tuple[int, ...], hidden: int, channels: int, batch_norm: bool = False
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for i, (wide_in, wide_out) in enumerate(zip((1, *widths), widths, strict=False)):
            layers.append(nn.Conv2d(wide_in, wide_out, 3, padding=1))
            if batch_norm:
                layers.append(nn.BatchNorm2d(wide_out))
            layers.append(nn.ReLU(inplace=True))
            if i in (0, 1, 3, 5):
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.embeddings = nn.Sequential(
            nn.Linear(widths[-1] * 6 * 4, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, channels),
            nn.ReLU(inplace=True),
        )

    def forward(self, log_mel: Tensor) -> Tensor:
        """(B, P, 96, 64) float to (B, P, A), non-negative."""
        batch, patches = log_mel.shape[:2]
        x = self.features(log_mel.flatten(0, 1).unsqueeze(1))  # (B*P, C, 6, 4)
        # Channels last before flattening: VGGish's weights come from TensorFlow.
        x = self.embeddings(x.permute(0, 2, 3, 1).flatten(1))
        return x.unflatten(0, (batch, patches))


def tiny_vggish() -> VGGish:
    """Our small VGGish: 64-dimensional embeddings, 0.22 M weights."""
    return VGGish(widths=(8, 16, 32, 32, 48, 48), hidden=128, channels=64, batch_norm=True)


def vggish() -> VGGish:
    """VGGish as published: 128-dimensional embeddings, ReLU included, no PCA."""
    return VGGish(widths=(64, 128, 256, 256, 512, 512), hidden=4096, channels=128)
