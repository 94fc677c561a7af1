// Ablations: the picture under every trained variant, the one chosen in large, and the tables.

import { make } from "./elements.js";
import { formatPercent } from "./numbers.js";

// What the three parts of the tab know of each other: the settings of the exhibits by name, how
// to tell the server that one was picked, and the name of the one that is shown.
let settings = {}, tell = () => {}, picked = null, shown = null;

/** The setting that was picked, for the four choices of the tab. */
export const readSetting = () => picked;

const pick = (name) => {
  if (!settings[name]) return;
  picked = settings[name];
  tell("select");
};

/** Mark what is shown wherever it can be picked. */
function mark() {
  for (const button of document.querySelectorAll("[data-exhibit]")) {
    const now = button.dataset.exhibit === shown;
    button.setAttribute("aria-pressed", String(now));
    button.closest("tr")?.classList.toggle("now", now);
  }
}

function drawButton(name, ...children) {
  const button = make("button", { type: "button", "data-exhibit": name }, ...children);
  button.addEventListener("click", () => pick(name));
  return button;
}

// --- All variants ---------------------------------------------------------------------------

export function drawVariants(root, value, { trigger }) {
  if (!value) return;
  settings = Object.fromEntries(value.cards.map(({ name, setting }) => [name, setting]));
  tell = trigger;
  const cards = Object.fromEntries(value.cards.map((card) => [card.name, card]));
  root.replaceChildren(
    make("h3", {}, `“${value.title}” under every trained model`),
    make(
      "p", {}, "Bright is where a model finds ", make("strong", {}, value.sound),
      "; the white line is its answer",
      value.cards.some(({ ciou }) => ciou !== null)
        ? ", the dashed boxes are where it really is. Under each picture: cIoU, the overlap of " +
          "the two, from 0 to 1."
        : ". Where the sound really is is not known here, so nothing is scored.",
    ),
    make(
      "div", { class: "groups" },
      ...value.groups.map((group) =>
        make(
          "div", { class: "variants", role: "group", "aria-label": group.title },
          make("h4", {}, group.title, make("small", {}, group.hint)),
          make(
            "div", { class: "row" },
            ...group.cards.map(({ name, words }) => drawCard(cards[name], words, value)),
          ),
        ),
      ),
    ),
  );
  mark();
}

function drawCard(card, words, { title, sound }) {
  const { name, frame, ciou } = card;
  return drawButton(
    name,
    make("img", { src: frame, alt: `Where ${card.words} finds ${sound} in ${title}` }),
    make("span", {}, words),
    ...(ciou === null ? [] : [make("span", { class: "number" }, ciou.toFixed(2))]),
  );
}

// --- The one that was chosen ----------------------------------------------------------------

export function drawSetting(root, value) {
  if (!value) return;
  shown = value.name;
  const isTrained = value.reasons.length === 0;
  root.replaceChildren(
    make(
      "figure", {},
      make("img", {
        src: value.frame,
        alt: `Where ${value.trained} finds ${value.sound} in the picture: ${value.title}`,
      }),
      make(
        "figcaption", {}, "Listening to ", make("strong", {}, value.sound), ". ",
        describeReading(value),
      ),
    ),
    make(
      "div", { class: "verdict", role: "status" },
      make("strong", { class: isTrained ? "trained" : "frozen" }, isTrained ? "✓ " : "! ",
        value.verdict),
      make("span", {}, ` The model: ${value.trained}. ${value.asks}`),
      ...value.reasons.map((reason) => make("p", {}, reason)),
    ),
    ...(value.scores.length ? [drawScores(value)] : []),
  );
  mark();
}

function describeReading({ now, before }) {
  const tell = ({ ciou, on }) =>
    `${formatPercent(on)} of the picture outlined${ciou === null ? "" : `, cIoU ${ciou.toFixed(2)}`}`;
  return before === null ? `${tell(now)}.` : `${tell(now)}; as it was trained ${tell(before)}.`;
}

function drawScores({ scores, seed }) {
  const num = scores[0].num;
  return make(
    "table", { class: "scores" },
    make("caption", {}, "How often that model finds the source on unseen scenes (cIoU@0.5)"),
    make(
      "thead", {},
      make(
        "tr", {}, make("td"), make("th", { scope: "col" }, `this training, seed ${seed}`),
        ...(num > 1 ? [make("th", { scope: "col" }, `all ${num} seeds`)] : []),
      ),
    ),
    make(
      "tbody", {},
      ...scores.map((score) =>
        make(
          "tr", {}, make("th", { scope: "row" }, score.words), make("td", {}, score.own),
          ...(num > 1 ? [make("td", {}, score.all)] : []),
        ),
      ),
    ),
  );
}

// --- The tables -----------------------------------------------------------------------------

export function drawTables(root, { tables }) {
  root.replaceChildren(
    make("h3", {}, "The same, measured"),
    make(
      "p", {}, "cIoU@0.5, the share of test scenes in which the source is found: mean and " +
      "standard deviation over seeds. A distance smaller than the deviations says little. " +
      "Another's sound: the same scenes while another class is played; a model that listens " +
      "scores little there. What is underlined can be shown above.",
    ),
    make("div", { class: "all" }, ...tables.map(drawTable)),
  );
  mark();
}

/** A table of `describe_table`; other tabs may have it too. */
export function drawTable({ title, columns, lines, floors, reading }) {
  let group = "";
  const rows = lines.flatMap((line) => {
    const heading = line.group === group ? [] : [drawGroup(line.group, columns.length + 1)];
    group = line.group;
    const head = line.name ? drawButton(line.name, line.words) : line.words;
    const cells = line.cells.map((cell) => make("td", {}, cell));
    return [...heading, make("tr", {}, make("th", { scope: "row" }, head), ...cells)];
  });
  const heads = columns.map((column) => make("th", { scope: "col" }, column));
  return make(
    "div", { class: "result" },
    make(
      "div", { class: "wide", tabindex: 0, role: "region", "aria-label": title },
      make(
        "table", {}, make("caption", {}, title),
        make("thead", {}, make("tr", {}, make("td"), ...heads)), make("tbody", {}, ...rows),
      ),
    ),
    make("p", {}, `The best that does not listen: ${floors.join("; ")}.`),
    make("details", {}, make("summary", {}, "What we make of it"), drawMarkdown(reading)),
  );
}

const drawGroup = (group, width) =>
  make("tr", { class: "group" }, make("th", { colspan: width, scope: "rowgroup" }, group));

/** A paragraph of which only **strong** words are marked. */
const drawMarkdown = (words) =>
  make("p", {}, ...words.split("**").map((part, i) => (i % 2 ? make("strong", {}, part) : part)));
