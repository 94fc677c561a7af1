// Two sounds as bars, one over the other: wide what is heard, narrow what is expected of it.

import { make } from "../elements.js";
import { formatNumber } from "../numbers.js";

/**
 * Two bars for each direction of the sounds' space. `show(values)` gives the narrow ones their
 * length; `most` is the largest value there is.
 */
export function drawBars(heard, most, symbol) {
  const [width, height, step] = [8 * heard.length, 90, 8];
  const y = (value) => (height * (most - value)) / (2 * most);
  const place = (bar, value) => {
    bar.setAttribute("y", Math.min(y(value), y(0)));
    bar.setAttribute("height", Math.abs(y(value) - y(0)));
  };
  const draw = (name, indent, wide) =>
    heard.map((_, i) => make("rect", { class: name, x: step * i + indent, width: wide }));
  const [wide, narrow] = [draw("heard", 0.5, 7), draw("expected", 2.5, 3)];
  wide.forEach((bar, i) => place(bar, heard[i]));
  const element = make(
    "svg", { class: "bars", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img" },
    ...wide, ...narrow,
    make("line", { x1: 0, x2: width, y1: y(0), y2: y(0), "vector-effect": "non-scaling-stroke" }),
  );
  const show = (values) => {
    narrow.forEach((bar, i) => place(bar, values[i]));
    element.setAttribute("aria-label", `${symbol} and s, whose cosine is ${formatCosine(values, heard)}`);
  };
  return { element, show };
}

/** The cosine of two lists of length 1, as it is written. */
export const formatCosine = (a, b) => formatNumber(a.reduce((sum, value, i) => sum + value * b[i], 0));

/** The largest of all values, so that nothing leaves its drawing. */
export const findMost = (...lists) => Math.max(...lists.flat().map(Math.abs)) || 1;
