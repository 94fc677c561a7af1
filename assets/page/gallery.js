// The gallery above the tabs: one row of samples.

import { make } from "./elements.js";

/** Buttons with the samples' pictures; a click makes its id the value and says so. */
export function drawGallery(root, picked, { trigger, props }) {
  const draw = ({ id, title, thumbnail }) => {
    const button = make(
      "button", { type: "button", "data-id": id },
      make("img", { src: thumbnail, alt: "" }), make("span", {}, title),
    );
    button.addEventListener("click", () => {
      props.value = id;
      markSample(id);
      trigger("select");
    });
    return button;
  };
  root.replaceChildren(...props.samples.map(draw));
  markSample(picked);
  const chosen = root.querySelector("[aria-pressed=true]");
  if (chosen) root.scrollLeft = chosen.offsetLeft - root.offsetLeft - 24;
}

/** Mark the sample that is looked at: the stage says which, whatever was clicked meanwhile. */
export function markSample(id) {
  for (const button of document.querySelectorAll(".gallery button")) {
    button.setAttribute("aria-pressed", String(button.dataset.id === id));
  }
}
