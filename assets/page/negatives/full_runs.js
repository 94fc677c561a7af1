// The stored full runs of the methods: a table, and figures.

import { askInSight, make } from "../elements.js";

const TABLE_TITLE =
  "Scenes found (cIoU ≥ 0.5) under their own sound, with a second instrument that is silent";

/** Asked for when they come into sight: few visitors get there. */
export function drawFullRuns(root, runs, { trigger }) {
  if (!runs.lines && !runs.sentence) {
    return askInSight(root, "The full runs are being read.", () => trigger("select"));
  }
  if (runs.sentence) return void root.replaceChildren(make("p", {}, runs.sentence));
  const names = Object.keys(runs.methods);
  const head = ["Setting", "False negatives", "For each picture", ...names];
  root.replaceChildren(
    make("p", {}, runs.how),
    make("p", { id: "fullruns-title" }, make("strong", {}, TABLE_TITLE)),
    make(
      "div", { class: "scroller", tabindex: 0, role: "group", "aria-label": "Scores of the full runs" },
      make(
        "table", { "aria-labelledby": "fullruns-title" },
        make("thead", {}, make("tr", {}, ...head.map((word) => make("th", { scope: "col" }, word)))),
        make(
          "tbody", {},
          ...runs.lines.map(({ setting, share, each, cells }) =>
            make(
              "tr", {}, make("th", { scope: "row" }, setting), make("td", {}, share),
              make("td", {}, each), ...names.map((name) => make("td", {}, cells[name] ?? "")),
            ),
          ),
        ),
      ),
    ),
    make("p", {}, runs.reading),
    make(
      "div", { class: "figures" },
      ...runs.figures.map(({ picture, words }) =>
        make("figure", {}, make("img", { src: picture, alt: words }), make("figcaption", {}, words)),
      ),
    ),
  );
}
