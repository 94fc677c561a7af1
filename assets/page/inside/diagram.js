// Inside the PCM: a cycle goes down the left side of the diagram, as predictions, and up the right
// side, as errors. One message holds every cycle; only the numbers of a location are asked for.

import { make } from "../elements.js";
import { makeStepper } from "../stepper.js";
import { drawAudioFeatures } from "./audio_features.js";
import { makeChoice } from "./choosing.js";
import { drawCourses } from "./courses.js";
import { drawEquations } from "./equations.js";
import { announceHalfCycle } from "./half_cycle.js";
import { drawMap } from "./map.js";
import { drawPictures } from "./pictures.js";
import { askRoads } from "./roads.js";

/** Draw the last half-cycle, its errors below in `courses`; returns a function that stops what runs in it. */
export function drawCycles(root, courses, scene, head, trigger) {
  const choice = makeChoice({
    root,
    first: scene.location,
    gridOf: (layer) => scene.layers.find((each) => each.layer === layer).grid,
    mark: (location) => parts.forEach((part) => part.mark?.(location)),
    ask: () => trigger("select"),
  });
  const cells = scene.cells.map((cell) => drawMap(scene, cell, choice));
  const pictures = drawPictures(scene);
  const sounds = drawAudioFeatures(scene);
  const equations = drawEquations(scene);
  const charts = drawCourses(scene);
  const parts = [...cells, pictures, sounds, equations, charts];

  const words = make("p", { class: "words" });
  const arrows = { predict: "↓", correct: "↑" };
  const stepper = makeStepper({
    root,
    num: scene.steps.length,
    label: "Half-cycles",
    name: (i) => scene.steps[i - 1].title,
    ticks: (i) => `${scene.steps[i - 1].cycle}${arrows[scene.steps[i - 1].half]}`,
    show: (i) => {
      const { cycle, half, words: meaning } = scene.steps[i - 1];
      words.textContent = meaning;
      Object.assign(root.dataset, { cycle, half });
      parts.forEach((part) => part.show?.(cycle, half));
      announceHalfCycle({ cycle, half });
    },
  });
  root.replaceChildren(
    ...head,
    make(
      "p", { class: "listening" }, "Listening to ", make("strong", {}, scene.sound),
      scene.silent ? ": too quiet to be of anything, so no map is about it." : "",
    ),
    stepper.element,
    words,
    drawDiagram(scene, cells, pictures, sounds),
    equations.element,
  );
  courses.replaceChildren(...charts.elements);
  stepper.go(scene.steps.length);
  const { layer, row, column } = scene.location;
  choice.choose(layer, row, column, 0);
  askRoads(() => trigger("expand"));
  return () => {
    stepper.stop();
    choice.stop();
  };
}

/** The storeys from the picture down to the sound, and what goes from one to the next. */
function drawDiagram(scene, cells, pictures, sounds) {
  const heads = [
    make("h3", { class: "half predict" }, "↓ Predict"),
    make("h3", { class: "half correct" }, "Correct ↑"),
    ...scene.columns.map(({ key, half, name, hint }) =>
      make("p", { class: `head ${half} ${key}` }, make("strong", {}, name), make("small", {}, hint)),
    ),
  ];
  const storeys = scene.layers.flatMap(({ layer, grid, where }) => {
    const below = layer - 1;
    return [
      make(
        "p", { class: "storey" }, make("strong", {}, `${grid}×${grid}`), make("small", {}, where),
      ),
      ...scene.columns.map(
        ({ key }) =>
          cells.find((cell) => cell.layer === layer && cell.key === key)?.element ??
          make("p", { class: "none" }, "no layer above, so no error"),
      ),
      ...(below > 0
        ? [
            drawArrow("predict", "M203 0 V17 H67 V24", [67, 30], "predicts", 3 - below),
            drawArrow("correct", "M67 30 V13 H203 V6", [203, 0], "corrects", below + 1),
          ]
        : [
            drawArrow("predict", "M203 0 V24", [203, 30], "predicts", 3),
            drawArrow("correct", "M203 30 V6", [203, 0], "corrects", 1),
          ]),
    ];
  });
  return make(
    "div", { class: "diagram" },
    ...heads,
    ...pictures.elements,
    drawArrow("predict", "M135 0 V17 H67 V24", [67, 30], "visual feature", 0, "top"),
    drawArrow("correct", "M203 30 V13 H135 V6", [135, 0], "read out", 4, "top"),
    ...storeys,
    sounds.element,
  );
}

/** An arrow between two storeys, with its head up or down at a point, over two columns. */
function drawArrow(half, path, [x, y], word, order, where = "") {
  const back = y === 0 ? 8 : -8;
  return make(
    "div", { class: `arrow ${half} ${where}`, style: `--order:${order}` },
    make(
      "svg", { viewBox: "0 0 270 30", preserveAspectRatio: "none", "aria-hidden": "true" },
      make("path", { d: path, "vector-effect": "non-scaling-stroke" }),
      make("polygon", { points: `${x},${y} ${x - 6},${y + back} ${x + 6},${y + back}` }),
    ),
    make("span", {}, word),
  );
}
