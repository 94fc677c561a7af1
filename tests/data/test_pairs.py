import torch

from sspl.audio import clip_log_mel
from sspl.data.orchestra import INSTRUMENTS, make_clip
from sspl.data.pairs import orchestra_boxes, orchestra_pairs


def test_pairs_are_the_clips_of_the_world():
    pairs = orchestra_pairs(seed=6, num=4, kinds=("solo", "duet"), image_px=64)
    assert len(pairs) == 4
    clip = make_clip(6, 3, "duet", 64)
    assert pairs.ids[3] == clip.id
    assert pairs.labels[3] == clip.label
    assert torch.equal(pairs.images[3], torch.from_numpy(clip.image).permute(2, 0, 1))
    torch.testing.assert_close(pairs.sounds[3], clip_log_mel(torch.from_numpy(clip.waveform)))
    assert pairs.boxes[3].shape == (2, 4)


def test_worker_processes_give_the_same_pairs():
    many = orchestra_pairs(seed=6, num=64, image_px=32)  # from here on workers draw
    few = orchestra_pairs(seed=6, num=3, image_px=32)
    assert torch.equal(many.images[:3], few.images)
    assert torch.equal(many.sounds[:3], few.sounds)


def test_fewer_instruments_make_more_pairs_of_one_class():
    pairs = orchestra_pairs(seed=6, num=12, kinds=("silent",), image_px=32, num_instruments=2)
    assert set(pairs.labels) == set(INSTRUMENTS[:2])
    assert {item.label for objects in pairs.objects for item in objects} == set(INSTRUMENTS[:2])
    boxes = orchestra_boxes(6, 12, ("silent",), num_instruments=2)
    for ours, theirs in zip(boxes, pairs.boxes, strict=True):
        assert (ours == theirs).all()


def test_boxes_are_those_of_the_pairs():
    pairs = orchestra_pairs(seed=6, num=4, kinds=("solo", "silent"))
    for ours, theirs in zip(orchestra_boxes(6, 4, ("solo", "silent")), pairs.boxes, strict=True):
        assert (ours == theirs).all()
