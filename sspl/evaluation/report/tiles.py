"""Which picture of a mosaic sounds, as a result says it: a sentence and a table."""

from collections.abc import Mapping
from typing import Any

from sspl.evaluation.report.document import Block, Cell, Table
from sspl.evaluation.report.verdict import (
    FLOORS,
    TOO_FEW,
    describe_measurement,
    write_bounds,
    write_interval,
)
from sspl.plots.charts import SOUNDS


def show_tiles(result: Mapping[str, Any]) -> list[Block]:
    """Tile accuracy after each cycle, under other sounds and of the floors; nothing without it."""
    found = result.get("mosaic")
    if not found:
        return []
    cycles = {f"t = {one['t']}": one for one in found["per_cycle"]}
    sounds = {
        name: found["listening"][sound]
        for sound, name in SOUNDS.items()
        if sound in found["listening"] and sound != "right"
    }
    floors = {f"floor: {FLOORS.get(name, name)}": one for name, one in found["floors"].items()}
    rows = {"model": found} | (cycles if len(cycles) > 1 else {}) | sounds | floors
    chance: tuple[Cell, ...] = ("chance", "", f"{found['chance']:.3f}")
    return [
        tell_tiles(result),
        Table(
            title=f"Which of {found['tiles']} pictures sounds",
            measured=describe_measurement(result, n=found["n"]),
            columns=("map", "n", "tile accuracy (95%)"),
            rows=[*((name, str(one["n"]), _write(one)) for name, one in rows.items()), chance],
            strong=0,
        ),
    ]


def tell_tiles(result: Mapping[str, Any]) -> str:
    """Whether the maps choose the picture that sounds, beyond chance, in a sentence."""
    found = result["mosaic"]
    accuracy, chance, (low, high) = found["tile_accuracy"], found["chance"], found["ci95"]
    words = "Nothing shows that it chooses by the sound"
    if low > chance:
        words = "It chooses by the sound"
    elif high < chance:
        words = "It chooses the sounding picture less often than chance would"
    words += (
        f": in {accuracy:.3f} of {found['n']} mosaics ({write_bounds(found['ci95'])}) the map is "
        f"strongest on the one of {found['tiles']} pictures that sounds, where chance is "
        f"{chance:.3f}"
    )
    if "other" in found["listening"]:
        other = found["listening"]["other"]["tile_accuracy"]
        words += f", and under the sound of another class it is {other:.3f}"
    doubt = f" (It says little with n = {found['n']}.)" if found["n"] < TOO_FEW else ""
    return f"{words}.{doubt}"


def _write(one: Mapping[str, Any]) -> Cell:
    return f"{one['tile_accuracy']:.3f}", write_interval(one["ci95"])
