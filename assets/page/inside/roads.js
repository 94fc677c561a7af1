// Two roads for the sound: what another sound does to the map, by the road that it takes.

import { make } from "../elements.js";
import { formatNumber } from "../numbers.js";

const ROADS = [
  { road: "pcm", name: "Into the PCM, r₀" },
  { road: "query", name: "Into the query" },
];
let wanted = ""; // the key of the sound to send along a road; "" leaves it to the server

/** Ask for the roads of what is shown; `ask()` asks. */
export function askRoads(ask, key = "") {
  wanted = key;
  ask();
}

/** What `describe_roads` wants to know. */
export const readRoads = (scene) => [document.querySelector("#inside .inside").dataset.model, scene, wanted];

/** Draw the roads as they were set; at first the other sound goes into the PCM. */
export function drawRoads(root, roads, { trigger }) {
  if (!roads) return null;
  const picked = Boolean(document.activeElement?.closest("#roads select"));
  const other = make(
    "select", { "aria-label": "The other sound" },
    ...roads.others.map(({ key, title }) =>
      make("option", { value: key, selected: key === roads.key }, title),
    ),
  );
  other.addEventListener("change", () => askRoads(() => trigger("select"), other.value));
  const [own] = roads.maps;
  const frames = roads.maps.map(({ frame }) => make("img", { class: "frame", src: frame }));
  const caption = make("strong", {});
  const numbers = make("small", {});
  const switches = ROADS.map(({ road, name }) => {
    const was = root.querySelector(`[data-road=${road}] input[value=other]`);
    return drawRoad(roads, road, name, was?.checked ?? road === "pcm", () => show());
  });
  const show = () => {
    const [pcm, query] = switches.map(({ isOther }) => isOther());
    const map = roads.maps.findIndex((each) => each.pcm === pcm && each.query === query);
    const where = pcm && query ? "both roads" : pcm ? "the road to the PCM" : "the road to the query";
    caption.textContent = pcm || query ? `${roads.other} on ${where}` : `${roads.own} on both roads`;
    frames.forEach((frame, i) => {
      frame.classList.toggle("shown", i === map);
      frame.alt = i === map ? `The map with ${caption.textContent}` : "";
      frame.setAttribute("aria-hidden", String(i !== map));
    });
    const { correlation, moved } = roads.maps[map];
    numbers.textContent =
      `correlation ${formatNumber(correlation)}, moved by ${formatNumber(100 * moved, 1)} % of its range`;
  };
  root.replaceChildren(
    make("h3", {}, "Two roads for the sound"),
    make(
      "p", {}, "The sound reaches the map as r₀, which the PCM predicts, and as the query that every place is " +
      "compared with. Send another sound along one of them: which road carries it?",
    ),
    make("label", { class: "other" }, "The other sound ", other),
    ...(roads.audio
      ? [make("audio", { controls: true, src: roads.audio, "aria-label": `Play ${roads.other}` })]
      : []),
    ...switches.map(({ element }) => element),
    make(
      "div", { class: "maps" },
      make(
        "figure", {}, make("img", { src: own.frame, alt: `The map with ${roads.own} on both roads` }),
        make("figcaption", {}, make("strong", {}, roads.own), " on both roads"),
      ),
      make(
        "figure", { "aria-live": "polite" },
        make("div", { class: "stack" }, make("img", { src: own.frame, alt: "" }), ...frames),
        make("figcaption", {}, caption, numbers),
      ),
    ),
    make(
      "ul", {},
      make("li", {}, make("strong", {}, "Another sound in the PCM: "), roads.pcm, "."),
      make("li", {}, make("strong", {}, "In the query: "), roads.query, "."),
    ),
    make("p", { class: "verdict" }, roads.verdict),
    make("small", {}, "The maps after the last cycle, in the colours of the first. Lesson 3 measures it over many scenes."),
  );
  show();
  if (picked) other.focus();
  return null;
}

/** The toggle of one road: the own sound, or the other. */
function drawRoad(roads, road, name, isOther, changed) {
  const inputs = ["own", "other"].map((value) =>
    make("input", { type: "radio", name: `road-${road}`, value, checked: isOther === (value === "other") }),
  );
  inputs.forEach((input) => input.addEventListener("change", changed));
  const element = make(
    "fieldset", { class: "choices", "data-road": road }, make("legend", {}, name),
    ...inputs.map((input) => make("label", {}, input, make("span", {}, roads[input.value]))),
  );
  return { element, isOther: () => inputs[1].checked };
}
