"""Where does the sound come from? A `Localizer` for a picture and a sound, and whole videos."""

from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from sspl.audio import SAMPLE_RATE_HZ
from sspl.data.inputs import prepare_picture, prepare_sound
from sspl.media.files import MediaError
from sspl.media.pictures import read_image
from sspl.media.sounds import read_audio, to_model_rate
from sspl.media.video import Video, open_video
from sspl.media.video_writer import overlay_video
from sspl.model import AudioVisualModel, Trace
from sspl.plots.lettering import NOTHING, SILENCE, write_note
from sspl.plots.overlay import SMOOTH_PX, paint_map
from sspl.sliding_window import Window, locate_frames

AnyImage = str | Path | Image.Image | np.ndarray
AnySound = str | Path | np.ndarray | tuple[int, np.ndarray]

MAX_FPS = 60.0  # of a video written; slow motion is thinned out
LAYERS_PER_S = 12.0  # maps drawn over it, most of them blends: a map moves slower than a picture


class Localizer:
    """Set a sample once, trace it many times: what the encoders make of it is kept.

    Raises:
        ValueError: for a model without audio encoder (`ModelConfig.audio_encoder` "embedding").

    localizer = Localizer(load_model("photo"))
    trace = localizer.set_sample("picture.jpg", "sound.wav").trace()
    trace.similarity[-1, 0]  # (14, 14), the map after the last cycle
    trace.audible  # (1, 14, 14) bool, where it is certain by one threshold: perhaps nowhere
    """

    def __init__(self, model: AudioVisualModel) -> None:
        if model.config.audio_spec.front_end is None:
            raise ValueError(
                "this model has no audio encoder: it learned from sounds that another network had "
                "embedded. Take one that has, or score this one with sspl.evaluate"
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
        view = prepare_picture(read_image(image), self.model.config.image_spec, self.device)
        self._visual = self.model.encode_image(view)
        return self

    def set_sound(self, audio: AnySound) -> "Localizer":
        """Take a sound: a file, (N,) at 16 kHz, or (rate, samples); the picture stays.

        Of a long sound the middle 3 s are taken, a short one is repeated.

        Raises:
            MediaError: if it cannot be read, in a sentence.
        """
        spec = self.model.config.audio_spec
        if isinstance(audio, tuple):
            waveform = to_model_rate(audio[1], audio[0], spec.sample_rate_hz)
        elif isinstance(audio, np.ndarray):
            waveform = to_model_rate(audio, SAMPLE_RATE_HZ, spec.sample_rate_hz)
        else:
            waveform = read_audio(audio, sample_rate_hz=spec.sample_rate_hz)
        self._embeddings = self.model.encode_audio(prepare_sound(waveform, spec, self.device))
        return self

    @torch.no_grad()
    def trace(self) -> Trace:
        """Every cycle of one pass over the sample, B = 1.

        Raises:
            ValueError: if no picture or no sound was set.
        """
        if self._visual is None or self._embeddings is None:
            raise ValueError("set a picture and a sound first: localizer.set_sample(image, audio)")
        sound, query = self.model.project_audio(self._embeddings)
        return self.model.trace_features(self._visual, sound, query)


def localize_video(
    localizer: Localizer,
    source: str | Path,
    out: str | Path,
    *,
    progress: Callable[[float, float], object] | None = None,
    maps_per_s: float = 4.0,
    max_side_px: int = 1280,
) -> list[Window]:
    """Write a video with the map over it and its own sound; see `locate_frames`.

    Memory does not grow with the video's length. Where its sound is silent, or nothing that is seen
    makes it, there is no map, and the picture says so. Between two maps, twelve times a second, a
    blend of them is drawn; the pictures keep their rate.

    Args:
        source: a video with sound.
        out: *.mp4, written whole or not at all.
        progress: called with (seconds done, seconds in all) as the work goes on. Whatever it
            raises ends the work, leaves nothing behind, and comes out of this function: that is
            how to cancel.
        max_side_px: larger frames are shrunk so that neither side is longer.
    Returns:
        the sound's level, and where it comes from, at each moment whose map was computed.
    Raises:
        MediaError: if the video cannot be read or has no sound, or `out` cannot be written.
        ValueError: if `maps_per_s` is not above 0.
    """
    windows: list[Window] = []

    def draw_layers(looked_at: Video, layers_per_s: float) -> Generator[np.ndarray, None, None]:
        model = localizer.model
        for frame in locate_frames(model, looked_at, fps=layers_per_s, maps_per_s=maps_per_s):
            if frame.window is not None:
                windows.append(frame.window)
                if progress is not None:
                    progress(frame.t_s, video.duration_s)
            size = frame.image.shape[1::-1]
            layer = paint_map(frame.similarity, *size, strength=frame.strength)
            pixels = np.array(layer or Image.new("RGBA", size))
            note = SILENCE if frame.silent else NOTHING
            yield pixels if frame.strength else write_note(pixels, note)

    sample_rate_hz = localizer.model.config.audio_spec.sample_rate_hz
    with (
        open_video(source, max_side_px, sample_rate_hz) as video,
        open_video(source, min(max_side_px, SMOOTH_PX), sample_rate_hz) as looked_at,
    ):
        if not video.has_audio:
            raise MediaError(
                f"{Path(source).name} has no sound, so nothing in it can be located: choose a "
                "video with sound, or pass a picture and a sound."
            )
        layers_per_s = min(video.fps, LAYERS_PER_S)
        # Closed, as an error's traceback would keep it going.
        with closing(draw_layers(looked_at, layers_per_s)) as layers:
            overlay_video(out, video, layers, layers_per_s, min(video.fps, MAX_FPS))
        if progress is not None:
            progress(video.duration_s, video.duration_s)
    return windows
