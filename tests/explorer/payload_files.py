"""One small payload of each kind, as Python builds it: what the tests of both sides read.

    python tests/explorer/payload_files.py

writes them anew, after a payload was given another shape. In place of pictures and sounds they hold
the smallest there are, and numbers are rounded.
"""

import base64
import io
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict
from unittest import mock

import numpy as np
import soundfile
from PIL import Image

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent)]  # as a command; pytest has them already

from page_files import PREDICTIVE, fit_predictive, save_models, save_samples  # noqa: E402

from sspl.experiments.engine.results import TINY_RESULTS  # noqa: E402
from sspl.experiments.live_training import LiveScenes  # noqa: E402
from sspl.explorer.ablations.readouts import Readouts, describe_readouts  # noqa: E402
from sspl.explorer.ablations.setting import ShownSetting  # noqa: E402
from sspl.explorer.ablations.tab import Ablations, Tables, load_ablations  # noqa: E402
from sspl.explorer.ablations.variants import Variants  # noqa: E402
from sspl.explorer.attended_location import AttendedLocation  # noqa: E402
from sspl.explorer.evaluations import Evaluations, describe_evaluations  # noqa: E402
from sspl.explorer.gallery import Thumbnail, describe_gallery  # noqa: E402
from sspl.explorer.hearing import Hearing, SoundGrid  # noqa: E402
from sspl.explorer.inside import Inside, OpenedModel  # noqa: E402
from sspl.explorer.localizing import AddressedStage, Localizing  # noqa: E402
from sspl.explorer.location import Location  # noqa: E402
from sspl.explorer.models import Model, load_models  # noqa: E402
from sspl.explorer.negatives import full_runs, training  # noqa: E402
from sspl.explorer.negatives.batch import Batch, draw_batch  # noqa: E402
from sspl.explorer.negatives.full_runs import (  # noqa: E402
    FullRuns,
    NoFullRuns,
    describe_full_runs,
)
from sspl.explorer.negatives.training import Progress, Training, train_methods  # noqa: E402
from sspl.explorer.permalink import find_sound  # noqa: E402
from sspl.explorer.roads import Roads  # noqa: E402
from sspl.explorer.samples import Sample, load_samples  # noqa: E402
from sspl.explorer.scenes import Scene  # noqa: E402
from sspl.zoo.variants import TINY_VARIANTS  # noqa: E402

FOLDER = Path(__file__).parent / "payloads"
DIGITS = 3


@dataclass(frozen=True, kw_only=True)
class Payload:
    """A payload: its `TypedDict`, and which component of the page draws it."""

    shape: Any
    component: str
    value: Any


def build_payloads(
    models: Mapping[str, Model],
    predictive: Model,
    samples: Mapping[str, Sample],
    ablations: Ablations,
) -> dict[str, Payload]:
    """A payload of each kind, by the name of its file; the first model has PCM, the second not."""
    with_pcm, without_pcm = list(models)[:2]
    alone = next(iter(samples.values())).scene
    scene = replace(alone, others=(find_sound("silence", samples),))
    everyone = {**models, PREDICTIVE: predictive}
    inside = Inside(models=everyone, samples=samples)
    twins = Inside(models={**everyone, "photo": predictive}, samples=samples)
    localizing = Localizing(models=everyone, samples=samples)
    setting = (2, "sigmoid", "add", "ours")  # trained otherwise, so that there are reasons
    *_, progress, last_lap = _train_shortly()

    def of(shape: Any, component: str, value: Any) -> Payload:
        return Payload(shape=shape, component=component, value=value)

    return {
        "gallery": of(list[Thumbnail], "gallery", describe_gallery(samples)),
        "stage": of(AddressedStage, "stage", localizing.show_stage(with_pcm, scene)),
        "stage_attention": of(AddressedStage, "stage", localizing.show_stage(PREDICTIVE, scene)),
        "predictions": of(OpenedModel, "inside", inside.describe_inside(PREDICTIVE, scene, "")),
        "diagram": of(OpenedModel, "inside", twins.describe_inside(with_pcm, scene, "")),
        "nothing_inside": of(OpenedModel, "inside", inside.describe_inside(without_pcm, scene, "")),
        "location": of(Location, "location", inside.describe_location(with_pcm, scene, 2, 3, 4)),
        "readouts": of(Readouts, "readouts", describe_readouts(models[with_pcm], scene)),
        "attended_location": of(
            AttendedLocation, "location", inside.describe_location(PREDICTIVE, scene, 0, 3, 4)
        ),
        "roads": of(Roads, "roads", inside.describe_roads(with_pcm, scene, "")),
        "variants": of(Variants, "ablations", ablations.describe_ablations(with_pcm, scene)),
        "setting": of(ShownSetting, "setting", ablations.describe_setting(scene, *setting)),
        "tables": of(Tables, "tables", ablations.describe_tables()),
        "batch": of(Batch, "batch", draw_batch(2, 8, 0)),
        "progress": of(Progress, "training", progress),
        "training": of(Training, "training", last_lap),
        "full_runs": of(FullRuns, "fullruns", describe_full_runs()),
        "no_full_runs": of(NoFullRuns, "fullruns", _describe_no_runs()),
        "sound_grid": of(SoundGrid, "hearing", _describe_sounds(models, samples, scene)),
        "evaluations": of(Evaluations, "evaluations", describe_evaluations(models)),
    }


