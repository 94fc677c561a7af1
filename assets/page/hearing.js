// Swap the sound: one picture under several, a card each; by every model, a row for each.

import { drawTable } from "./ablations/tables.js";
import { make } from "./elements.js";
import { formatPercent } from "./numbers.js";

export function drawHearing(root, value) {
  if (!value) return;
  const { title, columns, rows } = value;
  root.replaceChildren(
    rows.length === 1 ? drawCards(rows[0], columns, title) : drawEvery(rows, columns, title),
    ...[...new Set(rows.map((row) => row.scale))].map((scale) => make("p", { class: "key" }, scale)),
    make(
      "p", { class: "key" }, "On: the share of the picture within the white line. Alike: the " +
      "correlation with the map under the picture's own sound, 1 where nothing has changed.",
    ),
  );
}

/** Of one model, a card for each sound. */
function drawCards(row, columns, title) {
  return make(
    "div", {},
    make("p", { class: "row-model" }, make("strong", {}, row.label), ": ", drawVerdict(row)),
    make(
      "div", { class: "cards" },
      ...columns.map((column, i) =>
        make(
          "div", { class: "card" },
          drawCell(row, row.cells[i], column, title), ...drawSound(column),
        ),
      ),
    ),
  );
}

/** Of every model, a row; a column for each sound. */
function drawEvery(rows, columns, title) {
  const head = (column) => make("th", { scope: "col" }, ...drawSound(column));
  return make(
    "div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Maps by model and sound" },
    make(
      "table", {},
      make("thead", {}, make("tr", {}, make("td"), ...columns.map(head))),
      make(
        "tbody", {},
        ...rows.map((row) =>
          make(
            "tr", { class: "row-model" },
            make(
              "th", { scope: "row" }, make("strong", {}, row.label),
              ...(row.chosen ? [make("small", {}, "chosen above")] : []), drawVerdict(row),
            ),
            ...row.cells.map((cell, i) => make("td", {}, drawCell(row, cell, columns[i], title))),
          ),
        ),
      ),
    ),
  );
}

const drawVerdict = ({ verdict }) => make("span", { class: "verdict" }, `${verdict}.`);

/** What a sound is to the picture, what a model should make of it, and how it sounds. */
function drawSound({ words, hint, sound, audio }) {
  const name = sound.toLowerCase() === words.toLowerCase() ? [] : [make("span", {}, sound)];
  return [
    make("strong", {}, words), ...name, make("small", {}, hint),
    audio
      ? make("audio", { controls: true, src: audio, "aria-label": `Play: ${sound}` })
      : make("span", { class: "nothing" }, "nothing to play"),
  ];
}

/** A map, and what it does. */
function drawCell({ label }, { frame, on, alike, does, right }, { sound }, title) {
  const told = make(
    "strong", { class: right ? "right" : "wrong" },
    make("span", { "aria-hidden": "true" }, right ? "✓ " : "✗ "), does,
  );
  const numbers = [["on", formatPercent(on)], ["alike", alike.toFixed(2)]];
  return make(
    "div", { class: "map" },
    make("img", {
      src: frame,
      alt: `The map of ${label} under ${sound}, in: ${title}${does && `; it ${does}`}`,
    }),
    ...(does ? [told] : []),
    make(
      "dl", {},
      ...numbers.map(([word, number]) =>
        make("div", {}, make("dt", {}, word), make("dd", {}, number)),
      ),
    ),
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
