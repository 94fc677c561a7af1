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
from sspl.experiments.engine.setup import Setup, light_setup, paper_setup, tiny_setup


def main(
    name: Annotated[str, tyro.conf.Positional],
    preset: Literal["tiny", "light", "paper"] = "tiny",
    seeds: tuple[int, ...] = (0, 1, 2),
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
    """Run an experiment of the paper and put what it found beside the paper's numbers.

    Args:
        name: list; one experiment, such as table5; all; or report, which only writes the text of
            the rows that are in --out.
        preset: tiny, on the built-in world, in minutes; light, photographs on a CPU, with --data;
            paper, the paper's networks and settings on a GPU, with --flickr, --vggsound or both.
        seeds: one training each.
        out: folder for the rows (NAME.json) and figures (NAME.*), by default PRESET/results in
            --runs.
        report: the text of all rows in --out, by default RESULTS.md there.
        runs: trainings are kept there, and shared: what was done is not done again. Start the
            command twice to use two processes.
        data: of light, a folder with manifest.jsonl and the splits train, val and test.
        embeddings: of light, an .npz with the sounds as another network embedded them.
        flickr: of paper, SoundNet-Flickr as sspl.prepare made it.
        vggsound: of paper, VGG-Sound and VGG-SS as sspl.prepare made them.
        music: of paper, MUSIC as sspl.prepare made it; Figure 2 learns from it.
        weights_dir: a folder with the encoders' weights, for machines without a network.
    """
    if name == "list":
        print(list_experiments())
        return
    folder = runs / preset
    out = out or folder / "results"
    report = report or out / "RESULTS.md"
    if name != "report":
        names = list(EXPERIMENTS) if name == "all" else [name]
        if names[0] not in EXPERIMENTS:
            names = ", ".join(EXPERIMENTS)
            raise ValueError(f"no experiment {name!r}: take list, all, report, or one of {names}")
        if not seeds or len(set(seeds)) < len(seeds):
            raise ValueError(f"--seeds {seeds}: name at least one, and each once")
        setup = _choose_setup(preset, data, embeddings, flickr, vggsound, music)
        for made in (folder, out):
            _make_folder(made)
        if not report.parent.is_dir():
            raise ValueError(f"{report} cannot be written: make the folder {report.parent} first")
        chosen = [EXPERIMENTS[name] for name in names]
        run_experiments(chosen, setup, seeds, folder, out, weights_dir)
    readings = {name: experiment.reading for name, experiment in EXPERIMENTS.items()}
    write_results(out, report, readings if preset == "tiny" else {})
    print(f"rows and figures in {out}, all of it in {report}")


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
    if preset != "light" and (data or embeddings):
        raise ValueError("--data and --embeddings belong to --preset light")
    if preset != "paper" and (flickr or vggsound or music):
        raise ValueError("--flickr, --vggsound and --music belong to --preset paper")
    if preset == "tiny":
        return tiny_setup()
    if preset == "paper":
        return paper_setup(flickr, vggsound, music)
    if data is None:
        raise ValueError("--preset light needs --data FOLDER, one that holds manifest.jsonl")
    return light_setup(data, embeddings)


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    prog = "python -m sspl.experiments"
    return run_command(lambda: tyro.cli(main, args=arguments, prog=prog))


if __name__ == "__main__":
    sys.exit(run())
