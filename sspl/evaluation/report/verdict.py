"""What a result says, in sentences: on what it was measured, above the floors or not, listening.

A result is what `python -m sspl.evaluate` gives as JSON.
"""

from collections.abc import Mapping, Sequence
from typing import Any

FLOORS = {"centre_disc": "centred disc", "mean_box": "mean box"}  # the others are words already
TOO_FEW = 30  # of fewer samples, an interval from resampling says little


def describe_measurement(
    result: Mapping[str, Any], protocol: str | None = None, n: int | None = None
) -> str:
    """What a number of this result must not stand without, in a line.

    Args:
        n: of how many samples, where not of all that were scored.
    """
    facts = {
        "protocol": protocol,
        "list": result["list"],
        "n =": result["n"] if n is None else n,
        "data": result["data"],
        "split": result["split"],
        "epoch chosen by": result["selection"],
        "checkpoint": result["checkpoint"],
    }
    line = "; ".join(f"{name} {fact}" for name, fact in facts.items() if fact is not None)
    return line[0].upper() + line[1:]


def compare_with_floor(result: Mapping[str, Any], protocol: str) -> str:
    """Whether the model is above its best floor, and beyond doubt, in a sentence."""
    scores = result["protocols"][protocol]
    score, (low, high) = scores["ciou_at_50"], scores["ci95"]
    start = f"Protocol {protocol}: cIoU@0.5 is {score:.3f}"
    interval = f"the 95% interval ({write_interval(scores['ci95'])})"
    best = find_best_floor(result, protocol)
    if best is None:
        return f"{start}, {interval}, with no floor to compare it with."
    name, floor = best
    ceiling = result.get("ceiling", {}).get(protocol, {"ciou_at_50": 1.0})["ciou_at_50"]
    if ceiling <= floor:
        return (
            f"{start}; its best floor ({name}, {floor:.3f}) is at the ceiling ({ceiling:.3f}) "
            "already, so that nothing better can be shown here."
        )
    side = "above" if score > floor else "below" if score < floor else "level with"
    doubt = "takes that floor in: it could be chance" if low <= floor <= high else "excludes it"
    if result["n"] < TOO_FEW:
        doubt += f" (it says little with n = {result['n']})"
    return f"{start}, {side} its best floor ({name}, {floor:.3f}); {interval} {doubt}."


def tell_listening(result: Mapping[str, Any]) -> str:
    """Whether the model listens, as far as other sounds tell, in a sentence or two."""
    heard = result["listening"]
    if "other" not in heard:
        return "Whether it listens is not known: there was no other class's sound to play."
    change, bounds = measure_change(result, "other")
    words = "Nothing shows that it tells one class's sound from another's"
    if bounds is not None and bounds[1] < 0:
        words = "It listens"
    elif bounds is not None and bounds[0] > 0:
        words = "It does not follow the sound"
    whose = "another class's" if result.get("per_class") else "another pair's"
    words += (
        f": with {whose} sound cIoU@0.5 changes by {change:+.3f} "
        f"({write_bounds(bounds, '+')}) under protocol {first_protocol(result)}, and the maps "
        f"correlate {heard['other']['map_correlation']:.3f} with those under the right one."
    )
    if heard["other"].get("n", result["n"]) < TOO_FEW:
        words += f" (It says little with n = {heard['other'].get('n', result['n'])}.)"
    if "active_area" in heard.get("silent", {}):
        words += (
            f" In silence {heard['silent']['active_area']:.3f} of the pictures stays on, where it "
            f"is {heard['right']['active_area']:.3f} under their own sounds."
        )
    return words


def first_protocol(result: Mapping[str, Any]) -> str:
    """The one under which cycles, listening and classes are scored."""
    return next(iter(result["protocols"]))


def list_floors(result: Mapping[str, Any], protocol: str) -> dict[str, Mapping[str, Any]]:
    """Each floor's scores under a protocol, by the floor's name in words."""
    floors: Mapping[str, Mapping[str, Any]] = result.get("floors", {})
    return {
        FLOORS.get(name, name): scores[protocol]
        for name, scores in floors.items()
        if protocol in scores
    }


def find_best_floor(result: Mapping[str, Any], protocol: str) -> tuple[str, float] | None:
    """The floor with the highest cIoU@0.5 under a protocol and that score, None without floors."""
    floors = {name: one["ciou_at_50"] for name, one in list_floors(result, protocol).items()}
    return max(floors.items(), key=lambda floor: floor[1], default=None)


def measure_change(
    result: Mapping[str, Any], sound: str
) -> tuple[float, tuple[float, float] | None]:
    """How cIoU@0.5 changes under another sound, and the 95 % interval of that, if there is one."""
    right, other = result["listening"]["right"], result["listening"][sound]
    return (
        other.get("score_change", other["ciou_at_50"] - right["ciou_at_50"]),
        other.get("score_change_ci95"),
    )


def write_bounds(bounds: Sequence[float] | None, sign: str = "") -> str:
    """An interval as a remark on a number."""
    return "no interval" if bounds is None else f"95% {write_interval(bounds, sign)}"


def write_interval(bounds: Sequence[float], sign: str = "") -> str:
    low, high = bounds
    return f"{low:{sign}.3f} to {high:{sign}.3f}"
