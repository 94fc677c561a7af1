"""Pictures as people have them: every format, every way in which one can be broken."""

import os
import warnings

import numpy as np
import pillow_heif
import pytest
from media_files import (
    QUARTERS,
    assert_one_sentence,
    corner_colours,
    cut_in_half,
    draw_quarters,
    write_phone_jpeg,
)
from PIL import Image

from sspl.media.files import MediaError
from sspl.media.pictures import read_image, write_gif, write_image


def assert_is_quarters(picture: np.ndarray, tolerance: int = 6) -> None:
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert picture.shape[2] == 3
    np.testing.assert_allclose(corner_colours(picture), QUARTERS, atol=tolerance)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp", ".tif", ".gif", ".avif"])
def test_read_image_formats(tmp_path, suffix):
    path = tmp_path / f"picture{suffix}"
    Image.fromarray(draw_quarters()).save(path)
    picture = read_image(path)
    assert picture.shape == (48, 64, 3)
    assert_is_quarters(picture, tolerance=12)


def test_read_image_turns_a_phone_picture_upright(tmp_path):
    path = write_phone_jpeg(tmp_path / "phone.jpg", 48, 64)
    with Image.open(path) as stored:
        assert stored.size == (64, 48), "it lies on its side in the file"
    picture = read_image(path)
    assert picture.shape == (64, 48, 3)
    assert_is_quarters(picture)


