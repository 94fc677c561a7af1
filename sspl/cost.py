"""What a model costs: parameters, operations, memory; and Table S6 from the model itself.

    python -m sspl.cost

Everything is counted on the real modules with tensors that have a shape and no values (PyTorch's
fake tensors): the paper's size takes no memory and a few seconds. An operation (FLOP) is a
multiply or an add of a convolution or a matrix product; batch norms, GELUs and resizing are not
counted.

Table S6 does not say what it counts. One reading meets all seven numbers to the digit printed:
one view and three VGGish patches through the whole forward pass, projector and predictor
included; two operations per multiply-add and one per bias; and every transposed convolution
counted at its output's size, like a plain one. The last makes the 3x3 -> 7x7 correction dearer
than it is (0.23 GFLOPs for 0.04), so that a cycle of the paper takes 2.31 GFLOPs where ours, the
same cycle, computes 2.12. Two views counted in multiply-adds, the other likely reading, meet none
of the numbers: 33.3 before the first cycle.

Letters: B batch, T cycles.
"""

import sys
import weakref
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from math import prod
from typing import Annotated, Any

import torch
import tyro
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count

from sspl.build import build_model
from sspl.command import give_result, run_command
from sspl.config import ModelConfig
from sspl.model import SSPL
from sspl.presets import PRESETS

PARTS = ("image_encoder", "audio_encoder", "query", "pcm", "head")
# Table S6 and the text below it, GFLOPs by T; 0 is SSPL (w/o PCM).
PAPER_GFLOPS = {0: 35.9, 1: 38.3, 3: 43.0, 5: 47.6, 6: 49.9, 7: 52.2, 8: 54.5}

NOTE = """
one look: what a picture and a sound take, two operations per multiply-add.
as printed: the head and every bias too, and transposed convolutions counted at their output's
  size, which makes a cycle dearer than it is. This agrees with the paper to the digit; one look
  does not, nor do two views in multiply-adds."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a model costs; the dictionaries are keyed by `PARTS`.

    Attributes:
        parameters: number of weights, without buffers and BYOL's slower copy.
        learned: how many of them take gradient.
        weights_mb: parameters and buffers in float32; 1 MB is 10^6 bytes.
        flops: of one picture and one sound. A look, from picture and sound to the map, is all of
            them but the head, which only training has.
        step_flops: of a training step, forward and backward, per pair of its batch.
        look_peak_mb: see `measure_peak_mb`, for one picture and one sound.
        step_batch, step_peak_mb: the same for a training step in float32 on a batch.
    """

    parameters: dict[str, int]
    learned: int
    weights_mb: float
    flops: dict[str, int]
    step_flops: int
    look_peak_mb: float
    step_batch: int
    step_peak_mb: float


def measure_cost(config: ModelConfig, step_batch: int = 256) -> Cost:
    """The cost of a model of this config.

    Args:
        step_batch: pairs in a training step, at least 2.
    """
    with FakeTensorMode():  # the meta device is as cheap, but autocast does not know it
        model = build_model(config).eval()
        view, sound = make_inputs(model, 1)
        flops = count_flops(model)
        look_peak_mb = measure_peak_mb(lambda: look(model, view, sound))
        with FlopCounterMode(display=False) as counter:
            step_peak_mb = measure_peak_mb(lambda: train_step(model, step_batch))
    tensors = [*model.parameters(), *model.buffers()]
    return Cost(
        parameters=count_parameters(model),
        learned=sum(p.numel() for p in model.parameters() if p.requires_grad),
        weights_mb=sum(t.numel() * t.element_size() for t in tensors) / 1e6,
        flops=flops,
        step_flops=counter.get_total_flops() // step_batch,
        look_peak_mb=look_peak_mb,
        step_batch=step_batch,
        step_peak_mb=step_peak_mb,
    )


