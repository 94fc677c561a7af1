"""Mosaics: every single picture sounds once, boxes move along, and no two classes are alike."""

import dataclasses
from collections import Counter

import numpy as np
import pytest
import torch

from sspl.data.manifest import AnnotatedObject
from sspl.data.mosaics import (
    LAYOUTS,
    find_layout,
    hide_tiles,
    list_tile_classes,
    list_tiles,
    make_mosaics,
    tile_truths,
)
from sspl.data.pairs import Pairs
from sspl.data.stores import Store, read_batches
from sspl.metrics import ground_truth

BOX = [0.2, 0.4, 0.6, 0.8]
LABELS = ["dog", "cat", "bird", "cow", "dog", "cat", "bird", "cow"]


def make_pairs(labels=LABELS, **changes) -> Pairs:
    """Picture i is of the colour (i, 10 i, 200), sound i is full of i."""
    num = len(labels)
    colours = torch.tensor([[i, 10 * i % 256, 200] for i in range(num)], dtype=torch.uint8)
    pairs = Pairs(
        ids=[f"p{i}" for i in range(num)],
        images=colours[:, :, None, None].repeat(1, 1, 8, 8),
        sounds=torch.arange(num).float()[:, None, None].repeat(1, 1, 4),
        boxes=[np.array([BOX])] * num,
        labels=list(labels),
        num_annotators=[1] * num,
        sound_names=[f"sound {i}" for i in range(num)],
    )
    return dataclasses.replace(pairs, **changes)


def list_classes(pairs: Pairs, index: int) -> list[str]:
    return [name for item in pairs.objects[index] for name in item.label.split("+")]


