// Lines over the steps of a training.

import { make } from "../elements.js";

/** Lines over the steps, with axes; a letter stands at the end of each that is not dashed. */
export function plotCurves(title, note, steps, lines, least = [Infinity, -Infinity]) {
  const [width, height, left, right, top, bottom] = [300, 170, 34, 18, 8, 24];
  const known = lines.flatMap(({ values }) => values.filter((v) => v !== null));
  const ticks = chooseTicks(Math.min(least[0], ...known), Math.max(least[1], ...known));
  const [low, high] = [ticks[0], ticks[ticks.length - 1]];
  const end = Math.max(1, steps[steps.length - 1]);
  const x = (step) => left + ((width - left - right) * step) / end;
  const y = (v) => height - bottom - ((height - top - bottom) * (v - low)) / (high - low);
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  for (const tick of ticks) {
    svg.append(
      make("line", { x1: left, x2: width - right, y1: y(tick), y2: y(tick) }),
      make("text", { x: left - 5, y: y(tick) + 3.5, "text-anchor": "end" }, String(tick)),
    );
  }
  svg.append(
    make("text", { x: left, y: height - 8 }, "0"),
    make("text", { x: width - right, y: height - 8, "text-anchor": "end" }, `${end} steps`),
  );
  const ends = [];
  for (const { name, values, dashed } of lines) {
    const points = steps.flatMap((step, i) => (values[i] === null ? [] : [[x(step), y(values[i])]]));
    if (!points.length) continue;
    const look = { "data-name": name, class: dashed && "dashed" };
    svg.append(make("polyline", { points: points.join(" "), ...look }));
    if (!dashed) ends.push([name, points[points.length - 1][1]]);
  }
  // Letters keep clear of each other.
  ends.sort((a, b) => a[1] - b[1]);
  let lowest = top;
  for (const [name, at] of ends) {
    lowest = Math.min(Math.max(at + 4, lowest + 12), height - bottom);
    svg.append(make("text", { x: width - right + 4, y: lowest, class: "name", "data-name": name }, name));
  }
  const last = lines
    .filter(({ values }) => values.at(-1) !== null)
    .map(({ name, values, dashed }) =>
      `${name}${dashed ? " (other sound)" : ""} ${values.at(-1).toFixed(2)}`,
    );
  svg.setAttribute("aria-label", `${title} after ${steps.at(-1)} steps: ${last.join(", ")}`);
  return make("figure", {}, make("figcaption", {}, make("strong", {}, title), ` ${note}`), svg);
}

/** A few round numbers that enclose both ends. */
export function chooseTicks(low, high) {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const rough = Math.max(high - low, 1e-3) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(6)));
}