def make_inputs(model: SSPL, batch: int) -> tuple[Tensor, Tensor]:
    """Zeros in the shapes that the encoders take, on the device of the weights.

    Returns:
        (B, 3, px, px), a view; (B, P, ...), the patches of a sound, or their embeddings (B, P, A)
        where the model takes those.
    """
    config, device = model.config, next(model.parameters()).device
    px, audio = config.image_spec.input_px, config.audio_spec
    patch = audio.patch_shape or (config.audio_channels,)
    view = torch.zeros(batch, 3, px, px, device=device)
    return view, torch.zeros(batch, audio.num_patches, *patch, device=device)


@torch.no_grad()
def look(model: SSPL, view: Tensor, sound: Tensor) -> Tensor:
    """The map (B, 14, 14) and nothing else. Arguments as `make_inputs` gives."""
    visual = model.encode_image(view)
    normed, query = model.project_audio(model.encode_audio(sound))
    similarity, _, _ = model.attend(query, model.align(visual, normed), visual)
    return similarity


def train_step(model: SSPL, batch: int) -> None:
    """Forward and backward of a training step, without the optimizer; leaves training mode on."""
    view, sound = make_inputs(model, batch)
    model.train()(view, view.clone(), sound).loss.backward()


def count_parameters(model: SSPL) -> dict[str, int]:
    """Parameters of each part; of no PCM, 0."""
    parts = {name: getattr(model, name) for name in PARTS}
    return {
        name: sum(p.numel() for p in part.parameters()) if part is not None else 0
        for name, part in parts.items()
    }


@torch.no_grad()
def count_flops(model: SSPL, as_printed: bool = False) -> dict[str, int]:
    """Operations of each part for one picture and one sound, on the device of the weights.

    Args:
        model: in eval mode; with real weights the pass is really computed.
        as_printed: count as Table S6 does, see above, rather than what is computed.
    """
    mapping = {torch.ops.aten.convolution: _count_by_output} if as_printed else None
    flops = {}

    def count(part: str, function: Callable[..., Any], *args: Tensor) -> Any:
        with FlopCounterMode(display=False, custom_mapping=mapping) as counter:
            result = function(*args)
        flops[part] = counter.get_total_flops()
        return result

    def represent(query: Tensor, aligned: Tensor, visual: Tensor) -> Tensor:
        _, _, attended = model.attend(query, aligned, visual)
        for layers in () if model.head is None else model.head.children():
            attended = layers(attended)  # projector, and predictor where there is one
        return attended

    view, log_mel = make_inputs(model, 1)
    visual = count("image_encoder", model.encode_image, view)
    embeddings = count("audio_encoder", model.encode_audio, log_mel)
    sound, query = count("query", model.project_audio, embeddings)
    aligned = count("pcm", model.align, visual, sound)
    count("head", represent, query, aligned, visual)
    return flops


def _count_by_output(x_shape, w_shape, bias_shape, *_: Any, out_shape, **__: Any) -> int:
    biases = prod(out_shape) if bias_shape is not None else 0
    return conv_flop_count(x_shape, w_shape, out_shape, transposed=False) + biases


class _Tally(TorchDispatchMode):
    """Bytes of all tensors that operations returned and that something still holds."""

    def __init__(self) -> None:
        super().__init__()
        self.held, self.peak = 0, 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        # A view, or an in-place operation, returns memory that is counted already or a weight's.
        counted = {id(storage) for storage in _storages((args, kwargs))}
        for storage in _storages(result):
            if id(storage) not in counted:
                counted.add(id(storage))
                self._add(storage.nbytes())
                weakref.finalize(storage, self._add, -storage.nbytes())
        return result

    def _add(self, num_bytes: int) -> None:
        self.held += num_bytes
        self.peak = max(self.peak, self.held)


def _storages(values: Any) -> list[torch.UntypedStorage]:
    return [t.untyped_storage() for t in tree_leaves(values) if isinstance(t, Tensor)]


def measure_peak_mb(function: Callable[[], object]) -> float:
    """Memory of the tensors that `function` makes and holds at its busiest moment, in MB.

    Activations and gradients, from the sizes of tensors, so that fake ones will do; not the
    weights, what was made before, the workspace of kernels, nor the allocator's slack.
    """
    with _Tally() as tally:
        function()
    return tally.peak / 1e6


