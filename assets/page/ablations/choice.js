// Which variant is chosen, for all parts of the tab that show or offer it.

import { make } from "../elements.js";

// The settings of the variants by name, how to tell the server that one was picked, the setting that
// was, and the name of the variant that is shown.
let settings = {}, tell = () => {}, picked = null, shown = null;

/** Let the variants of these settings, by name, be picked; `trigger` tells the server of it. */
export function offerVariants(offered, trigger) {
  settings = offered;
  tell = trigger;
}

/** The setting that was picked, for the four choices of the tab. */
export const readSetting = () => picked;

const pick = (name) => {
  if (!settings[name]) return;
  picked = settings[name];
  tell();
};

/** Mark the variant that is shown wherever it can be picked; without a name, the same as before. */
export function markVariant(name = shown) {
  shown = name;
  for (const button of document.querySelectorAll("[data-exhibit]")) {
    const now = button.dataset.exhibit === shown;
    button.setAttribute("aria-pressed", String(now));
    button.closest("tr")?.classList.toggle("now", now);
  }
}

/** A button that picks a variant. */
export function drawButton(name, ...children) {
  const button = make("button", { type: "button", "data-exhibit": name }, ...children);
  button.addEventListener("click", () => pick(name));
  return button;
}
