"""The authors' checkpoint files: their weights come in, ours go out to their code.

    frame_best.pth      image encoder       sound_best.pth      audio encoder and g
    pcm_best.pth        PCM, if any         ssl_head_best.pth   projector and predictor

Each is a state dict. The authors wrap all parts but the frozen image encoder in DDP, and the keys
of those carry `module.`. The files hold the paper's model and nothing else: there is no config, so
T is read from the number of batch norms.
"""

import os
from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path

import torch
from torch import Tensor

from sspl.build import build_model
from sspl.config import ModelConfig
from sspl.media.files import check_file, replace_when_done
from sspl.model import SSPL
from sspl.presets import paper

FILES = {
    "frame": "frame_best.pth",
    "sound": "sound_best.pth",
    "pcm": "pcm_best.pth",
    "ssl_head": "ssl_head_best.pth",
}

UNWRAPPED = {"frame"}  # frozen: DDP takes nothing that does not learn

# How our names begin, and how the authors' do, with the file that holds them in front.
PREFIXES = {
    "image_encoder.": "frame.feat_extractor.",
    "audio_encoder.": "sound.",
    "query.": "sound.fc.",
    "pcm.predict_sound.": "pcm.PredProcess.0.",
    "pcm.predict_r1.": "pcm.PredProcess.1.conv2d.",
    "pcm.predict_r2.": "pcm.PredProcess.2.conv2d.",
    "pcm.correct_r1.": "pcm.ErrorProcess.0.",
    "pcm.correct_r2.": "pcm.ErrorProcess.1.",
    "pcm.correct_r3.": "pcm.ErrorProcess.2.convtrans2d.",
    "pcm.read_out.": "pcm.ErrorProcess.3.",
    "pcm.feedback_gain.": "pcm.b0.",
    "pcm.error_gain.": "pcm.a0.",
    # The first cycle's norms; `_prefixes` adds those of the later ones.
    "pcm.feedback_norms.0.": "pcm.BNPred.",
    "pcm.error_norms.0.": "pcm.BNError.",
    "head.project.0.": "ssl_head.projector.layer1.0.",
    "head.project.1.": "ssl_head.projector.layer1.1.",
    "head.project.3.": "ssl_head.projector.layer2.0.",
    "head.project.4.": "ssl_head.projector.layer2.1.",
    "head.project.6.": "ssl_head.projector.layer3.0.",
    "head.project.7.": "ssl_head.projector.layer3.1.",
    "head.predict.0.": "ssl_head.predictor.layer1.0.",
    "head.predict.1.": "ssl_head.predictor.layer1.1.",
    "head.predict.3.": "ssl_head.predictor.layer2.",
}


def load(folder: str | Path, num_cycles: int | None = None) -> SSPL:
    """The paper's model with the weights of the authors' files, on the CPU, in eval mode.

    Args:
        folder: holds `frame_best.pth`, `sound_best.pth`, `ssl_head_best.pth` and, for a model
            with PCM, `pcm_best.pth`; keys with or without `module.`.
        num_cycles: T, the paper's count (the authors' `cycs_pcm` plus 1); None reads it from
            `pcm_best.pth`, 0 where there is none. 0 leaves the PCM out even where there is one.
    Raises:
        ValueError: one sentence that names the file which is missing, broken, of another model
            or of another T.
    """
    folder = Path(folder)
    # A link that leads nowhere counts: it is a PCM that went missing, not a model without one.
    with_pcm = os.path.lexists(folder / FILES["pcm"]) if num_cycles is None else num_cycles != 0
    parts = [part for part in FILES if part != "pcm" or with_pcm]
    read = {part: _read_tensors(folder / FILES[part]) for part in parts}
    found = _count_cycles(read["pcm"]) if with_pcm else 0

    with torch.device("meta"):  # names and shapes only: every value comes from the files
        model = build_model(_paper_model(found))
    theirs = map_names(model)
    wanted: dict[str, dict[str, Tensor]] = {part: {} for part in parts}
    for name, tensor in model.state_dict().items():
        part, key = theirs[name].split(".", 1)
        wanted[part][key] = tensor
    for part in parts:
        _check_tensors(folder / FILES[part], read[part], wanted[part])
    if num_cycles not in (None, found):
        raise ValueError(
            f"{folder / FILES['pcm']} was trained with T = {found}, and {num_cycles} is asked "
            f"for: each cycle has norms of its own, so take num_cycles={found}"
        )

    values = {f"{part}.{key}": tensor for part in parts for key, tensor in read[part].items()}
    model.to_empty(device="cpu")
    model.load_state_dict({name: values[theirs[name]] for name in theirs})
    return model.eval()


