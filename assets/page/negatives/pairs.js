// What a picture and a sound of one batch are to each other, drawn as a table of dots.

import { make } from "../elements.js";

// Of a picture and a sound: its own, a false negative, a true negative.
export const OWN = "own", FALSE = "false", TRUE = "true";

/** All pairs under a method: pulled together a square, pushed apart a dot, wrongly so a cross. */
export function plotPairs(batch, order, chosen, method) {
  const num = order.length;
  const svg = make("svg", { viewBox: `-0.1 -0.1 ${num + 0.2} ${num + 0.2}`, role: "img" });
  const drawn = { [OWN]: 0, [FALSE]: 0, [TRUE]: 0 };
  order.forEach((i, row) => {
    if (i === chosen) svg.append(make("rect", { class: "row", x: 0, y: row, width: num, height: 1 }));
    order.forEach((j, column) => {
      const kind = batch.pairs[i][j];
      if ((kind === FALSE && method !== "A") || (kind === TRUE && method === "C")) return;
      drawn[kind] += 1;
      const [x, y] = [column + 0.5, row + 0.5];
      if (kind === OWN) {
        svg.append(make("rect", { class: OWN, x: x - 0.4, y: y - 0.4, width: 0.8, height: 0.8 }));
      } else if (kind === FALSE) {
        const d = `M${x - 0.3},${y - 0.3}l0.6,0.6m0,-0.6l-0.6,0.6`;
        svg.append(make("path", { class: FALSE, d }));
      } else {
        svg.append(make("circle", { class: TRUE, cx: x, cy: y, r: 0.12 }));
      }
    });
  });
  const parts = [
    `${drawn[OWN]} pairs are pulled together (squares)`,
    `${drawn[TRUE]} true negatives are pushed apart (dots)`,
    `${drawn[FALSE]} false negatives are pushed apart (crosses)`,
  ];
  svg.setAttribute("aria-label", `${method}: ${parts.join(", ")}`);
  const tell = ([shape, text]) => make("li", {}, shape, text);
  const key = make(
    "ul", { class: "key" },
    ...[["■ ", parts[0]], ["· ", parts[1]], ["✗ ", parts[2]]].map(tell),
  );
  const element = make("div", {}, svg, key);
  return element;
}
