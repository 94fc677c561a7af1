// Below the diagram: errors cycle by cycle, gains as learned.

import { make } from "../elements.js";
import { drawGain } from "./gains.js";
import { drawError } from "./prediction_errors.js";

/** The elements, and a function that marks the current cycle in them. */
export function drawCourses(scene) {
  const charts = scene.errors.map((error) => drawError(error, scene.cycles));
  return {
    elements: [
      make(
        "div", { class: "errors" }, make("h3", {}, "The errors, cycle by cycle"),
        make("div", { class: "charts" }, ...charts.map((chart) => chart.element)),
        make("p", {}, scene.errors_note),
      ),
      make(
        "div", { class: "gains" }, make("h3", {}, "The gains, as learned"),
        ...scene.gains.map(drawGain),
        make("p", {}, "Bars: how many channels. Dashed: where all started."),
      ),
    ],
    show: (cycle) => charts.forEach((chart) => chart.show(cycle)),
  };
}
