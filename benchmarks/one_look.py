"""What one look costs, encoders and cycles: a photograph of 12 megapixels, a recording of 10 s.

    python -m benchmarks.one_look

Decoding is not counted: the picture is in memory as a phone's photograph, 4000 x 3000, and the
sound as 48 kHz stereo. The pairs of encoders are timed in turn in one process, so that a busy
machine slows all; medians of the rounds. Weights are random where they would have to be fetched,
which changes no time. The cycles are the six
of predictive attention, the map after each of them kept.

How large the installed packages are is counted too, since the encoder for photographs comes as one.
"""

import resource
import statistics
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.speed import read_processor, time_ms
from sspl.audio import CLIP_S
from sspl.build import build_predictive_attention
from sspl.data.inputs import prepare_picture, prepare_sound
from sspl.encoders import AudioEncoderName, ImageEncoderName
from sspl.media.sounds import to_model_rate
from sspl.predictive_attention import PredictiveAttention
from sspl.presets import photo

ROUNDS = 15
RATE_HZ = 48_000
PAIRS: tuple[tuple[ImageEncoderName, AudioEncoderName], ...] = (
    ("efficientnet_lite0", "mn04_16k"),
    ("efficientnet_lite0", "mn04"),
    ("squeezenet1_1", "vggish"),
)


def build_photo_model(
    image_encoder: ImageEncoderName, audio_encoder: AudioEncoderName
) -> PredictiveAttention:
    """Predictive attention of the preset's size on these encoders, fitted to nothing."""
    config = replace(photo().model, image_encoder=image_encoder, audio_encoder=audio_encoder)
    return build_predictive_attention(config).eval()


@torch.no_grad()
def time_stages(
    model: PredictiveAttention, image: np.ndarray, audio: np.ndarray
) -> dict[str, float]:
    """Milliseconds of each stage of one look."""
    image_spec, audio_spec = model.config.image_spec, model.config.audio_spec

    def take_sound() -> np.ndarray:
        middle = (len(audio) - round(CLIP_S * RATE_HZ)) // 2
        clip = audio[middle : middle + round(CLIP_S * RATE_HZ)]
        return to_model_rate(clip, RATE_HZ, audio_spec.sample_rate_hz)

    view = prepare_picture(image, image_spec).to(memory_format=image_spec.memory_format)
    waveform = take_sound()
    patches = prepare_sound(waveform, audio_spec)
    visual = model.encode_image(view)
    sound, query = model.project_audio(model.encode_audio(patches))
    stages = {
        "shrink the picture": time_ms(lambda: prepare_picture(image, image_spec)),
        "image encoder": time_ms(lambda: model.image_encoder(view)),
        "cut and resample": time_ms(take_sound),
        "spectrogram": time_ms(lambda: prepare_sound(waveform, audio_spec)),
        "audio encoder": time_ms(lambda: model.encode_audio(patches)),
        "cycles": time_ms(lambda: model.trace_features(visual, sound, query)),
    }
    return {**stages, "one look": sum(stages.values())}


def measure_installed_mb() -> dict[str, float]:
    """Megabytes of the installed packages: all, and the one that carries weights."""
    root = Path(sysconfig.get_paths()["purelib"])
    sizes = {path.name: _size_mb(path) for path in root.iterdir()}
    weights = sum(size for name, size in sizes.items() if "efficientnet_lite0" in name)
    return {"all packages": sum(sizes.values()), "of these efficientnet-lite0": weights}


def _size_mb(path: Path) -> float:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def main() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (3000, 4000, 3), dtype=np.uint8)
    audio = rng.uniform(-0.5, 0.5, (10 * RATE_HZ, 2)).astype(np.float32)
    built = {names: build_photo_model(*names) for names in PAIRS}
    print(f"{read_processor()}, {torch.get_num_threads()} threads")
    rounds: dict[tuple[str, str], list[dict[str, float]]] = {names: [] for names in PAIRS}
    for _ in range(ROUNDS):
        for names, model in built.items():
            rounds[names].append(time_stages(model, image, audio))
    for names, times in rounds.items():
        print(f"\n{' + '.join(names)}, ms")
        for stage in times[0]:
            print(f"  {stage:20} {statistics.median(t[stage] for t in times):7.1f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"\npeak memory of all of it {peak / (1e6 if sys.platform == 'darwin' else 1e3):.0f} MB")
    for what, size in measure_installed_mb().items():
        print(f"{what:30} {size:7.0f} MB")


if __name__ == "__main__":
    main()
