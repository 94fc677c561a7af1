"""Teach `mn04_16k` to hear as `mn04` does, without a label (Hinton et al., 2015).

    python -m sspl.training.distill --sounds FOLDER ... --out runs/mn04-16k

The student is the teacher's network and starts from its weights: one with a random start learned
our few recordings and did not generalise to others (LOG.md). What it learns is to hear at 16 kHz,
where the teacher depends on how a sound was brought to 32 kHz, and at any level.

Of a folder with a manifest only the training rows are heard. What is made of the sounds is in
`sspl.training.mixtures`. The student is to give the teacher's embedding of each mixture, and what
the teacher's own tagger would say to it: for that directions count by what they mean.

Killed, it goes on where it was: mixtures are kept in `OUT/mixtures`, the training in `state.pt`.

Letters: N mixtures, B batch, M mel bands, F frames, A audio channels, K sounds.
"""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import tyro
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torchaudio.functional import resample
from tqdm import tqdm

from sspl.audio import NUM_SAMPLES, SAMPLE_RATE_HZ
from sspl.checkpoint import versions
from sspl.command import run_command
from sspl.data.manifest import MANIFEST, read_fields, read_manifest
from sspl.data.orchestra import INSTRUMENTS
from sspl.data.orchestra.sounds import synthesise
from sspl.data.stores import count_cores, map_ahead
from sspl.encoders.mel import MN04_16K_MEL, MN04_MEL
from sspl.encoders.mn04 import MN04, make_network, rename_tagger
from sspl.media.files import MediaError, replace_when_done, write_json
from sspl.media.sounds import read_audio
from sspl.training.mixtures import MixtureMaker
from sspl.weights import find_weights, read_tensors

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".m4a", ".opus")
CHUNK = 1024  # mixtures in a file of them
AT_ONCE = 32  # that are made together
MOST_CLIPS = 4  # of a long recording
PER_INSTRUMENT = 12  # sounds of each of `orchestra`'s


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


def read_sounds(folders: Sequence[Path], exclude: Sequence[str]) -> tuple[Tensor, list[str]]:
    """Clips of 3 s of all sounds there, and `orchestra`'s instruments, with a progress bar.

    Args:
        exclude: beginnings of the names in a manifest's `audio_source`, or of files.
    Returns:
        (K, N) int16 at 16 kHz, the loudest sample of each recording near full scale; K kinds.
    Raises:
        ValueError: if a folder has no sounds, or a row's cannot be read.
    """
    clips, kinds = [], []
    for folder in folders:
        found = dict(_list_sounds(folder, tuple(exclude)))
        if not found:
            raise ValueError(f"{folder} has no sounds to learn from: name a folder of recordings")
        for path, kind in tqdm(found.items(), f"read {folder.name}", unit="sound", leave=False):
            try:
                waveform = read_audio(path, 0.0, (MOST_CLIPS + 1) * 2.0)
            except MediaError as error:
                if (folder / MANIFEST).exists():
                    raise
                print(f"left out: {error}", file=sys.stderr)
                continue
            cut = _cut(waveform)
            clips += cut
            kinds += [kind] * len(cut)
    for number, name in enumerate(INSTRUMENTS):
        rng = np.random.default_rng(9000 + number)
        for _ in range(PER_INSTRUMENT):
            clips += _cut(synthesise(name, rng, NUM_SAMPLES / SAMPLE_RATE_HZ))
            kinds.append("orchestra")
    return torch.from_numpy(np.stack(clips)), kinds


