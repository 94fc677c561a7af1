"""Pairs from a folder with a manifest."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from sspl.data.inputs import apply_front_end
from sspl.data.manifest import IMAGE_PX, Row, read_manifest
from sspl.data.pairs import Pairs
from sspl.data.shards import Shards, open_shards
from sspl.data.stores import Store
from sspl.encoders import AUDIO_ENCODERS, AudioEncoderSpec
from sspl.media.pictures import read_image
from sspl.media.sounds import read_audio

VGGISH = AUDIO_ENCODERS["vggish"]


def open_pairs(
    folder: str | Path,
    split: str,
    embeddings: str | Path | None = None,
    *,
    list_name: str | None = None,
    num: int = 0,
    seed: int = 0,
    encoder: AudioEncoderSpec = VGGISH,
) -> Pairs:
    """The pairs of a split; pictures and sounds are read when they are needed.

    Out of the folder's shards, if it has some.

    Args:
        embeddings: an .npz with `ids` and `embedding` (N, A): the sounds as another network
            embedded them, by the stem of their file; the sounds themselves are not read.
        list_name: only rows on this clip list.
        num: so many rows, drawn at random by `seed`; 0 takes all.
        encoder: what the sounds are for.
    Raises:
        ValueError: as `read_manifest` and `Shards`, or if there are fewer rows than `num`. Reading
            raises one that names the row, if one of its files cannot be read; nothing is replaced.
    """
    rows = read_manifest(folder, split, list_name)
    if num > len(rows):
        raise ValueError(
            f"{folder} has {len(rows)} rows of split {split!r}, not {num}: take fewer with "
            "--data.num-train, or all of them with 0"
        )
    if num:
        rows = [rows[i] for i in sorted(np.random.default_rng(seed).permutation(len(rows))[:num])]
    return open_rows(rows, embeddings, open_shards(folder), encoder)


def open_rows(
    rows: Sequence[Row],
    embeddings: str | Path | None = None,
    shards: Shards | None = None,
    encoder: AudioEncoderSpec = VGGISH,
) -> Pairs:
    """The pairs of some of a folder's rows; `shards` are the folder's, see `open_pairs`."""
    if shards is not None:
        shards.check(rows)
    if embeddings is None:
        sounds = Store(partial(_read_sound, shards, encoder), rows)
    else:
        sounds = _find_embeddings(embeddings, rows)
    return Pairs(
        ids=[row.id for row in rows],
        images=Store(partial(_read_picture, shards), rows),
        sounds=sounds,
        boxes=[row.boxes for row in rows],
        labels=[row.label for row in rows],
        num_annotators=[row.num_annotators for row in rows],
        objects=[row.objects for row in rows],
        sound_names=[f"{row.audio}, {row.start_s}" for row in rows],
    )


def open_embeddings(path: str | Path) -> tuple[list[str], np.ndarray]:
    """The ids (N) and the embeddings (N, A) float32 of an .npz, see `open_pairs`.

    Raises:
        ValueError: if the file is not such a one.
    """
    try:
        with Path(path).open("rb") as opened, np.load(opened) as file:
            ids, embedding = file["ids"], file["embedding"].astype(np.float32)
    except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise ValueError(f"{path} is not an .npz with `ids` and `embedding`: {error}") from error
    if embedding.ndim != 2 or len(ids) != len(embedding):
        raise ValueError(f"{path}: `embedding` must be (N, A), a row for each of the N `ids`")
    if len(set(ids.tolist())) < len(ids):
        raise ValueError(f"{path}: an id comes twice in `ids`")
    if not np.isfinite(embedding).all():
        raise ValueError(f"{path}: an embedding holds NaN or infinite values")
    return [str(name) for name in ids], embedding


def _find_embeddings(path: str | Path, rows: Sequence[Row]) -> Tensor:
    """The embedding of each row's sound as its only patch: (N, 1, A) float32."""
    ids, embedding = open_embeddings(path)
    index = {name: i for i, name in enumerate(ids)}
    stems: dict[str, Path] = {}
    for row in rows:
        first = stems.setdefault(row.audio.stem, row.audio)
        if first != row.audio:
            raise ValueError(f"{first} and {row.audio} have one name in {path}: rename one")
    missing = [row for row in rows if row.audio.stem not in index]
    if missing:
        raise ValueError(f"{path} has no embedding for {missing[0].audio.name} ({missing[0].id})")
    return torch.from_numpy(embedding[[index[row.audio.stem] for row in rows]][:, None])


def _read_picture(shards: Shards | None, row: Row) -> Tensor:
    """(3, 256, 256) uint8."""
    try:
        pixels = read_image(shards.read(row.image) if shards else row.image)
        picture = Image.fromarray(pixels).resize((IMAGE_PX, IMAGE_PX))
    except ValueError as error:
        raise ValueError(f"row {row.id!r}: {error}") from error
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)


def _read_sound(shards: Shards | None, encoder: AudioEncoderSpec, row: Row) -> Tensor:
    """(P, *patch_shape) float32."""
    source = shards.read(row.audio) if shards else row.audio
    try:
        waveform = read_audio(source, row.start_s, sample_rate_hz=encoder.sample_rate_hz)
        return apply_front_end(torch.from_numpy(waveform), encoder)
    except ValueError as error:
        raise ValueError(f"row {row.id!r}: {error}") from error
