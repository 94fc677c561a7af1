"""Sliding windows: every frame once, the right sound for each, maps blended, no map in silence."""

import math
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from sspl.encoders import AUDIO_ENCODERS, IMAGE_ENCODERS
from sspl.sliding_window import BATCH, is_silent, locate_frames, measure_level_dbfs

RATE_HZ = 16_000


class FakeVideo:
    """Frames whose grey is their number, and a sound that is silent up to a moment."""

    has_audio = True
    sample_rate_hz = RATE_HZ

    def __init__(self, duration_s: float, silent_until_s: float = 0.0):
        self.duration_s = duration_s
        self.silent_until_s = silent_until_s
        self.num_decoded = 0
        self.windows: list[tuple[float, float]] = []

    def frames(self, fps: float) -> Iterator[tuple[float, np.ndarray]]:
        for k in range(round(self.duration_s * fps)):
            self.num_decoded += 1
            yield k / fps, np.full((6, 8, 3), k % 256, np.uint8)

    def audio_window(self, start_s: float, duration_s: float) -> np.ndarray:
        self.windows.append((start_s, duration_s))
        t_s = start_s + np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
        tone = 0.1 * np.sin(2 * np.pi * 440 * t_s)
        return np.where(t_s < self.silent_until_s, 0, tone).astype(np.float32)


class FakeModel(torch.nn.Module):
    """Its map is a ramp times the frame's number, as far as that survives normalisation."""

    def __init__(self):
        super().__init__()
        self.config = SimpleNamespace(
            image_spec=replace(IMAGE_ENCODERS["tiny_vgg"], input_px=8),
            audio_spec=AUDIO_ENCODERS["tiny_vggish"],
        )
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.batches: list[int] = []

    def trace(self, images: torch.Tensor, log_mel: torch.Tensor) -> SimpleNamespace:
        assert images.shape[1:] == (3, 8, 8)
        assert log_mel.shape == (len(images), 3, 96, 64)
        self.batches.append(len(images))
        number = (images[:, 0].mean((1, 2)) * 0.229 + 0.485) * 255
        maps = number[:, None, None] * torch.linspace(0, 1, 16).reshape(4, 4)
        return SimpleNamespace(similarity=torch.stack([torch.zeros_like(maps), maps]), audible=None)


def run(video: FakeVideo, fps: float, maps_per_s: float = 8.0):
    model = FakeModel()
    return model, list(locate_frames(model, video, fps=fps, maps_per_s=maps_per_s))


@pytest.mark.parametrize(
    ("duration_s", "fps"), [(4.0, 24), (3.3, 30), (5.0, 4), (0.04, 25), (2.0, 60), (3.0, 29.97)]
)
def test_every_frame_comes_once_with_its_map(duration_s, fps):
    _, frames = run(FakeVideo(duration_s), fps)
    assert [frame.t_s for frame in frames] == [k / fps for k in range(round(duration_s * fps))]
    for k, frame in enumerate(frames):
        assert frame.image[0, 0, 0] == k
        assert frame.strength == pytest.approx(1)
        # The model's map grows linearly with the frame's number, so the blend of two must too.
        assert float(frame.similarity.max()) == pytest.approx(k, abs=0.05)
    assert frames[-1].window is not None


def test_maps_are_computed_at_the_rate_passed_and_in_batches():
    model, frames = run(FakeVideo(10.0), 24, maps_per_s=4)
    times_s = [frame.window.t_s for frame in frames if frame.window is not None]
    assert times_s == [*np.arange(0, 10, 0.25), frames[-1].t_s]
    assert model.batches == [BATCH] * 5 + [1]


def test_the_sound_around_each_moment_is_taken():
    video = FakeVideo(5.0)
    _, frames = run(video, 8)
    for frame in frames:
        assert frame.window is not None
        expected_s = min(max(frame.t_s - 1.5, 0), 2.0)
        assert frame.window.start_s == pytest.approx(expected_s)
    assert all(length_s == 3 for _, length_s in video.windows)


def test_all_of_a_short_sound_is_taken():
    video = FakeVideo(1.0)
    run(video, 8)
    assert set(video.windows) == {(0, 1.0)}


def test_silence_has_no_map():
    # Silent up to 6 s: windows that end before that hold nothing, so up to t = 4.5 s.
    _, frames = run(FakeVideo(12.0, silent_until_s=6.0), 24, maps_per_s=4)
    for frame in frames:
        window = frame.window
        if window is not None:
            assert window.silent == (frame.t_s <= 4.5)
            assert (window.peak is None) == (window.mean_similarity is None) == window.silent
            assert frame.strength == (not window.silent)
        if frame.t_s <= 4.5:
            assert frame.strength == 0
        elif frame.t_s < 4.75:  # the map of 4.75 s fades in, and only that one
            assert frame.strength == pytest.approx((frame.t_s - 4.5) / 0.25)
            assert float(frame.similarity.max()) / frame.strength == pytest.approx(114, abs=0.05)


def test_frames_are_not_kept_waiting_longer_than_a_batch():
    video = FakeVideo(30.0)
    longest = 0
    for index, _ in enumerate(locate_frames(FakeModel(), video, fps=24)):
        longest = max(longest, video.num_decoded - index)
    assert longest <= BATCH * 24 / 8


def test_nothing_comes_of_no_frames():
    assert run(FakeVideo(0.0), 24)[1] == []


@pytest.mark.parametrize("maps_per_s", [0, -1, math.nan])
def test_maps_per_second_must_be_positive(maps_per_s):
    with pytest.raises(ValueError, match="maps_per_s"):
        run(FakeVideo(1.0), 24, maps_per_s)


def test_a_video_must_be_opened_at_the_encoders_rate():
    video = FakeVideo(1.0)
    video.sample_rate_hz = 32_000
    with pytest.raises(ValueError, match="16000 Hz"):
        run(video, 24)


def test_levels():
    assert measure_level_dbfs(np.ones(100, np.float32)) == pytest.approx(0)
    assert measure_level_dbfs(np.full(100, -0.1, np.float32)) == pytest.approx(-20, abs=1e-4)
    assert measure_level_dbfs(np.zeros(100, np.float32)) == -120
    assert is_silent(np.full(100, 1e-3, np.float32))
    assert not is_silent(np.full(100, 2e-3, np.float32))
