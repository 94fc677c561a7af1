// The model chosen on the page, with one thing changed at a time.

import { make } from "../elements.js";

export function drawReadouts(root, value) {
  if (!value) return;
  const { title, sound, label, own, changed, same } = value;
  const [differ, alike] = [changed.filter((each) => each.alike < same), changed.filter((each) => each.alike >= same)];
  const draw = (readout) => drawReadout(readout, value);
  root.replaceChildren(
    make("h3", {}, `“${title}” under ${label}`),
    make(
      "p", {}, "Listening to ", make("strong", {}, sound), ". Under each picture: how alike its map " +
      "is to the map as it is, as a correlation",
      own.ciou === null ? "." : ", and cIoU, the overlap of outline and boxes, from 0 to 1.",
    ),
    make("div", { class: "variants" }, make("div", { class: "row" }, draw(own), ...differ.map(draw))),
    ...(alike.length
      ? [
          make(
            "details", {},
            make("summary", {}, `${alike.length} more, of which nothing is to be seen (alike ${same} or more)`),
            make("div", { class: "variants" }, make("div", { class: "row" }, ...alike.map(draw))),
          ),
        ]
      : []),
  );
}

function drawReadout({ words, hint, frame, alike, ciou }, { title, sound, label }) {
  const numbers = [`alike ${alike.toFixed(2)}`, ...(ciou === null ? [] : [`cIoU ${ciou.toFixed(2)}`])];
  return make(
    "div", { class: "readout" },
    make("img", { src: frame, alt: `Where ${label} finds ${sound} in ${title}: ${words}` }),
    make("strong", {}, words), make("small", {}, hint),
    make("span", { class: "number" }, numbers.join(", ")),
  );
}
