"""Samples: the manifest becomes scenes with titles, boxes, sounds and videos."""

import json

import pytest
from page_files import save_samples

from sspl.explorer.samples import load_samples


def test_samples_become_scenes(tmp_path):
    solo, silent, off_screen = save_samples(tmp_path / "samples")
    samples = load_samples(tmp_path / "samples", 64)
    assert list(samples) == [solo, silent, off_screen]
    scene = samples[solo].scene
    assert scene.picture.shape == (64, 64, 3)
    assert scene.sound.instruments == (scene.instruments[0].name,)
    assert scene.find_sources(scene.sound) == list(scene.instruments)
    assert samples[silent].scene.title.endswith(" silent")
    assert " off screen, " in samples[off_screen].scene.title
    assert samples[off_screen].scene.find_sources(samples[off_screen].scene.sound) == []
    assert samples[solo].video is None
    assert samples[off_screen].video == tmp_path / "samples" / f"{off_screen}.mp4"


def test_another_sound_of_a_picture_is_a_variant(tmp_path):
    folder = tmp_path / "samples"
    save_samples(folder)
    manifest = folder / "manifest.jsonl"
    row = json.loads(manifest.read_text().splitlines()[0]) | {"id": "swapped", "start_s": 0.5}
    with manifest.open("a") as file:
        file.write(json.dumps(row) + "\n")
    samples = load_samples(folder, 64)
    assert [sample.is_variant for sample in samples.values()] == [False, False, False, True]
    assert len(samples["swapped"].scene.sound.waveform) == int(1.5 * 16_000)


def test_a_folder_without_samples_is_a_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"manifest\.jsonl does not exist"):
        load_samples(tmp_path, 64)
