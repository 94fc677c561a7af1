"""Train SSPL: two views and a sound in, no labels, no boxes, no negatives. Sec. 3.2, supplement B.

Or one of the baselines that it is held against, which take other pairs' sounds as negatives. Any
setting of the run overrides the preset's; an objective is chosen last.

python -m sspl.train --preset tiny --out runs/tiny
python -m sspl.train --preset tiny --out runs/t3 --model.num-cycles 3 --train.seed 1
python -m sspl.train --preset tiny --out runs/byol --train.epochs 4 model.objective:byol
torchrun --nproc-per-node 4 -m sspl.train --preset paper-flickr10k --data.name FOLDER --out runs/10k
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import tyro
from accelerate import Accelerator

from sspl.build import build_model
from sspl.checkpoint import read_meta
from sspl.command import run_command
from sspl.media.files import replace_when_done
from sspl.plots.training_run import plot_training
from sspl.presets import FITS, PRESETS
from sspl.training.config import FitRun, RunConfig
from sspl.training.datasets import (
    AnyRun,
    load_scored_pairs,
    load_training_pairs,
    use_embeddings,
)
from sspl.training.devices import open_devices
from sspl.training.fitting import fit_run
from sspl.training.loop import train
from sspl.weights import load_encoders


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What a run starts from."""

    preset: Literal[(*PRESETS, *FITS)] = "tiny"  # pyright: ignore[reportInvalidTypeForm]
    """what is trained, and the defaults of all settings below. Those with `paper` in their name
    use the paper's exact objective, `-senocak` and `-hardway` that of a baseline; `photo` and
    `tiny-predictive` are predictive attention, fitted in closed form"""


@dataclass(frozen=True, kw_only=True)
class Options(RunConfig, Chosen):
    """Train a preset and keep its best epoch by the validation split."""

    out: Path
    """folder of the run: best/ (a checkpoint), last.pt, log.jsonl, training.png"""
    resume: bool = False
    """go on with a run that was stopped"""
    weights_dir: Path | None = None
    """a folder with the encoders' weights, for machines without a network"""
    save_every: int = 100
    """steps from one last.pt to the next"""
    device: Literal["cpu", "cuda"] | None = None
    """cpu or cuda; by default GPUs where there are some"""


@dataclass(frozen=True, kw_only=True)
class FitOptions(FitRun, Chosen):
    """Fit predictive attention in closed form, in one pass over the pairs."""

    out: Path
    """folder of the run: best/ (a checkpoint), config.json"""
    weights_dir: Path | None = None
    """a folder with the encoders' weights, for machines without a network"""
    device: Literal["cpu", "cuda"] | None = None
    """cpu or cuda; by default GPUs where there are some"""


def parse(arguments: Sequence[str] | None = None) -> Options | FitOptions:
    """The options of a command line, their defaults those of the preset that it names."""
    arguments = sys.argv[1:] if arguments is None else arguments
    prog = "python -m sspl.train"
    asks_for_help = {"-h", "--help"} & set(arguments)
    named = [argument for argument in arguments if argument not in ("-h", "--help")]
    chosen, _ = tyro.cli(Chosen, args=named, prog=prog, return_unknown_args=True)
    given = [*named, "--help"] if asks_for_help else named
    if chosen.preset in FITS:
        return tyro.cli(
            FitOptions, default=_set_defaults(FitOptions, chosen), args=given, prog=prog
        )
    return tyro.cli(Options, default=_set_defaults(Options, chosen), args=given, prog=prog)


def _set_defaults(kind: Any, chosen: Chosen) -> Any:
    run = (PRESETS | FITS)[chosen.preset]()
    return kind(
        preset=chosen.preset, out=tyro.MISSING, model=run.model, train=run.train, data=run.data
    )


def _open_run(run: AnyRun, device: str | None) -> tuple[AnyRun, Accelerator]:
    """The run on the embeddings that its data names, if any, and its devices; it is printed."""
    if run.data.embeddings is not None:
        run = use_embeddings(run, Path(run.data.embeddings))
    accelerator = open_devices(device)
    if accelerator.is_main_process:
        print(json.dumps(asdict(run), indent=1))
    return run, accelerator


def fit_main(options: FitOptions) -> None:
    run = FitRun(model=options.model, train=options.train, data=options.data)
    run, accelerator = _open_run(run, options.device)
    encoder = run.model.audio_spec
    pairs = load_training_pairs(run.data, run.train.seed, encoder)
    selection = None
    if run.train.select != "last":
        selection = load_scored_pairs(run.data, run.train.select, encoder)
    best = fit_run(
        run,
        pairs,
        selection,
        options.out,
        weights_dir=options.weights_dir,
        accelerator=accelerator,
    )
    if accelerator.is_main_process:
        print(f"fitted to {len(pairs)} pairs, in {best}")
    accelerator.end_training()


def main(options: Options | FitOptions) -> None:
    if isinstance(options, FitOptions):
        fit_main(options)
        return
    run = RunConfig(model=options.model, train=options.train, data=options.data)
    run, accelerator = _open_run(run, options.device)
    if accelerator.is_main_process:
        for note in run.list_notes():
            print(f"note: {note}")

    pairs = load_training_pairs(run.data, run.train.seed, run.model.audio_spec)
    split = run.train.select
    selection = (
        None if split == "last" else load_scored_pairs(run.data, split, run.model.audio_spec)
    )
    model = build_model(run.model, run.train.seed)
    with accelerator.local_main_process_first():  # one fetches, the others find it there
        files = load_encoders(model, options.weights_dir)
    if accelerator.is_main_process:
        print(*(f"{part} from {file}" for part, file in files.items()), sep="\n")
    best = train(
        model,
        run,
        pairs,
        selection,
        options.out,
        options.resume,
        accelerator=accelerator,
        save_every=options.save_every,
    )
    if accelerator.is_main_process:
        rows = [json.loads(line) for line in (options.out / "log.jsonl").read_text().splitlines()]
        with replace_when_done(options.out / "training.png") as unfinished:
            plot_training(rows).savefig(unfinished)
        print(f"epoch {read_meta(best)['epoch']}, chosen by {split}, in {best}")
    accelerator.end_training()


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    return run_command(lambda: main(parse(arguments)))


if __name__ == "__main__":
    sys.exit(run())