def _list_sounds(folder: Path, exclude: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    """Each sound of a folder once, with its kind."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder: name one that holds sounds")
    if (folder / MANIFEST).exists():
        for row, fields in zip(read_manifest(folder), read_fields(folder), strict=True):
            source = str(fields.get("audio_source", row.audio.name))
            if row.split == "train" and not source.startswith(exclude):
                yield row.audio, row.label or folder.name
        return
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(exclude):
            yield path, path.parent.name


def _cut(waveform: np.ndarray) -> list[np.ndarray]:
    """Clips (N,) int16 of a recording, half of one in the next; none of what is nearly silent."""
    peak = np.abs(waveform).max()
    if peak < 1e-4:
        return []
    waveform = waveform * (0.9 / peak)
    waveform = np.pad(waveform, (0, max(0, NUM_SAMPLES - len(waveform))))
    starts = range(0, len(waveform) - NUM_SAMPLES + 1, 2 * SAMPLE_RATE_HZ)[:MOST_CLIPS]
    clips = [waveform[start : start + NUM_SAMPLES] for start in starts]
    return [(clip * 32767).astype(np.int16) for clip in clips if np.abs(clip).max() > 0.02]


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
        """(B, A) to (B, 527) logits."""
        return self.network.classifier(embeddings)


@torch.no_grad()
def write_mixtures(
    number: int, *, size: int, bank: Path, seed: int, folder: Path, weights_dir: Path | None
) -> None:
    """Make file `number` of mixtures, unless it is there: what student and teacher make of them."""
    path = folder / f"{number:04d}.safetensors"
    if path.exists():
        return
    torch.set_num_threads(1)
    sounds, kinds = _load_bank(bank)
    maker = MixtureMaker(sounds, kinds, seed=1_000_003 * seed + number)
    teacher = _load_teacher(weights_dir)
    log_mels, embeddings = [], []
    for first in range(0, size, AT_ONCE):
        clips = maker.draw(min(AT_ONCE, size - first))
        log_mels.append(MN04_16K_MEL.of_clips(clips).half())
        embeddings.append(teacher(clips))
    with replace_when_done(path) as unfinished:
        save_file({"log_mel": torch.cat(log_mels), "embedding": torch.cat(embeddings)}, unfinished)


@lru_cache(maxsize=1)
def _load_bank(path: Path) -> tuple[Tensor, list[str]]:
    stored = torch.load(path, weights_only=True)
    return stored["clips"], stored["kinds"]


@lru_cache(maxsize=1)
def _load_teacher(weights_dir: Path | None) -> Teacher:
    return Teacher(weights_dir)


def make_mixtures(
    bank: Path, folder: Path, config: DistillConfig, weights_dir: Path | None
) -> tuple[Tensor, Tensor]:
    """All mixtures, on all cores, with a progress bar.

    Returns:
        (N, M, F) float16 for the student, (N, A) float32 from the teacher.
    """
    size = min(CHUNK, config.num_mixtures)
    numbers = range(-(-config.num_mixtures // size))
    work = partial(
        write_mixtures,
        size=size,
        bank=bank,
        seed=config.seed,
        folder=folder,
        weights_dir=weights_dir,
    )
    with (
        ProcessPoolExecutor(count_cores(), mp_context=get_context("spawn")) as pool,
        tqdm(total=len(numbers), desc="mix", unit="k") as bar,
    ):
        for _ in map_ahead(pool, work, numbers, 2 * count_cores()):
            bar.update()
    files = [load_file(folder / f"{number:04d}.safetensors") for number in numbers]
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
    """Mix the sounds, ask the teacher, teach the student: about twenty minutes on two cores.

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
    with replace_when_done(out / "bank.pt") as path:
        torch.save({"clips": bank, "kinds": kinds}, path)
    log_mel, embeddings = make_mixtures(out / "bank.pt", mixtures, config, weights_dir)
    student, missed = fit_student(log_mel, embeddings, teacher, config, out / "state.pt")
    weights = {name: tensor.contiguous() for name, tensor in student.state_dict().items()}
    halves = {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}
    with replace_when_done(out / "mn04_16k.safetensors") as path:
        save_file(halves, path)
    meta = {
        "config": asdict(config),
        "teacher": "mn04",
        "sounds": {folder.name: len(dict(_list_sounds(folder, exclude))) for folder in sounds},
        "exclude": exclude,
        "clips": len(bank),
        "missed_variance": missed,
        "versions": versions(),
    }
    write_json(out / "meta.json", meta)
    print(f"missed {missed:.3f} of the teacher's variance; saved in {out}")


if __name__ == "__main__":
    sys.exit(run_command(lambda: tyro.cli(main)))
