"""A window of sound that slides along a video: a map for every frame.

Letters: B batch, h w map, H W frame, N samples.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sspl.audio import CLIP_S
from sspl.data.inputs import prepare_picture, prepare_sound
from sspl.media.video import Video
from sspl.model import AudioVisualModel
from sspl.trace_stats import find_peak, measure_audible

# The audio encoder's input is stretched to full scale: a room's hiss would be mapped like music.
# The empty rooms of `orchestra` hiss at -60 dBFS.
SILENT_DBFS = -58.0
FLOOR_DBFS = -120.0  # digital silence is minus infinity, which JSON does not have
BATCH = 8  # moments that go through the model together; the frames between them wait meanwhile


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """The sound around one moment of a video, and where it comes from.

    Attributes:
        t_s: the moment, that of a frame.
        start_s: where the sound begins; it lasts 3 s, or as long as a shorter video.
        level_dbfs: root mean square of that sound, -120 to 0.
        silent: it is too quiet to be of anything; then there is no map.
        audible_share: of the picture, where what is seen makes the sound, by the model's threshold
            for all sounds; 0 is nothing, and then there is no map. None where silent, or where the
            model has no such measure.
        peak: (x, y), normalised, of the map's highest cell; None where silent.
        mean_similarity: of the map over the picture, in [-1, 1]; None where silent.
    """

    t_s: float
    start_s: float
    level_dbfs: float
    silent: bool
    audible_share: float | None
    peak: tuple[float, float] | None
    mean_similarity: float | None

    @property
    def has_map(self) -> bool:
        return not self.silent and self.audible_share != 0


@dataclass(frozen=True, kw_only=True)
class LocatedFrame:
    """A frame of a video and its map.

    Attributes:
        t_s: when it is shown.
        image: (H, W, 3) uint8.
        similarity: (h, w) float; of no meaning where `strength` is 0.
        strength: 1 where there is a map, 0 where there is none, between the two for a moment.
        silent: whether there is none since it is silent, not since nothing seen makes the sound.
        window: set where the map was computed, None where it is a blend of two.
    """

    t_s: float
    image: np.ndarray
    similarity: Tensor
    strength: float
    silent: bool
    window: Window | None


@dataclass(frozen=True, kw_only=True)
class _Moment:
    """What the encoders take in for one frame: (1, 3, px, px) and (1, P, ...)."""

    t_s: float
    start_s: float
    view: Tensor
    sound: Tensor
    level_dbfs: float


_Located = tuple[Window, Tensor]  # a moment and its map (h, w)


def locate_frames(
    model: AudioVisualModel, video: Video, *, fps: float, maps_per_s: float = 8.0
) -> Iterator[LocatedFrame]:
    """Yield every frame of a video with its map; memory does not grow with the video's length.

    The map of a frame at t comes from the 3 s of sound around t, or the first or last 3 s near
    the ends. It is computed for `maps_per_s` frames a second and for the last one, the rest is
    blended linearly from the two beside it. Where there is no map, nothing has a part in the blend.

    Args:
        model: in eval mode.
        video: with sound, opened at the audio encoder's sample rate.
        fps: frames per second to give.
    Raises:
        ValueError: if `maps_per_s` is not above 0, or the sample rate is another.
        MediaError: if the video breaks off or has no sound.
    """
    if not maps_per_s > 0:
        raise ValueError(f"maps_per_s is {maps_per_s}: take a number above 0, such as 8")
    rate_hz = model.config.audio_spec.sample_rate_hz
    if video.sample_rate_hz != rate_hz:
        raise ValueError(f"the audio encoder takes {rate_hz} Hz: pass that to open_video")
    waiting: list[tuple[float, np.ndarray]] = []  # frames whose map is not known yet
    moments: list[_Moment] = []
    last: _Located | None = None
    num_maps = 0
    for t_s, image in video.frames(fps):
        waiting.append((t_s, image))
        if t_s < num_maps / maps_per_s:
            continue
        moments.append(_prepare(model, video, t_s, image))
        num_maps = int(t_s * maps_per_s) + 1
        if len(moments) == BATCH:
            located = _locate(model, moments)
            yield from _blend(waiting, last, located)
            waiting, moments, last = [], [], located[-1]
    if waiting:
        if not moments or moments[-1].t_s < waiting[-1][0]:
            moments.append(_prepare(model, video, *waiting[-1]))
        yield from _blend(waiting, last, _locate(model, moments))


def measure_level_dbfs(waveform: np.ndarray) -> float:
    """Root mean square of a waveform (N,) in [-1, 1], in decibels below full scale, -120 to 0."""
    rms = math.sqrt(np.square(waveform, dtype=np.float64).mean())
    return max(FLOOR_DBFS, 20 * math.log10(max(rms, 1e-12)))


def is_silent(waveform: np.ndarray) -> bool:
    """Whether a waveform (N,) in [-1, 1] is too quiet to be of anything."""
    return measure_level_dbfs(waveform) < SILENT_DBFS


def _prepare(model: AudioVisualModel, video: Video, t_s: float, image: np.ndarray) -> _Moment:
    # Frames are large and the model's view is small, so each is shrunk as it comes.
    length_s = min(CLIP_S, max(video.duration_s, 0.2))
    start_s = min(max(0.0, t_s - CLIP_S / 2), max(0.0, video.duration_s - CLIP_S))
    waveform = video.audio_window(start_s, length_s)
    return _Moment(
        t_s=t_s,
        start_s=start_s,
        view=prepare_picture(image, model.config.image_spec),
        sound=prepare_sound(waveform, model.config.audio_spec),
        level_dbfs=measure_level_dbfs(waveform),
    )


@torch.no_grad()
def _locate(model: AudioVisualModel, moments: list[_Moment]) -> list[_Located]:
    device = next(model.parameters()).device
    views = torch.cat([moment.view for moment in moments]).to(device)
    sounds = torch.cat([moment.sound for moment in moments]).to(device)
    trace = model.trace(views, sounds)
    maps = trace.similarity[-1].cpu()  # (B, h, w)
    located = []
    for number, (moment, similarity) in enumerate(zip(moments, maps, strict=True)):
        silent = moment.level_dbfs < SILENT_DBFS
        window = Window(
            t_s=moment.t_s,
            start_s=moment.start_s,
            level_dbfs=moment.level_dbfs,
            silent=silent,
            audible_share=None if silent else measure_audible(trace, number),
            peak=None if silent else find_peak(similarity),
            mean_similarity=None if silent else float(similarity.mean()),
        )
        located.append((window, similarity))
    return located


def _blend(
    frames: list[tuple[float, np.ndarray]], last: _Located | None, located: list[_Located]
) -> Iterator[LocatedFrame]:
    """Give each frame its map; `last` was located before them, the last of `located` is theirs."""
    keys = located if last is None else [last, *located]
    after = 0
    for t_s, image in frames:
        while keys[after][0].t_s < t_s:
            after += 1
        (early, early_map), (late, late_map) = keys[max(after - 1, 0)], keys[after]
        share = (t_s - early.t_s) / (late.t_s - early.t_s) if late.t_s > early.t_s else 1.0
        early_weight, late_weight = (1 - share) * early.has_map, share * late.has_map
        yield LocatedFrame(
            t_s=t_s,
            image=image,
            similarity=early_weight * early_map + late_weight * late_map,
            strength=early_weight + late_weight,
            silent=late.silent,
            window=late if late.t_s == t_s else None,
        )