def find_differences(value: Any, expected: Any, where: str = "payload") -> list[str]:
    """Where a value, as Python built it or as JSON brings it, is not as expected; recursive."""
    origin, parts = get_origin(expected), get_args(expected)
    if is_typeddict(expected):
        if not isinstance(value, dict):
            return [f"{where} is {value!r:.40}, not a {expected.__name__}"]
        hints = get_type_hints(expected)
        wrong = [f"{where} lacks {key}" for key in sorted(expected.__required_keys__ - set(value))]
        wrong += [f"{where} has {key} besides" for key in sorted(set(value) - set(hints))]
        for key in sorted(set(value) & set(hints)):
            wrong += find_differences(value[key], hints[key], f"{where}.{key}")
        return wrong
    if origin in (Union, UnionType):
        return min((find_differences(value, part, where) for part in parts), key=len)
    if origin is Literal:
        return [] if value in parts else [f"{where} is {value!r}, not one of {parts}"]
    if origin is dict and isinstance(value, dict):
        return [
            wrong
            for key, each in value.items()
            for wrong in find_differences(each, parts[1], f"{where}.{key}")
        ]
    if origin in (list, tuple) and isinstance(value, list | tuple):
        kinds = parts if origin is tuple and Ellipsis not in parts else parts[:1] * len(value)
        if len(kinds) != len(value):
            return [f"{where} has {len(value)} parts, not {len(kinds)}"]
        return [
            wrong
            for i, (each, kind) in enumerate(zip(value, kinds, strict=True))
            for wrong in find_differences(each, kind, f"{where}[{i}]")
        ]
    allowed = {float: (float, int), None: (NoneType,)}.get(expected, (expected,))
    fits = not origin and type(value) in allowed  # its very class: True is no number here
    return [] if fits else [f"{where} is {value!r:.40}, not {expected}"]


def _train_shortly() -> list[Any]:
    """The messages of a training of two laps on few scenes."""
    scenes = LiveScenes(2, num_train=24, num_held=6)
    with mock.patch.multiple(
        training, _open_scenes=lambda num_instruments: scenes, NUM_STEPS=4, LAP_STEPS=2
    ):
        messages = list(train_methods(2, 8, 0))
    drawn = [message for message in messages if "steps" not in message]
    return [drawn[-1], messages[-1]]


def _describe_no_runs() -> Any:
    with mock.patch.object(full_runs, "load_results", side_effect=ValueError):
        return describe_full_runs()


def _describe_sounds(
    models: Mapping[str, Model], samples: Mapping[str, Sample], scene: Scene
) -> Any:
    return Hearing(models=models, samples=samples).compare_hearing(next(iter(models)), scene)


def _shrink(value: Any) -> Any:
    """Small enough to be read: see the file's docstring."""
    if isinstance(value, dict):
        return {key: _shrink(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_shrink(each) for each in value]
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, str) and value.startswith("data:"):
        return _encode_nothing(value)
    return value


def _encode_nothing(uri: str) -> str:
    """The smallest picture, or sound, in place of another."""
    buffer = io.BytesIO()
    if uri.startswith("data:audio"):
        soundfile.write(buffer, np.zeros(16, np.float32), 16_000, format="FLAC")
        kind = "audio/flac"
    else:
        Image.new("L", (1, 1)).save(buffer, "png")
        kind = "image/png"
    return f"data:{kind};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def _write_lines(value: Any, indent: str = "") -> str:
    """JSON in which what fits into a line stands in one."""
    line = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if len(line) + len(indent) <= 100 or not isinstance(value, dict | list):
        return line
    deeper = indent + " "
    if isinstance(value, dict):
        parts = [f"{json.dumps(k)}: {_write_lines(each, deeper)}" for k, each in value.items()]
        return "{\n" + ",\n".join(deeper + part for part in parts) + "\n" + indent + "}"
    if all(not isinstance(each, dict | list) for each in value):
        return line
    parts = [deeper + _write_lines(each, deeper) for each in value]
    return "[\n" + ",\n".join(parts) + "\n" + indent + "]"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as name:
        folder = Path(name)
        save_samples(folder / "samples")
        models = load_models(save_models(folder))
        predictive = load_models((fit_predictive(folder),))[PREDICTIVE]
        samples = load_samples(folder / "samples", 640)
        for name, payload in build_payloads(
            models, predictive, samples, load_ablations(TINY_VARIANTS, TINY_RESULTS)
        ).items():
            path = FOLDER / f"{name}.json"
            path.write_text(_write_lines(_shrink(payload.value)) + "\n", encoding="utf-8")
            print(f"{path.relative_to(TESTS)}  {path.stat().st_size / 1000:.1f} kB")


if __name__ == "__main__":
    main()
