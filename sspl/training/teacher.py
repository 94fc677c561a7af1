"""`mn04` with its tagger: who teaches `mn04_16k`, and says what a sound is.

Letters: B batch, N samples of a clip of 3 s at 16 kHz, A audio channels.
"""

from functools import lru_cache
from pathlib import Path

from torch import Tensor, nn
from torchaudio.functional import resample

from sspl.audio import SAMPLE_RATE_HZ
from sspl.encoders.mel import MN04_MEL
from sspl.encoders.mn04 import make_network, rename_tagger
from sspl.weights import find_weights, read_tensors

NUM_TAGS = 527  # of AudioSet


class Teacher(nn.Module):
    """mn04 and its tagger.

    Args:
        weights_dir: as `sspl.weights.load_encoders` takes it.
    """

    def __init__(self, weights_dir: Path | None = None) -> None:
        super().__init__()
        self.network = make_network()
        tensors = rename_tagger(read_tensors(find_weights("mn04", weights_dir)))
        self.network.load_state_dict(self.network.state_dict() | tensors)
        self.eval().requires_grad_(False)

    def forward(self, clips: Tensor) -> Tensor:
        """(B, N) float at 16 kHz to embeddings (B, A)."""
        log_mel = MN04_MEL.of_clips(resample(clips, SAMPLE_RATE_HZ, MN04_MEL.sample_rate_hz))
        return self.network.features(log_mel[:, None]).mean((2, 3))

    def tag(self, embeddings: Tensor) -> Tensor:
        """(B, A) to (B, 527) logits, one for each class of AudioSet."""
        return self.network.classifier(embeddings)


@lru_cache(maxsize=1)
def load_teacher(weights_dir: Path | None) -> Teacher:
    """The teacher, read once in each process."""
    return Teacher(weights_dir)
