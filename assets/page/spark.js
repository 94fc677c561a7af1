// A curve over the cycles, by default the size of a word.

import { make } from "./elements.js";

/** A curve over the cycles with a dot at the current one; of one cycle, nothing. */
export function drawSpark(course, [low, high], [width, height] = [64, 20]) {
  if (course.length === 1) return { element: "", show: () => {} };
  const margin = 3;
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

/** The range that a curve of these values is drawn in. */
export function chooseRange(values) {
  // A curve over less than a twentieth of the value would make a storm of nothing.
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const spare = Math.max(0, 0.05 * Math.max(high, -low) - (high - low)) / 2;
  return [low - spare, high + spare];
}
