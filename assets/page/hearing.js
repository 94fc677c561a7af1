// Does it listen? A table of pictures: a row for each model, a column for each sound.

import { drawTable } from "./ablations/tables.js";
import { make } from "./elements.js";
import { formatPercent } from "./numbers.js";

export function drawHearing(root, value) {
  if (!value) return;
  root.replaceChildren(
    make("h3", {}, value.title),
    make(
      "div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Maps by model and sound" },
      make(
        "table", {},
        make("thead", {}, make("tr", {}, make("td"), ...value.columns.map(drawHead))),
        make("tbody", {}, ...value.rows.map((row) => drawRow(row, value))),
      ),
    ),
    make(
      "p", { class: "key" }, "On: the share of the picture within the white line. It goes dark " +
      `where at most ${formatPercent(value.dark)} of that is left of what is on under its own sound. ` +
      "Alike: the correlation with the map under its own sound, 1 where nothing has changed. " +
      "Mean: of the map over the picture; a similarity is from −1 to 1, attention from 0 to 1.",
    ),
  );
}

function drawHead({ words, hint, sound, audio }) {
  const name = sound.toLowerCase() === words.toLowerCase() ? [] : [make("span", {}, sound)];
  return make(
    "th", { scope: "col" }, make("strong", {}, words), ...name, make("small", {}, hint),
    audio
      ? make("audio", { controls: true, src: audio, "aria-label": `Play: ${sound}` })
      : make("span", { class: "nothing" }, "nothing to play"),
  );
}

function drawRow({ label, chosen, verdict, cells }, { title, columns }) {
  const cell = ({ frame, mean, on, alike, does, right }, i) =>
    make(
      "td", {},
      make("img", {
        src: frame, alt: `The map of ${label} under ${columns[i].sound}, in: ${title}` +
          `${does && `; it ${does}`}`,
      }),
      ...(does
        ? [
            make(
              "strong", { class: right ? "right" : "wrong" },
              make("span", { "aria-hidden": "true" }, right ? "✓ " : "✗ "), does,
            ),
          ]
        : []),
      make(
        "dl", {},
        ...[["on", formatPercent(on)], ["alike", alike.toFixed(2)], ["mean", mean.toFixed(2)]].map(
          ([word, number]) => make("div", {}, make("dt", {}, word), make("dd", {}, number)),
        ),
      ),
    );
  return make(
    "tr", { class: "row-model" },
    make(
      "th", { scope: "row" }, make("strong", {}, label),
      ...(chosen ? [make("small", {}, "chosen above")] : []),
      make("span", { class: "verdict" }, verdict, "."),
    ),
    ...cells.map(cell),
  );
}

// --- On many pictures -------------------------------------------------------------------------

export function drawEvaluations(root, { models, tables }) {
  root.replaceChildren(
    make("h3", {}, "Not one picture: hundreds"),
    make("div", { class: "all" }, ...models.map(drawModel)),
    ...tables.map((table) =>
      make(
        "details", {},
        make("summary", {}, "What makes a map listen: every way of training that was tried"),
        drawTable(table),
      ),
    ),
  );
}

function drawModel({ label, sentence, measured, rows, command }) {
  if (!rows) {
    return make(
      "div", { class: "result" }, make("h4", {}, label), make("p", {}, sentence),
      make("code", {}, command),
    );
  }
  const heads = ["source found, cIoU@0.5", "maps alike", "share on"];
  return make(
    "div", { class: "result" },
    make(
      "div", { class: "wide", tabindex: 0, role: "region", "aria-label": label },
      make(
        "table", {}, make("caption", {}, label),
        make(
          "thead", {},
          make("tr", {}, make("td"), ...heads.map((word) => make("th", { scope: "col" }, word))),
        ),
        make(
          "tbody", {},
          ...rows.map(({ words, cells }) =>
            make(
              "tr", {}, make("th", { scope: "row" }, words),
              ...cells.map((number) => make("td", {}, number)),
            ),
          ),
        ),
      ),
    ),
    make("p", {}, sentence),
    make(
      "p", { class: "key" },
      "Share on: of all places in all pictures, by one threshold for the model; above, each ",
      "picture has its own. ", measured, ".",
    ),
  );
}
