// One place under predictive attention in numbers, beside the cycles.

import { make } from "../elements.js";
import { formatNumber } from "../numbers.js";
import { drawBars, findMost } from "./bars.js";
import { followHalfCycle } from "./half_cycle.js";

/** What the place predicts, and its equations in the cycle that is shown. */
export function drawPlace(root, place) {
  const bars = drawBars(place.heard, findMost(place.heard, place.predicted), "ŝₚ");
  const courses = drawCourses(place);
  const equations = make("div", { class: "worked" });
  const show = (cycle) => {
    const t = Math.min(cycle, place.cycles.length);
    root.dataset.cycle = t;
    courses.show(t);
    equations.replaceChildren(...workOut(place, t));
  };
  const follow = (step) => {
    root.hidden = step === null || step.half !== null; // what is in a PCM has other locations
    if (!root.hidden) show(step.cycle);
  };
  delete root.dataset.half;
  root.replaceChildren(
    make(
      "h3", {}, "One place p",
      make("small", {}, ` row ${place.row + 1}, column ${place.column + 1} of ${place.grid}×${place.grid}`),
    ),
    make("p", {}, "Click another place in a picture, or move with the arrow keys."),
    make("h4", {}, "The sound that it predicts, ŝₚ"),
    bars.element,
    make(
      "p", {}, "Narrow: ŝₚ. Wide: the sound s. Their cosine is ", make("strong", {}, formatNumber(place.cosine)),
      ".",
    ),
    ...(place.alike.length ? [drawAlike(place)] : []),
    make("h4", {}, "Where that leads, worked out"),
    equations,
    courses.element,
  );
  bars.show(place.predicted);
  const { cycle, half } = document.querySelector("#inside .inside").dataset;
  follow({ cycle: Number(cycle), half: half ?? null });
  return followHalfCycle(follow);
}

/** The sounds that are most like the prediction, by name. */
function drawAlike({ alike }) {
  return make(
    "table", { class: "alike" }, make("caption", {}, "Of the samples' sounds it is most like"),
    make(
      "tbody", {},
      ...alike.map(({ sound, cosine }) =>
        make(
          "tr", {}, make("th", { scope: "row" }, sound),
          make(
            "td", { class: "bar", "aria-hidden": "true" },
            make("i", { style: `width:${Math.max(0, 100 * cosine)}%` }),
          ),
          make("td", {}, formatNumber(cosine, 2)),
        ),
      ),
    ),
  );
}

/** Eqs. (11), (12) and (S8) and what follows, with their numbers, each over its name. */
function workOut(place, t) {
  const now = place.cycles[t - 1];
  const term = (value, name, digits) =>
    make("span", { class: "term" }, make("b", {}, formatNumber(value, digits)), make("small", {}, name));
  const line = (...parts) => make("p", {}, ...parts);
  const sum = place.cycles[t - 2];
  const step = [term(sum?.z ?? 0, `z of cycle ${t - 1}`), " + ", term(place.step, "κ"), " × ", term(place.agreement, "agreement")];
  const looked = sum
    ? place.mixed
      ? [
          line(term(now.stepped, "its own z"), " = ", ...step),
          line(
            term(now.z, "z"), " = (1 − ", term(place.mixed, "m"), ") × ", term(now.stepped, "its own z"), " + ",
            term(place.mixed, "m"), " × ", term(now.spread, "those like it"),
          ),
        ]
      : [line(term(now.z, "z"), " = ", ...step)]
    : [line(term(now.z, "z"), make("small", {}, " Every place starts alike."))];
  const above = place.together >= place.threshold;
  return [
    make(
      "div", {}, make("h5", {}, "Agreement, in every cycle the same"),
      line(
        term(place.agreement, "agreement"), " = ", term(place.product, "⟨s, ŝₚ⟩ / |s|"), " / ",
        term(place.scale, "σ"),
      ),
      make(
        "small", {},
        `With the places that look like it ${formatNumber(place.together, 2)}, ` +
          `${above ? "at or above" : "below"} the threshold of ${formatNumber(place.threshold, 2)}: ` +
          `${above ? "as far as the model knows, it makes this sound" : "not known to make this sound"}.`,
      ),
    ),
    make(
      "div", { class: "now" }, make("h5", {}, `Attention, cycle ${t}`), ...looked,
      line(
        term(now.attention, "a"), " = ", term(place.prior, "b"), " / (1 + exp(−(", term(now.z, "z"), ")))",
      ),
      make("small", {}, `It has ${(100 * now.share).toFixed(2)} % of all attention: its weight in p₀.`),
    ),
  ];
}

/** The logit and the attention: a row a quantity, a column a cycle. */
function drawCourses({ cycles }) {
  const columns = cycles.map(() => []);
  const cell = (t, tag, attributes, text) => {
    const element = make(tag, attributes, text);
    columns[t].push(element);
    return element;
  };
  const row = (symbol, name, format) =>
    make(
      "tr", {}, make("th", { scope: "row" }, make("strong", {}, symbol), ` ${name}`),
      ...cycles.map((each, t) => cell(t, "td", {}, format(each))),
    );
  const element = make(
    "table", { class: "levels" }, make("caption", {}, "In each cycle"),
    make(
      "thead", {},
      make(
        "tr", {}, make("th", { scope: "col" }, "Cycle"),
        ...cycles.map((_, t) => cell(t, "th", { scope: "col" }, String(t + 1))),
      ),
    ),
    make(
      "tbody", {},
      row("z", "logit", ({ z }) => formatNumber(z, 2)),
      row("a", "attention", ({ attention }) => formatNumber(attention, 2)),
      row("%", "of all", ({ share }) => formatNumber(100 * share, 2)),
    ),
  );
  const show = (now) =>
    columns.forEach((cells, t) => {
      cells.forEach((each) => each.classList.toggle("now", t + 1 === now));
    });
  return { element, show };
}
