"""Sounds that stand in for a class of which there is no recording that may be used.

    python -m sspl.training.stand_ins --sounds FOLDER ... --tags 81 83 --label cat --out OUT

Mixtures of recordings that may be used are drawn as `sspl.training.distill` draws them, mn04's
tagger is asked how much each sounds like the class, and those are kept that it takes for it most:
tags 81 and 83 of AudioSet are Cat and Meow. For training alone: test with real recordings.

Measured: 125 photographs of cats had no openly licensed recording. Paired with 24 stand-ins, cats
of the test set were located in 0.51 in place of 0.16 (cIoU@0.5), all with real sounds of cats.

OUT is then a folder of sounds for `sspl.prepare class-pairs`, which may hold several labels.
Killed, it is just run again: a label is replaced at the end, whole.

Letters: B batch, N samples of a clip of 3 s at 16 kHz, K tags.
"""

import csv
import json
import shutil
import sys
from dataclasses import asdict, dataclass
from functools import partial
from heapq import nlargest
from pathlib import Path
from re import fullmatch
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
import tyro
from torch import Tensor

from sspl.checkpoint import versions
from sspl.command import run_command
from sspl.media.files import replace_when_done, write_json
from sspl.media.sounds import write_audio
from sspl.training.sound_bank import draw_chunk, list_sounds, map_chunks, read_sounds, save_bank
from sspl.training.teacher import NUM_TAGS, Teacher, load_teacher

COLUMNS: tuple[str, ...] = ("file", "title", "author", "source", "licence", "split")


@dataclass(frozen=True, kw_only=True)
class StandInConfig:
    """What is looked for, and among how many mixtures."""

    label: str
    """the name of the class, and of its folder"""
    tags: tuple[int, ...]
    """classes of AudioSet by their numbers, 0 to 526; the product of their probabilities counts"""
    num: int = 24
    """how many to keep"""
    num_mixtures: int = 65_536
    """how many to draw; whole chunks of 1024"""
    seed: int = 11

    def __post_init__(self) -> None:
        if not fullmatch(r"\w[\w -]*", self.label):
            raise ValueError(f"the label {self.label!r} cannot be a folder's name: use letters")
        if not self.tags or not all(0 <= tag < NUM_TAGS for tag in self.tags):
            raise ValueError(f"tags are one number or several from 0 to {NUM_TAGS - 1}")
        if not 1 <= self.num <= self.num_mixtures:
            raise ValueError("num is at least 1, and at most num_mixtures")


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """A mixture that sounds like the class.

    Attributes:
        chunk, index: where it was drawn.
        probabilities: of each tag, by the tagger.
        clip: (N,) float32 in [-1, 1] at 16 kHz.
    """

    chunk: int
    index: int
    probabilities: tuple[float, ...]
    clip: np.ndarray

    @property
    def rank(self) -> tuple[float, int, int]:
        """The product of its probabilities; of equal ones the first is higher."""
        return float(np.prod(self.probabilities)), -self.chunk, -self.index


@torch.no_grad()
def search_chunk(
    number: int, *, size: int, bank: Path, config: StandInConfig, weights_dir: Path | None
) -> list[StandIn]:
    """The best of a chunk of mixtures, at most as many as are wanted."""
    teacher = load_teacher(weights_dir)
    best: list[StandIn] = []
    index = 0
    for clips in draw_chunk(bank, number, size, config.seed):
        probabilities = ask_tagger(teacher, clips, config.tags)
        found = [
            StandIn(
                chunk=number,
                index=index + i,
                probabilities=tuple(probabilities[i].tolist()),
                clip=clip.numpy().copy(),
            )
            for i, clip in enumerate(clips)
        ]
        best = keep_best([*best, *found], config.num)
        index += len(clips)
    return best


def ask_tagger(teacher: Teacher, clips: Tensor, tags: tuple[int, ...]) -> Tensor:
    """(B, N) to the probabilities (B, K) of the tags."""
    return torch.sigmoid(teacher.tag(teacher(clips)))[:, list(tags)]


def keep_best(found: list[StandIn], num: int) -> list[StandIn]:
    """The best `num`, or all, the best first."""
    return nlargest(num, found, key=lambda one: one.rank)


