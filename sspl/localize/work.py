"""What `python -m sspl.localize` does once its options are read."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from sspl.localize.options import Options
from sspl.localizer import Localizer, localize_video
from sspl.media.animation import write_animation
from sspl.media.files import write_json
from sspl.media.pictures import read_image, write_image
from sspl.media.sounds import read_audio, to_model_rate
from sspl.model import AudioVisualModel
from sspl.plots.lettering import NOTHING, SILENCE, write_note
from sspl.plots.overlay import overlay_map
from sspl.plots.rendering import render_figure
from sspl.plots.steps import draw_step, steps_figure
from sspl.sliding_window import is_silent, measure_level_dbfs
from sspl.trace_stats import measure_audible, measure_cycle
from sspl.zoo.shipped import load_model

PICTURES, ANIMATIONS = (".png", ".jpg", ".jpeg", ".webp"), (".gif", ".mp4")


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


def _load_model(options: Options) -> AudioVisualModel:
    try:
        return load_model(options.model, options.device)
    except (RuntimeError, AssertionError) as error:  # what torch raises for a device it lacks
        raise ValueError(f"the device {options.device!r} cannot be used here: take cpu.") from error


def _show_picture(localizer: Localizer, options: Options) -> dict[str, Any]:
    assert options.audio is not None
    image = read_image(options.source, options.max_side_px)
    rate_hz = localizer.model.config.audio_spec.sample_rate_hz
    waveform = read_audio(options.audio, sample_rate_hz=rate_hz)
    trace = localizer.set_sample(image, (rate_hz, waveform)).trace()
    silent, audible_share = is_silent(waveform), measure_audible(trace)
    nothing = audible_share == 0
    if nothing and not silent:
        print(
            f"nothing in this picture makes this sound, as far as {options.model} knows",
            file=sys.stderr,
        )
    if options.out.suffix.lower() in ANIMATIONS:
        frames = [
            draw_step(image, trace, t, silent=silent) for t in range(1, len(trace.similarity) + 1)
        ]
        write_animation(options.out, frames, to_model_rate(waveform, rate_hz))
    elif options.steps:
        write_image(options.out, render_figure(steps_figure(image, trace, silent=silent)))
    elif silent or nothing:
        write_image(options.out, write_note(image, SILENCE if silent else NOTHING))
    else:
        write_image(options.out, overlay_map(image, trace.similarity[-1, 0]))
    return {
        "image": str(options.source),
        "audio": str(options.audio),
        "model": options.model,
        "level_dbfs": measure_level_dbfs(waveform),
        "silent": silent,
        "audible_share": audible_share,
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
