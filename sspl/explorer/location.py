"""One place of the PCM: its numbers in every cycle, and the equations that they came from.

Letters: T cycles, C channels of a layer.
"""

from typing import NotRequired, TypedDict, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sspl.explorer.pcm_pass import NO_PCM, list_keys, measure_rms, name_quantity, run_pass
from sspl.explorer.scenes import Scene
from sspl.model import SSPL
from sspl.pcm import NUM_LAYERS, PredictiveCoding

NUM_CHANNELS = 8  # whose numbers are shown


class CycleNumbers(TypedDict):
    """What the equations of one cycle join: of each quantity a value for each channel shown.

    Eq. (10): r = GELU(scale ((1 - b) before + b p) + shift), where `before` is absent in the first
    cycle, in which r = p, and the scale and shift of layer 3, which has no batch norm there.
    Eqs. (12), (11): corrected = GELU(up_scale (r + a up) + up_shift), e = corrected - p, which
    layer 3 has not.
    """

    p: list[float]
    r: list[float]
    e: NotRequired[list[float]]
    corrected: list[float]
    before: NotRequired[list[float]]
    scale: NotRequired[list[float]]
    shift: NotRequired[list[float]]
    up: list[float]
    up_scale: list[float]
    up_shift: list[float]


class MeanGains(TypedDict):
    """The gains of a layer, each a mean over its channels."""

    a: float
    b: float


class Location(TypedDict):
    """One location of one layer in every cycle.

    Attributes:
        row: from 0, the top; `column` from 0, the left.
        grid: the layer has grid x grid locations.
        symbols: of each quantity that the layer has, as the paper writes it.
        levels: of each, T root mean squares over all channels.
        gains: of the layer.
        num_channels: C.
        channels: those shown, at most `NUM_CHANNELS`: with the largest error in the last cycle; at
            layer 3, which has none, those corrected most.
        a: the error gain a_l of each channel shown; `b` its feedback gain b_l.
        cycles: T of them.
    """

    layer: int
    row: int
    column: int
    grid: int
    symbols: dict[str, str]
    levels: dict[str, list[float]]
    gains: MeanGains
    num_channels: int
    channels: list[int]
    a: list[float]
    b: list[float]
    cycles: list[CycleNumbers]


@torch.no_grad()
def describe_equations(model: SSPL, scene: Scene, layer: int, row: int, column: int) -> Location:
    """One location in every cycle, with every number that its equations join.

    Raises:
        ValueError: if the model has no PCM, or no such place.
    """
    if model.pcm is None:
        raise ValueError(NO_PCM)
    pcm, index = model.pcm, layer - 1
    if not 1 <= layer <= NUM_LAYERS:
        raise ValueError(f"there is no layer {layer}: take 1 (3x3), 2 (7x7) or 3 (14x14)")
    opened = run_pass(model, pcm, scene)
    keys = list_keys(layer)
    steps = {key: opened.read(key, layer) for key in keys}
    grid = steps["r"][0].shape[-1]
    if not (0 <= row < grid and 0 <= column < grid):
        raise ValueError(f"layer {layer} has rows and columns 0 to {grid - 1}: take one of them")
    here = {key: torch.stack(maps)[:, :, row, column] for key, maps in steps.items()}  # (T, C)
    wrong = here["e"][-1] if "e" in here else here["corrected"][-1] - here["r"][-1]
    channels = wrong.abs().topk(min(NUM_CHANNELS, len(wrong))).indices
    a, b = (F.relu(gains[index]).flatten() for gains in (pcm.error_gain, pcm.feedback_gain))

    cycles: list[CycleNumbers] = []
    for t, cycle in enumerate(opened.cycles):
        numbers = {key: values[t] for key, values in here.items()}
        if t > 0:
            numbers["before"] = here["corrected"][t - 1]
            if layer < NUM_LAYERS:
                norm = list(pcm.feedback_norms[t].children())[index]
                numbers["scale"], numbers["shift"] = _read_norm(norm)
        numbers["up"] = _hand_up(pcm, layer, cycle.errors[index])[0, :, row, column]
        norm = list(pcm.error_norms[t].children())[index]
        numbers["up_scale"], numbers["up_shift"] = _read_norm(norm)
        shown = {key: values[channels].tolist() for key, values in numbers.items()}
        cycles.append(cast(CycleNumbers, shown))
    return {
        "layer": layer,
        "row": row,
        "column": column,
        "grid": grid,
        "symbols": {key: name_quantity(key, layer) for key in keys},
        "levels": {key: measure_rms(values.T).tolist() for key, values in here.items()},
        "gains": {"a": float(a.mean()), "b": float(b.mean())},
        "num_channels": len(wrong),
        "channels": channels.tolist(),
        "a": a[channels].tolist(),
        "b": b[channels].tolist(),
        "cycles": cycles,
    }


def _hand_up(pcm: PredictiveCoding, layer: int, error: Tensor) -> Tensor:
    """W^T e_{l-1}, what an error says to the layer above, as `PredictiveCoding.run` has it."""
    if layer == 1:
        return pcm.correct_r1(error[:, :, None, None]).expand(-1, -1, 3, 3)
    if layer == 2:
        return pcm.correct_r2(error)
    up = F.interpolate(error, scale_factor=2, mode="bilinear", align_corners=True)
    return pcm.correct_r3(up)


def _read_norm(norm: nn.Module) -> tuple[Tensor, Tensor]:
    """What batch norm does to each channel outside of training: times (C,), plus (C,)."""
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_var is not None
    assert norm.running_mean is not None
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return scale, norm.bias - norm.running_mean * scale
