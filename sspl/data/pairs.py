"""Picture-sound pairs, the form that training and evaluation take them in.

Letters: N pairs, P audio patches, A audio channels.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from torch import Tensor

from sspl.audio import CLIP_S, SAMPLE_RATE_HZ
from sspl.data.inputs import apply_front_end
from sspl.data.manifest import AnnotatedObject
from sspl.data.orchestra import INSTRUMENTS, Kind, Placed, draw_picture, make_clip
from sspl.data.orchestra.sounds import synthesise
from sspl.data.stores import Store, map_on_all_cores
from sspl.encoders import AUDIO_ENCODERS, AudioEncoderSpec
from sspl.media.sounds import to_model_rate
from sspl.metrics import ground_truth


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """N picture-sound pairs.

    Attributes:
        ids: N names.
        images: (N, 3, px, px) uint8 RGB, squashed to a square.
        sounds: (N, P, ...) float32, what the front end of one audio encoder makes of them, such as
            (N, 3, 96, 64) for VGGish; or (N, P, A) embeddings made before.
        boxes: N arrays (k, 4) float, normalised xyxy of the visible sources.
        labels: N names of the sounding class, "" where it is not known.
        num_annotators: how many people drew a pair's boxes, 0 where nobody did; by default 1.
        objects: what is in each picture, sounding or not, where that is known.
        sound_names: which sound each has, where pairs may share one.
    """

    ids: list[str]
    images: Tensor | Store
    sounds: Tensor | Store
    boxes: list[np.ndarray]
    labels: list[str]
    num_annotators: list[int] = field(default_factory=list)
    objects: list[tuple[AnnotatedObject, ...]] = field(default_factory=list)
    sound_names: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def classes(self) -> list[str]:
        """Every class that sounds in one of them, sorted; empty where none is known."""
        return sorted(split_labels(self.labels))

    def draw_truth(self, indices: Iterable[int]) -> Tensor:
        """The ground truth of some pairs: (n, 224, 224) in [0, 1], 0 where no source is visible."""
        people = self.num_annotators or [1] * len(self)
        truth = [ground_truth(self.boxes[i], people[i]) for i in indices]
        return torch.from_numpy(np.stack(truth))


def split_labels(labels: Iterable[str]) -> frozenset[str]:
    """The classes in labels: "cello+flute" is of two, "" of none."""
    return frozenset(name for label in labels for name in label.split("+")) - {""}


def orchestra_pairs(
    seed: int,
    num: int,
    kinds: Sequence[Kind] = ("solo",),
    image_px: int = 128,
    num_instruments: int = len(INSTRUMENTS),
    encoder: AudioEncoderSpec = AUDIO_ENCODERS["vggish"],
) -> Pairs:
    """Draw and play `num` orchestra clips, on all cores, with a progress bar.

    Args:
        seed: of the world; other seeds share no clip.
        kinds: clip i is of kind `kinds[i % len(kinds)]`.
        image_px: side of the pictures.
        num_instruments: only the first so many of `INSTRUMENTS` appear.
        encoder: what the sounds are for.
    """
    draw = partial(_draw_and_play, seed, tuple(kinds), image_px, num_instruments)
    clips = map_on_all_cores(draw, range(num), f"orchestra, seed {seed}")
    ids, images, waveforms, placed, labels = zip(*clips, strict=True)
    return Pairs(
        ids=list(ids),
        images=torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous(),
        sounds=torch.stack([_take_sound(waveform, encoder) for waveform in waveforms]),
        boxes=[_list_boxes(items) for items in placed],
        labels=list(labels),
        num_annotators=[1] * num,
        objects=[
            tuple(
                AnnotatedObject(label=i.instrument, box=i.box, sounding=i.sounding) for i in items
            )
            for items in placed
        ],
    )


def orchestra_boxes(
    seed: int, num: int, kinds: Sequence[Kind], num_instruments: int = len(INSTRUMENTS)
) -> list[np.ndarray]:
    """Boxes (k, 4) of what `orchestra_pairs` would show, from thumbnails and without sounds."""
    draw = partial(_draw_boxes, seed, tuple(kinds), num_instruments)
    return list(map_on_all_cores(draw, range(num), "training boxes"))


def orchestra_solos(
    seed: int,
    labels: Sequence[str],
    num: int,
    encoder: AudioEncoderSpec = AUDIO_ENCODERS["vggish"],
) -> dict[str, Tensor]:
    """By instrument `num` sounds of it that no clip holds: (num, P, ...) as in `Pairs.sounds`."""
    rng = np.random.default_rng([seed, 47])
    return {
        label: torch.stack(
            [_take_sound(synthesise(label, rng, CLIP_S), encoder) for _ in range(num)]
        )
        for label in labels
    }


def _take_sound(waveform: np.ndarray, encoder: AudioEncoderSpec) -> Tensor:
    """A sound of `orchestra`, (N,) at 16 kHz, as the encoder takes it in: (P, *patch_shape)."""
    at_its_rate = to_model_rate(waveform, SAMPLE_RATE_HZ, encoder.sample_rate_hz)
    return apply_front_end(torch.from_numpy(at_its_rate), encoder)


def _draw_boxes(seed: int, kinds: tuple[Kind, ...], num_instruments: int, index: int) -> np.ndarray:
    _, placed = draw_picture(seed, index, kinds[index % len(kinds)], 16, num_instruments)
    return _list_boxes(placed)


def _draw_and_play(
    seed: int, kinds: tuple[Kind, ...], image_px: int, num_instruments: int, index: int
):
    kind = kinds[index % len(kinds)]
    clip = make_clip(seed, index, kind, image_px, num_instruments=num_instruments)
    return clip.id, clip.image, clip.waveform, clip.placed, clip.label


def _list_boxes(placed: Sequence[Placed]) -> np.ndarray:
    boxes = [item.box for item in placed if item.sounding]
    return np.array(boxes, np.float32).reshape(-1, 4)
