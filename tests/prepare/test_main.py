import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from prepare.layout_files import (
    take_contents,
    take_snapshot,
    write_clip,
    write_flickr,
    write_lines,
)
from sspl.data.folder import open_pairs
from sspl.data.manifest import read_manifest
from sspl.media.pictures import write_image
from sspl.prepare.__main__ import DATASETS, run

ROOT = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-m", "sspl.prepare"]


@pytest.fixture
def source(tmp_path):
    return write_flickr(tmp_path / "5k", ["10", "20", "狗\x1b[31m"])


def test_the_real_command_line_from_faults_to_none(source, tmp_path, capsys):
    heard = source / "Data/audio/20.wav"
    heard.rename(tmp_path / "20.wav")
    mine = write_lines(tmp_path / "mine.txt", "10", "20", "狗\x1b[31m")
    out = tmp_path / "out"
    words = ["flickr", "--source", str(source), "--lists", str(mine), "--out", str(out)]

    done = subprocess.run(
        [*COMMAND, *words],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout == (
        f"flickr: 2 pairs are in {out} (2 test)\n"
        "mine: 2 of 3\n"
        "missing: 1\n"
        "  20: no sound of 20 was found.\n"
        "unreadable: 0\n"
        "skipped: 0\n"
        f"all of them: {out / 'report.json'}\n"
    )
    assert json.loads((out / "report.json").read_text())["options"] == {
        "lists": ["mine.txt"],
        "silent_list": None,
        "train_list": None,
    }
    before = take_snapshot(out / "images")
    (tmp_path / "20.wav").rename(heard)
    assert run(words) == 0
    assert "3 pairs" in capsys.readouterr().out
    assert {name: take_snapshot(out / "images")[name] for name in before} == before


def test_mistakes_are_a_sentence_and_2(source, tmp_path, capsys):
    def fail(*words) -> str:
        assert run([str(word) for word in words]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        return error

    out = tmp_path / "out"
    assert "is not a folder" in fail("flickr", "--source", tmp_path / "no", "--out", out)
    assert not out.exists()
    for wrong in (source, source / "new", tmp_path):
        assert "lie in one another" in fail("flickr", "--source", source, "--out", wrong)
    assert run(["flickr", "--source", str(source), "--out", str(out)]) == 0
    capsys.readouterr()
    write_clip(tmp_path / "films/a.mp4")
    error = fail("videos", "--source", tmp_path / "films", "--out", out)
    assert "holds flickr, not videos" in error
    with pytest.raises(SystemExit) as stopped:
        run(["flicker"])
    assert stopped.value.code == 2


def test_the_source_may_move_between_runs(source, tmp_path):
    mine = write_lines(tmp_path / "mine.txt", "10")
    out = str(tmp_path / "out")
    assert run(["flickr", "--source", str(source), "--out", out, "--lists", str(mine)]) == 0
    before = take_snapshot(tmp_path / "out/images")
    moved = source.rename(tmp_path / "moved")
    (tmp_path / "lists").mkdir()
    mine = mine.rename(tmp_path / "lists/mine.txt")
    assert run(["flickr", "--source", str(moved), "--out", out, "--lists", str(mine)]) == 0
    assert take_snapshot(tmp_path / "out/images") == before


def test_what_a_stranger_named_does_not_reach_the_terminal(source, tmp_path, capsys):
    (source / "Data/audio/狗\x1b[31m.wav").unlink()
    assert run(["flickr", "--source", str(source), "--out", str(tmp_path / "out")]) == 1
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "狗\\x1b[31m" in shown


def test_long_lists_of_reasons_are_cut(source, tmp_path, capsys):
    write_flickr(source, [f"more{i}" for i in range(10)])
    for path in (source / "Data/frames").glob("more*"):
        path.unlink()
    assert run(["flickr", "--source", str(source), "--out", str(tmp_path / "out")]) == 1
    shown = capsys.readouterr().out
    assert "missing: 10\n" in shown
    assert "  and 5 more\n" in shown
    assert len(json.loads((tmp_path / "out/report.json").read_text())["faults"]) == 10


def test_help_names_the_datasets(capsys):
    with pytest.raises(SystemExit):
        run(["--help"])
    shown = capsys.readouterr().out
    assert all(name in shown for name in DATASETS)


def test_ctrl_c_in_the_real_command_then_resume(tmp_path):
    num = 150
    source = write_flickr(tmp_path / "5k", ["0"])
    for i in range(1, num):
        for name in ("Annotations/{}.xml", "Data/frames/{}.jpg", "Data/audio/{}.wav"):
            os.link(source / name.format(0), source / name.format(i))
    out = tmp_path / "out"
    words = ["flickr", "--source", str(source), "--out", str(out)]
    process = subprocess.Popen(
        [*COMMAND, *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        # What a shell starts in the background ignores Ctrl-C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while process.poll() is None and len(list(out.glob("audio/*.flac"))) < 10:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate()
    assert process.returncode == 130, error
    assert error.splitlines()[-1] == "Stopped; nothing half-written is left."
    assert not list(out.rglob(".unfinished*"))
    kept = take_snapshot(out / "audio")
    assert 1 <= len(kept) < num
    assert not (out / "manifest.jsonl").exists()

    assert run(words) == 0
    assert len(read_manifest(out)) == num
    assert run([*words[:-1], str(tmp_path / "whole")]) == 0
    assert take_contents(out) == take_contents(tmp_path / "whole")


def test_shards_hold_the_pairs_and_follow_what_changes(source, tmp_path):
    out = tmp_path / "out"
    assert run(["flickr", "--source", str(source), "--out", str(out), "--shards"]) == 0
    before = [*open_pairs(out, "test").images.read(range(3))]
    write_image(source / "Data/frames/10.jpg", np.zeros((40, 60, 3), np.uint8))
    assert run(["flickr", "--source", str(source), "--out", str(out)]) == 0
    shutil.rmtree(out / "images")
    after = [*open_pairs(out, "test").images.read(range(3))]
    assert [torch.equal(a, b) for a, b in zip(before, after, strict=True)] == [False, True, True]
