"""How long one look takes, stage by stage, and how fast training goes: with and without PCM.

    python -m benchmarks.speed

The two models are timed in turn in one process, so that a busy machine slows both; medians.
"""

import platform
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

from sspl.data.inputs import prepare_picture, prepare_sound
from sspl.data.orchestra import make_clip
from sspl.localizer import Localizer
from sspl.model import SSPL
from sspl.presets import PRESETS
from sspl.training.optimizer import build_optimizer
from sspl.zoo.shipped import load_model

ROUNDS = 30
STEPS = 6


def time_ms(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return 1000 * (time.perf_counter() - start)


@torch.no_grad()
def time_stages(model: SSPL) -> dict[str, float]:
    """Milliseconds of each stage of one look at a 256 px picture and 3 s of sound."""
    clip = make_clip(5, 0)
    image_spec, audio_spec = model.config.image_spec, model.config.audio_spec
    view = prepare_picture(clip.image, image_spec)
    patches = prepare_sound(clip.waveform, audio_spec)
    visual, embeddings = model.encode_image(view), model.encode_audio(patches)
    sound, query = model.project_audio(embeddings)
    return {
        "resize": time_ms(lambda: prepare_picture(clip.image, image_spec)),
        "image encoder": time_ms(lambda: model.encode_image(view)),
        "log-mel": time_ms(lambda: prepare_sound(clip.waveform, audio_spec)),
        "audio encoder": time_ms(lambda: model.encode_audio(patches)),
        "cycles": time_ms(lambda: model.trace_features(visual, sound, query)),
        "whole trace": time_ms(
            lambda: Localizer(model).set_sample(clip.image, clip.waveform).trace()
        ),
    }


def time_training(model: SSPL, preset: str) -> float:
    """Samples a second of training on features that are already encoded."""
    run = PRESETS[preset]()
    batch, channels = run.train.batch_size, run.model.visual_channels
    view1, view2 = torch.rand(2, batch, channels, 14, 14)
    embeddings = torch.rand(batch, 3, run.model.audio_channels)
    optimizer = build_optimizer(model.train(), run.train)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        model.learn(view1, view2, embeddings).loss.backward()
        optimizer.step()

    step()
    return batch / (statistics.median(time_ms(step) for _ in range(STEPS)) / 1000)


def main() -> None:
    names = {"tiny": "with PCM", "tiny-no-pcm": "without PCM"}
    models = {name: load_model(name, "cpu") for name in names}
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name, model in models.items():
            rounds[name].append(time_stages(model))
    medians = {
        name: {stage: statistics.median(r[stage] for r in rows[3:]) for stage in rows[0]}
        for name, rows in rounds.items()
    }
    rates = {name: time_training(model, name) for name, model in models.items()}

    print(f"{read_processor()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    print(f"{'one look, ms':24}" + "".join(f"{label:>20}" for label in names.values()))
    for stage in medians["tiny"]:
        cells = ""
        for name in names:
            share = medians[name][stage] / medians[name]["whole trace"]
            cells += f"{medians[name][stage]:12.1f} ({share:4.0%})"
        print(f"  {stage:22}" + cells)
    print(f"{'training, samples/s':24}" + "".join(f"{rates[name]:19.0f} " for name in names))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'peak memory, MB':24}{peak_mb:19.0f}")


def read_processor() -> str:
    """The processor's name, where the system gives it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
