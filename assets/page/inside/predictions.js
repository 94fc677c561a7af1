// Inside predictive attention: what every place predicts, where the model looks, what it expects.

import { make } from "../elements.js";
import { formatNumber } from "../numbers.js";
import { makeStepper } from "../stepper.js";
import { drawError } from "./prediction_errors.js";

/** Draw the last cycle, its error below in `courses`; returns a function that stops what runs. */
export function drawPredictions(root, courses, scene) {
  const frames = scene.frames.map((source, i) =>
    make("img", { class: "frame", src: source, alt: `Where the model looks in cycle ${i + 1}` }),
  );
  const cycles = scene.steps.length;
  const bars = drawBars(scene);
  const chart = drawError(scene.error, cycles);
  const words = make("p", { class: "words" });
  const stepper = makeStepper({
    root, num: cycles, label: "Cycle",
    name: (t) => scene.steps[t - 1].title,
    show: (t) => {
      root.dataset.cycle = t;
      words.textContent = scene.steps[t - 1].words;
      frames.forEach((frame, i) => {
        frame.classList.toggle("shown", i + 1 === t);
        frame.setAttribute("aria-hidden", String(i + 1 !== t));
      });
      bars.show(t);
      chart.show(t);
    },
  });
  const quiet = scene.silent ? ": too quiet to be of anything, so no map is about it." : "";
  root.replaceChildren(
    make("h2", {}, scene.title),
    make("p", { class: "listening" }, "Listening to ", make("strong", {}, scene.sound), quiet),
    stepper.element,
    words,
    make(
      "div", { class: "predictions" },
      drawPicture(
        scene, "Each place predicts ŝₚ", "How well that agrees with the sound, in every cycle the " +
        "same; the white line is at the one threshold for all sounds.",
        make("img", { src: scene.agreement, alt: "How well what each place predicts agrees" }),
      ),
      drawPicture(scene, "The model looks, aₚ", "Its attention map in this cycle.", ...frames),
      bars.element,
    ),
    make("p", { class: "answer" }, scene.answer),
    make("audio", { controls: true, src: scene.audio, "aria-label": `Play ${scene.sound}` }),
    drawEquations(scene.equations),
  );
  courses.replaceChildren(
    make(
      "div", { class: "errors" }, make("h3", {}, "The error, cycle by cycle"),
      make("div", { class: "charts" }, chart.element), make("p", {}, scene.error_note),
    ),
  );
  stepper.go(cycles);
  return stepper.stop;
}

function drawPicture({ picture, title, width, height }, name, hint, ...images) {
  const plain = make("img", { src: picture, alt: `The picture: ${title}` });
  return make(
    "figure", {}, make("h3", {}, name),
    make("div", { class: "picture", style: `aspect-ratio:${width} / ${height}` }, plain, ...images),
    make("small", {}, hint),
  );
}

/** Two bars for each direction of the sounds' space: wide what is heard, narrow what is expected. */
function drawBars({ heard, expected }) {
  const [width, height, step] = [8 * heard.length, 90, 8];
  const most = Math.max(...[heard, ...expected].flat().map(Math.abs)) || 1;
  const y = (value) => (height * (most - value)) / (2 * most);
  const place = (bar, value) => {
    bar.setAttribute("y", Math.min(y(value), y(0)));
    bar.setAttribute("height", Math.abs(y(value) - y(0)));
  };
  const wide = heard.map((_, i) => make("rect", { class: "heard", x: step * i + 0.5, width: 7 }));
  const narrow = heard.map((_, i) =>
    make("rect", { class: "expected", x: step * i + 2.5, width: 3 }),
  );
  wide.forEach((bar, i) => place(bar, heard[i]));
  const drawing = make(
    "svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img" },
    ...wide, ...narrow,
    make("line", { x1: 0, x2: width, y1: y(0), y2: y(0), "vector-effect": "non-scaling-stroke" }),
  );
  const said = make("small", {});
  const element = make("figure", { class: "bars" }, make("h3", {}, "It expects p₀, it hears s"), drawing, said);
  const show = (t) => {
    const values = expected[t - 1];
    narrow.forEach((bar, i) => place(bar, values[i]));
    const cosine = formatNumber(values.reduce((sum, value, i) => sum + value * heard[i], 0));
    said.textContent =
      `Narrow: p₀ in this cycle. Wide: s. ${heard.length} numbers, both of length 1; their cosine ` +
      `is ${cosine}.`;
    drawing.setAttribute("aria-label", `p₀ and s, whose cosine is ${cosine}`);
  };
  return { element, show };
}

function drawEquations(equations) {
  return make(
    "div", { class: "equations" },
    ...equations.map(({ name, equation, words }) =>
      make(
        "dl", {},
        make(
          "div", {},
          make("dt", {}, make("span", { class: "equation" }, equation), make("small", {}, name)),
          make("dd", {}, words),
        ),
      ),
    ),
  );
}