def find_stand_ins(bank: Path, config: StandInConfig, weights_dir: Path | None) -> list[StandIn]:
    """The best of all mixtures, on all cores, with a progress bar; no more are ever held."""
    work = partial(search_chunk, bank=bank, config=config, weights_dir=weights_dir)
    best: list[StandIn] = []
    for found in map_chunks(work, config.num_mixtures):
        best = keep_best([*best, *found], config.num)
    return best


def write_stand_ins(
    best: list[StandIn], out: Path, config: StandInConfig, about: dict[str, Any]
) -> None:
    """Write OUT/LABEL/0001.wav, ..., OUT/attributions.csv and OUT/meta.json, each in one step.

    Args:
        about: what else `meta.json` says of the label; "sounds" has the sources by their names.
    """
    unfinished, folder = out / f".unfinished-{config.label}", out / config.label
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    names = [f"{number:04d}.wav" for number in range(1, len(best) + 1)]
    for name, one in zip(names, best, strict=True):
        write_audio(unfinished / name, one.clip)
    stand_ins = [
        {"file": name, "chunk": one.chunk, "index": one.index, "probabilities": one.probabilities}
        for name, one in zip(names, best, strict=True)
    ]
    labels = _read_labels(out)
    labels[config.label] = {"config": asdict(config), **about, "stand_ins": stand_ins}
    # First of all, since it says that the folder is one of this program's.
    write_json(out / "meta.json", {"labels": labels})
    if folder.exists():
        shutil.rmtree(folder)
    unfinished.rename(folder)
    with (
        replace_when_done(out / "attributions.csv") as path,
        path.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for label, said in labels.items():
            writer.writerows(_attribute(label, said, one) for one in said["stand_ins"])


def _attribute(label: str, said: dict[str, Any], one: dict[str, Any]) -> dict[str, str]:
    tags = said["config"]["tags"]
    heard = ", ".join(f"{t} {p:.3f}" for t, p in zip(tags, one["probabilities"], strict=True))
    return {
        "file": f"{label}/{one['file']}",
        "title": (
            f"mixture {one['index']} of chunk {one['chunk']}, drawn with seed "
            f"{said['config']['seed']}; mn04 hears tags {heard}"
        ),
        "author": "sspl.training.stand_ins",
        "source": f"recordings in {' and '.join(said['sounds'])}, mixed",
        "licence": "see the licences of those recordings",
        "split": "train",
    }


def _read_labels(out: Path) -> dict[str, Any]:
    """What `meta.json` says of the labels that are there."""
    path = out / "meta.json"
    return json.loads(path.read_text(encoding="utf-8"))["labels"] if path.exists() else {}


def main(
    sounds: tuple[Path, ...],
    out: Path,
    config: StandInConfig,
    exclude: tuple[str, ...] = (),
    weights_dir: Path | None = None,
) -> None:
    """Draw mixtures of the sounds and keep those that mn04 takes for a class.

    Args:
        sounds: folders of recordings, or with a manifest, whose training rows are taken.
        out: a folder for the sounds found, in one of the label's name, and who made them.
        exclude: sounds whose `audio_source`, or name, begins like one of these.
        weights_dir: where mn04's weights are; otherwise they are fetched.
    """
    if (out / config.label).exists() and config.label not in _read_labels(out):
        raise ValueError(f"{out / config.label} holds something else: choose another --out")
    bank, kinds = read_sounds(sounds, exclude)
    print(f"{len(bank)} clips of {len(set(kinds))} kinds")
    load_teacher(weights_dir)  # so that weights that are not there are fetched once, or missed now
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bank.pt"
        save_bank(path, bank, kinds)
        best = find_stand_ins(path, config, weights_dir)
    about = {
        "sounds": {folder.name: len(dict(list_sounds(folder, exclude))) for folder in sounds},
        "exclude": exclude,
        "clips": len(bank),
        "versions": versions(),
    }
    write_stand_ins(best, out, config, about)
    print(
        f"{len(best)} stand-ins for {config.label} in {out}, "
        f"from {best[0].rank[0]:.3f} to {best[-1].rank[0]:.3f}"
    )


if __name__ == "__main__":
    sys.exit(run_command(lambda: tyro.cli(main, config=(tyro.conf.OmitArgPrefixes,))))
