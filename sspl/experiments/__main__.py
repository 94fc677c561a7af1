"""The paper's tables and figures by name: trained, scored, drawn, and told beside its numbers.

python -m sspl.experiments list
python -m sspl.experiments table5
python -m sspl.experiments all --out assets/results
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import tyro

from sspl.command import run_command
from sspl.experiments.catalogue import EXPERIMENTS, list_experiments
from sspl.experiments.engine.results import write_results
from sspl.experiments.engine.runner import run_experiments
from sspl.experiments.engine.setup import Setup, paper_setup, photo_setup, tiny_setup
from sspl.experiments.engine.variants import Experiment


def main(
    names: Annotated[tuple[str, ...], tyro.conf.Positional],
    preset: Literal["tiny", "photo", "paper"] = "tiny",
    seeds: tuple[str, ...] = ("0", "1", "2"),
    out: Path | None = None,
    report: Path | None = None,
    runs: Path = Path("runs/experiments"),
    data: Path | None = None,
    embeddings: Path | None = None,
    flickr: Path | None = None,
    vggsound: Path | None = None,
    music: Path | None = None,
    weights_dir: Path | None = None,
) -> None:
    """Run experiments of the paper and put what they found beside the paper's numbers.

    Args:
        names: list; experiments, such as table5 figure2; all; or report, which only writes the
            text of the rows that are in --out.
        preset: tiny, on the built-in world, in minutes; photo, photographs on a CPU, with --data;
            paper, the paper's networks and settings on a GPU, with --flickr, --vggsound or both.
        seeds: one training each; 0 1 2 or 0,1,2.
        out: folder for the rows (NAME.json) and figures (NAME.*), by default PRESET/results in
            --runs.
        report: the text of all rows in --out, by default RESULTS.md there.
        runs: trainings are kept there, and shared: what was done is not done again. Start the
            command twice to use two processes.
        data: of photo, a folder with manifest.jsonl and the splits train, val and test.
        embeddings: of photo, an .npz with the sounds as another network embedded them.
        flickr: of paper, SoundNet-Flickr as sspl.prepare made it.
        vggsound: of paper, VGG-Sound and VGG-SS as sspl.prepare made them.
        music: of paper, MUSIC as sspl.prepare made it; Figure 2 learns from it.
        weights_dir: a folder with the encoders' weights, for machines without a network.
    """
    if names == ("list",):
        print(list_experiments())
        return
    folder = runs / preset
    out = out or folder / "results"
    report = report or out / "RESULTS.md"
    if names != ("report",):
        chosen = _choose_experiments(names)
        numbers = _read_seeds(seeds)
        setup = _choose_setup(preset, data, embeddings, flickr, vggsound, music)
        for made in (folder, out):
            _make_folder(made)
        if not report.parent.is_dir():
            raise ValueError(f"{report} cannot be written: make the folder {report.parent} first")
        run_experiments(chosen, setup, numbers, folder, out, weights_dir)
    readings = {name: experiment.reading for name, experiment in EXPERIMENTS.items()}
    write_results(out, report, readings if preset == "tiny" else {})
    print(f"rows and figures in {out}, all of it in {report}")


def _choose_experiments(names: Sequence[str]) -> list[Experiment]:
    names = list(EXPERIMENTS) if tuple(names) == ("all",) else list(dict.fromkeys(names))
    unknown = [name for name in names if name not in EXPERIMENTS]
    if unknown or not names:
        known = ", ".join(EXPERIMENTS)
        wrong = f"no experiment {unknown[0]!r}" if unknown else "no experiment is named"
        raise ValueError(f"{wrong}: take list, all, report, or some of {known}")
    return [EXPERIMENTS[name] for name in names]


def _read_seeds(written: Sequence[str]) -> list[int]:
    """The seeds of "0 1 2" or "0,1,2"."""
    words = [word for part in written for word in part.split(",") if word]
    if not words or not all(word.isdecimal() for word in words) or len(set(words)) < len(words):
        raise ValueError(f"--seeds {' '.join(written)}: name at least one number, and each once")
    return [int(word) for word in words]


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{path} cannot be a folder ({error.strerror}): name another") from error


def _choose_setup(
    preset: str,
    data: Path | None,
    embeddings: Path | None,
    flickr: Path | None,
    vggsound: Path | None,
    music: Path | None,
) -> Setup:
    if preset != "photo" and (data or embeddings):
        raise ValueError("--data and --embeddings belong to --preset photo")
    if preset != "paper" and (flickr or vggsound or music):
        raise ValueError("--flickr, --vggsound and --music belong to --preset paper")
    if preset == "tiny":
        return tiny_setup()
    if preset == "paper":
        return paper_setup(flickr, vggsound, music)
    if data is None:
        raise ValueError("--preset photo needs --data FOLDER, one that holds manifest.jsonl")
    return photo_setup(data, embeddings)


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    return run_command(lambda: tyro.cli(main, args=arguments, prog="python -m sspl.experiments"))


if __name__ == "__main__":
    sys.exit(run())
