"""A small folder of data, made by the tests: real jpg and wav files and their manifest."""

import json
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image


def write_folder(folder: Path, splits: dict[str, int]) -> Path:
    """So many rows of each split; the box of the sounding class is brighter than its picture."""
    folder.mkdir(parents=True)
    rng, rows = np.random.default_rng(0), []
    for split, num in splits.items():
        for i in range(num):
            name = f"{split}{i}"
            pixels = rng.integers(0, 90, (60, 80, 3), np.uint8)
            pixels[15:45, 20:60] += 120
            Image.fromarray(pixels).save(folder / f"{name}.jpg")
            tone = np.sin(np.arange(16_000) * (0.1 + 0.1 * (i % 2))) / 2
            soundfile.write(folder / f"{name}.wav", tone, 16_000)
            rows.append(
                {
                    "id": name,
                    "image": f"{name}.jpg",
                    "audio": f"{name}.wav",
                    "boxes": [[0.25, 0.25, 0.75, 0.75]],
                    "label": ("dog", "cat")[i % 2],
                    "split": split,
                }
            )
    write_rows(folder, rows)
    return folder


def write_rows(folder: Path, rows: list) -> None:
    text = "".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows)
    (folder / "manifest.jsonl").write_text(text, encoding="utf-8")


def write_embeddings(folder: Path, channels: int) -> Path:
    """Random embeddings of the folder's sounds, by the stems of their files."""
    names = sorted(path.stem for path in folder.glob("*.wav"))
    values = np.random.default_rng(1).random((len(names), channels)).astype(np.float16)
    np.savez(folder / "embeddings.npz", ids=np.array(names), embedding=values)
    return folder / "embeddings.npz"
