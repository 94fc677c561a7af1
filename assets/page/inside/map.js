// The map of one quantity of the PCM: an image on a grid, in which a location can be chosen.

import { make } from "../elements.js";
import { formatNumber } from "../numbers.js";
import { letChoose } from "./choosing.js";
import { putMarker } from "./marker.js";

/** The map of one quantity at one layer; a location in it can be chosen. */
export function drawMap(scene, cell, choice) {
  const { layer, grid } = scene.layers.find((each) => each.layer === cell.layer);
  const column = scene.columns.find((each) => each.key === cell.key);
  const canvas = make("canvas", { width: grid, height: grid });
  const marker = make("i", { class: "marker" });
  const map = make("div", { class: "map", tabindex: 0, role: "application" }, canvas, marker);
  const [low, high] = cell.range;
  const element = make(
    "figure",
    {
      class: `cell ${column.half} ${cell.key} layer-${layer}`, "data-cell": `${cell.key}-${layer}`,
      style: `--order:${column.half === "predict" ? 3 - layer : layer}`,
    },
    map,
    make(
      "figcaption", {}, make("strong", {}, cell.symbol),
      make("small", {}, `${formatNumber(low, 2)} to ${formatNumber(high, 2)}`),
    ),
  );
  let known = null;
  let now = "";
  const label = () => {
    const location = choice.read();
    const value = known && location.layer === layer
      ? ` At row ${location.row + 1}, column ${location.column + 1}: ` +
        `${formatNumber(known[location.row * grid + location.column])}.`
      : "";
    map.setAttribute(
      "aria-label",
      `${column.name}: ${cell.symbol}, ${grid}×${grid} places, ${now}.${value} ` +
        "Arrow keys choose a place.",
    );
  };
  letChoose(map, layer, grid, choice);
  return {
    key: cell.key,
    layer,
    element,
    show: (cycle, half) => {
      // While it predicts, what this cycle will correct is still that of the cycle before.
      const t = half === "predict" && column.half === "correct" ? cycle - 1 : cycle;
      known = cell.maps[t - 1] ?? null;
      now = known ? `cycle ${t}` : "nothing yet";
      element.classList.toggle("empty", !known);
      if (known) paintMap(canvas, known, cell.range, scene.colours);
      label();
    },
    mark: (location) => {
      putMarker(marker, scene, location, layer);
      marker.classList.toggle("chosen", location.layer === layer);
      label();
    },
  };
}

function paintMap(canvas, values, [low, high], colours) {
  const pen = canvas.getContext("2d");
  values.forEach((value, i) => {
    const level = (value - low) / (high - low || 1);
    const colour = Math.round(Math.min(1, Math.max(0, level)) * (colours.length - 1));
    pen.fillStyle = colours[colour];
    pen.fillRect(i % canvas.width, Math.floor(i / canvas.width), 1, 1);
  });
}
