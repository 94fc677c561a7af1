"""Read and write pictures, whatever a person brings.

A picture is (H, W, 3) uint8 RGB. A file that cannot be used raises `MediaError`: one sentence that
names it and says what to do.
"""

from collections.abc import Iterable
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from sspl.media.files import MediaError, open_source, replace_when_done, with_suffix

MAX_PICTURE_PIXELS = 89_478_485  # Pillow's own limit, above which it suspects a decompression bomb

# Only these decoders may run on a stranger's file: Pillow's list also has EPS, which starts a
# PostScript interpreter.
_PICTURE_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "JPEG2000", "PPM", "AVIF")
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")

_WRITTEN_PICTURES = (".png", ".jpg", ".jpeg", ".webp")


def read_image(
    source: str | Path | bytes | Image.Image | np.ndarray, max_side_px: int | None = None
) -> np.ndarray:
    """Read a picture as (H, W, 3) uint8 RGB, upright.

    The rotation that cameras note in EXIF is applied; transparency is laid on white; palette,
    greyscale, 16-bit and CMYK become RGB; an animation gives its first frame.

    Args:
        source: A file or what it holds, a Pillow image, or an array (H, W), (H, W, 1), (H, W, 3)
            or (H, W, 4) uint8.
        max_side_px: Shrink so that neither side is longer (much quicker for large JPEGs).

    Raises:
        MediaError: It cannot be read, or has more than 89 megapixels.
    """
    if max_side_px is not None and max_side_px < 1:
        raise ValueError(f"max_side_px must be at least 1, not {max_side_px}.")
    if isinstance(source, np.ndarray):
        return _to_rgb(_from_array(source), "The picture array", max_side_px)
    if isinstance(source, Image.Image):
        return _to_rgb(source, "The picture", max_side_px)
    file, name = open_source(source, "The picture")
    formats = _PICTURE_FORMATS
    try:
        if is_heic := _starts_as_heic(file):
            import pi_heif  # it takes a moment to load, and few pictures need it

            pi_heif.register_heif_opener()
            formats += ("HEIF",)
        with Image.open(file, formats=formats) as image:
            _check_size(image, name)
            if max_side_px is not None:
                # JPEG can be decoded at 1/2, 1/4 or 1/8; twice the wanted size loses nothing.
                image.draft(None, (2 * max_side_px, 2 * max_side_px))
            return _to_rgb(image, name, max_side_px)
    except MediaError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(name) from error
    except Image.UnidentifiedImageError as error:
        raise (_damaged_picture if is_heic else _unknown_picture)(name) from error
    except Exception as error:  # as its readers of headers do
        raise _damaged_picture(name) from error


def write_image(path: str | Path, image: np.ndarray) -> None:
    """Write (H, W, 3) uint8 RGB as .png, .jpg or .webp, whole or not at all."""
    path = with_suffix(path, _WRITTEN_PICTURES)
    with replace_when_done(path) as unfinished:
        # subsampling 0 is 4:4:4: the usual halved colour smears the edges of a heat-map. PNG
        # takes no notice of either option.
        Image.fromarray(read_image(image)).save(unfinished, quality=95, subsampling=0)


def write_gif(path: str | Path, frames: Iterable[np.ndarray], seconds_per_frame: float) -> None:
    """Write (H, W, 3) uint8 frames of one size as a .gif that plays for ever."""
    path = with_suffix(path, (".gif",))
    if not 0.02 <= seconds_per_frame <= 600:
        raise ValueError(f"seconds_per_frame must lie in 0.02 to 600, not {seconds_per_frame}.")
    pictures = [_to_palette(Image.fromarray(read_image(frame))) for frame in frames]
    if not pictures:
        raise ValueError(f"There are no frames to write to {path.name}.")
    if len({picture.size for picture in pictures}) > 1:
        raise ValueError(f"The frames for {path.name} must all have one size.")
    with replace_when_done(path) as unfinished:
        pictures[0].save(
            unfinished,
            save_all=True,
            append_images=pictures[1:],
            duration=round(1000 * seconds_per_frame),
            loop=0,
        )


def _to_palette(image: Image.Image) -> Image.Image:
    """The 256 colours that fit best, dithered: without, a heat-map gets contour lines."""
    palette = image.quantize(256)
    return image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)


def _from_array(pixels: np.ndarray) -> Image.Image:
    """A Pillow image of the same pixels."""
    if pixels.dtype != np.uint8:
        raise MediaError(f"The picture array is {pixels.dtype}: pass uint8 values from 0 to 255.")
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    is_grey_or_colour = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))
    if pixels.size == 0 or not is_grey_or_colour:
        raise MediaError(f"The picture array has shape {pixels.shape}: pass (H, W, 3) RGB.")
    return Image.fromarray(pixels)


def _to_rgb(image: Image.Image, name: str, max_side_px: int | None) -> np.ndarray:
    """Decode an opened image, turn it upright and lay it on white; (H, W, 3) uint8."""
    _check_size(image, name)
    try:
        image = ImageOps.exif_transpose(image)
        if image.mode.startswith("I"):  # 16-bit grey; Pillow would cut at 255 where this divides
            image = Image.fromarray((np.asarray(image) // 257).clip(0, 255).astype(np.uint8))
        if image.mode == "F":
            raise ValueError("nothing says what is white in a picture of floats")
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        image = image.convert("RGB")
        if max_side_px is not None:
            image.thumbnail((max_side_px, max_side_px))
    except Exception as error:  # Pillow's decoders raise a dozen types
        raise _damaged_picture(name) from error
    return np.array(image)


def _check_size(image: Image.Image, name: str) -> None:
    if image.width * image.height > MAX_PICTURE_PIXELS:
        raise _too_large(name)


def _too_large(name: str) -> MediaError:
    limit = MAX_PICTURE_PIXELS // 1_000_000
    return MediaError(f"{name} has more than {limit} megapixels: shrink it first.")


def _damaged_picture(name: str) -> MediaError:
    return MediaError(
        f"{name} is a damaged or unusual picture: open it in a viewer and save it as PNG or JPEG."
    )


def _unknown_picture(name: str) -> MediaError:
    return MediaError(f"{name} is not a picture that can be read: save it as JPEG or PNG.")


def _starts_as_heic(file: Path | BytesIO) -> bool:
    with file.open("rb") if isinstance(file, Path) else nullcontext(file) as opened:
        start = opened.read(12)
        opened.seek(0)
    return start[4:8] == b"ftyp" and start[8:12] in _HEIC_BRANDS
