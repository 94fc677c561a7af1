"""Which of n pictures sounds: by hand, against a naive loop, and through the evaluator."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from test_model import SMALL

from sspl.build import build_model
from sspl.data.manifest import AnnotatedObject
from sspl.data.mosaics import list_tiles, make_mosaics
from sspl.data.pairs import Pairs, orchestra_pairs
from sspl.encode import encode_pairs, predict_maps
from sspl.evaluation.evaluator import EVERYTHING, Questions, evaluate_model
from sspl.evaluation.summary import list_samples, summarise_evaluation
from sspl.evaluation.test_sets import StreamedTestSet, encode_test_set
from sspl.evaluation.tile_accuracy import Tiles, choose_tile, find_tiles, mean_in_tiles
from sspl.metrics import bootstrap, upsample_map

LAYOUTS = [(1, 2), (2, 1), (2, 2)]


def test_means_by_hand():
    """Left 0 and 1, right 3 and 4, min-maxed by 4: up-sampling keeps each half's mean but for
    what crosses the middle, 1/8 of the step of a half pixel on either side."""
    maps = torch.tensor([[[0.0, 4.0], [0.0, 4.0]]])
    # From 0 to 1 in a line between the middles of the two: the left half holds 1/2 of a pixel
    # from 0 to 1/2, whose mean is 1/4, and 1/2 of a pixel of 0: 1/8 in all.
    assert mean_in_tiles(maps, (1, 2))[0].tolist() == pytest.approx([1 / 8, 7 / 8], abs=1e-4)
    assert mean_in_tiles(maps, (2, 1))[0].tolist() == pytest.approx([1 / 2, 1 / 2])
    assert mean_in_tiles(maps, (2, 2))[0].tolist() == pytest.approx(
        [1 / 8, 7 / 8, 1 / 8, 7 / 8], abs=1e-4
    )
    assert choose_tile(maps, (1, 2)).tolist() == [1]
    assert choose_tile(maps, (2, 1)).tolist() == [-1]  # level
    assert choose_tile(maps, (2, 2)).tolist() == [-1]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [7, 14, 224])
def test_means_are_those_of_the_metrics_up_sampled_maps(layout, size):
    """A naive loop over pixels; the metrics min-max after up-sampling, which scales all alike."""
    maps = torch.rand(3, size, size, generator=torch.Generator().manual_seed(size))
    means, chosen = mean_in_tiles(maps, layout), choose_tile(maps, layout)
    for one, found, tile in zip(upsample_map(maps).numpy(), means, chosen, strict=True):
        sums, counts = np.zeros(len(found)), np.zeros(len(found))
        for y in range(224):
            for x in range(224):
                k = y * layout[0] // 224 * layout[1] + x * layout[1] // 224
                sums[k] += one[y, x]
                counts[k] += 1
        naive = sums / counts
        assert tile == naive.argmax()
        # Equal but for one scale and one shift.
        slope, shift = np.polyfit(naive, found.numpy(), 1)
        np.testing.assert_allclose(naive * slope + shift, found.numpy(), atol=1e-6)


def test_stretching_does_not_matter_and_flat_is_none():
    maps = torch.rand(20, 14, 14, generator=torch.Generator().manual_seed(0))
    for layout in LAYOUTS:
        chosen = choose_tile(maps, layout)
        assert (chosen >= 0).all()
        np.testing.assert_array_equal(chosen, choose_tile(3 * maps - 7, layout))
        for flat in (0.0, 0.1, -1e-20):
            assert choose_tile(torch.full((2, 7, 7), flat), layout).tolist() == [-1, -1]


def test_one_map_for_all_and_mosaics_of_both_ways():
    maps = torch.zeros(1, 4, 4)
    maps[:, :, 2:] = 1  # the right half
    tiles = Tiles(num=2, layouts=[(1, 2), (1, 2), (2, 1), None], sounding=np.array([0, 1, 1, -1]))
    hits = tiles.find_hits(maps, np.arange(4))
    np.testing.assert_array_equal(hits, [0, 1, 0, np.nan])  # one above the other: level
    hits = tiles.find_hits(maps.repeat(2, 1, 1).flip(0), np.array([3, 1]))
    np.testing.assert_array_equal(hits, [np.nan, 1])


def test_mosaics_are_found_by_their_number_of_tiles():
    def show(layout):
        return tuple(
            AnnotatedObject(label=str(k), box=box, sounding=k == 1)
            for k, box in enumerate(list_tiles(layout))
        )

    objects = [show((1, 2)), (), show((2, 2)), show((2, 1)), show((1, 2))]
    pairs = Pairs(
        ids=list("abcde"), images=torch.zeros(5), sounds=torch.zeros(5), labels=[""] * 5,
        boxes=[np.ones((1, 4))] * 4 + [np.zeros((0, 4))], objects=objects,
    )  # fmt: skip
    two, four = find_tiles(pairs)
    assert (two.num, list(two.layouts)) == (2, [(1, 2), None, None, (2, 1), None])
    assert (four.num, list(four.layouts)) == (4, [None, None, (2, 2), None, None])
    assert find_tiles(dataclasses.replace(pairs, objects=[])) == []


# --- Through the evaluator --------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    return build_model(SMALL).eval()


@pytest.fixture(scope="module")
def mosaics():
    return make_mosaics(orchestra_pairs(seed=5, num=8, image_px=64), 2, seed=0)


def test_a_result_holds_the_hits_of_every_cycle_floor_and_sound(model, mosaics):
    (tiles,) = find_tiles(mosaics)
    test = StreamedTestSet(model, mosaics)
    found = evaluate_model(
        model, test, EVERYTHING, mosaics.draw_truth(range(8)).numpy(), None, tiles
    )
    result = summarise_evaluation(found, mosaics.labels)["mosaic"]
    encoded = encode_pairs(model, mosaics)
    maps = predict_maps(model, encoded.visual, encoded.embeddings)
    hits = [tiles.find_hits(after, np.arange(8)) for after in maps]
    assert (result["tiles"], result["chance"], result["n"]) == (2, 0.5, 8)
    assert [one["tile_accuracy"] for one in result["per_cycle"]] == [h.mean() for h in hits]
    assert result["tile_accuracy"] == hits[-1].mean()
    assert result["ci95"] == bootstrap(hits[-1], 0)
    assert result["listening"]["right"] == {k: result[k] for k in ("n", "tile_accuracy", "ci95")}
    assert {"other", "silent", "noise"} <= set(result["listening"])
    assert set(result["floors"]) == {"centre_disc", "mean_box", "saliency"}
    assert result["floors"]["centre_disc"]["tile_accuracy"] == 0  # it prefers none
    assert [row["finds_tile"] for row in list_samples(found, mosaics)] == hits[-1].tolist()
    json.dumps(result, allow_nan=False)


def test_encoded_before_or_read_the_same(model, mosaics):
    (tiles,) = find_tiles(mosaics)
    one, two = (
        evaluate_model(model, test, EVERYTHING, (), None, tiles).tile_hits
        for test in (StreamedTestSet(model, mosaics), encode_test_set(model, mosaics))
    )
    assert list(one) == list(two)
    for name, hits in one.items():
        np.testing.assert_array_equal(hits, two[name])


def test_nothing_about_tiles_where_they_are_not_asked_for(model, mosaics):
    found = evaluate_model(model, StreamedTestSet(model, mosaics), Questions())
    assert not found.tile_hits
    assert "finds_tile" not in list_samples(found, mosaics)[0]