def make_rows(config: ModelConfig) -> list[dict[str, Any]]:
    """Table S6 for this config with T cycles instead of its own, GFLOPs, a row per T.

    Of a baseline, which has no cycles, the first row only.

    `look`: what one look computes; `as_printed`: as Table S6 counts; `paper`: its number, None
    unless the model is the paper's.
    """
    rows = []
    cycles = tuple(PAPER_GFLOPS) if config.objective.allows_pcm else (0,)
    for num_cycles in cycles:
        variant = replace(config, num_cycles=num_cycles)
        with FakeTensorMode():
            model = build_model(variant).eval()
            flops, printed = count_flops(model), count_flops(model, as_printed=True)
        rows.append(
            {
                "T": num_cycles,
                "look": (sum(flops.values()) - flops["head"]) / 1e9,
                "as_printed": sum(printed.values()) / 1e9,
                "paper": PAPER_GFLOPS[num_cycles]
                if variant == ModelConfig(num_cycles=num_cycles)
                else None,
            }
        )
    return rows


def count_printed_gflops(config: ModelConfig) -> float:
    """GFLOPs as Table S6 counts them, of a model of this config."""
    with FakeTensorMode():
        return sum(count_flops(build_model(config).eval(), as_printed=True).values()) / 1e9


def format_result(result: dict[str, Any]) -> str:
    """The parts of a model and Table S6, to read in a terminal."""
    cost, rows = result["cost"], result["rows"]
    lines = [
        f"{result['preset']}, T = {result['config']['num_cycles']}",
        f"  {'':8}{'parameters':>14}{'GFLOPs':>12}",
    ]
    for part in PARTS:
        note = "   in training only" if part == "head" else ""
        gflops = cost["flops"][part] / 1e9
        lines.append(f"  {part:8}{cost['parameters'][part]:>14,}{gflops:12.4f}{note}")
    look_gflops = (sum(cost["flops"].values()) - cost["flops"]["head"]) / 1e9
    lines += [
        f"  {'all':8}{sum(cost['parameters'].values()):>14,}{look_gflops:12.4f}   one look",
        f"  {cost['learned']:,} parameters learn; weights take {cost['weights_mb']:,.1f} MB",
        f"  one look holds {cost['look_peak_mb']:,.1f} MB of activations at its busiest",
        f"  a training step of {cost['step_batch']} holds {cost['step_peak_mb']:,.0f} MB, "
        f"{cost['step_flops'] / 1e9:,.1f} GFLOPs a pair",
        "",
    ]
    columns = {"look": "one look", "as_printed": "as printed", "paper": "paper"}
    digits, note = 1, NOTE
    if rows[0]["paper"] is None:  # another size, of which the paper has no numbers
        del columns["paper"]
        digits, note = 3, ""
    lines.append(f"{'Table S6, GFLOPs':18}" + "".join(f"{head:>12}" for head in columns.values()))
    for row in rows:
        name = f"T = {row['T']}" if row["T"] else "without PCM"
        lines.append(f"  {name:16}" + "".join(f"{row[key]:12.{digits}f}" for key in columns))
    if rows[1:]:
        more = [rows[-1][key] - rows[-2][key] for key in columns]
        steps = "".join(f"{step:12.{digits + 1}f}" for step in more)
        lines.append(f"  {'a cycle more':16}{steps}")
    return "\n".join(lines) + note


def main(
    preset: str = "paper-flickr10k",
    json_path: Annotated[str | None, tyro.conf.arg(name="json")] = None,
) -> None:
    """What a preset costs, by part, and Table S6: what its cycles cost beside the paper's.

    Args:
        preset: whose model; see `sspl.presets.PRESETS`.
        json_path: where the numbers go; "-" prints them instead of the table.
    """
    if preset not in PRESETS:
        raise ValueError(f"no preset {preset!r}: take one of {', '.join(PRESETS)}")
    run = PRESETS[preset]()
    result = {
        "preset": preset,
        "config": asdict(run.model),
        "cost": asdict(measure_cost(run.model, run.train.batch_size)),
        "rows": make_rows(run.model),
    }
    give_result(result, format_result(result), json_path)


if __name__ == "__main__":
    sys.exit(run_command(lambda: tyro.cli(main)))
