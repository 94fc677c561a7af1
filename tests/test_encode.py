import numpy as np
import pytest
import torch
from gloo_worker import make_pairs
from test_model import SMALL

from sspl.build import build_model
from sspl.data.transforms import random_views, whole_view
from sspl.encode import encode_pairs, encode_sounds
from sspl.training.views import CachedViews, FreshViews


@pytest.fixture(scope="module")
def model():
    return build_model(SMALL).eval()


def seeded(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_fresh_views_are_the_papers_views_of_the_chosen_pictures(model):
    pairs = make_pairs(6)
    views = FreshViews(model, pairs.images)
    indices = torch.tensor([4, 1])
    one, two = views.encode(indices, views.draw(2, seeded()))
    generator = seeded()
    for seen in (one, two):
        expected = model.encode_image(
            random_views(pairs.images[indices], SMALL.image_spec, generator)
        )
        torch.testing.assert_close(seen, expected)
    assert not torch.allclose(one, two)


def test_part_of_a_batch_sees_what_the_whole_batch_does(model):
    """So that several devices see together just what one would."""
    views = FreshViews(model, make_pairs(6).images)
    indices, drawn = torch.arange(6), views.draw(6, seeded())
    part = torch.tensor([2, 5])
    whole = views.encode(indices, drawn)
    for seen, expected in zip(views.encode(indices[part], drawn[part]), whole, strict=True):
        torch.testing.assert_close(seen, expected[part])


def test_cached_views_are_two_different_ones_of_the_same_picture(model):
    pairs = make_pairs(6)
    views = CachedViews(model, pairs.images, 3, seeded())
    generator = seeded()
    encoded = [
        model.encode_image(random_views(pairs.images, SMALL.image_spec, generator))
        for _ in range(3)
    ]
    drawn = views.draw(200, seeded())
    assert (drawn[:, 0] != drawn[:, 1]).all()
    assert set(drawn.flatten().tolist()) == {0, 1, 2}
    one, two = views.encode(torch.tensor([5]), torch.tensor([[2, 0]]))
    torch.testing.assert_close(one[0], encoded[2][5])
    torch.testing.assert_close(two[0], encoded[0][5])


@pytest.mark.parametrize("name", ["crop", "rotation", "colour_jitter"])
def test_views_are_augmented_as_asked_fresh_or_cached(model, name):
    images, indices = make_pairs(6).images, torch.arange(6)
    fresh = FreshViews(model, images, name)
    one, two = fresh.encode(indices, fresh.draw(6, seeded()))
    cached = CachedViews(model, images, 2, seeded(), name)
    generator = seeded()
    for view, seen in enumerate((one, two)):
        expected = model.encode_image(random_views(images, SMALL.image_spec, generator, name))
        torch.testing.assert_close(seen, expected)
        torch.testing.assert_close(cached.cache[view], expected)
    default = FreshViews(model, images)
    assert not torch.allclose(one, default.encode(indices, default.draw(6, seeded()))[0])


def test_a_cache_remembers_how_far_its_generator_came(model):
    """A second run takes it up there, and its steps see what the first one's did."""
    images, generator = make_pairs(6).images, seeded()
    before = generator.get_state()
    views = CachedViews(model, images, 2, generator)
    first = views.draw(50, generator)
    assert not torch.equal(views.generator_state, before)
    generator.set_state(views.generator_state)
    assert torch.equal(views.draw(50, generator), first)


def test_sounds_are_embedded_in_batches_as_one_by_one(model):
    sounds = torch.randn(53, 3, 96, 64)
    embedded = encode_sounds(model, sounds)
    assert embedded.shape == (53, 3, 64)
    torch.testing.assert_close(embedded[52:], model.encode_audio(sounds[52:]), atol=1e-5, rtol=1e-4)


def test_pairs_are_looked_at_whole_and_their_boxes_drawn(model):
    pairs = make_pairs(2)
    pairs.boxes.extend([np.array([[0.0, 0.0, 0.5, 1.0]])] * 2)
    encoded = encode_pairs(model, pairs)
    torch.testing.assert_close(
        encoded.visual, model.encode_image(whole_view(pairs.images, SMALL.image_spec))
    )
    assert encoded.ground_truth.shape == (2, 224, 224)
    assert encoded.ground_truth.mean() == pytest.approx(0.5)
