"""Where does the sound come from? A picture and a sound, or a video, on the command line.

python -m sspl.localize picture.jpg sound.wav -o map.png
python -m sspl.localize picture.jpg sound.wav -o steps.gif
python -m sspl.localize clip.mp4 -o heat.mp4
"""

import json
import math
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import tyro
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from sspl.audio import SAMPLE_RATE_HZ, hear_clip
from sspl.checkpoint import load_model
from sspl.command import run_command
from sspl.cycles import measure_cycle
from sspl.data.transforms import whole_view
from sspl.files import MediaError, write_json
from sspl.media import read_audio, read_image, to_model_rate, write_gif, write_image
from sspl.model import SSPL, Trace
from sspl.sliding import Window, is_silent, locate_frames, measure_level_dbfs
from sspl.video import open_video, write_video
from sspl.viz import SILENCE, draw_step, overlay_map, render_figure, steps_figure, write_note

AnyImage = str | Path | Image.Image | np.ndarray
AnySound = str | Path | np.ndarray | tuple[int, np.ndarray]

MAX_FPS = 60.0  # of a video written; slow motion is thinned out
STEP_S = 0.8  # how long an animation shows each cycle
FILM_FPS = 10  # players cope badly with a frame a second, so each step is repeated
PICTURES, ANIMATIONS = (".png", ".jpg", ".jpeg", ".webp"), (".gif", ".mp4")


class Localizer:
    """Set a sample once, ask many times: what the encoders made of it is kept.

    Raises:
        ValueError: for a model without ears (`ModelConfig.ears` "embedding").

    localizer = Localizer(load_model("tiny"))
    trace = localizer.set_sample("picture.jpg", "sound.wav").trace()
    trace.similarity[-1, 0]  # (14, 14), the map after the last cycle
    """

    def __init__(self, model: SSPL) -> None:
        if model.config.ears == "embedding":
            raise ValueError(
                "this model has no ears: it learned from sounds that another network had embedded. "
                "Take a model that hears, or score this one with sspl.evaluate"
            )
        self.model = model.eval()
        self._visual: Tensor | None = None
        self._embeddings: Tensor | None = None

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    def set_sample(self, image: AnyImage, audio: AnySound) -> "Localizer":
        """Take a picture and a sound; see `set_image` and `set_sound`."""
        return self.set_image(image).set_sound(audio)

    def set_image(self, image: AnyImage) -> "Localizer":
        """Take a picture: a file, a Pillow image, or (H, W, 3) uint8; the sound stays.

        Raises:
            MediaError: if it cannot be read, in a sentence.
        """
        pixels = torch.from_numpy(read_image(image)).permute(2, 0, 1)[None].to(self.device)
        self._visual = self.model.see(whole_view(pixels, self.model.config.image_px))
        return self

    def set_sound(self, audio: AnySound) -> "Localizer":
        """Take a sound: a file, (N,) at 16 kHz, or (rate, samples); the picture stays.

        Of a long sound the middle 3 s are heard, a short one is repeated.

        Raises:
            MediaError: if it cannot be read, in a sentence.
        """
        if isinstance(audio, tuple):
            waveform = to_model_rate(audio[1], audio[0])
        elif isinstance(audio, np.ndarray):
            waveform = to_model_rate(audio, 16_000)
        else:
            waveform = read_audio(audio)
        log_mel = hear_clip(torch.from_numpy(waveform))
        self._embeddings = self.model.hear(log_mel[None].to(self.device))
        return self

    @torch.no_grad()
    def trace(self) -> Trace:
        """Every cycle of one pass over the sample, B = 1.

        Raises:
            ValueError: if no picture or no sound was set.
        """
        if self._visual is None or self._embeddings is None:
            raise ValueError("set a picture and a sound first: localizer.set_sample(image, audio)")
        sound, query = self.model.listen(self._embeddings)
        return self.model.trace_features(self._visual, sound, query)


def write_animation(out: Path, frames: Sequence[np.ndarray], waveform: np.ndarray) -> None:
    """Write the pictures of the cycles as a .gif, or as an .mp4 with the sound.

    Args:
        frames: T of (H, W, 3) uint8; the last stays until the sound has ended.
        waveform: (N,) float32 at 16 kHz.
    """
    sound_s = len(waveform) / SAMPLE_RATE_HZ
    rest = max(2, math.ceil(sound_s / STEP_S) - len(frames))
    shown = [*frames, *[frames[-1]] * rest]
    if out.suffix.lower() == ".gif":
        write_gif(out, shown, STEP_S)
    else:
        film = (frame for frame in shown for _ in range(round(STEP_S * FILM_FPS)))
        write_video(out, film, FILM_FPS, waveform=waveform)


