"""Two roads of the sound into the map of a PCM model: as r_0 into the PCM, and as the query.

Which of them carries it is measured on the scene at hand, by sending another sound along one of
them, as the third lesson does over many scenes.

Letters: h w map.
"""

from collections.abc import Mapping
from typing import TypedDict

from torch import Tensor

from sspl.evaluation.negative_audio import correlate_maps
from sspl.explorer.encoding import encode_picture, encode_sound
from sspl.explorer.pcm_pass import NO_PCM, embed_sound, run_pass
from sspl.explorer.permalink import NOISE, SILENCE, choose_sounds, find_sound
from sspl.explorer.samples import Sample
from sspl.explorer.scenes import Scene, Sound
from sspl.media.pictures import read_image
from sspl.model import SSPL
from sspl.plots.overlay import overlay_map
from sspl.sliding_window import is_silent

FRAME_PX = 280
SAME, LITTLE = 0.01, 0.05  # of its own range: a map that moves by less stays, or changes little
APART = 3  # times: a road that moves the map so much more than the other carries the sound


class OtherSound(TypedDict):
    """A sound that can be sent along a road: a sample's id, or "silence" or "noise"."""

    key: str
    title: str


class RoadMap(TypedDict):
    """The map after the last cycle, with the other sound on none, one or both of the roads.

    Attributes:
        pcm: the PCM hears the other sound; `query`: it asks for the map.
        frame: drawn in the colours of the map under the own sound.
        correlation: with that map, -1 to 1.
        moved: how far it is from that map, as a mean over its places, in shares of its range.
    """

    pcm: bool
    query: bool
    frame: str
    correlation: float
    moved: float


class Roads(TypedDict):
    """What the sound does on each road.

    Attributes:
        own: the title of the scene's sound.
        other: of the one that is sent along a road; `audio` is None where it is too quiet to play.
        key: of the other; `others` are those to choose from.
        maps: of no road, the PCM's, the query's, and both.
        pcm: what the other sound does there, in words; `query` likewise.
        verdict: what that comes to.
    """

    own: str
    other: str
    key: str
    others: list[OtherSound]
    audio: str | None
    maps: list[RoadMap]
    pcm: str
    query: str
    verdict: str


def list_others(scene: Scene, samples: Mapping[str, Sample]) -> list[OtherSound]:
    """Sounds to send along a road, the most telling first.

    That is one whose source is in the picture and silent; else one of nothing that is there.
    """
    alike = {id: each for id, each in samples.items() if each.scene.drawn == scene.drawn}
    own, seen = set(scene.sound.instruments), {item.name for item in scene.instruments}

    def rank(sound: Sound) -> int:
        instruments = set(sound.instruments)
        return 0 if instruments <= seen - own else 2 if instruments & (seen | own) else 1

    sounds = {id: samples[id].scene.sound for id in reversed(choose_sounds(alike).values())}
    others = [id for id, sound in sounds.items() if sound.title != scene.sound.title]
    others.sort(key=lambda id: rank(sounds[id]))
    made = [key for key in (SILENCE, NOISE) if key != scene.sound.title]
    return [
        *({"key": id, "title": sounds[id].title} for id in others),
        *({"key": key, "title": key} for key in made),
    ]


def describe_roads(model: SSPL, scene: Scene, samples: Mapping[str, Sample], key: str) -> Roads:
    """Send another sound along each road, and measure what that does to the map.

    Args:
        key: of the other sound, of `list_others`; "" takes the first.
    Raises:
        ValueError: if the model has no PCM, or there is no such sound.
    """
    if model.pcm is None:
        raise ValueError(NO_PCM)
    others = list_others(scene, samples)
    key = key or others[0]["key"]
    other = find_sound(key, samples)
    own = run_pass(model, model.pcm, scene)
    sound, query = embed_sound(model, other)
    picture, maps = read_image(scene.picture, FRAME_PX), list[RoadMap]()
    reference: Tensor | None = None
    for as_query in (False, True):
        for in_pcm in (False, True):
            heard, asked = sound if in_pcm else own.sound, query if as_query else own.query
            similarity = model.trace_features(own.visual, heard, asked).similarity[-1].cpu()
            reference = similarity if reference is None else reference
            low, high = float(reference.min()), float(reference.max())
            moved = (similarity - reference).abs().mean() / max(high - low, 1e-12)
            maps.append(
                {
                    "pcm": in_pcm,
                    "query": as_query,
                    "frame": encode_picture(overlay_map(picture, similarity[0], span=(low, high))),
                    "correlation": float(correlate_maps(similarity, reference)[0]),
                    "moved": float(moved),
                }
            )
    _, by_pcm, by_query, _ = maps
    return {
        "own": scene.sound.title,
        "other": other.title,
        "key": key,
        "others": others,
        "audio": None if is_silent(other.clip) else encode_sound(other.clip),
        "maps": maps,
        "pcm": tell_road(by_pcm),
        "query": tell_road(by_query),
        "verdict": tell_roads(by_pcm["moved"], by_query["moved"]),
    }


def tell_road(changed: RoadMap) -> str:
    """What another sound on one road does to the map, in words and numbers."""
    moved, alike = changed["moved"], f"{changed['correlation']:.3f}".replace("-", "−")
    word = "stays as it was" if moved < SAME else "changes little" if moved < LITTLE else "changes"
    return f"the map {word}: it moves by {100 * moved:.1f} % of its range, correlation {alike}"


def tell_roads(by_pcm: float, by_query: float) -> str:
    """Which road carries the sound, of how far each moves the map, in shares of its range."""
    here = "For this picture and these two sounds"
    weak, strong = sorted((by_pcm, by_query))
    if strong < LITTLE:
        return (
            f"{here} neither road makes much of a difference: either the two are alike to this "
            "model, or it does not listen to them."
        )
    if strong < APART * weak:
        return f"{here} both roads carry the sound."
    carrier, idle = ("query", "PCM") if by_query > by_pcm else ("PCM", "query")
    rest = "makes no difference" if weak < SAME else "matters little"
    return f"{here} the {carrier} carries the sound; in the {idle} it {rest}."
