// Inside predictive attention: what every place predicts, where the model looks, what it expects.

import { make } from "../elements.js";
import { makeStepper } from "../stepper.js";
import { drawBars, findMost, formatCosine } from "./bars.js";
import { letChoose, makeChoice } from "./choosing.js";
import { announceHalfCycle } from "./half_cycle.js";
import { putMarker } from "./marker.js";
import { drawError } from "./prediction_errors.js";

/** Draw the last cycle, the equations below in `courses`; returns a function that stops what runs. */
export function drawPredictions(root, courses, scene, head, trigger) {
  const frames = scene.frames.map((source, i) =>
    make("img", { class: "frame", src: source, alt: `Where the model looks in cycle ${i + 1}` }),
  );
  const cycles = scene.steps.length;
  const choice = makeChoice({
    root,
    first: { layer: 0, ...scene.first },
    gridOf: () => scene.grid,
    mark: (location) => pictures.forEach((picture) => picture.mark(location)),
    ask: () => trigger("select"),
  });
  const pictures = [
    drawPicture(
      scene, choice, "Each place predicts ŝₚ", "How well that agrees with the sound, in every cycle the " +
      "same; the white line is at the one threshold for all sounds.",
      make("img", { src: scene.agreement, alt: "How well what each place predicts agrees" }),
    ),
    drawPicture(scene, choice, "The model looks, aₚ", "Its attention map in this cycle.", ...frames),
  ];
  const expectation = drawExpectation(scene);
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
      expectation.show(t);
      chart.show(t);
      announceHalfCycle({ cycle: t, half: null });
    },
  });
  const quiet = scene.silent ? ": too quiet to be of anything, so no map is about it." : "";
  root.replaceChildren(
    ...head,
    make("p", { class: "listening" }, "Listening to ", make("strong", {}, scene.sound), quiet),
    stepper.element,
    words,
    make(
      "div", { class: "predictions" },
      ...pictures.map(({ element }) => element), expectation.element, chart.element,
    ),
    make("p", { class: "quiet" }, scene.error_note),
    make("p", { class: "answer" }, scene.answer),
    make("audio", { controls: true, src: scene.audio, "aria-label": `Play ${scene.sound}` }),
  );
  courses.replaceChildren(drawEquations(scene.equations));
  stepper.go(cycles);
  choice.choose(0, scene.first.row, scene.first.column, 0);
  return () => {
    stepper.stop();
    choice.stop();
  };
}

/** The picture under a map, in which a place can be chosen. */
function drawPicture({ picture, title, width, height, grid }, choice, name, hint, ...images) {
  const plain = make("img", { src: picture, alt: `The picture: ${title}` });
  const marker = make("i", { class: "marker" });
  const shown = make(
    "div",
    { class: "picture", style: `aspect-ratio:${width} / ${height}`, tabindex: 0, role: "application" },
    plain, ...images, marker,
  );
  letChoose(shown, 0, grid, choice);
  const layers = [{ layer: 0, grid, step: 1 / grid, size: 1 / grid }];
  return {
    element: make("figure", {}, make("h3", {}, name), shown, make("small", {}, hint)),
    mark: (location) => {
      putMarker(marker, { layers }, location, 0);
      shown.setAttribute(
        "aria-label",
        `${name}, ${grid}×${grid} places. Chosen: row ${location.row + 1}, column ` +
          `${location.column + 1}. Arrow keys choose a place.`,
      );
    },
  };
}

/** What is expected in a cycle, over what is heard. */
function drawExpectation({ heard, expected }) {
  const bars = drawBars(heard, findMost(heard, ...expected), "p₀");
  const said = make("small", {});
  const element = make(
    "figure", { class: "expectation" }, make("h3", {}, "It expects p₀, it hears s"), bars.element, said,
  );
  const show = (t) => {
    bars.show(expected[t - 1]);
    said.textContent =
      `Narrow: p₀ in this cycle. Wide: s. ${heard.length} numbers, both of length 1; their cosine ` +
      `is ${formatCosine(expected[t - 1], heard)}.`;
  };
  return { element, show };
}

function drawEquations(equations) {
  return make(
    "div", { class: "equations" }, make("h3", {}, "The equations of a cycle"),
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
