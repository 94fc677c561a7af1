import torch

from sspl.data.transforms import random_views, whole_view


def test_views_are_windows_of_the_resized_picture():
    """Every crop is found in the picture at 123 px, mirrored or not."""
    images = torch.randint(256, (4, 3, 128, 128), dtype=torch.uint8)
    views = random_views(images, 112, torch.Generator().manual_seed(0))
    assert views.shape == (4, 3, 112, 112)
    for image, view in zip(images, views, strict=True):
        large = whole_view(image[None], 123)[0]
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
        random_views(images, 56, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_the_whole_picture_is_squashed_to_a_square():
    view = whole_view(torch.full((1, 3, 40, 80), 128, dtype=torch.uint8), 112)
    assert view.shape == (1, 3, 112, 112)
    expected = (128 / 255 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor(
        [0.229, 0.224, 0.225]
    )
    torch.testing.assert_close(view[0, :, 50, 50], expected)