def localize_video(
    localizer: Localizer,
    source: str | Path,
    out: str | Path,
    *,
    progress: Callable[[float, float], object] | None = None,
    maps_per_s: float = 8.0,
    max_side_px: int = 1280,
) -> list[Window]:
    """Write a video with the map over it and its own sound; see `sspl.sliding.locate_frames`.

    Memory does not grow with the video's length. Where its sound is silent there is no map, and
    the picture says so.

    Args:
        source: a video with sound.
        out: *.mp4, written whole or not at all.
        progress: called with (seconds done, seconds in all) as the work goes on. Whatever it
            raises ends the work, leaves nothing behind, and comes out of this function: that is
            how to cancel.
        max_side_px: larger frames are shrunk so that neither side is longer.
    Returns:
        what was heard, and where, at each moment whose map was computed.
    Raises:
        MediaError: if the video cannot be read or has no sound, or `out` cannot be written.
        ValueError: if `maps_per_s` is not above 0.
    """
    windows: list[Window] = []

    def draw_frames() -> Generator[np.ndarray, None, None]:
        fps = min(video.fps, MAX_FPS)
        for frame in locate_frames(localizer.model, video, fps=fps, maps_per_s=maps_per_s):
            if frame.window is not None:
                windows.append(frame.window)
                if progress is not None:
                    progress(frame.t_s, video.duration_s)
            picture = overlay_map(frame.image, frame.similarity, strength=frame.strength)
            yield picture if frame.strength else write_note(picture, SILENCE)

    with open_video(source, max_side_px) as video:
        if not video.has_audio:
            raise MediaError(
                f"{Path(source).name} has no sound, so nothing in it can be located: choose a "
                "video with sound, or pass a picture and a sound."
            )
        with closing(draw_frames()) as frames:  # an error's traceback would keep it going
            write_video(out, frames, min(video.fps, MAX_FPS), audio_from=source)
        if progress is not None:
            progress(video.duration_s, video.duration_s)
    return windows


@dataclass(frozen=True, kw_only=True)
class Options:
    """Show where in a picture, or in a video, the sound comes from."""

    source: tyro.conf.Positional[Path]
    """a picture, or a video with sound"""
    audio: tyro.conf.Positional[Path | None] = None
    """the sound of the picture: the middle 3 s of it are heard"""
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """.png, .jpg or .webp; .gif or .mp4 animates the cycles; .mp4 for a video"""
    steps: bool = False
    """draw every cycle with its numbers, in a row, rather than the last map alone"""
    model: str = "tiny"
    """a shipped name, a checkpoint folder, or a Hub repository"""
    device: str | None = None
    """cpu, cuda, ...; by default a GPU where there is one"""
    max_side_px: int = 1280
    """larger pictures and videos are shrunk to this"""
    json: Path | None = None
    """write the numbers to this file, - for standard output"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    prog = "python -m sspl.localize"
    return run_command(lambda: localize_files(tyro.cli(Options, args=arguments, prog=prog)))


def localize_files(options: Options) -> None:
    """Do what the command line asks for.

    Raises:
        ValueError: for a mistake in the options or a file that cannot be used.
    """
    _check_options(options)
    localizer = Localizer(_load_model(options))
    show = _show_video if options.audio is None else _show_picture
    numbers = show(localizer, options)
    if options.json == Path("-"):
        print(json.dumps(numbers, indent=1, allow_nan=False))
    elif options.json is not None:
        write_json(options.json, numbers)


def _check_options(options: Options) -> None:
    """Find before the work begins what would spoil its end."""
    out, is_video = options.out, options.audio is None
    allowed = (".mp4",) if is_video else PICTURES + ANIMATIONS
    if is_video and options.source.suffix.lower() in PICTURES:
        raise ValueError(f"{options.source.name} needs a sound: name a sound file after it.")
    if out.suffix.lower() not in allowed:
        raise ValueError(f"{out} cannot be written: end its name in {' or '.join(allowed)}.")
    for source in (options.source, options.audio):
        if source is not None and source.exists() and out.exists() and out.samefile(source):
            raise ValueError(f"{out} would overwrite what it is made from: choose another name.")
    if options.json is not None and not options.json.parent.is_dir():
        raise ValueError(f"{options.json} cannot be written: make the folder first.")
    if options.steps and (is_video or out.suffix.lower() in ANIMATIONS):
        print("--steps has no effect on a video or an animation.", file=sys.stderr)


def _load_model(options: Options) -> SSPL:
    try:
        return load_model(options.model, options.device)
    except (RuntimeError, AssertionError) as error:  # what torch raises for a device it lacks
        raise ValueError(f"the device {options.device!r} cannot be used here: take cpu.") from error


def _show_picture(localizer: Localizer, options: Options) -> dict[str, Any]:
    assert options.audio is not None
    image = read_image(options.source, options.max_side_px)
    waveform = read_audio(options.audio)
    trace = localizer.set_sample(image, waveform).trace()
    silent = is_silent(waveform)
    if options.out.suffix.lower() in ANIMATIONS:
        frames = [
            draw_step(image, trace, t, silent=silent) for t in range(1, len(trace.similarity) + 1)
        ]
        write_animation(options.out, frames, waveform)
    elif options.steps:
        write_image(options.out, render_figure(steps_figure(image, trace, silent=silent)))
    elif silent:
        write_image(options.out, write_note(image, SILENCE))
    else:
        write_image(options.out, overlay_map(image, trace.similarity[-1, 0]))
    return {
        "image": str(options.source),
        "audio": str(options.audio),
        "model": options.model,
        "level_dbfs": measure_level_dbfs(waveform),
        "silent": silent,
        "cycles": [measure_cycle(trace, t) for t in range(1, len(trace.similarity) + 1)],
    }


def _show_video(localizer: Localizer, options: Options) -> dict[str, Any]:
    with tqdm(unit="s", desc=options.source.name, leave=False, disable=None) as bar:

        def report(done_s: float, total_s: float) -> None:
            bar.total = round(total_s, 1)
            bar.update(round(done_s, 1) - bar.n)

        windows = localize_video(
            localizer,
            options.source,
            options.out,
            progress=report,
            max_side_px=options.max_side_px,
        )
    return {
        "video": str(options.source),
        "model": options.model,
        "windows": [asdict(window) for window in windows],
    }


if __name__ == "__main__":
    sys.exit(main())
