import csv
import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import soundfile
import torch

from sspl.audio import NUM_SAMPLES
from sspl.media.sounds import write_audio
from sspl.prepare.credits import read_attributions
from sspl.training import stand_ins
from sspl.training.mixtures import MixtureMaker
from sspl.training.sound_bank import AT_ONCE, CHUNK, draw_chunk, map_chunks, save_bank
from sspl.training.stand_ins import StandInConfig, find_stand_ins

CONFIG = StandInConfig(label="cat", tags=(81, 83), num=5, num_mixtures=80)


class Tagger:
    """A stub: of a clip's first samples it makes logits."""

    def __call__(self, clips):
        return clips[:, :100].mean(1, keepdim=True)

    def tag(self, embeddings):
        return torch.cat([embeddings * (tag - 82) * 9 + tag / 100 for tag in range(527)], 1)


def map_here(work, num_mixtures, size=40):
    """What `map_chunks` does, in chunks of 40 and in this process."""
    return map(partial(work, size=size), range(num_mixtures // size))


@pytest.fixture(autouse=True)
def tagger(monkeypatch):
    monkeypatch.setattr(stand_ins, "load_teacher", lambda weights_dir: Tagger())
    monkeypatch.setattr(stand_ins, "map_chunks", map_here)


def make_bank(path, num=6):
    clips = torch.randint(-9000, 9000, (num, NUM_SAMPLES), dtype=torch.int16)
    save_bank(path, clips, ["dog", "bell"] * (num // 2))
    return clips


def test_the_best_of_all_mixtures_are_kept(tmp_path):
    """Against all of them, drawn by hand and sorted."""
    clips = make_bank(tmp_path / "bank.pt")
    drawn = []
    for chunk in range(2):
        maker = MixtureMaker(clips, ["dog", "bell"] * 3, seed=1_000_003 * CONFIG.seed + chunk)
        drawn.append(torch.cat([maker.draw(32), maker.draw(8)]))
    tagger = Tagger()
    logits = tagger.tag(tagger(torch.cat(drawn)))
    products = torch.sigmoid(logits[:, 81]) * torch.sigmoid(logits[:, 83])
    order = products.argsort(descending=True)[:5].tolist()
    best = find_stand_ins(tmp_path / "bank.pt", CONFIG, None)
    assert [40 * one.chunk + one.index for one in best] == order
    for one, number in zip(best, order, strict=True):
        np.testing.assert_array_equal(one.clip, torch.cat(drawn)[number].numpy())
        assert np.prod(one.probabilities) == pytest.approx(products[number].item(), rel=1e-5)
        assert len(one.probabilities) == 2
    all_of_them = find_stand_ins(tmp_path / "bank.pt", replace(CONFIG, num=80), None)
    assert len(all_of_them) == 80
    assert [one.rank for one in all_of_them[:5]] == [one.rank for one in best]


def test_a_chunk_is_drawn_in_batches_to_its_last(tmp_path):
    make_bank(tmp_path / "bank.pt")
    sizes = [len(clips) for clips in draw_chunk(tmp_path / "bank.pt", 3, 2 * AT_ONCE + 1, seed=0)]
    assert sizes == [AT_ONCE, AT_ONCE, 1]


def test_chunks_are_whole_and_in_order_on_all_cores():
    assert [*map_chunks(describe_chunk, 2 * CHUNK + 1)] == [(i, CHUNK) for i in range(3)]


def describe_chunk(number, size):
    assert torch.get_num_threads() == 1
    return number, size


@pytest.fixture
def sounds(tmp_path):
    folder = tmp_path / "sounds"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        write_audio(folder / f"{name}.wav", rng.uniform(-0.5, 0.5, 48_000).astype(np.float32))
    return folder


def test_the_folder_is_one_of_sounds_and_says_what_they_are(tmp_path, sounds):
    out = tmp_path / "out"
    (out / ".unfinished-cat").mkdir(parents=True)  # of a run that was killed
    (out / ".unfinished-cat/0009.wav").write_text("half")
    stand_ins.main((sounds,), out, CONFIG, exclude=("b",))
    names = [f"{number:04d}.wav" for number in range(1, 6)]
    assert sorted(path.name for path in (out / "cat").iterdir()) == names
    for name in names:
        clip, rate_hz = soundfile.read(out / "cat" / name)
        assert (clip.shape, rate_hz) == ((NUM_SAMPLES,), 16_000)
        assert 0 < np.abs(clip).max() <= 0.86
    stated, faults = read_attributions(out)
    assert faults == []
    assert [*stated] == [f"cat/{name}" for name in names]
    first = stated["cat/0001.wav"]
    assert (first.source, first.split) == ("recordings in sounds, mixed", "train")
    meta = json.loads((out / "meta.json").read_text())["labels"]["cat"]
    best = meta["stand_ins"][0]
    assert first.title == (
        f"mixture {best['index']} of chunk {best['chunk']}, drawn with seed 11; mn04 hears tags "
        f"81 {best['probabilities'][0]:.3f}, 83 {best['probabilities'][1]:.3f}"
    )
    assert meta["config"]["tags"] == [81, 83]
    assert (meta["sounds"], meta["exclude"]) == ({"sounds": 1}, ["b"])
    assert meta["versions"]
    assert {path.name for path in out.iterdir()} == {"cat", "attributions.csv", "meta.json"}


def test_a_label_is_replaced_and_another_stays(tmp_path, sounds):
    out = tmp_path / "out"
    stand_ins.main((sounds,), out, CONFIG)
    before = (out / "cat/0001.wav").read_bytes()
    stand_ins.main((sounds,), out, replace(CONFIG, label="sheep", tags=(97,), num=3))
    stand_ins.main((sounds,), out, replace(CONFIG, num=2))
    assert (out / "cat/0001.wav").read_bytes() == before
    with (out / "attributions.csv").open(newline="") as file:
        files = [row["file"] for row in csv.DictReader(file)]
    there = [path.relative_to(out).as_posix() for path in out.rglob("*.wav")]
    assert sorted(files) == sorted(there)
    assert len(files) == 5


def test_a_persons_own_folder_is_left_alone(tmp_path, sounds):
    own = tmp_path / "out/cat"
    own.mkdir(parents=True)
    with pytest.raises(ValueError, match="holds something else: choose another --out"):
        stand_ins.main((sounds,), tmp_path / "out", CONFIG)
    assert own.exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"label": "../cat"}, "cannot be a folder's name"),
        ({"tags": ()}, "from 0 to 526"),
        ({"tags": (81, 527)}, "from 0 to 526"),
        ({"num": 0}, "num is at least 1"),
        ({"num": 81}, "at most num_mixtures"),
    ],
)
def test_a_wrong_configuration_says_what_is_allowed(wrong, said):
    with pytest.raises(ValueError, match=said):
        replace(CONFIG, **wrong)
