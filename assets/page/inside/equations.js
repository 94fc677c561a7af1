// The equations of a cycle, and what the colours of the maps mean.

import { make } from "../elements.js";

/** A list for each half, of what gives which quantity. */
export function drawEquations(scene) {
  const element = make(
    "div", { class: "equations" },
    ...["predict", "correct"].map((half) =>
      make(
        "dl", { class: half },
        ...scene.equations
          .filter(({ gives }) => scene.columns.find(({ key }) => key === gives).half === half)
          .map(({ name, equation, words }) =>
            make(
              "div", {}, make("dt", {}, make("span", { class: "equation" }, equation), make("small", {}, name)),
              make("dd", {}, words),
            ),
          ),
      ),
    ),
    make("p", {}, scene.note),
    make(
      "div", { class: "scale" }, make("span", {}, "small"),
      make("i", { style: `background:linear-gradient(to right, ${scene.colours.join(",")})` }),
      make("span", {}, "large: root mean square over a place's channels"),
    ),
  );
  return { element };
}
