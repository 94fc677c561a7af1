// The setting chosen: its map in large, and what it is.

import { make } from "../elements.js";
import { formatPercent } from "../numbers.js";
import { markVariant } from "./choice.js";

export function drawSetting(root, value) {
  if (!value) return;
  const isTrained = value.reasons.length === 0;
  root.replaceChildren(
    make(
      "figure", {},
      make("img", {
        src: value.frame,
        alt: `Where ${value.trained} finds ${value.sound} in the picture: ${value.title}`,
      }),
      make(
        "figcaption", {}, "Listening to ", make("strong", {}, value.sound), ". ",
        describeReading(value),
      ),
    ),
    make(
      "div", { class: "verdict", role: "status" },
      make("strong", { class: isTrained ? "trained" : "frozen" }, isTrained ? "✓ " : "! ",
        value.verdict),
      make("span", {}, ` The model: ${value.trained}. ${value.asks}`),
      ...value.reasons.map((reason) => make("p", {}, reason)),
    ),
    ...(value.scores.length ? [drawScores(value)] : []),
  );
  markVariant(value.name);
}

function describeReading({ now, before }) {
  const tell = ({ ciou, on }) =>
    `${formatPercent(on)} of the picture outlined${ciou === null ? "" : `, cIoU ${ciou.toFixed(2)}`}`;
  return before === null ? `${tell(now)}.` : `${tell(now)}; as it was trained ${tell(before)}.`;
}

function drawScores({ scores, seed }) {
  const num = scores[0].num;
  return make(
    "table", { class: "scores" },
    make("caption", {}, "How often that model finds the source on unseen scenes (cIoU@0.5)"),
    make(
      "thead", {},
      make(
        "tr", {}, make("td"), make("th", { scope: "col" }, `this training, seed ${seed}`),
        ...(num > 1 ? [make("th", { scope: "col" }, `all ${num} seeds`)] : []),
      ),
    ),
    make(
      "tbody", {},
      ...scores.map((score) =>
        make(
          "tr", {}, make("th", { scope: "row" }, score.words), make("td", {}, score.own),
          ...(num > 1 ? [make("td", {}, score.all)] : []),
        ),
      ),
    ),
  );
}
