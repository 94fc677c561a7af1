"""Pre-train the tiny encoders by classification, as ImageNet and AudioSet did the paper's.

    python -m sspl.training.pretrain --out assets/models/tiny-encoders

This is the one place that uses labels; the encoders are frozen afterwards. Which of the eleven
instruments are seen (or heard) is told from the average of the rectified features, so that what
tells nothing, rooms and people, leaves no feature behind.

Letters: N samples, K = 11 instruments.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import tyro
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm import tqdm

from sspl.audio import clip_log_mel
from sspl.checkpoint import versions
from sspl.command import run_command
from sspl.data.orchestra import INSTRUMENTS, Kind, draw_picture, make_sound
from sspl.data.stores import map_on_all_cores
from sspl.data.transforms import random_views, whole_view
from sspl.encoders import AUDIO_ENCODERS, IMAGE_ENCODERS
from sspl.media.files import replace_when_done, write_json

PICTURE_KINDS: tuple[Kind, ...] = ("solo", "duet", "solo", "empty")
SOUND_KINDS: tuple[Kind, ...] = ("solo", "duet")
IMAGE_SPEC, AUDIO_SPEC = IMAGE_ENCODERS["tiny_vgg"], AUDIO_ENCODERS["tiny_vggish"]


@dataclass(frozen=True, kw_only=True)
class PretrainConfig:
    """How the tiny encoders learn; the seeds are used by nothing else."""

    num_pictures: int = 6000
    num_sounds: int = 5000
    picture_epochs: int = 7
    sound_epochs: int = 6
    picture_seed: int = 901
    sound_seed: int = 902
    held_out: int = 400
    batch_size: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    seed: int = 0


def fit_classifier(
    encode: Callable[[Tensor], Tensor],
    parameters: Sequence[nn.Parameter],
    inputs: Tensor,
    targets: Tensor,
    config: PretrainConfig,
    epochs: int,
    what: str,
) -> nn.Linear:
    """Teach an encoder to tell which of K classes are there; returns the classifier on top.

    Args:
        encode: a batch of inputs to (B, C) pooled features.
        parameters: what of the encoder learns.
        inputs: (N, ...); targets: (N, K) of 0 and 1.
    """
    channels = encode(inputs[:2]).shape[1]
    classifier = nn.Linear(channels, targets.shape[1])
    optimizer = torch.optim.AdamW(
        [*parameters, *classifier.parameters()], weight_decay=config.weight_decay
    )
    num_steps = len(inputs) // config.batch_size * epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.learning_rate, num_steps)
    with tqdm(total=num_steps, desc=what, unit="step") as bar:
        for _ in range(epochs):
            for batch in torch.randperm(len(inputs)).split(config.batch_size):
                if len(batch) < config.batch_size:
                    break
                logits = classifier(encode(inputs[batch]))
                loss = F.binary_cross_entropy_with_logits(logits, targets[batch])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                schedule.step()
                bar.set_postfix(loss=loss.item(), refresh=False)
                bar.update()
    return classifier


@torch.no_grad()
def measure_accuracy(logits: Tensor, targets: Tensor) -> float:
    """Share of the samples with exactly one class in which that class scores highest."""
    one = targets.sum(1) == 1
    return (logits[one].argmax(1) == targets[one].argmax(1)).float().mean().item()


def pretrain_image_encoder(config: PretrainConfig) -> tuple[nn.Module, float]:
    """The tiny VGG, and its accuracy on held-out pictures of one instrument."""
    draw = partial(_draw, config.picture_seed)
    drawn = list(map_on_all_cores(draw, range(config.num_pictures), "draw pictures"))
    images = torch.from_numpy(np.stack([image for image, _ in drawn])).permute(0, 3, 1, 2)
    targets = _mark([names for _, names in drawn])
    torch.manual_seed(config.seed)
    generator = torch.Generator().manual_seed(config.seed)
    image_encoder = IMAGE_SPEC.build()

    def encode(batch: Tensor) -> Tensor:
        return F.relu(image_encoder(random_views(batch, IMAGE_SPEC, generator))).mean((2, 3))

    num = len(images) - config.held_out
    classifier = fit_classifier(
        encode,
        list(image_encoder.parameters()),
        images[:num],
        targets[:num],
        config,
        config.picture_epochs,
        "pre-train image encoder",
    )
    image_encoder.eval()
    with torch.no_grad():
        views = (whole_view(part, IMAGE_SPEC) for part in images[num:].split(50))
        features = [F.relu(image_encoder(view)) for view in views]
        logits = classifier(torch.cat(features).mean((2, 3)))
    return image_encoder, measure_accuracy(logits, targets[num:])


def pretrain_audio_encoder(config: PretrainConfig) -> tuple[nn.Module, float]:
    """The tiny VGGish, and its accuracy on held-out sounds of one instrument."""
    play = partial(_play, config.sound_seed)
    played = list(map_on_all_cores(play, range(config.num_sounds), "play sounds"))
    log_mel = torch.stack([clip_log_mel(torch.from_numpy(waveform)) for waveform, _ in played])
    targets = _mark([names for _, names in played])
    torch.manual_seed(config.seed)
    audio_encoder = AUDIO_SPEC.build()
    num = len(log_mel) - config.held_out
    classifier = fit_classifier(
        lambda batch: audio_encoder(batch).mean(1),
        list(audio_encoder.parameters()),
        log_mel[:num],
        targets[:num],
        config,
        config.sound_epochs,
        "pre-train audio encoder",
    )
    audio_encoder.eval()
    with torch.no_grad():
        logits = classifier(
            torch.cat([audio_encoder(part).mean(1) for part in log_mel[num:].split(50)])
        )
    return audio_encoder, measure_accuracy(logits, targets[num:])


def main(out: Path, config: PretrainConfig) -> None:
    """Draw, play, pre-train and save both encoders: about ten minutes on two cores."""
    out.mkdir(parents=True, exist_ok=True)
    image_encoder, image_encoder_accuracy = pretrain_image_encoder(config)
    audio_encoder, audio_encoder_accuracy = pretrain_audio_encoder(config)
    for name, encoder in (("image_encoder", image_encoder), ("audio_encoder", audio_encoder)):
        with replace_when_done(out / f"{name}.safetensors") as path:
            save_file(encoder.state_dict(), path)
    meta = {
        "config": asdict(config),
        "held_out_accuracy": {
            "image_encoder": image_encoder_accuracy,
            "audio_encoder": audio_encoder_accuracy,
        },
        "versions": versions(),
    }
    write_json(out / "meta.json", meta)
    print(
        f"held-out accuracy: image encoder {image_encoder_accuracy:.3f}, audio encoder "
        f"{audio_encoder_accuracy:.3f}; saved in {out}"
    )


def _draw(seed: int, index: int) -> tuple[np.ndarray, list[str]]:
    image, placed = draw_picture(seed, index, PICTURE_KINDS[index % 4], 128)
    return image, [item.instrument for item in placed]


def _play(seed: int, index: int) -> tuple[np.ndarray, list[str]]:
    waveform, stems = make_sound(seed, index, SOUND_KINDS[index % 2])
    return waveform, list(stems)


def _mark(names: Sequence[Sequence[str]]) -> Tensor:
    """(N, K) float: 1 where a sample has an instrument."""
    return torch.tensor([[float(i in sample) for i in INSTRUMENTS] for sample in names])


if __name__ == "__main__":
    sys.exit(run_command(lambda: tyro.cli(main)))
