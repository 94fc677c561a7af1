import math
from typing import get_args

import pytest
import torch
import torchvision.transforms.v2.functional as tv
from hypothesis import given
from hypothesis import strategies as st

from sspl.data.augmentations import AUGMENTATIONS, AugmentationName, augment

NUM = 4000


def draw(name: AugmentationName, num: int = NUM, seed: int = 0) -> torch.Tensor:
    return AUGMENTATIONS[name].draw(num, torch.Generator().manual_seed(seed))


def make_images(num: int = 4, px: int = 20) -> torch.Tensor:
    return torch.randint(256, (num, 3, px, px), dtype=torch.uint8)


def assert_share(happens: torch.Tensor, probability: float) -> None:
    """Within four standard deviations of a binomial share."""
    deviation = math.sqrt(probability * (1 - probability) / len(happens))
    assert happens.float().mean().item() == pytest.approx(probability, abs=4 * deviation)


def assert_uniform(values: torch.Tensor, low: float, high: float) -> None:
    """Inside, and a tenth of them in every tenth."""
    assert values.min() >= low
    assert values.max() <= high
    tenths = ((values - low) / (high - low) * 10).long().clamp(max=9)
    for tenth in range(10):
        assert_share(tenths == tenth, 0.1)


def test_all_names_of_table_s2_beyond_cropping_and_mirroring():
    assert tuple(AUGMENTATIONS) == get_args(AugmentationName)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_draws_follow_their_generator(name):
    assert torch.equal(draw(name, 8, seed=1), draw(name, 8, seed=1))
    assert not torch.equal(draw(name, 8, seed=1), draw(name, 8, seed=2))


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_each_picture_is_changed_by_its_own_numbers(name, batch, dtype):
    images = tv.to_dtype(make_images(batch), dtype, scale=True)
    drawn = draw(name, batch)
    changed = augment(images, name, drawn)
    assert changed.shape == images.shape
    assert changed.dtype == dtype
    assert changed.max() <= (255 if dtype == torch.uint8 else 1)
    assert changed.min() >= 0
    for i in range(batch):
        alone = augment(images[i : i + 1], name, drawn[i : i + 1])
        assert torch.equal(changed[i : i + 1], alone)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_pictures_are_left_as_they_were_given(name):
    images = make_images(32)
    before = images.clone()
    changed = augment(images, name, draw(name, 32))
    assert torch.equal(images, before)
    assert not torch.equal(changed, before)


def test_every_second_is_turned_upside_down():
    drawn = draw("vertical_flip")
    assert_share(drawn[:, 0] == 1, 0.5)
    images = make_images(2)
    changed = augment(images, "vertical_flip", torch.tensor([[1.0], [0.0]]))
    assert torch.equal(changed[0], images[0].flip(1))
    assert torch.equal(changed[1], images[1])


def test_translations_reach_a_fifth_of_the_side_either_way():
    drawn = draw("translation")
    for axis in range(2):
        assert_uniform(drawn[:, axis], -0.2, 0.2)
    assert abs(torch.corrcoef(drawn.T)[0, 1].item()) < 4 / math.sqrt(NUM)


@given(right=st.floats(-0.2, 0.2), down=st.floats(-0.2, 0.2), px=st.integers(8, 30))
def test_a_dot_lands_where_it_was_shifted_to(right, down, px):
    images = torch.zeros(1, 3, px, px)
    images[..., px // 2, px // 2] = 1
    changed = augment(images, "translation", torch.tensor([[right, down]]))
    right, down = torch.tensor([right, down]).tolist()  # as float32
    expected = torch.zeros_like(images)
    expected[..., px // 2 + round(down * px), px // 2 + round(right * px)] = 1
    assert torch.equal(changed, expected)


def test_what_translation_brings_in_is_black():
    images = torch.full((1, 3, 10, 20), 200, dtype=torch.uint8)
    changed = augment(images, "translation", torch.tensor([[0.2, -0.1]]))[0]
    assert (changed[:, :9, 4:] == 200).all()
    assert (changed[:, 9:] == 0).all()
    assert (changed[:, :, :4] == 0).all()


def test_rotations_are_by_quarter_turns():
    drawn = draw("rotation")
    for angle in (0, 90, 180, 270):
        assert_share(drawn[:, 0] == angle, 0.25)
    images = make_images(4)
    changed = augment(images, "rotation", torch.tensor([[0.0], [90.0], [180.0], [270.0]]))
    for turns in range(4):
        assert torch.equal(changed[turns], images[turns].rot90(turns, (1, 2)))


def test_every_fifth_loses_its_colours():
    assert_share(draw("grayscale")[:, 0] == 1, 0.2)
    images = make_images(2)
    gray, left = augment(images, "grayscale", torch.tensor([[1.0], [0.0]]))
    assert torch.equal(left, images[1])
    red, green, blue = images[0].float()
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    for channel in gray:
        torch.testing.assert_close(channel.float(), luma, atol=1.1, rtol=0)


def test_jitter_draws_three_factors_and_an_order():
    drawn = draw("colour_jitter")
    left = (drawn[:, :3] == 1).all(1)
    assert_share(left, 0.2)
    for factor in range(3):
        assert_uniform(drawn[~left, factor], 0.6, 1.4)
    for order in range(6):
        assert_share(drawn[:, 3] == order, 1 / 6)


def naive_jitter(image: torch.Tensor, factors: list[float], order: tuple[int, ...]) -> torch.Tensor:
    """A picture in [0, 1] is drawn away from black, from its mean luma, and from its own luma."""
    for i in order:
        luma = (image * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(0)
        anchor = (torch.zeros(()), luma.mean(), luma)[i]
        image = (anchor + factors[i] * (image - anchor)).clamp(0, 1)
    return image


@pytest.mark.parametrize(("number", "order"), [(0, (0, 1, 2)), (3, (1, 2, 0)), (5, (2, 1, 0))])
def test_jitter_changes_brightness_contrast_and_saturation_in_the_drawn_order(number, order):
    image, factors = torch.rand(3, 20, 20), [1.3, 0.7, 1.2]
    changed = augment(image[None], "colour_jitter", torch.tensor([[*factors, number]]))[0]
    # torchvision rounds the weights of luma in the fourth digit.
    torch.testing.assert_close(changed, naive_jitter(image, factors, order), atol=1e-3, rtol=0)


@pytest.mark.parametrize("order", range(6))
def test_factors_of_one_leave_a_picture_as_it_is(order):
    images = make_images(1)
    drawn = torch.tensor([[1.0, 1.0, 1.0, order]])
    assert torch.equal(augment(images, "colour_jitter", drawn), images)


def test_every_second_is_blurred_by_up_to_two_pixels():
    drawn = draw("gaussian_blur")[:, 0]
    assert_share(drawn > 0, 0.5)
    assert_uniform(drawn[drawn > 0], 0.1, 2.0)
    images = make_images(1)
    assert torch.equal(augment(images, "gaussian_blur", torch.zeros(1, 1)), images)


@pytest.mark.parametrize("sigma", [0.8, 1.0, 2.0])
def test_a_blurred_dot_spreads_by_its_deviation(sigma):
    images = torch.zeros(1, 3, 31, 31)
    images[..., 15, 15] = 1
    spread = augment(images, "gaussian_blur", torch.tensor([[sigma]]))[0, 0]
    steps = torch.arange(-15, 16).float()
    assert spread.sum().item() == pytest.approx(1, abs=1e-5)
    assert (spread.sum(0) * steps.square()).sum().item() == pytest.approx(sigma**2, rel=0.05)
    torch.testing.assert_close(spread, spread.T)