@pytest.mark.parametrize("num_tiles", [2, 4])
def test_each_pair_sounds_once_in_a_tile_that_is_drawn_fairly(num_tiles):
    pairs = make_pairs()
    mosaics = make_mosaics(pairs, num_tiles, 3)
    assert mosaics.ids == [f"p{i}-mosaic{num_tiles}" for i in range(8)]
    assert mosaics.labels == LABELS
    assert mosaics.sound_names == pairs.sound_names
    assert torch.equal(torch.stack(list(mosaics.sounds)), pairs.sounds)
    found = [find_layout(objects) for objects in mosaics.objects]
    assert {layout for layout, _ in found} == {LAYOUTS[num_tiles]}
    assert set(Counter(tile for _, tile in found).values()) == {8 // num_tiles}
    for i, (_, tile) in enumerate(found):
        assert mosaics.objects[i][tile].label == LABELS[i]
        assert len(set(list_classes(mosaics, i))) == num_tiles


def test_the_seed_draws_partners_and_tiles_and_nothing_else_does():
    def describe(seed):
        return [[(o.label, o.sounding) for o in m] for m in make_mosaics(pairs, 4, seed).objects]

    pairs = make_pairs()
    assert describe(1) == describe(1)
    assert describe(1) != describe(2)
    partners = {tuple(list_classes(make_mosaics(pairs, 2, seed), 0)) for seed in range(60)}
    assert partners == {p for c in ("cat", "bird", "cow") for p in (("dog", c), (c, "dog"))}


@pytest.mark.parametrize("num_tiles", [2, 4])
@pytest.mark.parametrize("stored", [False, True])
def test_pictures_stand_in_their_tiles_with_their_boxes(num_tiles, stored):
    pairs = make_pairs(["dog", "cat", "bird", "cow"])
    if stored:
        images, sounds = pairs.images, pairs.sounds
        pairs = dataclasses.replace(
            pairs,
            images=Store(lambda i: images[i], range(4)),
            sounds=Store(lambda i: sounds[i], range(4)),
        )
    mosaics = make_mosaics(pairs, num_tiles, 0)
    (images,), (sounds,) = read_batches(mosaics.images, 4), read_batches(mosaics.sounds, 4)
    assert images.shape == (4, 3, 8, 8)
    assert images.dtype == torch.uint8
    assert sounds[:, 0, 0].tolist() == [0, 1, 2, 3]
    for i, objects in enumerate(mosaics.objects):
        for item in objects:
            x0, y0, x1, y1 = (round(8 * v) for v in item.box)
            k = ["dog", "cat", "bird", "cow"].index(item.label)
            tile = images[i, :, y0:y1, x0:x1].flatten(1)
            assert tile.unique(dim=1)[:, 0].tolist() == [k, 10 * k, 200]
            assert tile.unique(dim=1).shape[1] == 1
            assert item.sounding == (k == i)


def test_a_box_moves_by_hand():
    """Into the right half: x from 0.2, 0.6 to 0.6, 0.8, y stays; below on the left y is halved."""
    for seed in range(20):
        for num_tiles, tile, moved in (
            (2, 1, [0.6, 0.4, 0.8, 0.8]),
            (4, 2, [0.1, 0.7, 0.3, 0.9]),
        ):
            mosaics = make_mosaics(make_pairs(), num_tiles, seed)
            if mosaics.objects[0][tile].sounding:
                np.testing.assert_allclose(mosaics.boxes[0], [moved])


def test_several_annotators_stay_several_and_nobodys_box_is_the_tile():
    people = [3, 0, 1, 1, 1, 1, 1, 1]
    boxes = [np.array([BOX, BOX, [0, 0, 0.5, 0.5]]), np.zeros((0, 4)), *[np.array([BOX])] * 6]
    mosaics = make_mosaics(make_pairs(num_annotators=people, boxes=boxes), 2, 0)
    assert mosaics.num_annotators == [3, *[1] * 7]
    assert mosaics.boxes[0].shape == (3, 4)
    (tile,) = [item.box for item in mosaics.objects[1] if item.sounding]
    np.testing.assert_array_equal(mosaics.boxes[1], [tile])


def test_no_tile_is_a_picture_without_a_source_or_a_mosaic():
    """Of a picture in which what sounds is not seen, the class of the sound says nothing."""
    boxes = [np.zeros((0, 4)), *[np.array([BOX])] * 7]
    halves = list_tiles((1, 2))
    ready = tuple(
        AnnotatedObject(label=name, box=box, sounding=name == "cat")
        for name, box in zip(("cat", "owl"), halves, strict=True)
    )
    objects = [(), ready, *[()] * 6]
    mosaics = make_mosaics(make_pairs(boxes=boxes, objects=objects), 4, 0)
    assert mosaics.ids == [f"p{i}-mosaic4" for i in range(2, 8)]
    (images,) = read_batches(mosaics.images, 6)
    assert not {0, 1} & set(images[:, 0].unique().tolist())
    assert mosaics.sounds[:, 0, 0].tolist() == [2, 3, 4, 5, 6, 7]


def test_pictures_that_share_a_class_do_not_stand_together():
    silent = AnnotatedObject(label="cow", box=(0.1, 0.1, 0.4, 0.4), sounding=False)
    labels = ["cello+flute", "cello", "flute", "tuba", "dog"]
    pairs = make_pairs(labels, objects=[(), (), (), (), (silent,)])
    for seed in range(30):
        mosaics = make_mosaics(pairs, 2, seed)
        for i in range(5):
            assert len(set(list_classes(mosaics, i))) == len(list_classes(mosaics, i))
    pairs = make_pairs(["cow", "dog"], objects=[(), (silent,)])
    with pytest.raises(ValueError, match="'p0' finds no 1 pictures of other classes"):
        make_mosaics(pairs, 2, 0)


def test_a_rare_combination_is_found():
    """Whoever takes the duet first has too few classes left."""
    pairs = make_pairs([*["a+b"] * 50, "a", "b", "c", "d"])
    with pytest.raises(ValueError, match="finds no 3 pictures"):
        make_mosaics(pairs, 4, 0)  # of a+b there are c and d only
    pairs = make_pairs(["c"] * 40 + ["d", "a", "b"])
    for seed in range(5):
        mosaics = make_mosaics(pairs, 4, seed)
        assert all(set(list_classes(mosaics, i)) == set("abcd") for i in range(43))


@pytest.mark.parametrize(
    ("pairs", "num_tiles", "message"),
    [
        (make_pairs(), 3, "a mosaic of 3: it has 2 or 4 tiles"),
        (
            make_pairs(["dog", "", ""]),
            2,
            "2 pairs have no label, 'p1' first: a mosaic needs labels",
        ),
        (make_pairs(["dog", "cat", "cow"]), 4, "finds no 3 pictures .* are cat, cow, dog"),
        (make_pairs(["dog"], boxes=[np.zeros((0, 4))]), 2, "no single photograph"),
    ],
)
def test_what_cannot_be_set_side_by_side_is_said(pairs, num_tiles, message):
    with pytest.raises(ValueError, match=message):
        make_mosaics(pairs, num_tiles, 0)


# --- Mosaics that are there already -----------------------------------------------------------


def make_objects(boxes, sounding=0):
    return tuple(
        AnnotatedObject(label=str(k), box=tuple(box), sounding=k == sounding)
        for k, box in enumerate(boxes)
    )


@pytest.mark.parametrize("layout", [(1, 2), (2, 1), (2, 2), (1, 3), (3, 3)])
def test_a_mosaic_is_known_by_its_tiles_in_any_order(layout):
    tiles = list_tiles(layout)
    for sounding in range(len(tiles)):
        assert find_layout(make_objects(tiles, sounding)) == (layout, sounding)
        other = len(tiles) - 1 - sounding
        assert find_layout(make_objects(tiles[::-1], sounding)) == (layout, other)
    rounded = [[round(v, 3) for v in box] for box in tiles]
    assert find_layout(make_objects(rounded)) == (layout, 0)


@pytest.mark.parametrize(
    "boxes",
    [
        [],
        [[0, 0, 1, 1]],
        [[0, 0, 0.4, 1], [0.4, 0, 1, 1]],
        [[0, 0, 0.5, 1], [0, 0, 0.5, 1]],
        [[0, 0, 0.5, 1], [0.5, 0, 1, 0.5]],
        [[0, 0, 0.5, 0.5], [0.5, 0, 1, 0.5], [0, 0.5, 0.5, 1]],
        [[0.1, 0.1, 0.1001, 0.1001], [0.5, 0, 1, 1]],
    ],
)
def test_other_objects_are_no_mosaic(boxes):
    assert find_layout(make_objects(boxes)) is None


def test_two_that_sound_are_a_duet_and_no_mosaic():
    both = [dataclasses.replace(o, sounding=True) for o in make_objects(list_tiles((1, 2)))]
    assert find_layout(both) is None
    assert find_layout(make_objects(list_tiles((1, 2)), sounding=7)) is None


def test_classes_of_mosaics_alone():
    mosaics = make_mosaics(make_pairs(), 2, 0)
    assert list_tile_classes(mosaics)[0] == set(list_classes(mosaics, 0))
    duet = make_objects([[0, 0, 0.3, 1], [0.5, 0, 1, 1]])
    mixed = dataclasses.replace(mosaics, objects=[duet, *mosaics.objects[1:]])
    assert list_tile_classes(mixed)[0] == set()
    assert hide_tiles(mixed).objects == [duet, *[()] * 7]
    assert list_tile_classes(make_pairs()) == []
    assert list_tile_classes(dataclasses.replace(mosaics, objects=[duet] * 8)) == []


@pytest.mark.parametrize("num_tiles", [2, 4])
def test_a_truth_in_every_tile_is_the_mean_of_its_places(num_tiles):
    truth = ground_truth([[0.25, 0.5, 0.75, 1.0]], 1)
    (spread,) = tile_truths([truth], num_tiles)
    by_tile = []
    for x0, y0, x1, y1 in list_tiles(LAYOUTS[num_tiles]):
        w, h = x1 - x0, y1 - y0
        by_tile.append(ground_truth([[x0 + 0.25 * w, y0 + 0.5 * h, x0 + 0.75 * w, y0 + h]], 1))
    np.testing.assert_array_equal(spread, np.sum(by_tile, axis=0))
