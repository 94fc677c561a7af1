"""The video tab: reports, cancels, refuses."""

import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from page_files import WITH

from sspl.explorer import uploads
from sspl.explorer.videos import Filming
from sspl.media.video import open_video
from sspl.media.video_writer import write_video


@pytest.fixture
def does(models):
    return Filming(models=models)


@pytest.fixture
def source(samples):
    return list(samples.values())[2].video


def test_a_video_is_described_before_anything_is_made_of_it(does, source):
    first, facts, heat = does.describe_video(str(source))
    assert (heat["value"], heat["visible"]) == (None, True)
    assert first["value"].shape == (96, 96, 3)
    assert facts == f"**{source.name}**: 2.0 s, 96 × 96 px, 5 frames a second"
    first, facts, heat = does.describe_video(None)
    assert (first["visible"], facts, heat["visible"]) == (False, "", False)


def test_a_heat_map_video_reports_and_can_be_watched(does, source):
    reports = []
    out = does.make_heat_map_video(
        str(source),
        WITH,
        SimpleNamespace(session_hash="one"),
        lambda share, desc: reports.append(share),
    )
    assert Path(out).name == f"{source.stem}-heat-map.mp4"
    with open_video(out) as video:
        assert video.duration_s == pytest.approx(2, abs=0.3)
    assert reports[-1] == 1
    assert reports == sorted(reports)


def test_a_cancelled_video_leaves_nothing_and_only_its_visitor_stops(does, source, tmp_path):
    one, two = SimpleNamespace(session_hash="one"), SimpleNamespace(session_hash="two")
    does.stops["two"] = threading.Event()
    stopped = does.make_heat_map_video(
        str(source), WITH, one, lambda share, desc: does.cancel_video(one)
    )
    assert stopped is None
    assert not does.stops["two"].is_set()
    assert not [path for path in (tmp_path / "gradio").rglob("*") if path.is_file()]
    does.leave(one)
    does.leave(two)
    assert does.stops == {}


def test_a_long_video_is_refused_with_what_to_do(does, monkeypatch, source):
    monkeypatch.setattr(uploads, "MAX_VIDEO_S", 0.5)
    with pytest.raises(ValueError, match="cut it to 0 s or less"):
        does.describe_video(str(source))


def test_a_silent_film_is_refused(does, tmp_path):
    write_video(tmp_path / "mute.mp4", [np.zeros((32, 32, 3), np.uint8)] * 4, 4)
    with pytest.raises(ValueError, match=r"mute\.mp4 has no sound"):
        does.describe_video(str(tmp_path / "mute.mp4"))
    with pytest.raises(ValueError, match=r"mute\.mp4 has no sound"):
        does.make_heat_map_video(
            str(tmp_path / "mute.mp4"), WITH, SimpleNamespace(session_hash="one"), print
        )


def test_a_model_that_is_not_here_is_an_error(does, source):
    with pytest.raises(ValueError, match="there is no model 'SSPL'"):
        does.make_heat_map_video(str(source), "SSPL", SimpleNamespace(session_hash="one"), print)
