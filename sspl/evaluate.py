"""Score a checkpoint: every protocol, beside floors and ceiling, by cycle, and does it listen?

python -m sspl.evaluate --checkpoint tiny --data orchestra --seed 7 --num 500
python -m sspl.evaluate --checkpoint runs/light/best --data FOLDER --split test --out report
python -m sspl.evaluate --checkpoint tiny --data FOLDER --split test --mosaic 2
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import torch
import tyro

from sspl.checkpoint import read_meta, versions
from sspl.command import give_result, run_command
from sspl.data.config import DataConfig, read_data_config
from sspl.data.folder import open_pairs
from sspl.data.mosaics import NumTiles, hide_tiles, make_mosaics, tile_truths
from sspl.data.orchestra import Kind
from sspl.data.pairs import Pairs, orchestra_pairs
from sspl.evaluation.evaluator import EVERYTHING, evaluate_model
from sspl.evaluation.examples import show_examples
from sspl.evaluation.multi_source import encode_class_questions
from sspl.evaluation.report import format_markdown, write_report
from sspl.evaluation.summary import list_samples, summarise_evaluation
from sspl.evaluation.test_sets import StreamedTestSet
from sspl.evaluation.tile_accuracy import find_tiles
from sspl.metrics import PROTOCOLS, Protocol
from sspl.model import AudioVisualModel
from sspl.training.datasets import (
    count_several,
    load_solos,
    load_training_truths,
    open_annotated_pairs,
)
from sspl.upgrades import FORMAT
from sspl.zoo.shipped import find_checkpoint, load_model


def main(
    checkpoint: str,
    data: str = "orchestra",
    seed: int = 7,
    num: int = 500,
    kind: Kind = "solo",
    split: str = "test",
    list_name: Annotated[str | None, tyro.conf.arg(name="list")] = None,
    mosaic: NumTiles | None = None,
    embeddings: Path | None = None,
    protocol: Literal[Protocol, "all"] = "all",
    out: Path | None = None,
    json_path: Annotated[str | None, tyro.conf.arg(name="json")] = None,
    device: Literal["cpu", "cuda"] | None = None,
) -> None:
    """Score a checkpoint on clips, beside the floors, cycle by cycle, and with other sounds.

    Args:
        checkpoint: a shipped name, a checkpoint folder, or a Hub id.
        data: what to look at: a folder with manifest.jsonl, or `orchestra`, which is drawn and
            played from the seed.
        seed: of `orchestra`'s clips; take one that neither training nor selection saw. Of
            mosaics, which pictures stand together and which tile sounds.
        num: how many of `orchestra`'s clips.
        kind: of `orchestra`'s clips.
        split: of a folder's rows.
        list_name: only a folder's rows on this clip list.
        mosaic: set 2 or 4 pictures of different classes side by side, with the sound of one: a
            listening test that needs labels, and no boxes.
        embeddings: an .npz with the sounds as another network embedded them; by default the one
            that the checkpoint was trained with.
        protocol: one, or all; cycles, listening and classes are scored under the first.
        out: a folder for the report: a page, tables, a row for each sample.
        json_path: where the result goes; "-" prints it instead of the tables.
        device: "cpu", "cuda"; by default a GPU where there is one.
    """
    if num < 1:
        raise ValueError(f"--num is {num}: take at least 1 clip")
    if out is not None and out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file: name a folder for --out")
    if json_path not in (None, "-") and not Path(json_path).resolve().parent.is_dir():
        raise ValueError(f"{json_path} cannot be written: make its folder first")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("PyTorch finds no GPU here: take --device cpu")
    folder = find_checkpoint(checkpoint)
    model, meta = load_model(folder, device), read_meta(folder)
    trained_on, encoder = read_data_config(meta["data"]), model.config.audio_spec
    notes = []
    if data == "orchestra":
        source = trained_on if trained_on.name == data else DataConfig()
        pairs = orchestra_pairs(
            seed, num, (kind,), num_instruments=source.num_instruments, encoder=encoder
        )
        seen = trained_on.name == data and seed in (trained_on.train_seed, trained_on.val_seed)
        where = {"split": f"seed {seed}, {kind}", "seed": seed, "kind": kind}
        clips = f"all {num} clips"
    else:
        source = DataConfig(name=data, embeddings=_choose_embeddings(model, trained_on, embeddings))
        if mosaic:
            pairs = open_pairs(data, split, source.embeddings, list_name=list_name, encoder=encoder)
        else:
            pairs = open_annotated_pairs(source, split, list_name, encoder)
        _check_width(model, pairs, source)
        seen = Path(data).resolve() == Path(trained_on.name).resolve() and split in (
            "train",
            meta["selection"],
        )
        where, clips = {"split": split}, list_name or f"all {len(pairs)} rows of {split}"
    if model.config.audio_encoder == "embedding":
        notes.append("Silence and noise are not played: another network embedded these sounds.")
    if seen:
        notes.append(f"Training or selection saw {where['split']}.")
    truths = load_training_truths(source)
    if mosaic:
        taken, truths = len(pairs), tile_truths(truths, mosaic)
        pairs = make_mosaics(pairs, mosaic, seed)
        clips = f"mosaics of {mosaic} of {clips}, by seed {seed}"
        if len(pairs) < taken:
            notes.append(
                f"{taken - len(pairs)} of {taken} pictures are no tile: they are mosaics already, "
                "or nothing that sounds is seen in them."
            )
    mosaics, scenes = find_tiles(pairs), hide_tiles(pairs)
    if len(mosaics) > 1:
        notes.append("Mosaics of several sizes are here: which tile sounds is asked of one --list.")
    test = StreamedTestSet(model, pairs)
    questions = replace(EVERYTHING, protocols=PROTOCOLS if protocol == "all" else (protocol,))
    solos = load_solos(source, scenes, seed, split, encoder)
    classes = encode_class_questions(model, scenes, solos) if solos else None
    tiles = mosaics[0] if len(mosaics) == 1 else None
    found = evaluate_model(model, test, questions, truths, classes, tiles)
    scores = summarise_evaluation(found, pairs.labels)
    asked, several = scores.get("multi_source", {}).get("n", 0), count_several(scenes)
    if asked < several:
        notes.append(
            f"Of {several} pictures of several classes {asked} were asked for each class: the "
            "others hold a class that nothing outside this split sounds alone."
        )
    if not any(pairs.labels):
        notes.append("Classes are not known: the sound of any other pair is played as another's.")
    if "mean_box" not in scores["floors"]:
        notes.append("There is no mean box: the data has no annotated training split.")
    result = {
        "format": FORMAT,
        "data": data,
        **where,
        "split": where["split"] + (", seen in training" if seen else ", unseen"),
        "list": clips,
        "checkpoint": checkpoint,
        "selection": meta["selection"],
        **scores,
        "notes": notes,
        "versions": versions(),
    }
    if out is not None:
        write_report(out, result, list_samples(found, pairs), show_examples(model, test, found))
    give_result(result, format_markdown(result), json_path)


def _check_width(model: AudioVisualModel, pairs: Pairs, source: DataConfig) -> None:
    """ValueError if embeddings are not as wide as those that the model was trained with."""
    wanted = model.config.audio_channels
    if isinstance(pairs.sounds, torch.Tensor) and pairs.sounds.shape[-1] != wanted:
        raise ValueError(
            f"{source.embeddings} has embeddings of {pairs.sounds.shape[-1]} numbers, and this "
            f"checkpoint takes {wanted}: pass the --embeddings that it was trained with"
        )


def _choose_embeddings(
    model: AudioVisualModel, trained_on: DataConfig, given: Path | None
) -> str | None:
    """The file that holds what the checkpoint takes in place of sounds, if it does."""
    if model.config.audio_encoder != "embedding":
        if given is not None:
            raise ValueError(
                "this checkpoint has an audio encoder of its own: leave --embeddings out"
            )
        return None
    if given is None and trained_on.embeddings is None:
        raise ValueError("this checkpoint takes embeddings in place of sounds: pass --embeddings")
    return str(given or trained_on.embeddings)


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    return run_command(lambda: tyro.cli(main, args=arguments, prog="python -m sspl.evaluate"))


if __name__ == "__main__":
    sys.exit(run())
