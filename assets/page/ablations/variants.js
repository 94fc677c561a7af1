// The picture under every trained variant.

import { make } from "../elements.js";
import { drawButton, markVariant, offerVariants } from "./choice.js";

export function drawVariants(root, value, { trigger }) {
  if (!value) return;
  const none = value.cards.length === 0;
  document.querySelector("#setting-row")?.classList.toggle("none", none);
  if (none) {
    root.replaceChildren(
      make("p", {}, "This picture is not one of theirs: pick one of the drawings above to compare them."),
    );
    return;
  }
  const settings = value.cards.map(({ name, setting }) => [name, setting]);
  offerVariants(Object.fromEntries(settings), () => trigger("select"));
  const cards = Object.fromEntries(value.cards.map((card) => [card.name, card]));
  root.replaceChildren(
    make("h3", {}, `“${value.title}” under every trained model`),
    make(
      "p", {}, "Bright is where a model finds ", make("strong", {}, value.sound),
      "; the white line is its answer",
      value.cards.some(({ ciou }) => ciou !== null)
        ? ", the dashed boxes are where it really is. Under each picture: cIoU, the overlap of " +
          "the two, from 0 to 1."
        : ". Where the sound really is is not known here, so nothing is scored.",
      " In each group those come first whose map is least like the first model's.",
    ),
    make(
      "div", { class: "groups" },
      ...value.groups.map((group) =>
        make(
          "div", { class: "variants", role: "group", "aria-label": group.title },
          make("h4", {}, group.title, make("small", {}, group.hint)),
          make(
            "div", { class: "row" },
            ...group.cards.map(({ name, words }) => drawCard(cards[name], words, value)),
          ),
        ),
      ),
    ),
  );
  markVariant();
}

function drawCard(card, words, { title, sound }) {
  const { name, frame, ciou } = card;
  return drawButton(
    name,
    make("img", { src: frame, alt: `Where ${card.words} finds ${sound} in ${title}` }),
    make("span", {}, words),
    ...(ciou === null ? [] : [make("span", { class: "number" }, ciou.toFixed(2))]),
  );
}
