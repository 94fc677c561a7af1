import json
import shutil
import subprocess

import format_1
import pytest
import torch
from test_model import OBJECTIVES, SMALL

import sspl
from sspl import checkpoint
from sspl.build import build_model
from sspl.checkpoint import load_checkpoint, save_checkpoint
from sspl.zoo.names import NAMES
from sspl.zoo.shipped import find_checkpoint, load_model


def test_a_checkpoint_rebuilds_the_model_bit_for_bit(tmp_path):
    model = build_model(SMALL, seed=7)
    save_checkpoint(model, tmp_path / "m", {"epoch": 3})
    loaded = load_model(tmp_path / "m", "cpu")
    assert loaded.config == SMALL
    assert not loaded.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name
    meta = json.loads((tmp_path / "m" / "meta.json").read_text())
    assert meta["epoch"] == 3
    assert {"config", "versions"} <= set(meta)
    assert {p.name for p in (tmp_path / "m").iterdir()} == {"model.safetensors", "meta.json"}


@pytest.mark.parametrize("config", OBJECTIVES, ids=lambda config: config.objective.name)
def test_a_checkpoint_of_any_objective_comes_back(tmp_path, config):
    model = build_model(config, seed=7)
    if model.target is not None:
        model.target.query[0].weight.zero_()
    save_checkpoint(model, tmp_path, {})
    loaded = load_checkpoint(tmp_path)
    assert loaded.config == config
    assert loaded.state_dict().keys() == model.state_dict().keys()
    for name, value in model.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name


def test_a_checkpoint_from_before_the_objectives_is_simsiams(tmp_path):
    model = build_model(SMALL)
    save_checkpoint(model, tmp_path, {})
    format_1.rewrite_checkpoint(tmp_path, SMALL)
    meta = json.loads((tmp_path / "meta.json").read_text())
    for name in ("objective", "label_guided", "train_eyes", "tie", "sound_error_weight"):
        del meta["config"][name]
    (tmp_path / "meta.json").write_text(json.dumps(meta))
    assert load_checkpoint(tmp_path).config == SMALL


def damage(folder, what):
    if what == "no weights":
        (folder / "model.safetensors").unlink()
    if what == "half the weights":
        data = (folder / "model.safetensors").read_bytes()
        (folder / "model.safetensors").write_bytes(data[: len(data) // 2])
    if what == "no meta":
        (folder / "meta.json").unlink()
    if what == "broken meta":
        (folder / "meta.json").write_text("{")
    if what == "another config":
        meta = json.loads((folder / "meta.json").read_text())
        meta["config"]["pcm_channels"] = 32
        (folder / "meta.json").write_text(json.dumps(meta))
    if what == "an unknown field":
        meta = json.loads((folder / "meta.json").read_text())
        meta["config"]["colour"] = "red"
        (folder / "meta.json").write_text(json.dumps(meta))
    if what == "an unknown objective":
        meta = json.loads((folder / "meta.json").read_text())
        meta["config"]["objective"]["name"] = "dino"
        (folder / "meta.json").write_text(json.dumps(meta))


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("no weights", "is missing"),
        ("half the weights", "not a checkpoint"),
        ("no meta", r"has no meta\.json"),
        ("broken meta", "not valid JSON"),
        ("another config", "not a checkpoint"),
        ("an unknown field", "not a checkpoint"),
        ("an unknown objective", "not a checkpoint of this version: no objective 'dino'"),
    ],
)
def test_broken_checkpoints_are_one_sentence(tmp_path, what, message):
    save_checkpoint(build_model(SMALL), tmp_path, {})
    damage(tmp_path, what)
    with pytest.raises(ValueError, match=message):
        load_checkpoint(tmp_path)


def test_unknown_names_say_what_there_is():
    with pytest.raises(ValueError, match="tiny, tiny-no-pcm"):
        find_checkpoint("huge")


@pytest.mark.parametrize("name", ["light", "paper", "paper-flickr10k"])
def test_presets_without_trained_weights_say_how_to_train_them(name):
    with pytest.raises(ValueError, match=r"no trained weights to ship.*sspl\.train"):
        load_model(name)


def test_a_failing_write_leaves_the_old_checkpoint(tmp_path):
    save_checkpoint(build_model(SMALL), tmp_path, {"epoch": 1})
    with pytest.raises(ValueError, match="JSON"):
        save_checkpoint(build_model(SMALL), tmp_path, {"epoch": float("nan")})
    assert json.loads((tmp_path / "meta.json").read_text())["epoch"] == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_models_load_and_say_where_they_come_from(name):
    model = load_model(name, "cpu")
    meta = json.loads((find_checkpoint(name) / "meta.json").read_text())
    assert meta["selection"] == "val"
    assert (meta["data"]["name"] == "orchestra") == (not name.startswith("photo"))
    assert bool(model.config.num_cycles) == (name != "tiny-no-pcm")


def test_the_shipped_models_are_small():
    files = [f for name in NAMES for f in find_checkpoint(name).iterdir()]
    assert sum(f.stat().st_size for f in files) < 14e6


def test_versions_name_the_package_and_can_be_written_as_json():
    versions = json.loads(json.dumps(checkpoint.versions()))
    assert versions["sspl"] == sspl.__version__
    assert versions.keys() == {"python", "torch", "sspl", "commit"}


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_commit_is_that_of_a_checkout_and_says_if_files_differ(tmp_path):
    def git(*words: str) -> str:
        who = ["-c", "user.name=A", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", *who, *words], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    package = tmp_path / "site-packages"
    package.mkdir()
    (tmp_path / "code.py").write_text("")
    assert checkpoint.find_commit(tmp_path) is None
    git("init")
    git("add", "code.py")
    git("commit", "-m", "Code")
    git("tag", "v1")
    checkpoint.find_commit.cache_clear()
    assert checkpoint.find_commit(tmp_path) == git("rev-parse", "HEAD")
    assert checkpoint.find_commit(package) is None  # installed into somebody's checkout
    (tmp_path / "code.py").write_text("1")
    assert not checkpoint.find_commit(tmp_path).endswith("dirty"), "a run does not change its code"
    checkpoint.find_commit.cache_clear()
    assert checkpoint.find_commit(tmp_path) == git("rev-parse", "HEAD") + "-dirty"


def test_without_git_there_is_no_commit(tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checkpoint.find_commit(tmp_path) is None
