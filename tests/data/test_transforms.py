from dataclasses import replace
from typing import get_args

import pytest
import torch

from sspl.data.augmentations import AUGMENTATIONS, AugmentationName, augment
from sspl.data.normalisation import normalise_picture
from sspl.data.transforms import (
    ViewName,
    draw_crops,
    draw_views,
    make_views,
    random_views,
    resize_for_crops,
    whole_view,
)
from sspl.encoders import IMAGE_ENCODERS, IMAGENET, Normalisation

LARGE, SMALL = (replace(IMAGE_ENCODERS["tiny_vgg"], input_px=px) for px in (112, 56))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make_images(num: int = 4) -> torch.Tensor:
    return torch.randint(256, (num, 3, 64, 64), generator=seeded(), dtype=torch.uint8)


def cut_by_hand(resized: torch.Tensor, crop: torch.Tensor, px: int) -> torch.Tensor:
    """The window (3, px, px) of one picture, mirrored last."""
    row, column, mirrored = (int(number) for number in crop)
    window = resized[:, row : row + px, column : column + px]
    return window.flip(2) if mirrored else window


def test_views_are_windows_of_the_resized_picture():
    """Every crop is found in the picture at 123 px, mirrored or not."""
    images = torch.randint(256, (4, 3, 128, 128), dtype=torch.uint8)
    views = random_views(images, LARGE, torch.Generator().manual_seed(0))
    assert views.shape == (4, 3, 112, 112)
    for image, view in zip(images, views, strict=True):
        large = whole_view(image[None], replace(LARGE, input_px=123))[0]
        found = [
            torch.allclose(large[:, y : y + 112, x : x + 112], candidate, atol=1e-5)
            for y in range(12)
            for x in range(12)
            for candidate in (view, view.flip(2))
        ]
        assert any(found)


def test_views_follow_their_generator():
    images = torch.randint(256, (8, 3, 64, 64), dtype=torch.uint8)
    one, two, other = (
        random_views(images, SMALL, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_there_is_a_view_for_each_row_of_table_4():
    assert get_args(ViewName) == ("crop", "horizontal_flip", *get_args(AugmentationName))


def test_the_default_view_is_a_crop_that_is_mirrored_every_second_time():
    images, crops = make_images(60), draw_crops(60, 56, seeded(1))
    resized = resize_for_crops(images, 56)
    cuts = torch.stack([cut_by_hand(resized[i], crops[i], 56) for i in range(60)])
    assert torch.equal(random_views(images, SMALL, seeded(1)), normalise_picture(cuts, IMAGENET))
    assert torch.equal(draw_views(60, 56, seeded(1)), crops.float())
    assert crops[:, 2].unique().tolist() == [0, 1]


def test_a_crop_alone_is_never_mirrored():
    images, drawn = make_images(60), draw_views(60, 56, seeded(1), "crop")
    assert (drawn[:, 2] == 0).all()
    views = random_views(images, SMALL, seeded(1), "crop")
    mirrored = draw_crops(60, 56, seeded(1))[:, 2] == 1  # what the paper's view would do
    default = random_views(images, SMALL, seeded(1))
    assert torch.equal(views, torch.where(mirrored[:, None, None, None], default.flip(3), default))


@pytest.mark.parametrize("name", get_args(ViewName))
def test_every_view_is_cropped_where_the_others_are(name):
    """So that two rows of Table 4 differ in nothing but what they are named after."""
    drawn = draw_views(20, 56, seeded(4), name)
    assert drawn.dtype == torch.float32
    assert torch.equal(drawn[:, :2], draw_crops(20, 56, seeded(4))[:, :2].float())
    assert torch.equal(drawn, draw_views(20, 56, seeded(4), name))


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_an_augmentation_changes_the_crop_and_nothing_else(name):
    resized = resize_for_crops(make_images(20), 56)
    drawn = draw_views(20, 56, seeded(4), name)
    cuts = torch.stack([cut_by_hand(resized[i], drawn[i, :3], 56) for i in range(20)])
    views = make_views(resized, drawn, SMALL, name)
    assert torch.equal(views, normalise_picture(augment(cuts, name, drawn[:, 3:]), IMAGENET))
    changed = (views != normalise_picture(cuts, IMAGENET)).flatten(1).any(1)
    assert changed.any()
    part = torch.tensor([3, 17])  # another process's part of the batch
    assert torch.equal(make_views(resized[part], drawn[part], SMALL, name), views[part])


def test_the_whole_picture_is_squashed_to_a_square():
    view = whole_view(torch.full((1, 3, 40, 80), 128, dtype=torch.uint8), LARGE)
    assert view.shape == (1, 3, 112, 112)
    expected = (128 / 255 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor(
        [0.229, 0.224, 0.225]
    )
    torch.testing.assert_close(view[0, :, 50, 50], expected)


def test_the_encoder_says_how_a_picture_is_normalised():
    other = replace(
        LARGE, normalisation=Normalisation(mean=(0.5, 0.25, 0.0), deviation=(0.5, 1.0, 0.25))
    )
    view = whole_view(torch.full((1, 3, 40, 80), 128, dtype=torch.uint8), other)
    expected = [(128 / 255 - 0.5) / 0.5, 128 / 255 - 0.25, 4 * 128 / 255]
    assert view[0, :, 50, 50].tolist() == pytest.approx(expected, abs=1e-6)
