"""Fields of a config that the paper does not have, each with the reason to switch it on."""

from dataclasses import field, fields, is_dataclass
from typing import Any


def departure(default: Any, why: str) -> Any:
    """A dataclass field that the paper does not have; `default` does what the paper does."""
    return field(default=default, metadata={"why": why})


def departures(config: Any) -> dict[str, str]:
    """The fields in which a config, or one within it, leaves the paper, each with its reason."""
    found: dict[str, str] = {}
    for f in fields(config):
        value = getattr(config, f.name)
        if is_dataclass(value):
            found |= departures(value)
        elif "why" in f.metadata and value != f.default:
            found[f.name] = f.metadata["why"]
    return found
