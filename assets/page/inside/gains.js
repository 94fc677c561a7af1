// A gain of the PCM, channel by channel, as it was learned.

import { make } from "../elements.js";
import { formatNumber, SUBSCRIPTS } from "../numbers.js";

/** How many channels have which gain, layer by layer, and where they all started. */
export function drawGain({ symbol, words, start, note, layers }) {
  const [width, height, bins] = [200, 36, 24];
  const low = Math.min(start, ...layers.map((layer) => layer.low));
  const high = Math.max(start, ...layers.map((layer) => layer.high));
  const x = (value) => (width * (value - low)) / (high - low || 1);
  return make(
    "div", { class: "gain" },
    make("p", {}, make("strong", {}, symbol), `: ${words}. ${note}`),
    ...layers.map(({ layer, values, low: least, mean, high: most }) => {
      const counts = Array(bins).fill(0);
      values.forEach((v) => counts[Math.min(bins - 1, Math.floor((x(v) / width) * bins))]++);
      const tallest = Math.max(...counts);
      const said = `${formatNumber(least, 2)} to ${formatNumber(most, 2)}, mean ${formatNumber(mean)}`;
      const name = `${symbol}${SUBSCRIPTS[layer]}`;
      return make(
        "figure", {}, make("strong", {}, name),
        make(
          "svg",
          {
            viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img",
            "aria-label": `${name} of ${values.length} channels: ${said}; they started at ${start}`,
          },
          ...counts.map((count, i) =>
            make("rect", {
              x: (width / bins) * i + 0.5, width: width / bins - 1,
              y: height * (1 - count / tallest), height: (height * count) / tallest,
            }),
          ),
          make("line", { x1: x(start), x2: x(start), y1: 0, y2: height, "vector-effect": "non-scaling-stroke" }),
        ),
        make("small", {}, said),
      );
    }),
  );
}
