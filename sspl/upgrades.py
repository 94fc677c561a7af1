"""What older versions wrote, as this version reads it: a chain of steps, one from each format.

Checkpoints, runs, trials and rows of results say their format; where they say none, it is 1. What a
step changes is written down once, here, and nowhere else is an old name known.

    format 1    all of the objective's settings stand in the model's config, widths that the
                encoders fix beside them; encoders are called eyes and ears
    format 2    objective and extra terms are configs of their own, each with its own fields
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sspl.encoders import AUDIO_ENCODERS, IMAGE_ENCODERS

FORMAT = 2  # of what this version writes

# Format 1's names of parts, of the terms of a loss, of objectives and of experiments.
_PARTS_1 = {"eyes": "image_encoder", "ears": "audio_encoder"}
_TERMS_1 = {"tie": "correspondence", "leave_out": "background", "attention": "senocak"}
_OBJECTIVES_1 = {"attention": "senocak"}
FILES_1 = {
    "image_encoder.safetensors": "eyes.safetensors",
    "audio_encoder.safetensors": "ears.safetensors",
}
"""How format 1 called the files of the tiny encoders."""
_EXPERIMENTS_1 = {"dial": "false_negative_rate", "listening": "negative_audio"}
# Of its model's config, what became the extra terms' or an objective's; the last say whose.
_EXTRA_1 = {
    "tie_weight": "correspondence_weight",
    "tie": "correspondence",
    "tie_off_diagonal": "correspondence_off_diagonal",
    "leave_out_weight": "background_weight",
    "area_weight": "area_weight",
    "sound_error_weight": "sound_error_weight",
}
_OBJECTIVE_1 = {
    "stop_gradient": ("stop_gradient", ("simsiam",)),
    "projection_width": ("projection_width", ("simsiam", "byol", "barlow_twins", "w_mse")),
    "prediction_width": ("prediction_width", ("simsiam", "byol")),
    "hardway_epsilon": ("epsilon", ("hardway",)),
    "hardway_epsilon2": ("epsilon2", ("hardway",)),
    "hardway_tau": ("tau", ("hardway",)),
    "label_guided": ("label_guided", ("contrastive",)),
}


def read_format(written: Mapping[str, Any], source: Path | str = "it") -> int:
    """The format of what was written; ValueError, naming its source, where a later version did."""
    version = written.get("format", 1)
    if version > FORMAT:
        raise ValueError(
            f"{source} is of format {version} and this version reads up to {FORMAT}: take a newer "
            "sspl"
        )
    return version


def upgrade_model_config(config: Mapping[str, Any], version: int) -> dict[str, Any]:
    """A model's config of any older format, by the names of this one.

    Raises:
        ValueError: if it had widths other than those of its encoders, which none of ours had.
    """
    if version < 2:
        return _upgrade_model_config_1(config)
    return dict(config)


def _upgrade_model_config_1(config: Mapping[str, Any]) -> dict[str, Any]:
    old = dict(config)
    name = old.pop("objective", "simsiam")
    name = _OBJECTIVES_1.get(name, name)
    objective: dict[str, Any] = {"name": name}
    for field, (renamed, owners) in _OBJECTIVE_1.items():
        if field in old and name in owners:
            objective[renamed] = old[field]
        old.pop(field, None)
    terms = {renamed: old.pop(field) for field, renamed in _EXTRA_1.items() if field in old}
    new: dict[str, Any] = {"objective": objective, "terms": terms}
    for part, field in (("eyes", "image_encoder"), ("ears", "audio_encoder")):
        if part in old:
            new[field] = old.pop(part)
    if "train_eyes" in old:
        new["train_image_encoder"] = old.pop("train_eyes")
    encoders = new.get("image_encoder", "vgg16"), new.get("audio_encoder", "vggish")
    return new | _check_widths_1(old, *encoders) | old


def _check_widths_1(old: dict[str, Any], image: str, audio: str) -> dict[str, Any]:
    """Take the widths that encoders fix out of a config; what is left of them is returned."""
    image_spec, audio_channels = IMAGE_ENCODERS[image], AUDIO_ENCODERS[audio].channels
    fixed = {"image_px": image_spec.input_px, "visual_channels": image_spec.channels}
    if audio_channels is not None:
        fixed["sound_channels"] = audio_channels
    for field, width in fixed.items():
        if old.pop(field, width) != width:
            raise ValueError(f"its {field} is not the {width} of its encoder")
    return {"embedding_channels": old.pop("sound_channels")} if "sound_channels" in old else {}


def upgrade_run(run: Mapping[str, Any]) -> dict[str, Any]:
    """The `config.json` of a run, or the config of a row, of any format."""
    version = read_format(run)
    parts = {name: value for name, value in run.items() if name != "format"}
    return parts | {"model": upgrade_model_config(parts["model"], version)}


def upgrade_tensor_name(name: str, version: int) -> str:
    """The name of a weight in this version's `SSPL`."""
    if version < 2:
        part, _, rest = name.partition(".")
        return f"{_PARTS_1.get(part, part)}.{rest}"
    return name


def upgrade_terms(numbers: Mapping[str, Any], version: int) -> dict[str, Any]:
    """Numbers of a training, by this version's names of the terms of a loss."""
    if version < 2:
        return {_TERMS_1.get(name, name): number for name, number in numbers.items()}
    return dict(numbers)


def upgrade_metrics(row: Mapping[str, Any], version: int) -> dict[str, Any]:
    """An epoch's row of numbers, and in it the score that chooses, None where none does."""
    new = upgrade_terms(row, version)
    if version < 2:
        chose = [value for name, value in row.items() if name.endswith("_ciou_at_50")]
        new["score"] = chose[0] if chose else None
    return new


def upgrade_scores(scores: Mapping[str, Any], version: int) -> dict[str, Any]:
    """What a model scored on a test set."""
    if version >= 2 or "listening" not in scores:
        return dict(scores)
    listening = {
        sound: {("active_area" if k == "share_on" else k): v for k, v in found.items()}
        for sound, found in scores["listening"].items()
    }
    return {**scores, "listening": listening}


def upgrade_evaluation(result: Mapping[str, Any]) -> dict[str, Any]:
    """What `sspl.evaluate` wrote as JSON."""
    version = read_format(result)
    new = upgrade_scores(result, version)
    if version < 2 and "duets" in new:
        new["multi_source"] = new.pop("duets")
    return new


def upgrade_result(result: Mapping[str, Any], source: Path | str = "it") -> dict[str, Any]:
    """What an experiment found: its name, its command, its rows and the names of its figures."""
    version = read_format(result, source)
    if version >= 2:
        return dict(result)
    old = result.get("name", "")
    name = _EXPERIMENTS_1.get(old, old)
    rows = []
    for row in result["rows"]:
        row = dict(row)
        if "scores" in row:
            row["scores"] = {t: upgrade_scores(s, version) for t, s in row["scores"].items()}
        if "config" in row:
            row["config"] = upgrade_run({**row["config"], "format": version})
        rows.append(row)
    new = {**result, "format": FORMAT, "rows": rows}
    if name != old:
        new["name"] = name
        new["command"] = result["command"].replace(f" {old}", f" {name}")
        new["figures"] = [f.replace(old, name, 1) for f in result.get("figures", [])]
    return new


def upgrade_experiment_name(name: str, version: int) -> str:
    """How this version calls an experiment."""
    return _EXPERIMENTS_1.get(name, name) if version < 2 else name


def upgrade_index(index: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries of a zoo's index."""
    return index["exhibits" if read_format(index) < 2 else "variants"]
