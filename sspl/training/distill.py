"""Teach `mn04_16k` to hear as `mn04` does, without a label (Hinton et al., 2015).

    python -m sspl.training.distill --sounds FOLDER ... --out runs/mn04-16k

The student is the teacher's network and starts from its weights: one with a random start learned
our few recordings and did not generalise to others (LOG.md). What it learns is to hear at 16 kHz,
where the teacher depends on how a sound was brought to 32 kHz, and at any level.

Which sounds are heard is in `sspl.training.sound_bank`, what is made of them in
`sspl.training.mixtures`. The student is to give the teacher's embedding of each mixture, and what
the teacher's own tagger would say to it: for that directions count by what they mean.

Killed, it goes on where it was: mixtures are kept in `OUT/mixtures`, the training in `state.pt`.

Letters: N mixtures, B batch, M mel bands, F frames, A audio channels, K sounds.
"""

import sys
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
import tyro
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm import tqdm

from sspl.checkpoint import versions
from sspl.command import run_command
from sspl.encoders.mel import MN04_16K_MEL
from sspl.encoders.mn04 import MN04
from sspl.media.files import replace_when_done, write_json
from sspl.training.sound_bank import draw_chunk, list_sounds, map_chunks, read_sounds, save_bank
from sspl.training.teacher import Teacher, load_teacher


@dataclass(frozen=True, kw_only=True)
class DistillConfig:
    """How the student learns."""

    num_mixtures: int = 32_768
    epochs: int = 4
    batch_size: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    tags_weight: float = 0.05  # of what the tagger says, beside the embedding
    seed: int = 11

    def __post_init__(self) -> None:
        if self.num_mixtures < self.batch_size or self.epochs < 1:
            raise ValueError("num_mixtures is at least batch_size, and epochs at least 1")


@torch.no_grad()
def write_mixtures(
    number: int, *, size: int, bank: Path, seed: int, folder: Path, weights_dir: Path | None
) -> None:
    """Make file `number` of mixtures, unless it is there: what student and teacher make of them."""
    path = folder / f"{number:04d}.safetensors"
    if path.exists():
        return
    teacher = load_teacher(weights_dir)
    log_mels, embeddings = [], []
    for clips in draw_chunk(bank, number, size, seed):
        log_mels.append(MN04_16K_MEL.of_clips(clips).half())
        embeddings.append(teacher(clips))
    with replace_when_done(path) as unfinished:
        save_file({"log_mel": torch.cat(log_mels), "embedding": torch.cat(embeddings)}, unfinished)


def make_mixtures(
    bank: Path, folder: Path, config: DistillConfig, weights_dir: Path | None
) -> tuple[Tensor, Tensor]:
    """All mixtures, on all cores, with a progress bar.

    Returns:
        (N, M, F) float16 for the student, (N, A) float32 from the teacher.
    """
    work = partial(
        write_mixtures, bank=bank, seed=config.seed, folder=folder, weights_dir=weights_dir
    )
    num_files = len(list(map_chunks(work, config.num_mixtures)))
    files = [load_file(folder / f"{number:04d}.safetensors") for number in range(num_files)]
    log_mel = torch.cat([file["log_mel"] for file in files])[: config.num_mixtures]
    return log_mel, torch.cat([file["embedding"] for file in files])[: config.num_mixtures]


