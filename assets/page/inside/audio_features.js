// The lowest storey of the diagram: the audio feature r₀, its prediction p₀, the error e₀.

import { make } from "../elements.js";
import { formatNumber } from "../numbers.js";

/** At the bottom: the sound that is expected, the sound that is, and the difference, as bars. */
export function drawAudioFeatures(scene) {
  const { r, p, e } = scene.sounds;
  const most = Math.max(...[r, ...p, ...e].flat().map(Math.abs)) || 1;
  const least = Math.min(0, ...[r, ...p, ...e].flat());
  const rms = (values) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
  const rows = [
    { key: "p", symbol: "p₀", half: "predict", name: "expected", courses: p },
    { key: "r", symbol: "r₀", half: "both", name: "heard", courses: p.map(() => r) },
    { key: "e", symbol: "e₀", half: "correct", name: "missed", courses: e },
  ].map(({ key, symbol, half, name, courses }) => {
    const [width, height] = [4 * r.length, 30];
    const y = (value) => (height * (most - value)) / (most - least);
    const bars = r.map((_, i) => make("rect", { x: 4 * i + 0.5, width: 3 }));
    const value = make("small", {});
    const drawing = make(
      "svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img" },
      make("line", { x1: 0, x2: width, y1: y(0), y2: y(0), "vector-effect": "non-scaling-stroke" }),
      ...bars,
    );
    const element = make(
      "div", { class: `strip ${half} ${key}`, style: `--order:${half === "predict" ? 3 : 0}` },
      make("p", {}, make("strong", {}, symbol), ` ${name}`), drawing, value,
    );
    const show = (cycle, now) => {
      const t = now === "predict" && half === "correct" ? cycle - 1 : cycle;
      const values = courses[t - 1];
      element.classList.toggle("empty", !values);
      (values ?? r.map(() => 0)).forEach((v, i) => {
        bars[i].setAttribute("y", Math.min(y(v), y(0)));
        bars[i].setAttribute("height", Math.abs(y(v) - y(0)));
      });
      value.textContent = values ? formatNumber(rms(values)) : "";
      drawing.setAttribute(
        "aria-label",
        values
          ? `${symbol}, the sound as ${name}: ${values.length} numbers, their root mean square ` +
            formatNumber(rms(values))
          : `${symbol}: nothing yet`,
      );
    };
    return { element, show };
  });
  const element = make(
    "div", { class: "sounds" },
    make("p", { class: "storey" }, make("strong", {}, "Sound"), make("small", {}, `${r.length} numbers`)),
    make(
      "div", { class: "strips" }, ...rows.map((row) => row.element),
      make("audio", { controls: true, src: scene.audio, "aria-label": `Play ${scene.sound}` }),
    ),
  );
  return { element, show: (cycle, half) => rows.forEach((row) => row.show(cycle, half)) };
}