def write_heic(path, picture, orientation=1):
    """A picture as an iPhone writes it: upright by its EXIF."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    pillow_heif.from_pillow(picture).save(path, quality=90, exif=exif.tobytes())


def test_read_image_of_heic(tmp_path):
    y, x = np.mgrid[:60, :90]
    picture = np.stack([x * 2, y * 4, 255 - x], axis=2).astype(np.uint8)
    write_heic(tmp_path / "a.heic", Image.fromarray(picture))
    read = read_image(tmp_path / "a.heic")
    assert read.shape == (60, 90, 3)
    assert np.abs(read.astype(int) - picture).mean() < 4
    assert read_image((tmp_path / "a.heic").read_bytes(), 45).shape == (30, 45, 3)
    write_heic(tmp_path / "turned.heic", Image.fromarray(picture), orientation=6)
    turned = read_image(tmp_path / "turned.heic")
    assert turned.shape == (90, 60, 3)
    assert np.abs(turned.astype(int) - np.rot90(picture, -1)).mean() < 4


def test_read_image_of_damaged_heic_says_so(tmp_path):
    write_heic(tmp_path / "a.heic", Image.new("RGB", (300, 200), "teal"))
    whole = (tmp_path / "a.heic").read_bytes()
    for length in (20, len(whole) // 2, len(whole) - 20):
        (tmp_path / "a.heic").write_bytes(whole[:length])
        with pytest.raises(MediaError, match=r"a\.heic is"):
            read_image(tmp_path / "a.heic")


def test_read_image_of_12_megapixels(tmp_path):
    path = write_phone_jpeg(tmp_path / "phone.jpg", 3000, 4000)
    assert read_image(path).shape == (4000, 3000, 3)
    small = read_image(path, max_side_px=256)
    assert small.shape == (256, 192, 3)
    assert_is_quarters(small)


def test_read_image_max_side_never_enlarges():
    assert read_image(draw_quarters(20, 10), max_side_px=100).shape == (10, 20, 3)
    assert read_image(draw_quarters(20, 10), max_side_px=10).shape == (5, 10, 3)


def test_read_image_of_cmyk(tmp_path):
    path = tmp_path / "print.jpg"
    Image.fromarray(draw_quarters()).convert("CMYK").save(path, quality=95)
    assert_is_quarters(read_image(path))


def test_read_image_lays_transparency_on_white(tmp_path):
    rgba = np.dstack([draw_quarters(), np.full((48, 64), 255, np.uint8)])
    rgba[:24, :32, 3] = 0  # the top left quarter is clear
    rgba[:24, 32:, 3] = 128  # the top right one is half clear
    Image.fromarray(rgba).save(tmp_path / "a.png")
    colours = corner_colours(read_image(tmp_path / "a.png"))
    np.testing.assert_array_equal(colours[0], (255, 255, 255))
    # 30 and 170 at an opacity of 128 / 255 on white: 255 - 0.502 * (255 - c)
    np.testing.assert_allclose(colours[1], (142, 212, 142), atol=1)
    np.testing.assert_array_equal(colours[2:], QUARTERS[2:])


def test_read_image_of_a_palette_with_a_clear_colour(tmp_path):
    grey = Image.fromarray(np.repeat([[0, 1]], 8, axis=0).repeat(8, axis=1).astype(np.uint8))
    grey.putpalette([255, 0, 0, 0, 0, 255])
    grey.save(tmp_path / "a.png", transparency=0)
    picture = read_image(tmp_path / "a.png")
    assert tuple(picture[4, 2]) == (255, 255, 255)
    assert tuple(picture[4, 12]) == (0, 0, 255)


def test_read_image_of_16_bit_grey(tmp_path):
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)
    Image.fromarray(np.tile(ramp, (16, 1))).save(tmp_path / "deep.png")
    picture = read_image(tmp_path / "deep.png")
    np.testing.assert_array_equal(picture[8, :, 0], np.arange(256))


def test_read_image_refuses_floats(tmp_path):
    # Whether 1.0 or 255.0 is white, or anything else, is not written in the file.
    Image.fromarray(np.ones((8, 8), np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(MediaError, match=r"a\.tif"):
        read_image(tmp_path / "a.tif")


def test_read_image_gives_the_first_frame_of_an_animation(tmp_path):
    black = np.zeros((48, 64, 3), np.uint8)
    write_gif(tmp_path / "a.gif", [draw_quarters(), black], 0.5)
    assert_is_quarters(read_image(tmp_path / "a.gif"))


def test_read_image_of_arrays_and_pillow_images():
    colour = draw_quarters()
    np.testing.assert_array_equal(read_image(colour), colour)
    np.testing.assert_array_equal(read_image(Image.fromarray(colour)), colour)
    grey = colour[:, :, :1]
    np.testing.assert_array_equal(read_image(grey), np.repeat(grey, 3, axis=2))
    np.testing.assert_array_equal(read_image(grey[:, :, 0]), np.repeat(grey, 3, axis=2))
    for wrong in (colour / 255, colour[:, :, :2], np.zeros((0, 4, 3), np.uint8), colour[0, 0]):
        with pytest.raises(MediaError, match="picture array"):
            read_image(wrong)


def test_read_image_leaves_an_opened_picture_as_it_is(tmp_path):
    with Image.open(write_phone_jpeg(tmp_path / "phone.jpg", 480, 640)) as image:
        assert read_image(image, max_side_px=16).shape == (16, 12, 3)
        assert image.size == (640, 480)


def test_read_image_gives_an_array_of_its_own():
    colour = draw_quarters()
    picture = read_image(colour)
    picture[:] = 0
    assert_is_quarters(colour)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_read_image_of_bytes_is_that_of_the_file(tmp_path, suffix):
    path = tmp_path / f"picture{suffix}"
    Image.fromarray(draw_quarters()).save(path)
    np.testing.assert_array_equal(read_image(path.read_bytes()), read_image(path))
    phone = write_phone_jpeg(tmp_path / "phone.jpg", 480, 640)
    small = read_image(phone.read_bytes(), max_side_px=100)
    np.testing.assert_array_equal(small, read_image(phone, max_side_px=100))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a picture"),
        (b"noise" * 9, "not a picture"),
        (b"\0\0\0\x18ftypheic" + bytes(90), "damaged"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "damaged"),
    ],
)
def test_read_image_of_bytes_that_are_none(data, words):
    with pytest.raises(MediaError, match=words) as raised:
        read_image(data)
    assert_one_sentence(raised, "The picture")


def test_read_image_refuses_a_decompression_bomb(tmp_path):
    # A few kB that claim 10,000 x 9,000 pixels, which Pillow only warns about.
    Image.new("1", (10_000, 9_000)).save(tmp_path / "bomb.png")
    with pytest.raises(MediaError, match="megapixels") as raised:
        read_image(tmp_path / "bomb.png")
    assert_one_sentence(raised, "bomb.png")


def test_read_image_survives_broken_exif(tmp_path):
    exif = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + bytes(range(40))
    Image.fromarray(draw_quarters()).save(tmp_path / "a.jpg", exif=exif)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow: "Corrupt EXIF data"
        assert_is_quarters(read_image(tmp_path / "a.jpg"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("noise.jpg", np.random.default_rng(0).bytes(5000)),
        ("notes.png", b"These are only words.\n" * 20),
        ("phone.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)),
        ("page.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n"),
        ("empty.jpg", b""),
    ],
)
def test_read_image_refuses_what_is_not_a_picture(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MediaError) as raised:
        read_image(tmp_path / name)
    assert_one_sentence(raised, name)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_read_image_refuses_half_a_picture(tmp_path, suffix):
    path = tmp_path / f"half{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    cut_in_half(path)
    with pytest.raises(MediaError) as raised:
        read_image(path)
    assert_one_sentence(raised, path.name)


def test_read_image_refuses_missing_files_and_folders(tmp_path):
    for path in (tmp_path / "no.jpg", tmp_path):
        with pytest.raises(MediaError) as raised:
            read_image(path)
        assert_one_sentence(raised, path.name)


@pytest.mark.parametrize(("name", "tolerance"), [("a.png", 0), ("a.jpg", 6), ("a.webp", 6)])
def test_write_image_can_be_read_back(tmp_path, name, tolerance):
    write_image(tmp_path / name, draw_quarters(33, 21))
    assert os.listdir(tmp_path) == [name]
    picture = read_image(tmp_path / name)
    assert picture.shape == (21, 33, 3)
    assert_is_quarters(picture, tolerance)


def test_write_image_leaves_nothing_behind_when_it_fails(tmp_path):
    with pytest.raises(MediaError, match="end its name"):
        write_image(tmp_path / "a.xyz", draw_quarters())
    with pytest.raises(MediaError, match="picture array"):
        write_image(tmp_path / "a.png", draw_quarters() / 255)
    with pytest.raises(MediaError, match="make the folder"):
        write_image(tmp_path / "no" / "a.png", draw_quarters())
    assert os.listdir(tmp_path) == []


def test_write_gif_keeps_frames_and_times(tmp_path):
    frames = [np.roll(draw_quarters(), 8 * k, axis=1) for k in range(4)]
    write_gif(tmp_path / "a.gif", frames, 0.25)
    with Image.open(tmp_path / "a.gif") as gif:
        assert getattr(gif, "n_frames", 1) == 4
        assert gif.info["loop"] == 0
        for index, frame in enumerate(frames):
            gif.seek(index)
            assert gif.info["duration"] == 250
            error = np.abs(np.asarray(gif.convert("RGB"), int) - frame).mean()
            assert error < 3


def test_write_gif_refuses_no_frames_and_mixed_sizes(tmp_path):
    for frames in ([], [draw_quarters(), draw_quarters(10, 10)]):
        with pytest.raises(ValueError, match=r"a\.gif"):
            write_gif(tmp_path / "a.gif", frames, 0.25)
    assert os.listdir(tmp_path) == []
