// The two pictures on top of the diagram.

import { make } from "../elements.js";
import { putMarker } from "./marker.js";

/** On top: the picture, and what the module answers after each cycle. */
export function drawPictures(scene) {
  const frames = scene.frames.map((source, i) =>
    make("img", { class: "frame", src: source, alt: `Where cycle ${i + 1} sees the sound` }),
  );
  const markers = [0, 1].map(() => make("i", { class: "marker" }));
  const plain = (alt) => make("img", { src: scene.picture, alt });
  const answer = make("small", {});
  const draw = (half, marker, words, ...images) =>
    make(
      "figure", { class: `top ${half}` },
      make(
        "div", { class: "picture", style: `aspect-ratio:${scene.width} / ${scene.height}` },
        ...images, marker,
      ),
      make("figcaption", {}, ...words),
    );
  return {
    elements: [
      draw(
        "predict", markers[0], [make("strong", {}, "The picture")],
        plain(`The picture: ${scene.title}`),
      ),
      draw(
        "correct", markers[1], [make("strong", {}, "Its answer"), " ", answer],
        plain(""), ...frames,
      ),
    ],
    show: (cycle, half) => {
      const t = half === "predict" ? cycle - 1 : cycle;
      answer.textContent = t > 0 ? `after cycle ${t}` : "none yet";
      frames.forEach((frame, i) => {
        frame.classList.toggle("shown", i + 1 === t);
        frame.setAttribute("aria-hidden", String(i + 1 !== t));
      });
    },
    mark: (location) => markers.forEach((marker) => putMarker(marker, scene, location, 0)),
  };
}
