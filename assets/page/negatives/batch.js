// A batch: its clips to choose from, and all pairs of a picture and a sound.

import { askInSight, make } from "../elements.js";
import { FALSE, OWN, plotPairs, TRUE } from "./pairs.js";

const SIGNS = { [OWN]: "✓", [FALSE]: "✗", [TRUE]: "" };
const MEANINGS = {
  [OWN]: "its own sound: positive",
  [FALSE]: "same instrument: false negative",
  [TRUE]: "another instrument: true negative",
};
const percent = (share) => `${Math.round(100 * share)}\u00a0%`;

/** Clips to choose from, and all pairs of a picture and a sound as a table of dots. */
export function drawBatch(root, batch, { trigger }) {
  if (!batch.clips) {
    return askInSight(root, "A batch is being drawn.", () => trigger("select"));
  }
  root.dataset.seed = batch.seed;
  const num = batch.clips.length;
  let chosen = 0;
  let order = batch.clips.map((_, i) => i);
  const clips = batch.clips.map(({ picture, label }, i) => {
    const sign = make("b", { class: "sign", "aria-hidden": "true" });
    const what = make("span", { class: "what" });
    const button = make(
      "button", { type: "button" },
      make("img", { src: picture, alt: "" }), sign, make("span", {}, label), what,
    );
    button.addEventListener("click", () => choose(i));
    return { button, sign, what, element: make("li", {}, button) };
  });
  const list = make("ul", { class: "clips", "aria-label": "The clips of the batch" });
  const words = make("p", { class: "words", "aria-live": "polite" });
  const matrix = make("div", { class: "matrix" });

  const choose = (i) => {
    chosen = i;
    clips.forEach((clip, j) => {
      const kind = batch.pairs[i][j];
      clip.button.dataset.kind = kind;
      clip.button.tabIndex = j === i ? 0 : -1; // the arrow keys go to the others
      clip.button.setAttribute("aria-pressed", String(j === i));
      clip.sign.textContent = SIGNS[kind];
      clip.what.textContent = `: ${MEANINGS[kind]}`;
    });
    const others = num - 1;
    const wrong = batch.pairs[i].filter((kind) => kind === FALSE).length;
    words.replaceChildren(
      `Picture ${i + 1} shows: `, make("strong", {}, batch.clips[i].label), ". Of the ",
      `${others} other sounds of the batch `, make("strong", {}, `${wrong} `),
      wrong === 1 ? "is" : "are", " of the same instrument: ",
      make("strong", {}, `${percent(wrong / others)} false negatives`), ".",
    );
    drawMatrix();
  };
  const drawMatrix = () => matrix.replaceChildren(plotPairs(batch, order, chosen, method()));
  const arrange = () => {
    const label = (i) => batch.clips[i].label;
    order = batch.clips.map((_, i) => i);
    if (sorted.checked) order.sort((a, b) => label(a).localeCompare(label(b)) || a - b);
    list.replaceChildren(...order.map((i) => clips[i].element));
    drawMatrix();
  };
  list.onkeydown = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    choose(order[(order.indexOf(chosen) + by + num) % num]);
    clips[chosen].button.focus();
  };

  const sorted = make("input", { type: "checkbox" });
  sorted.checked = root.dataset.sorted === "true";
  sorted.addEventListener("change", () => {
    root.dataset.sorted = sorted.checked;
    arrange();
  });
  const radios = Object.entries(batch.methods).map(([name, meaning]) => {
    const radio = make("input", { type: "radio", name: "batch-method", value: name });
    radio.checked = name === (root.dataset.method ?? "A");
    radio.addEventListener("change", () => {
      root.dataset.method = name;
      drawMatrix();
    });
    return { radio, element: make("label", {}, radio, make("strong", {}, name), ` ${meaning}`) };
  });
  const method = () => radios.find(({ radio }) => radio.checked).radio.value;

  const { num_false: wrong, num_negatives: all } = batch;
  root.replaceChildren(
    make(
      "div", { class: "choose" },
      make("p", { class: "quiet" }, "Choose a picture, with a click or the arrow keys:"),
      words, list,
    ),
    make(
      "figure", {},
      make(
        "fieldset", {}, make("legend", {}, "What the model is told about every pair"),
        ...radios.map(({ element }) => element),
      ),
      matrix,
      make("figcaption", {}, "A row for each picture, a column for each sound of the batch."),
      make("label", { class: "sorted" }, sorted, "Sort by instrument"),
    ),
    make(
      "p", { class: "count" },
      "In the whole batch ", make("strong", {}, `${wrong} of ${all}`), " negatives are false, ",
      make("strong", {}, percent(batch.share)), ". So many are to be expected from the counts ",
      "alone: an instrument that plays in n clips makes n × (n − 1) false pairs, here ",
      `${batch.sum} = ${wrong}, out of ${num} × ${num - 1} = ${all}. In large batches of `,
      `${batch.num_instruments} equally frequent instruments it is one in `,
      `${batch.num_instruments}, ${percent(1 / batch.num_instruments)}.`,
    ),
  );
  choose(0);
  arrange();
}

/** The seed of the batch that is shown, and of the one to draw next. */
export const thisBatch = () => Number(document.querySelector(".batch").dataset.seed);
export const nextBatch = () => thisBatch() + 1;