class DistillationLoss(nn.Module):
    """How far the student's embedding is from the teacher's, and what the tagger makes of it."""

    deviation: Tensor

    def __init__(self, teacher: Teacher, embeddings: Tensor, tags_weight: float) -> None:
        super().__init__()
        self.teacher, self.tags_weight = teacher, tags_weight
        self.register_buffer("deviation", embeddings.std(0))

    def forward(self, student: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """(B, A) each to two scalars: the loss, and the share of the variance that is missed."""
        missed = ((student - target) / self.deviation).square().mean()
        wanted = torch.sigmoid(self.teacher.tag(target))
        entropy = F.binary_cross_entropy(wanted, wanted, reduction="none").sum(1)
        tags = F.binary_cross_entropy_with_logits(
            self.teacher.tag(student), wanted, reduction="none"
        ).sum(1)
        return missed + self.tags_weight * (tags - entropy).mean(), missed


def fit_student(
    log_mel: Tensor, embeddings: Tensor, teacher: Teacher, config: DistillConfig, state_path: Path
) -> tuple[MN04, float]:
    """Train the student, from the last whole epoch if there is one in `state_path`.

    Returns:
        it, in eval mode, and the share of the embeddings' variance that it missed at the end.
    """
    torch.manual_seed(config.seed)
    student = MN04()
    student.features.load_state_dict(teacher.network.features.state_dict())
    student.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    loss_of = DistillationLoss(teacher, embeddings, config.tags_weight)
    steps = len(log_mel) // config.batch_size
    optimizer = torch.optim.AdamW(student.parameters(), weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.learning_rate, steps * config.epochs, pct_start=0.1
    )
    parts = {"student": student, "optimizer": optimizer, "schedule": schedule}
    first, missed_mean = 0, float("nan")
    if state_path.exists():
        state = torch.load(state_path, weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(state[name])
        first, missed_mean = state["epoch"], state["missed"]
    with tqdm(
        total=steps * config.epochs, initial=steps * first, desc="distil", unit="step"
    ) as bar:
        for epoch in range(first, config.epochs):
            generator = torch.Generator().manual_seed(config.seed + epoch)
            order = torch.randperm(len(log_mel), generator=generator)
            missed_sum = 0.0
            for batch in order[: steps * config.batch_size].split(config.batch_size):
                # When a sound begins is of no matter: both average over time.
                start = int(torch.randint(log_mel.shape[2], (1,), generator=generator))
                inputs = log_mel[batch].float().roll(start, 2)[:, None]
                with torch.autocast("cpu", torch.bfloat16):
                    found = student(inputs)[:, 0]
                loss, missed = loss_of(found.float(), embeddings[batch])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                schedule.step()
                missed_sum += missed.item()
                bar.update()
            missed_mean = missed_sum / steps
            bar.set_postfix(missed=f"{missed_mean:.3f}")
            state = {name: part.state_dict() for name, part in parts.items()}
            with replace_when_done(state_path) as unfinished:
                torch.save({**state, "epoch": epoch + 1, "missed": missed_mean}, unfinished)
    return student.eval(), missed_mean


def main(
    sounds: tuple[Path, ...],
    out: Path,
    config: DistillConfig,
    exclude: tuple[str, ...] = (),
    weights_dir: Path | None = None,
) -> None:
    """Mix the sounds, ask the teacher, teach the student: twenty minutes on two cores; longer pays.

    Args:
        sounds: folders of recordings, or with a manifest, whose training rows are taken.
        out: a folder for the weights, what they were made from, and the work that is kept.
        exclude: sounds whose `audio_source`, or name, begins like one of these.
        weights_dir: where mn04's weights are; otherwise they are fetched.
    """
    mixtures = out / "mixtures"
    mixtures.mkdir(parents=True, exist_ok=True)
    teacher = Teacher(weights_dir)
    bank, kinds = read_sounds(sounds, exclude)
    print(f"{len(bank)} clips of {len(set(kinds))} kinds")
    save_bank(out / "bank.pt", bank, kinds)
    log_mel, embeddings = make_mixtures(out / "bank.pt", mixtures, config, weights_dir)
    student, missed = fit_student(log_mel, embeddings, teacher, config, out / "state.pt")
    weights = {name: tensor.contiguous() for name, tensor in student.state_dict().items()}
    halves = {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}
    with replace_when_done(out / "mn04_16k.safetensors") as path:
        save_file(halves, path)
    meta = {
        "config": asdict(config),
        "teacher": "mn04",
        "sounds": {folder.name: len(dict(list_sounds(folder, exclude))) for folder in sounds},
        "exclude": exclude,
        "clips": len(bank),
        "missed_variance": missed,
        "versions": versions(),
    }
    write_json(out / "meta.json", meta)
    print(f"missed {missed:.3f} of the teacher's variance; saved in {out}")


if __name__ == "__main__":
    sys.exit(run_command(lambda: tyro.cli(main)))
