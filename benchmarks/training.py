"""Training and inference at the paper's size: ours against a plain transcription of the published.

    python -m benchmarks.training                 # this machine's GPU: batch 256, 50 steps, bf16
    python -m benchmarks.training --device cpu    # batch 8, 3 steps, fp32: some ten minutes

Both take the same steps on the same pictures, crops, sounds and first weights, in turn, so that a
busy machine slows both, and the losses are held against each other. The weights are random: they
cost what trained ones cost. Medians over the steps, without the first of each. With few pairs
the losses part quickly, as batch norm over few makes much of rounding (see LOG.md).
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Literal

import torch
import tyro
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import plain
from benchmarks.speed import read_processor
from sspl.audio import NUM_SAMPLES, SAMPLE_RATE_HZ, clip_log_mel
from sspl.build import build_model
from sspl.data.pairs import Pairs
from sspl.data.transforms import whole_view
from sspl.model import SSPL
from sspl.presets import PRESETS
from sspl.training.config import RunConfig
from sspl.training.devices import open_devices
from sspl.training.trainer import Trainer


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is timed; what is not set follows the device."""

    preset: Literal["paper-flickr10k", "paper-flickr10k-no-pcm"] = "paper-flickr10k"
    device: Literal["cpu", "cuda"] | None = None
    batch_size: int | None = None
    steps: int | None = None
    precision: Literal["fp32", "bf16"] | None = None
    compile: bool = False
    """also compile what learns (`torch.compile`); its first steps are not counted"""


def make_pairs(num: int) -> tuple[Pairs, Tensor]:
    """Pictures of blots, sounds of a tone each, and the waveforms (N, 48000) of those sounds."""
    generator = torch.Generator().manual_seed(0)
    tones_hz = 150 + 3000 * torch.rand(num, 1, generator=generator)
    waveforms = torch.sin(2 * torch.pi * tones_hz * torch.arange(NUM_SAMPLES) / SAMPLE_RATE_HZ)
    small = torch.rand(num, 3, 16, 16, generator=generator)
    images = torch.nn.functional.interpolate(small, 256, mode="bicubic").clamp(0, 1) * 255
    pairs = Pairs(
        ids=[str(i) for i in range(num)],
        images=images.to(torch.uint8),
        sounds=torch.stack([clip_log_mel(waveform) for waveform in waveforms]),
        boxes=[],
        labels=[],
    )
    return pairs, waveforms


def draw_encoders(model: SSPL) -> None:
    """Random encoders that still distinguish pictures (He et al., 2015)."""
    torch.manual_seed(0)
    for module in [*model.image_encoder.modules(), *model.audio_encoder.modules()]:
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
            assert module.bias is not None
            nn.init.zeros_(module.bias)


def time_s(device: torch.device, function: Callable[[], object]) -> float:
    """Seconds of a call, the GPU's queue emptied before and after."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    function()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def measure_matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second of a large matrix product: what the device can do at best."""
    side = 8192 if device.type == "cuda" else 1024
    a, b = torch.randn(2, side, side, device=device, dtype=dtype)
    times = [time_s(device, lambda: a @ b) for _ in range(12)]
    return 2 * side**3 / statistics.median(times[2:])


def measure_image_encoder_rate(trainer: Trainer, batch: int) -> float:
    """Operations a second in the image encoder, as training calls it."""
    indices = torch.arange(batch)
    views = trainer.views.draw(batch, torch.Generator())
    with FlopCounterMode(display=False) as counter, trainer.precision():
        trainer.views.encode(indices, views)
    with trainer.precision():
        times = [
            time_s(trainer.accelerator.device, lambda: trainer.views.encode(indices, views))
            for _ in range(5)
        ]
    return counter.get_total_flops() / statistics.median(times[1:])


