// The course of a prediction error.

import { make } from "../elements.js";
import { formatNumber, SUBSCRIPTS } from "../numbers.js";

/** One error over the cycles, on axes that start at 0. */
export function drawError({ layer, where, course, note }, cycles) {
  const [width, height, left, bottom, top] = [220, 120, 34, 18, 10];
  const most = Math.max(...course) || 1;
  const x = (t) => left + 8 + ((width - left - 20) * (t - 1)) / Math.max(1, cycles - 1);
  const y = (value) => height - bottom - ((height - bottom - top) * value) / most;
  const dots = course.map((value, i) => make("circle", { cx: x(i + 1), cy: y(value), r: 2.5 }));
  const value = make("strong", {});
  const symbol = `e${SUBSCRIPTS[layer]}`;
  const said = course.map((error, i) => `cycle ${i + 1}: ${formatNumber(error)}`).join(", ");
  const element = make(
    "figure", { class: "error-chart" },
    make("figcaption", {}, make("strong", {}, symbol), ` ${where} `, value),
    make(
      "svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${symbol}: ${said}` },
      make("line", { x1: left, x2: width, y1: y(0), y2: y(0) }),
      make("line", { x1: left, x2: left, y1: y(most), y2: y(0) }),
      make("text", { x: left - 4, y: y(0), "text-anchor": "end" }, "0"),
      make("text", { x: left - 4, y: y(most) + 4, "text-anchor": "end" }, formatNumber(most, 2)),
      ...course.map((_, i) =>
        make("text", { x: x(i + 1), y: height - 4, "text-anchor": "middle" }, String(i + 1)),
      ),
      make("polyline", { points: course.map((v, i) => `${x(i + 1)},${y(v)}`).join(" ") }),
      ...dots,
    ),
    make("p", {}, note),
  );
  const show = (cycle) => {
    dots.forEach((dot, i) => {
      dot.classList.toggle("now", i + 1 === cycle);
      dot.setAttribute("r", i + 1 === cycle ? 4.5 : 2.5);
    });
    value.textContent = formatNumber(course[cycle - 1]);
  };
  return { element, show };
}
