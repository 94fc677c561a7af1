"""One picture under every trained variant, in groups that differ in one part.

Letters: T cycles.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import torch

from sspl.attention import FusionName, ScalingName
from sspl.evaluation.negative_audio import correlate_maps
from sspl.explorer.ablations.nearest import FUSION_WORDS, SCALING_WORDS, read_setting
from sspl.explorer.ablations.objectives import name_variant
from sspl.explorer.ablations.readings import Reading, draw_map, read_maps
from sspl.explorer.ablations.tracing import trace_variants
from sspl.explorer.scenes import Scene
from sspl.model import SSPL
from sspl.sliding_window import is_silent
from sspl.zoo.variants import TrainedVariant

SMALL_PX = 200

# By the key of a group of variants: what differs in it, and what that is.
GROUPS = {
    "cycles": ("Cycles of predictive coding", "how often the layers predict and correct, T"),
    "scaling": ("Scaling of the map", "before it weighs the features, Table 5"),
    "fusion": ("Fusion", "of picture and sound into one vector, Table S5"),
    "objective": ("Objective", "what training asks for"),
}


class Card(Reading):
    """The scene's map by a trained variant, and its correlation with that of the first.

    Its setting is cycles, scaling, fusion, objective.
    """

    name: str
    words: str
    frame: str
    alike: float
    setting: tuple[int, ScalingName, FusionName, str]


class CardName(TypedDict):
    """A variant in a group, by its name, and what it is there."""

    name: str
    words: str


class Group(TypedDict):
    """Variants that differ in one part; the first is what they all are compared with."""

    title: str
    hint: str
    cards: list[CardName]


class Variants(TypedDict):
    """The scene under every trained variant; `silent` where its sound is of nothing.

    A scene that is not drawn is nothing to them: then there are no cards and no groups.
    """

    title: str
    sound: str
    silent: bool
    cards: list[Card]
    groups: list[Group]


def describe_variants(
    models: Mapping[str, SSPL], variants: Sequence[TrainedVariant], scene: Scene
) -> Variants:
    """The map of the scene's sound by every variant; `models` by the variants' names."""
    if not scene.drawn:
        silent = is_silent(scene.sound.clip)
        sound = scene.sound.title
        return {"title": scene.title, "sound": sound, "silent": silent, "cards": [], "groups": []}
    maps = torch.stack([each[-1] for each in trace_variants(models, variants, scene)])
    alike = correlate_maps(maps, maps[:1].expand_as(maps)).tolist()
    order = {variant.name: each for variant, each in zip(variants, alike, strict=True)}
    boxes = scene.find_boxes(scene.sound)
    readings = read_maps(maps, boxes)
    groups: list[Group] = [
        {"title": title, "hint": hint, "cards": _list_group(variants, key, order)}
        for key, (title, hint) in GROUPS.items()
    ]
    return {
        "title": scene.title,
        "sound": scene.sound.title,
        "silent": is_silent(scene.sound.clip),
        "cards": [
            {
                "name": variant.name,
                "words": name_variant(variant),
                "frame": draw_map(scene, similarity, boxes, SMALL_PX),
                "alike": order[variant.name],
                "setting": _list_choices(variant),
                **reading,
            }
            for variant, similarity, reading in zip(variants, maps, readings, strict=True)
        ],
        # What differs comes first: second in a group, after what it is compared with.
        "groups": sorted(groups, key=lambda group: order[group["cards"][1]["name"]]),
    }


def _list_group(
    variants: Sequence[TrainedVariant], key: str, order: Mapping[str, float]
) -> list[CardName]:
    """Name and words of a group's variants, in order, after the first, which they differ from."""
    start, *others = variants
    c = start.config
    words = {
        "cycles": start.words,
        "scaling": SCALING_WORDS[c.scaling],
        "fusion": FUSION_WORDS[c.fusion],
        "objective": start.objective,
    }
    return [
        {"name": start.name, "words": words[key]},
        *(
            {"name": variant.name, "words": variant.words}
            for variant in sorted(others, key=lambda each: order[each.name])
            if variant.group == key
        ),
    ]


def _list_choices(variant: TrainedVariant) -> tuple[int, ScalingName, FusionName, str]:
    setting = read_setting(variant)
    return setting.cycles, setting.scaling, setting.fusion, setting.objective
