"""Turn a published dataset, as people keep it, into the one format that everything else reads.

python -m sspl.prepare flickr --source 5k_labeled --out data/flickr --lists flickr-249 flickr-250
python -m sspl.prepare vggsound --source clips --out data/vggss --vggss vggss.json
python -m sspl.prepare class-pairs --pictures caltech --sounds esc50 --table a.csv --out data/pairs
python -m sspl.prepare videos --source holidays --out data/holidays --every-s 10

Nothing in a source is changed. What cannot be made is reported, on the screen and in report.json,
and never replaced; after getting more files run it again, and only those are made. It ends with 0
if all pairs are there, 1 if some are left out, 2 for a mistake, 130 after Ctrl-C.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Union

import tyro

from sspl.command import run_command
from sspl.data.packing import pack_shards
from sspl.data.shards import INDEX, SHARDS
from sspl.prepare import class_pairs, flickr, music, vggsound, videos, voc_esc50
from sspl.prepare.report import describe_report
from sspl.prepare.run import prepare

DATASETS = {
    "flickr": (flickr.FlickrOptions, flickr.find_items),
    "vggsound": (vggsound.VggsoundOptions, vggsound.find_items),
    "music": (music.MusicOptions, music.find_items),
    "voc-esc50": (voc_esc50.VocEsc50Options, voc_esc50.find_items),
    "class-pairs": (class_pairs.ClassPairsOptions, class_pairs.find_items),
    "videos": (videos.VideosOptions, videos.find_items),
}
_Dataset = Union[  # noqa: UP007
    tuple(Annotated[options, tyro.conf.subcommand(name)] for name, (options, _) in DATASETS.items())
]


@dataclass(frozen=True, kw_only=True)
class Command:
    """Prepare a dataset: pictures, sounds of 3 s, a manifest, and a report of what is not there."""

    dataset: tyro.conf.OmitSubcommandPrefixes[tyro.conf.OmitArgPrefixes[_Dataset]]  # pyright: ignore
    """which dataset"""
    out: Path
    """the folder to write to: a new one, or one prepared in the same way before"""
    shards: bool = False
    """pack pictures and sounds into WebDataset shards, too; older shards there are packed anew"""


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    return run_command(
        lambda: _prepare_dataset(
            tyro.cli(
                Command,
                args=arguments,
                prog="python -m sspl.prepare",
                config=(tyro.conf.CascadeSubcommandArgs,),  # --out may come last
            )
        )
    )


def _prepare_dataset(command: Command) -> int:
    """Make the pairs and print the report; 1 if some are left out."""
    options: Any = command.dataset
    name, find_items = next(
        (name, find) for name, (kind, find) in DATASETS.items() if type(options) is kind
    )
    values = {field.name: getattr(options, field.name) for field in fields(options)}
    sources = {key: folders for key, value in values.items() if (folders := _list_folders(value))}
    for folder in sum(sources.values(), ()):
        _check_apart(folder, command.out)
    shards = command.out / SHARDS
    if shards.exists():
        if not (command.out / "images").is_dir():
            raise ValueError(
                f"{command.out} holds shards, and the files that they were packed from are gone: "
                "choose a new folder for --out"
            )
        # Until they are packed anew they may not hold what the manifest says.
        (shards / INDEX).unlink(missing_ok=True)
    report = prepare(
        find_items(options),
        command.out,
        name=name,
        options={key: _describe(value) for key, value in values.items() if key not in sources},
    )
    if report.counts["found"] and (command.shards or shards.exists()):
        pack_shards(command.out)
    print(describe_report(report, command.out))
    return 1 if report.faults else 0


def _list_folders(value: Any) -> tuple[Path, ...]:
    """The folders that an option names."""
    paths = value if isinstance(value, tuple) else (value,)
    return tuple(path for path in paths if isinstance(path, Path) and path.is_dir())


def _check_apart(source: Path, out: Path) -> None:
    """A source is never changed, and what was made of it is never taken for a part of it."""
    source, out = source.resolve(), out.resolve()
    if source.is_relative_to(out) or out.is_relative_to(source):
        raise ValueError(f"--out {out} and {source} lie in one another: choose a folder beside it")


def _describe(value: Any) -> Any:
    """A value for JSON; of files their names, since they may lie elsewhere next time."""
    if isinstance(value, Path):
        return value.name
    return [Path(text).name for text in value] if isinstance(value, tuple) else value


if __name__ == "__main__":
    sys.exit(run())
