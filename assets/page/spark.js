// A curve the size of a word.

import { make } from "./elements.js";

/** A word-sized curve over the cycles with a dot at the current one; of one cycle, nothing. */
export function drawSpark(course, [low, high]) {
  if (course.length === 1) return { element: "", show: () => {} };
  const [width, height, margin] = [64, 20, 3];
  const x = (i) => margin + ((width - 2 * margin) * i) / Math.max(1, course.length - 1);
  const y = (v) => height - margin - ((height - 2 * margin) * (v - low)) / (high - low || 1);
  const dot = make("circle", { r: 2.5 });
  const element = make(
    "svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" },
    make("polyline", { points: course.map((v, i) => `${x(i)},${y(v)}`).join(" ") }), dot,
  );
  const show = (t) => {
    dot.setAttribute("cx", x(t - 1));
    dot.setAttribute("cy", y(course[t - 1]));
  };
  return { element, show };
}
