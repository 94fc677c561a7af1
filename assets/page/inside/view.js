// What is inside a model, whichever kind it is of, and the switch to its counterpart.

import { make } from "../elements.js";
import { drawCycles } from "./diagram.js";
import { announceHalfCycle } from "./half_cycle.js";
import { drawPredictions } from "./predictions.js";

/** Draw what is inside a model, after its last step; returns a function that stops what runs in it. */
export function drawInside(root, opened, { trigger }) {
  if (!opened) return null;
  const { inside: scene, model, sides, note } = opened;
  const switched = Boolean(document.activeElement?.closest("#inside .sides"));
  const courses = document.querySelector("#courses .courses");
  announceHalfCycle(null);
  delete root.dataset.half;
  root.dataset.model = model;
  const draw = scene.sentence ? drawNothing : scene.expected ? drawPredictions : drawCycles;
  const head = [
    ...(scene.title ? [make("h2", {}, scene.title)] : []),
    ...(sides.length > 1 ? [drawSides(sides, model, trigger)] : []),
    ...(note ? [make("p", { class: "note" }, note)] : []),
  ];
  const stop = draw(root, courses, scene, head, trigger);
  if (switched) root.querySelector(".sides input:checked")?.focus();
  return stop;
}

function drawNothing(root, courses, { sentence }, head) {
  root.replaceChildren(...head, make("p", { class: "sentence", role: "status" }, sentence));
  courses.replaceChildren();
  return null;
}

/** The models that can be looked into; the page's own stays what it is. */
function drawSides(sides, model, trigger) {
  const choices = sides.map(({ kind, model: key, label }) => {
    const choice = make("input", { type: "radio", name: "side", value: kind, checked: key === model });
    choice.addEventListener("change", () => trigger("input"));
    return make("label", {}, choice, make("span", {}, label));
  });
  return make(
    "fieldset", { class: "sides choices" }, make("legend", {}, "Look into"), ...choices,
  );
}

/** The kind of model that the switch stands on. */
export const readSide = () => document.querySelector("#inside .sides input:checked").value;
