import json

import numpy as np
import pytest
import torch
from encoders.test_mn04 import publish
from manifest_files import write_folder
from safetensors.torch import load_file, save_file

from sspl.audio import NUM_SAMPLES
from sspl.encoders import AUDIO_ENCODERS
from sspl.encoders.mn04 import make_network
from sspl.media.sounds import write_audio
from sspl.training import distill
from sspl.training.distill import DistillationLoss, DistillConfig
from sspl.training.sound_bank import list_sounds, read_sounds
from sspl.training.teacher import Teacher
from sspl.weights import read_weights

QUICK = DistillConfig(num_mixtures=24, epochs=2, batch_size=8)


@pytest.fixture
def weights(tmp_path):
    """A folder with a teacher whose weights are random, as mn04's are published."""
    folder = tmp_path / "weights"
    folder.mkdir()
    tensors = {k: v.contiguous() for k, v in publish(make_network()).items()}
    save_file(tensors, folder / "mn04_as.safetensors")
    return folder


@pytest.fixture
def sounds(tmp_path):
    folder = tmp_path / "sounds"
    folder.mkdir()
    rng = np.random.default_rng(0)
    write_audio(folder / "noise.wav", rng.uniform(-0.5, 0.5, 16_000).astype(np.float32))
    write_audio(folder / "tone.wav", np.sin(np.arange(160_000) * 0.2).astype(np.float32) * 0.5)
    write_audio(folder / "silent.wav", np.zeros(16_000, np.float32))
    (folder / "broken.wav").write_text("no sound")
    return folder


def test_clips_of_a_folder_are_cut_from_what_sounds(sounds, capsys):
    bank, kinds = read_sounds([sounds], [])
    assert bank.shape[1] == NUM_SAMPLES
    assert bank.dtype == torch.int16
    assert kinds.count("sounds") == 1 + 4  # of ten seconds at most four clips, of silence none
    assert kinds.count("orchestra") == len(kinds) - 5
    assert bank.abs().amax(1).float().min() > 600
    assert "left out: " in capsys.readouterr().err
    assert len(read_sounds([sounds], ["tone", "broken"])[1]) == len(kinds) - 4


def test_of_a_manifest_only_training_rows_are_heard_and_sources_can_be_left_out(tmp_path):
    folder = write_folder(tmp_path / "data", {"train": 3, "test": 2})
    names = [path.name for path, _ in list_sounds(folder, ())]
    assert sorted(names) == ["train0.wav", "train1.wav", "train2.wav"]
    manifest = folder / "manifest.jsonl"
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    for row in rows:
        row["audio_source"] = "closed:" + row["id"] if row["id"] == "train1" else "open:"
    manifest.write_text("\n".join(map(json.dumps, rows)))
    names = [path.name for path, _ in list_sounds(folder, ("closed:",))]
    assert sorted(names) == ["train0.wav", "train2.wav"]


@pytest.mark.parametrize("what", ["no folder", "nothing in it"])
def test_a_folder_without_sounds_is_one_sentence(tmp_path, what):
    folder = tmp_path / "empty"
    if what == "nothing in it":
        folder.mkdir()
    with pytest.raises(ValueError, match=r"name (one that|a folder)"):
        read_sounds([folder], [])


def test_the_loss_is_what_its_definition_says(weights):
    teacher = Teacher(weights)
    target, student = torch.randn(5, 384), torch.randn(5, 384)
    loss, missed = DistillationLoss(teacher, target, tags_weight=0.5)(student, target)
    deviation = target.std(0)
    naive = sum(
        ((student[b, a] - target[b, a]) / deviation[a]) ** 2 for b in range(5) for a in range(384)
    ) / (5 * 384)
    wanted, found = torch.sigmoid(teacher.tag(target)), torch.sigmoid(teacher.tag(student))
    divergence = wanted * (wanted / found).log()
    divergence = divergence + (1 - wanted) * ((1 - wanted) / (1 - found)).log()
    torch.testing.assert_close(missed, naive)
    torch.testing.assert_close(loss, naive + 0.5 * divergence.sum(1).mean())
    same, nothing = DistillationLoss(teacher, target, tags_weight=0.5)(target, target)
    assert nothing == 0
    assert same.abs() < 1e-4


@pytest.mark.slow
def test_a_student_is_made_goes_on_where_it_was_killed_and_fits_its_encoder(
    tmp_path, sounds, weights, monkeypatch
):
    (sounds / "broken.wav").unlink()
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    distill.main((sounds,), whole, QUICK, weights_dir=weights)
    meta = json.loads((whole / "meta.json").read_text())
    assert meta["teacher"] == "mn04"
    assert meta["sounds"] == {"sounds": 3}
    assert meta["missed_variance"] > 0

    step, steps = torch.optim.AdamW.step, []

    def die(*args, **kwargs):
        steps.append(1)
        if len(steps) == 4:  # in the second epoch
            raise KeyboardInterrupt
        return step(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", die)
        with pytest.raises(KeyboardInterrupt):
            distill.main((sounds,), killed, QUICK, weights_dir=weights)
    assert not (killed / "mn04_16k.safetensors").exists()
    distill.main((sounds,), killed, QUICK, weights_dir=weights)
    made = load_file(whole / "mn04_16k.safetensors")
    again = load_file(killed / "mn04_16k.safetensors")
    assert made.keys() == again.keys()
    for name, tensor in made.items():
        torch.testing.assert_close(again[name], tensor, msg=name)
    assert made["features.0.0.weight"].dtype == torch.half

    encoder = AUDIO_ENCODERS["mn04_16k"].build()
    encoder.load_state_dict(read_weights("mn04_16k", whole / "mn04_16k.safetensors"))
    assert next(encoder.parameters()).dtype == torch.float32