def save(model: SSPL, folder: str | Path) -> None:
    """Write the authors' files, for their code to load: all of them, or on an error none.

    A `pcm_best.pth` from before is removed where the model has no PCM: it would give it one.

    Args:
        folder: made if missing.
    Raises:
        ValueError: if the model is not the paper's but for T, or the folder cannot be written.
    """
    folder, config = Path(folder), model.config
    expected = _paper_model(config.num_cycles)
    other = [f.name for f in fields(config) if getattr(config, f.name) != getattr(expected, f.name)]
    if other:
        raise ValueError(
            f"the authors' files hold only the paper's model, and this one has another "
            f"{', '.join(other)}: keep it as a checkpoint (sspl.checkpoint) instead"
        )
    files: dict[str, dict[str, Tensor]] = {}
    tensors = model.state_dict()
    for name, theirs in map_names(model).items():
        part, key = theirs.split(".", 1)
        key = key if part in UNWRAPPED else f"module.{key}"
        files.setdefault(part, {})[key] = tensors[name].cpu().contiguous()

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{folder} cannot be made ({error.strerror}): name another") from error
    # Nothing takes its name before all is written: files of two models would load as one.
    with ExitStack() as all_or_none:
        for part, state in files.items():
            path = folder / FILES[part]
            unfinished = all_or_none.enter_context(replace_when_done(path))
            try:
                torch.save(state, unfinished)
            except RuntimeError as error:  # what torch makes of a full disk
                raise ValueError(f"{path} cannot be written: make room on the disk") from error
        if "pcm" not in files:
            (folder / FILES["pcm"]).unlink(missing_ok=True)


def map_names(model: SSPL) -> dict[str, str]:
    """Our name of every parameter and buffer to the authors': a key of `FILES`, then theirs.

    For example `query.0.weight` to `sound.fc.0.weight`: `fc.0.weight` in `sound_best.pth`. Widths
    do not matter, so any SSPL can be asked, but not a baseline or BYOL's slower copy.
    """
    prefixes = _prefixes(model.config.num_cycles)

    def rename(name: str) -> str:
        ours = next(prefix for prefix in prefixes if name.startswith(prefix))
        return prefixes[ours] + name.removeprefix(ours)

    return {name: rename(name) for name in model.state_dict()}


def _prefixes(num_cycles: int) -> dict[str, str]:
    """`PREFIXES` and the later cycles' norms, which the authors number through."""
    later = {}
    for t in range(1, num_cycles):
        for norms, their_norms, layers in (("feedback", "BNPred", 2), ("error", "BNError", 3)):
            for layer in range(layers):
                number = layers * (t - 1) + layer
                later[f"pcm.{norms}_norms.{t}.{layer}."] = f"pcm.{their_norms}_step.{number}."
    return PREFIXES | later


def _count_cycles(pcm: dict[str, Tensor]) -> int:
    """T of a PCM's tensors: two layers have a norm in the feedback of each later cycle."""
    return 1 + sum(k.startswith("BNPred_step.") and k.endswith(".weight") for k in pcm) // 2


def _paper_model(num_cycles: int) -> ModelConfig:
    return replace(paper().model, num_cycles=num_cycles)


def _read_tensors(path: Path) -> dict[str, Tensor]:
    """The state dict of a file on the CPU, without `module.`."""
    check_file(path)
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file makes torch raise nearly anything
        raise ValueError(f"{path} cannot be read as a PyTorch file: fetch it again") from error
    if not isinstance(tensors, dict) or not all(isinstance(t, Tensor) for t in tensors.values()):
        raise ValueError(f"{path} is not a state dict, names with tensors: save it as one")
    wrapped = all(str(key).startswith("module.") for key in tensors)
    return {str(key).removeprefix("module." * wrapped): tensors[key] for key in tensors}


def _check_tensors(path: Path, found: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    """ValueError with the first tensor that is missing, does not belong, or has another shape."""

    def describe(tensor: Tensor) -> str:
        kind = "float" if tensor.is_floating_point() else "integer"
        return f"{kind} {tuple(tensor.shape)}"

    faults = [f"has no {key}" for key in wanted if key not in found]
    faults += [f"has an unknown {key}" for key in found if key not in wanted]
    faults = faults or [
        f"has {key} as {describe(found[key])} instead of {describe(tensor)}"
        for key, tensor in wanted.items()
        if describe(found[key]) != describe(tensor)
    ]
    if faults:
        raise ValueError(f"{path} {faults[0]}: it is not a file of the authors' model")
