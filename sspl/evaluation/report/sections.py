"""A result as sections of a document, in the order in which they are read."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from sspl.evaluation.examples import Example
from sspl.evaluation.report.document import (
    Block,
    Cell,
    Chart,
    Gallery,
    Headline,
    Points,
    Section,
    Shot,
    Table,
    Terms,
)
from sspl.evaluation.report.sheets import (
    SCALE_NOTE,
    describe_ciou,
    group_samples,
    listening_figure,
    name_example,
    paint_maps,
    pick_listening,
    sample_sheet,
)
from sspl.evaluation.report.tiles import show_tiles, tell_tiles
from sspl.evaluation.report.verdict import (
    compare_with_floor,
    describe_measurement,
    find_best_floor,
    first_protocol,
    list_floors,
    measure_change,
    tell_listening,
    write_bounds,
    write_interval,
)
from sspl.evaluation.report.words import MORE_WORDS, WORDS
from sspl.plots.charts import (
    SOUNDS,
    pick_classes,
    plot_classes,
    plot_cycles,
    plot_negative_audio,
    plot_success,
)

SCORES = {"ciou_at_50": "cIoU@0.5", "auc": "AUC", "mean_ciou": "mean cIoU"}
CYCLE_SCORES = SCORES | {"prediction_error": "1 - cos(s, p0)"}
INTERVALS = {"ciou_at_50": "ci95", "auc": "auc_ci95"}  # of a score: the key of its interval
OFFSCREEN = {"ap": "AP", "max_f1": "max-F1", "loc_acc": "LocAcc"}
MULTI_SOURCE = {"ciou_at_30": "CIoU@0.3", "auc": "AUC", "nsa": "NSA"}


def describe_result(result: Mapping[str, Any], examples: Sequence[Example] = ()) -> list[Section]:
    """Everything that is to be said about a result; what it does not hold is left out."""
    sections = [
        Section(title="In short", blocks=_summarise(result)),
        Section(title="Scores, floors, ceiling", blocks=_show_scores(result)),
        Section(title="Success curves", blocks=_show_curves(result)),
        Section(title="Cycle by cycle", blocks=_show_cycles(result)),
        Section(title="Does it listen?", blocks=_show_listening(result, examples)),
        Section(title="Which picture sounds?", blocks=show_tiles(result)),
        Section(title="Best, median, worst", blocks=_show_samples(result, examples)),
        Section(title="Class by class", blocks=_show_classes(result)),
        Section(title="How it was measured", blocks=_tell_how(result)),
    ]
    return [section for section in sections if section.blocks]


def explain_words(result: Mapping[str, Any]) -> Section:
    """What the words of this result mean."""
    more = [words for key, words in MORE_WORDS.items() if result.get(key)]
    words = WORDS | {word: meaning for words in more for word, meaning in words.items()}
    return Section(title="What the words mean", blocks=[Terms(meanings=words)])


def _summarise(result: Mapping[str, Any]) -> list[Block]:
    first = first_protocol(result)
    scores = result["protocols"][first]
    numbers = [
        (f"{scores[key]:.3f}", SCORES[key], write_bounds(scores[interval]))
        for key, interval in INTERVALS.items()
    ]
    best = find_best_floor(result, first)
    if best is not None:
        numbers.append((f"{best[1]:.3f}", "best floor, cIoU@0.5", best[0]))
    if "other" in result["listening"]:
        change, bounds = measure_change(result, "other")
        words = "change with another class's sound"
        numbers.append((f"{change:+.3f}", words, write_bounds(bounds, "+")))
    verdicts = [compare_with_floor(result, protocol) for protocol in result["protocols"]]
    tiles = [tell_tiles(result)] if result.get("mosaic") else []
    return [
        Headline(numbers=numbers),
        f"{describe_measurement(result, first)}.",
        Points(points=[*verdicts, tell_listening(result), *tiles]),
    ]


def _show_scores(result: Mapping[str, Any]) -> list[Block]:
    blocks: list[Block] = [
        Table(
            title=f"Protocol {protocol}",
            measured=describe_measurement(result, protocol),
            columns=("map", "cIoU@0.5 (95%)", "AUC (95%)", "mean cIoU"),
            rows=[(name, *_write_scores(one)) for name, one in _compare(result, protocol).items()],
            strong=0,
        )
        for protocol in result["protocols"]
    ]
    if result.get("extended"):
        without = result["num_without_source"]
        measured = describe_measurement(result, n=result["n"] + without)
        table = Table(
            title="Is the source seen, and where?",
            measured=f"{measured}; {without} of them show nothing that sounds",
            columns=("protocol", *OFFSCREEN.values()),
            rows=[
                (protocol, *_write_numbers(one, OFFSCREEN))
                for protocol, one in result["extended"].items()
            ],
        )
        blocks.append(table)
    if result.get("multi_source"):
        table = Table(
            title="Several instruments in the picture",
            measured=describe_measurement(result, n=result["multi_source"]["n"]),
            columns=("map", *MULTI_SOURCE.values()),
            rows=[("model", *_write_numbers(result["multi_source"], MULTI_SOURCE))],
        )
        blocks.append(table)
    return blocks


def _show_curves(result: Mapping[str, Any]) -> list[Block]:
    blocks: list[Block] = []
    for protocol in result["protocols"]:
        models = {n: one["curve"] for n, one in _list_models(result, protocol).items()}
        floors = {n: one["curve"] for n, one in list_floors(result, protocol).items()}
        ceiling = result.get("ceiling", {}).get(protocol, {}).get("curve")
        chart = Chart(
            file=f"success-{protocol}.svg",
            draw=partial(plot_success, models, floors, ceiling, f"protocol {protocol}"),
            alt=f"Curves that fall from 1: the share of samples that reach each cIoU, protocol "
            f"{protocol}. Their heights at 0.5 are the cIoU@0.5 of the table.",
            caption=describe_measurement(result, protocol),
        )
        blocks.append(chart)
    return blocks


def _show_cycles(result: Mapping[str, Any]) -> list[Block]:
    first, cycles = first_protocol(result), result["per_cycle"]
    measured = describe_measurement(result, first)
    columns = {key: title for key, title in CYCLE_SCORES.items() if key in cycles[0]}
    table = Table(
        title="Scores after each cycle",
        measured=measured,
        columns=("cycle", *columns.values()),
        rows=[(f"t = {one['t']}", *_write_numbers(one, columns)) for one in cycles],
        strong=len(cycles) - 1,
    )
    if len(cycles) == 1:
        return [table]
    chart = Chart(
        file="cycles.svg",
        draw=partial(plot_cycles, cycles, f"protocol {first}"),
        alt=f"cIoU@0.5 and AUC over the cycles 1 to {len(cycles)}, as in the table.",
        caption=measured,
    )
    return [table, chart]


def _show_listening(result: Mapping[str, Any], examples: Sequence[Example]) -> list[Block]:
    first = first_protocol(result)
    heard = {sound: result["listening"][sound] for sound in SOUNDS if sound in result["listening"]}
    measured = describe_measurement(result, first)
    blocks: list[Block] = [
        tell_listening(result),
        Table(
            title="The same pictures with other sounds",
            measured=measured,
            columns=("sound", "n", "cIoU@0.5", "change (95%)", "maps correlate", "share on"),
            rows=[
                (
                    SOUNDS[sound],
                    str(scores.get("n", result["n"])),
                    *_write_numbers(scores, ["ciou_at_50"]),
                    "-" if sound == "right" else _write_change(*measure_change(result, sound)),
                    *_write_numbers(scores, ["map_correlation", "active_area"]),
                )
                for sound, scores in heard.items()
            ],
            strong=0,
        ),
        Chart(
            file="listening.svg",
            draw=partial(plot_negative_audio, heard, f"protocol {first}"),
            alt="Bars of the cIoU@0.5, of how the maps correlate with those under the right "
            "sound, and of the share that is on, for each sound, as in the table.",
            caption=f"Lines across the bars: 95% interval of the change. {measured}",
        ),
    ]
    shown = pick_listening(examples)
    if shown:
        gallery = Gallery(
            file="listening.jpg",
            draw=partial(listening_figure, shown),
            alt="Pictures under their maps: a row for each, a column for each sound.",
            caption=f"{SCALE_NOTE} {describe_measurement(result, first)}.",
            rows=[(_head_example(example), _show_maps(example)) for example in shown],
        )
        blocks.append(gallery)
    return blocks


def _show_samples(result: Mapping[str, Any], examples: Sequence[Example]) -> list[Block]:
    groups = group_samples(examples)
    if not groups:
        return []
    first = first_protocol(result)
    measured = describe_measurement(result, first)
    gallery = Gallery(
        file="samples.jpg",
        draw=partial(sample_sheet, examples),
        alt="Pictures under their maps: the best, the median and the worst samples.",
        caption=f"By cIoU under protocol {first}. Dashed: the boxes of what sounds. {measured}.",
        rows=[(title.capitalize(), [_show_map(e) for e in es]) for title, es in groups.items()],
    )
    return [gallery]


def _show_classes(result: Mapping[str, Any]) -> list[Block]:
    per_class, first = result.get("per_class"), first_protocol(result)
    if not per_class:
        return []
    best, worst = pick_classes(per_class)
    measured = describe_measurement(result, first)
    rows, scored = (
        [_write_class(name, per_class[name]) for name in part] for part in (best, worst)
    )
    title = f"All {len(per_class)} classes" if len(per_class) > 1 else "The only class"
    if worst:
        title = f"The best {len(best)} and the worst {len(worst)} of {len(per_class)} classes"
        rows += [(f"{len(per_class) - len(best) - len(worst)} more", "", "", "", ""), *scored]
    floor = find_best_floor(result, first)
    return [
        Table(
            title=title,
            measured=measured,
            columns=("class", "n", *SCORES.values()),
            rows=rows,
        ),
        Chart(
            file="classes.svg",
            draw=partial(plot_classes, per_class, floor and floor[1], f"protocol {first}"),
            alt="Bars of the cIoU@0.5 by class, from high to low, as in the table.",
            caption=measured,
        ),
    ]


def _tell_how(result: Mapping[str, Any]) -> list[Block]:
    without = result["num_without_source"]
    facts = {
        "Checkpoint": result["checkpoint"],
        "Epoch chosen by": result["selection"],
        "Data": result["data"],
        "Split": result["split"],
        "List": result["list"],
        "Samples": f"{result['n']} with a source in the picture, and {without} without",
        "Versions": ", ".join(f"{k} {v}" for k, v in result.get("versions", {}).items() if v),
    }
    notes = list(result.get("notes", ()))
    if result["selection"] == "test":
        notes.append("The test split chose the epoch, so its scores are no test any more.")
    blocks: list[Block] = [Terms(meanings={name: str(f) for name, f in facts.items() if f})]
    return [Points(points=notes), *blocks] if notes else blocks


def _compare(result: Mapping[str, Any], protocol: str) -> dict[str, Mapping[str, Any]]:
    """What stands side by side under a protocol: model, refined, floors, ceiling."""
    floors = {f"floor: {name}": one for name, one in list_floors(result, protocol).items()}
    ceiling = {"ceiling": result["ceiling"][protocol]} if result.get("ceiling") else {}
    return _list_models(result, protocol) | floors | ceiling


def _list_models(result: Mapping[str, Any], protocol: str) -> dict[str, Mapping[str, Any]]:
    variants = {"model": "protocols", "model, refined": "refined"}
    return {
        name: result[key][protocol]
        for name, key in variants.items()
        if protocol in result.get(key, {})
    }


def _show_maps(example: Example) -> list[Shot]:
    return [
        Shot(
            picture=picture,
            alt=f"The map of {name_example(example)} over its picture, sound: {SOUNDS[sound]}",
            caption=SOUNDS[sound],
        )
        for sound, picture in paint_maps(example).items()
    ]


def _show_map(example: Example) -> Shot:
    name = name_example(example)
    return Shot(
        picture=paint_maps(example)["right"],
        alt=f"The map of {name} over its picture, {describe_ciou(example)}",
        caption=f"{name}: {describe_ciou(example)} ({example.id})",
    )


def _head_example(example: Example) -> str:
    return f"{name_example(example)} ({example.title})" if example.title else name_example(example)


def _write_scores(scores: Mapping[str, Any]) -> list[Cell]:
    cells: list[Cell] = []
    for key, number in zip(SCORES, _write_numbers(scores, SCORES), strict=True):
        bounds = scores.get(INTERVALS.get(key, ""))
        cells.append(number if bounds is None else (number, write_interval(bounds)))
    return cells


def _write_change(change: float, bounds: tuple[float, float] | None) -> Cell:
    return f"{change:+.3f}" if bounds is None else (f"{change:+.3f}", write_interval(bounds, "+"))


def _write_class(name: str, scores: Mapping[str, Any]) -> tuple[Cell, ...]:
    return (name, str(scores["n"]), *_write_numbers(scores, SCORES))


def _write_numbers(scores: Mapping[str, Any], keys: Iterable[str]) -> list[str]:
    numbers = [scores.get(key) for key in keys]
    return ["-" if number is None else f"{number:.3f}" for number in numbers]
