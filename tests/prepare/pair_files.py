"""Small folders of pictures and sounds by class, and a program that stands for fluidsynth."""

import sys
from collections.abc import Callable
from pathlib import Path

from prepare.layout_files import write_picture, write_wav

# It plays a tone that tells the bank and the program of the MIDI file that it is given.
PROGRAM = """#!{python} -S
import math, struct, sys, wave
font, midi = sys.argv[-2:]
data = open(midi, "rb").read()
at = data.index(b"MTrk") + 9
drums = data[at] == 0xC9
program = data[at + 1] if drums else data[at + 5]
loud = 9000
{fault}
pitch_hz = 100 + 10 * program
frames = [int(loud * math.sin(2 * math.pi * pitch_hz * i / 8000)) for i in range(25600)]
with wave.open(sys.argv[sys.argv.index("-F") + 1], "wb") as file:
    file.setparams((1, 2, 8000, 0, "NONE", ""))
    file.writeframes(struct.pack("<25600h", *frames))
"""


def write_fluidsynth(folder: Path, fault: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "fluidsynth"
    path.write_text(PROGRAM.format(python=sys.executable, fault=fault))
    path.chmod(0o755)


def write_soundfont(path: Path) -> Path:
    """What begins like one."""
    path.write_bytes(b"RIFF\x04\x00\x00\x00sfbk")
    return path


def write_class_table(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["label,pictures,sounds", *rows]) + "\n", encoding="utf-8")
    return path


def write_classes(
    folder: Path, nums: dict[str, int], write: Callable[[Path], Path], suffix: str
) -> Path:
    """So many files of each class, called 00, 01, ...; one that is written and links to it."""
    sample = folder.parent / f"sample{suffix}"
    if not sample.exists():
        write(sample)
    for kind, num in nums.items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for i in range(num):
            path = folder / kind / f"{i:02d}{suffix}"
            path.write_bytes(sample.read_bytes())
    return folder


def write_voc(root: Path, *shown: str) -> Path:
    """A picture of each in each split, called by it; "dog-cat" shows two."""
    folder = root / "VOCdevkit/VOC2007"
    for name in ("Annotations", "ImageSets/Main", "JPEGImages"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    box = "<bndbox><xmin>11</xmin><ymin>21</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>"
    for split in ("train", "val", "test"):
        names = [f"{split}_{kinds}" for kinds in shown]
        (folder / f"ImageSets/Main/{split}.txt").write_text("\n".join(names) + "\n")
        for name, kinds in zip(names, shown, strict=True):
            things = "".join(
                f"<object><name>{kind}</name><difficult>0</difficult>{box}</object>"
                for kind in kinds.split("-")
            )
            size = "<size><width>100</width><height>50</height></size>"
            text = f"<annotation>{size}{things}</annotation>"
            (folder / f"Annotations/{name}.xml").write_text(text)
            write_picture(folder / f"JPEGImages/{name}.jpg")
    return root


def write_esc50(root: Path, licences: dict[str, str]) -> Path:
    """Two clips of one recording in each fold, of each category, with the licence given."""
    folder = root / "ESC-50-master"
    (folder / "meta").mkdir(parents=True, exist_ok=True)
    rows = ["filename,fold,target,category,esc10,src_file,take"]
    lines = ["# ESC-50", "## Licensing/attribution details for individual clips:", ""]
    for target, (category, licence) in enumerate(licences.items()):
        lines.append(f"{101 + target} - {category}:")
        for fold in range(1, 6):
            recording = 10000 + 100 * fold + target
            for take in "AB":
                clip = f"{fold}-{recording}-{take}"
                rows.append(
                    f"{clip}-{target}.wav,{fold},{target},{category},True,{recording},{take}"
                )
                lines.append(
                    f"- [{clip}.ogg]:  clip derived from a {category} ({fold}).wav "
                    f"(http://www.freesound.org/people/Some%20One/sounds/{recording}/) by Some One "
                    f"[{licence}]"
                )
                write_wav(folder / f"audio/{clip}-{target}.wav", 0.5)
    (folder / "meta/esc50.csv").write_text("\n".join(rows) + "\n")
    (folder / "LICENSE").write_text("\n".join(lines) + "\n")
    return root
