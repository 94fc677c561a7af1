// The tables of the experiments; other tabs show them, too.

import { make } from "../elements.js";
import { drawButton, markVariant } from "./choice.js";

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
  markVariant();
}

/** A table of `describe_table`. */
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
