"""What the version before formats wrote: today's configs, weights and rows by its names.

Typed from its code, not derived from `sspl.upgrades`, which reads it.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from sspl.config import ModelConfig
from sspl.training.config import RunConfig

# The defaults that stood in a model's config whatever the objective was.
SETTINGS = {
    "stop_gradient": True,
    "projection_width": 2048,
    "prediction_width": 512,
    "hardway_epsilon": 0.65,
    "hardway_epsilon2": 0.4,
    "hardway_tau": 0.03,
    "label_guided": False,
}
NAMES = {
    "image_encoder": "eyes",
    "audio_encoder": "ears",
    "train_image_encoder": "train_eyes",
    "epsilon": "hardway_epsilon",
    "epsilon2": "hardway_epsilon2",
    "tau": "hardway_tau",
    "correspondence_weight": "tie_weight",
    "correspondence_off_diagonal": "tie_off_diagonal",
    "correspondence": "tie",
    "background_weight": "leave_out_weight",
    "background": "leave_out",
    "senocak": "attention",
    "negative_audio": "listening",
    "false_negative_rate": "dial",
}


def write_model(config: ModelConfig) -> dict[str, Any]:
    """A model's config, all settings side by side."""
    fields = asdict(config)
    objective, terms = fields.pop("objective"), fields.pop("terms")
    name = objective.pop("name")
    objective.pop("decay", None)  # of BYOL's copy, which had no setting
    del fields["embedding_channels"]
    fields |= {
        **SETTINGS,
        **rename(objective),
        **rename(terms),
        "objective": NAMES.get(name, name),
        "image_px": config.image_spec.input_px,
        "visual_channels": config.visual_channels,
        "sound_channels": config.audio_channels,
    }
    return rename(fields)


def rename(numbers: dict[str, Any]) -> dict[str, Any]:
    return {NAMES.get(name, name): value for name, value in numbers.items()}


def write_run(run: RunConfig) -> dict[str, Any]:
    """A run's `config.json`."""
    fields = {**asdict(run), "model": write_model(run.model)}
    return json.loads(json.dumps(fields))


def write_weights(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A state dict; only the encoders had other names."""
    renamed = {}
    for name, tensor in tensors.items():
        part, rest = name.split(".", 1)
        renamed[f"{NAMES.get(part, part)}.{rest}"] = tensor
    return renamed


def write_row(row: dict[str, Any]) -> dict[str, Any]:
    """An epoch's row, which did not say which score chooses."""
    return rename({name: value for name, value in row.items() if name != "score"})


def rewrite_checkpoint(folder: Path, config: ModelConfig) -> None:
    """Make a checkpoint folder one of format 1."""
    tensors = load_file(folder / "model.safetensors")
    save_file(write_weights(tensors), folder / "model.safetensors")
    meta = json.loads((folder / "meta.json").read_text())
    assert meta.pop("format") == 2
    meta["config"] = write_model(config)
    if "metrics" in meta:
        meta["metrics"] = write_row(meta["metrics"])
    (folder / "meta.json").write_text(json.dumps(meta))


def rewrite_run(folder: Path, run: RunConfig) -> None:
    """Make the folder of a run, stopped or done, one of format 1."""
    (folder / "config.json").write_text(json.dumps(write_run(run)))
    rewrite_checkpoint(folder / "best", run.model)
    log = folder / "log.jsonl"
    rows = [write_row(json.loads(line)) for line in log.read_text().splitlines()]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    if (folder / "last.pt").exists():
        rewrite_state(folder / "last.pt")


def rewrite_state(path: Path) -> None:
    """Make what a run is resumed from one of format 1."""
    state = torch.load(path, weights_only=True)
    assert state.pop("format") == 2
    state["model"] = write_weights(state["model"])
    progress = state["progress"]
    progress["rows"] = json.dumps([write_row(row) for row in json.loads(progress["rows"])])
    progress["sums"] = rename(progress["sums"])
    torch.save(state, path)


def rewrite_scores(path: Path) -> None:
    """Make what a trial scored one of format 1."""
    kept = json.loads(path.read_text())
    assert kept.pop("format") == 2
    for test in kept["tests"].values():
        for found in test["scores"]["listening"].values():
            found["share_on"] = found.pop("active_area")
    path.write_text(json.dumps(kept))