def main(options: Options) -> None:
    accelerator = open_devices(options.device)
    device, on_gpu = accelerator.device, accelerator.device.type == "cuda"
    batch = options.batch_size or (256 if on_gpu else 8)
    steps = options.steps or (50 if on_gpu else 3)
    precision = options.precision or ("bf16" if on_gpu else "fp32")
    run: RunConfig = PRESETS[options.preset]()
    run = replace(run, train=replace(run.train, batch_size=batch, precision=precision))
    pairs, waveforms = make_pairs(batch)
    indices = torch.arange(batch)

    model = build_model(run.model, seed=0)
    draw_encoders(model)
    theirs = plain.PlainSSPL(model).to(device).train()
    their_optimizer = plain.build_plain_optimizer(theirs, run.train)
    their_generator = torch.Generator().manual_seed(run.train.seed)
    holder: list[Trainer] = []
    once_s = time_s(device, lambda: holder.append(Trainer(model, run, pairs, accelerator)))
    ours = holder[0]
    ours.model.train()
    if options.compile:
        ours.learner.compile()

    seconds: dict[str, list[float]] = {"plain": [], "ours": []}
    losses: dict[str, list[float]] = {"plain": [], "ours": []}

    def step_plain() -> None:
        loss = plain.train_step(theirs, their_optimizer, pairs.images, waveforms, their_generator)
        losses["plain"].append(loss)

    def step_ours() -> None:
        losses["ours"].append(float(ours.train_step(indices)["loss"]))

    for _ in range(steps):
        seconds["plain"].append(time_s(device, step_plain))
        seconds["ours"].append(time_s(device, step_ours))

    theirs.eval()
    ours.model.eval()

    def look_plain() -> None:
        plain.localize(theirs, pairs.images[0], waveforms[0])

    def look_ours() -> None:
        view = whole_view(pairs.images[:1].to(device), run.model.image_spec)
        with ours.precision():
            ours.model.trace(view, clip_log_mel(waveforms[0])[None].to(device))

    looks = {"plain": look_plain, "ours": look_ours}
    look_s = {name: [time_s(device, look) for _ in range(6)] for name, look in looks.items()}

    name = torch.cuda.get_device_name(device) if on_gpu else read_processor()
    print(f"{name}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    print(f"{options.preset}, batch {batch}, {steps} steps; plain in fp32, ours in {precision}")
    print(f"options: {asdict(options)}; TF32 in convolutions: {torch.backends.cudnn.allow_tf32}")
    print(f"{'':34}{'plain':>12}{'ours':>12}{'ratio':>9}")

    def row(what: str, theirs: float, ours: float, ratio: float) -> None:
        print(f"  {what:32}{theirs:12.4g}{ours:12.4g}{ratio:9.2f}")

    step = {name: statistics.median(times[1:]) for name, times in seconds.items()}
    row(
        "training, samples/s",
        batch / step["plain"],
        batch / step["ours"],
        step["plain"] / step["ours"],
    )
    look = {name: 1000 * statistics.median(times[1:]) for name, times in look_s.items()}
    row(
        "one look, ms (ours: every cycle)",
        look["plain"],
        look["ours"],
        look["plain"] / look["ours"],
    )
    print(f"  once a run, ours: {1000 * once_s / batch:.3g} ms a pair (resize, embed the sound)")
    apart = max(abs(a - b) for a, b in zip(losses["plain"], losses["ours"], strict=True))
    print(f"  losses: {losses['plain'][0]:.5f} to {losses['plain'][-1]:.5f} plain,", end=" ")
    print(f"{losses['ours'][0]:.5f} to {losses['ours'][-1]:.5f} ours, at most {apart:.2g} apart")
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    rates = measure_image_encoder_rate(ours, batch), measure_matrix_rate(device, dtype)
    print(f"  image encoder {rates[0] / 1e12:.3g} TFLOP/s, {rates[0] / rates[1]:.0%} of", end=" ")
    print(f"a matrix product's {rates[1] / 1e12:.3g} in {precision}")


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
