// One location in numbers, beside what is inside the model.

import { make } from "../elements.js";
import { formatNumber, SUBSCRIPTS } from "../numbers.js";
import { workOut } from "./channel_equations.js";
import { followHalfCycle } from "./half_cycle.js";
import { drawPlace } from "./place.js";

const NAMES = { p: "expected", r: "adapted", e: "missed", corrected: "corrected" };

/** The numbers of a location, and its equations, in the cycle that is shown. */
export function drawLocation(root, location) {
  if (!location) return null;
  return location.heard ? drawPlace(root, location) : drawOfPcm(root, location);
}

/** The equations are those of one channel at a time. */
function drawOfPcm(root, location) {
  const { cycle: first, half: half1 } = document.querySelector("#inside .inside").dataset;
  let now = { cycle: Number(first), half: half1 ?? null };
  let chosen = 0;
  const keys = Object.keys(NAMES).filter((key) => key in location.symbols);
  const levels = drawLevels(location, keys);
  const channels = make("tbody", {});
  const equations = make("div", { class: "worked" });
  const show = () => {
    const t = Math.min(now.cycle, location.cycles.length);
    const numbers = location.cycles[t - 1];
    root.dataset.cycle = t;
    root.dataset.half = now.half;
    levels.show(t);
    channels.replaceChildren(
      ...location.channels.map((channel, i) => {
        const pick = make(
          "button", { type: "button", "aria-pressed": String(i === chosen), "data-channel": channel },
          String(channel),
        );
        pick.addEventListener("click", () => {
          chosen = i;
          show();
          channels.querySelectorAll("button")[i].focus();
        });
        return make(
          "tr", { class: i === chosen ? "now" : "" }, make("th", { scope: "row" }, pick),
          ...keys.map((key) => make("td", {}, formatNumber(numbers[key][i], 2))),
        );
      }),
    );
    equations.replaceChildren(...workOut(location, t, chosen));
  };
  const follow = (step) => {
    root.hidden = !step?.half; // predictive attention has other locations
    if (root.hidden) return;
    now = step;
    show();
  };
  const sub = SUBSCRIPTS[location.layer];
  const most = location.layer === 3 ? "corrected most" : "missed most";
  root.replaceChildren(
    make(
      "h3", {}, `One place of r${sub}`,
      make("small", {}, ` row ${location.row + 1}, column ${location.column + 1} of ${location.grid}×${location.grid}`),
    ),
    make("p", {}, "Click another place in any map, or move with the arrow keys."),
    levels.element,
    make(
      "p", {}, `On average over its channels b${sub} is ${formatNumber(location.gains.b)} and ` +
        `a${sub} is ${formatNumber(location.gains.a)}.`,
    ),
    make("h4", {}, "One channel, worked out"),
    equations,
    make(
      "table", { class: "channels" },
      make(
        "caption", {},
        `The ${location.channels.length} of ${location.num_channels} channels ${most} here in the last cycle`,
      ),
      make(
        "thead", {},
        make(
          "tr", {}, make("th", { scope: "col" }, "Channel"),
          ...keys.map((key) => make("th", { scope: "col" }, location.symbols[key])),
        ),
      ),
      channels,
    ),
  );
  follow(now);
  return followHalfCycle(follow);
}

/** Root mean squares over channels: a row a quantity, a column a cycle. */
function drawLevels(location, keys) {
  const columns = location.cycles.map(() => []);
  const cell = (t, tag, attributes, text) => {
    const element = make(tag, attributes, text);
    columns[t].push(element);
    return element;
  };
  const element = make(
    "table", { class: "levels" },
    make("caption", {}, "Root mean square over all its channels, in each cycle"),
    make(
      "thead", {},
      make(
        "tr", {}, make("th", { scope: "col" }, "Cycle"),
        ...location.cycles.map((_, t) => cell(t, "th", { scope: "col" }, String(t + 1))),
      ),
    ),
    make(
      "tbody", {},
      ...keys.map((key) =>
        make(
          "tr", { "data-key": key },
          make("th", { scope: "row" }, make("strong", {}, location.symbols[key]), ` ${NAMES[key]}`),
          ...location.levels[key].map((value, t) => cell(t, "td", {}, formatNumber(value, 2))),
        ),
      ),
    ),
  );
  const show = (now) =>
    columns.forEach((cells, t) => {
      cells.forEach((each) => each.classList.toggle("now", t + 1 === now));
    });
  return { element, show };
}

/** What `describe_location` wants to know. */
export const readLocation = (scene) => {
  const { model, layer, row, column } = document.querySelector("#inside .inside").dataset;
  return [model, scene, ...[layer, row, column].map(Number)];
};
