// The tab "False negatives": a batch with its pairs, a race of three ways to train, the full runs.

import { make } from "./elements.js";

const OWN = "own", FALSE = "false", TRUE = "true";
const SIGNS = { [OWN]: "✓", [FALSE]: "✗", [TRUE]: "" };
const MEANINGS = {
  [OWN]: "its own sound: positive",
  [FALSE]: "same instrument: false negative",
  [TRUE]: "another instrument: true negative",
};
const WAITING = "Starting. One visitor trains at a time: where another does, this waits its turn.";
const REFUSED = "Not started. Change what the message says, and try again.";
const TABLE_TITLE =
  "Scenes found (cIoU ≥ 0.5) under their own sound, with a second instrument that is silent";
const percent = (share) => `${Math.round(100 * share)}\u00a0%`;

// --- A batch ----------------------------------------------------------------------------------

/** Clips to choose from, and all pairs of a picture and a sound as a table of dots. */
export function drawBatch(root, batch) {
  root.dataset.seed = batch.seed;
  const num = batch.clips.length;
  let chosen = 0;
  let order = batch.clips.map((_, i) => i);
  const clips = batch.clips.map(({ picture, label }, i) => {
    const sign = make("b", { class: "sign", "aria-hidden": "true" });
    const what = make("span", { class: "what" });
    const button = make(
      "button", { type: "button" },
      make("img", { src: picture, alt: "" }), sign, make("span", {}, label), what,
    );
    button.addEventListener("click", () => choose(i));
    return { button, sign, what, element: make("li", {}, button) };
  });
  const list = make("ul", { class: "clips", "aria-label": "The clips of the batch" });
  const words = make("p", { class: "words", "aria-live": "polite" });
  const matrix = make("div", { class: "matrix" });

  const choose = (i) => {
    chosen = i;
    clips.forEach((clip, j) => {
      const kind = batch.pairs[i][j];
      clip.button.dataset.kind = kind;
      clip.button.tabIndex = j === i ? 0 : -1; // the arrow keys go to the others
      clip.button.setAttribute("aria-pressed", String(j === i));
      clip.sign.textContent = SIGNS[kind];
      clip.what.textContent = `: ${MEANINGS[kind]}`;
    });
    const others = num - 1;
    const wrong = batch.pairs[i].filter((kind) => kind === FALSE).length;
    words.replaceChildren(
      `Picture ${i + 1} shows: `, make("strong", {}, batch.clips[i].label), ". Of the ",
      `${others} other sounds of the batch `, make("strong", {}, `${wrong} `),
      wrong === 1 ? "is" : "are", " of the same instrument: ",
      make("strong", {}, `${percent(wrong / others)} false negatives`), ".",
    );
    drawMatrix();
  };
  const drawMatrix = () => matrix.replaceChildren(plotPairs(batch, order, chosen, method()));
  const arrange = () => {
    const label = (i) => batch.clips[i].label;
    order = batch.clips.map((_, i) => i);
    if (sorted.checked) order.sort((a, b) => label(a).localeCompare(label(b)) || a - b);
    list.replaceChildren(...order.map((i) => clips[i].element));
    drawMatrix();
  };
  list.onkeydown = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    choose(order[(order.indexOf(chosen) + by + num) % num]);
    clips[chosen].button.focus();
  };

  const sorted = make("input", { type: "checkbox" });
  sorted.checked = root.dataset.sorted === "true";
  sorted.addEventListener("change", () => {
    root.dataset.sorted = sorted.checked;
    arrange();
  });
  const radios = Object.entries(batch.methods).map(([name, meaning]) => {
    const radio = make("input", { type: "radio", name: "batch-method", value: name });
    radio.checked = name === (root.dataset.method ?? "A");
    radio.addEventListener("change", () => {
      root.dataset.method = name;
      drawMatrix();
    });
    return { radio, element: make("label", {}, radio, make("strong", {}, name), ` ${meaning}`) };
  });
  const method = () => radios.find(({ radio }) => radio.checked).radio.value;

  const { num_false: wrong, num_negatives: all } = batch;
  root.replaceChildren(
    make(
      "div", { class: "choose" },
      make("p", { class: "quiet" }, "Choose a picture, with a click or the arrow keys:"),
      words, list,
    ),
    make(
      "figure", {},
      make(
        "fieldset", {}, make("legend", {}, "What the model is told about every pair"),
        ...radios.map(({ element }) => element),
      ),
      matrix,
      make("figcaption", {}, "A row for each picture, a column for each sound of the batch."),
      make("label", { class: "sorted" }, sorted, "Sort by instrument"),
    ),
    make(
      "p", { class: "count" },
      "In the whole batch ", make("strong", {}, `${wrong} of ${all}`), " negatives are false, ",
      make("strong", {}, percent(batch.share)), ". So many are to be expected from the counts ",
      "alone: an instrument that plays in n clips makes n × (n − 1) false pairs, here ",
      `${batch.sum} = ${wrong}, out of ${num} × ${num - 1} = ${all}. In large batches of `,
      `${batch.num_instruments} equally frequent instruments it is one in `,
      `${batch.num_instruments}, ${percent(1 / batch.num_instruments)}.`,
    ),
  );
  choose(0);
  arrange();
}

/** All pairs under a method: pulled together a square, pushed apart a dot, wrongly so a cross. */
function plotPairs(batch, order, chosen, method) {
  const num = order.length;
  const svg = make("svg", { viewBox: `-0.1 -0.1 ${num + 0.2} ${num + 0.2}`, role: "img" });
  const drawn = { [OWN]: 0, [FALSE]: 0, [TRUE]: 0 };
  order.forEach((i, row) => {
    if (i === chosen) svg.append(make("rect", { class: "row", x: 0, y: row, width: num, height: 1 }));
    order.forEach((j, column) => {
      const kind = batch.pairs[i][j];
      if ((kind === FALSE && method !== "A") || (kind === TRUE && method === "C")) return;
      drawn[kind] += 1;
      const [x, y] = [column + 0.5, row + 0.5];
      if (kind === OWN) {
        svg.append(make("rect", { class: OWN, x: x - 0.4, y: y - 0.4, width: 0.8, height: 0.8 }));
      } else if (kind === FALSE) {
        const d = `M${x - 0.3},${y - 0.3}l0.6,0.6m0,-0.6l-0.6,0.6`;
        svg.append(make("path", { class: FALSE, d }));
      } else {
        svg.append(make("circle", { class: TRUE, cx: x, cy: y, r: 0.12 }));
      }
    });
  });
  const parts = [
    `${drawn[OWN]} pairs are pulled together (squares)`,
    `${drawn[TRUE]} true negatives are pushed apart (dots)`,
    `${drawn[FALSE]} false negatives are pushed apart (crosses)`,
  ];
  svg.setAttribute("aria-label", `${method}: ${parts.join(", ")}`);
  const tell = ([shape, text]) => make("li", {}, shape, text);
  const key = make(
    "ul", { class: "key" },
    ...[["■ ", parts[0]], ["· ", parts[1]], ["✗ ", parts[2]]].map(tell),
  );
  const element = make("div", {}, svg, key);
  return element;
}

// --- The race ---------------------------------------------------------------------------------

/** Progress, curves and maps; drawn once, then only what changed, as a message comes twice a second. */
export function drawTraining(root, state) {
  const view = (root.view ??= startRace(root));
  if (view.isStopped) return; // a message that was under way when it was stopped
  if (state.words) view.tell(state.words, state.done, state.total);
  if (state.steps) view.show(state);
}

function startRace(root) {
  const words = make("p", { class: "words", role: "status" });
  const bar = make("progress", { max: 1, value: 0, hidden: true, "aria-label": "How far the training is" });
  const fact = make("p", { class: "quiet" });
  const charts = make("div", { class: "charts" });
  const maps = make("div", { class: "maps" });
  words.textContent = "Nothing is trained yet.";
  root.replaceChildren(bar, words, fact, charts, maps);
  const view = {
    isOver: true,
    isStopped: false,
    tell(text, done, total) {
      words.textContent = text;
      bar.hidden = false;
      bar.value = total ? done / total : 0;
      view.isOver = false;
    },
    show(state) {
      view.isOver = state.over;
      fact.textContent = state.fact;
      charts.replaceChildren(...plotRace(state));
      updateMaps(maps, state);
    },
    stop() {
      if (view.isOver) return;
      view.isOver = view.isStopped = true;
      words.textContent = words.textContent === WAITING
        ? "Stopped before it began."
        : `Stopped. ${words.textContent}: what was reached until then stays.`;
    },
  };
  return view;
}

function plotRace({ steps, scores, losses, methods }) {
  const names = Object.keys(scores);
  const line = (name, values, dashed = false) => ({ name, values, dashed });
  return [
    plotCurves(
      "Scenes found (cIoU ≥ 0.5)", "own sound; dashed: another class's sound", steps,
      names.flatMap((name) => [
        line(name, scores[name].right), line(name, scores[name].other, true),
      ]),
      [0, 0.5],
    ),
    ...names.map((name) => {
      const others = "each method has a loss of its own: compare shapes, not heights";
      return plotCurves(`Loss of ${name}`, name === names[0] ? others : methods[name], steps, [
        line(name, losses[name]),
      ]);
    }),
  ];
}

/** Lines over the steps, with axes; a letter stands at the end of each that is not dashed. */
function plotCurves(title, note, steps, lines, least = [Infinity, -Infinity]) {
  const [width, height, left, right, top, bottom] = [300, 170, 34, 18, 8, 24];
  const known = lines.flatMap(({ values }) => values.filter((v) => v !== null));
  const ticks = chooseTicks(Math.min(least[0], ...known), Math.max(least[1], ...known));
  const [low, high] = [ticks[0], ticks[ticks.length - 1]];
  const end = Math.max(1, steps[steps.length - 1]);
  const x = (step) => left + ((width - left - right) * step) / end;
  const y = (v) => height - bottom - ((height - top - bottom) * (v - low)) / (high - low);
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  for (const tick of ticks) {
    svg.append(
      make("line", { x1: left, x2: width - right, y1: y(tick), y2: y(tick) }),
      make("text", { x: left - 5, y: y(tick) + 3.5, "text-anchor": "end" }, String(tick)),
    );
  }
  svg.append(
    make("text", { x: left, y: height - 8 }, "0"),
    make("text", { x: width - right, y: height - 8, "text-anchor": "end" }, `${end} steps`),
  );
  const ends = [];
  for (const { name, values, dashed } of lines) {
    const points = steps.flatMap((step, i) => (values[i] === null ? [] : [[x(step), y(values[i])]]));
    if (!points.length) continue;
    const look = { "data-name": name, class: dashed && "dashed" };
    svg.append(make("polyline", { points: points.join(" "), ...look }));
    if (!dashed) ends.push([name, points[points.length - 1][1]]);
  }
  // Letters keep clear of each other.
  ends.sort((a, b) => a[1] - b[1]);
  let lowest = top;
  for (const [name, at] of ends) {
    lowest = Math.min(Math.max(at + 4, lowest + 12), height - bottom);
    svg.append(make("text", { x: width - right + 4, y: lowest, class: "name", "data-name": name }, name));
  }
  const last = lines
    .filter(({ values }) => values.at(-1) !== null)
    .map(({ name, values, dashed }) =>
      `${name}${dashed ? " (other sound)" : ""} ${values.at(-1).toFixed(2)}`,
    );
  svg.setAttribute("aria-label", `${title} after ${steps.at(-1)} steps: ${last.join(", ")}`);
  return make("figure", {}, make("figcaption", {}, make("strong", {}, title), ` ${note}`), svg);
}

/** A few round numbers that enclose both ends. */
function chooseTicks(low, high) {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const rough = Math.max(high - low, 1e-3) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(6)));
}

/** A row for each scene, a column for each method; pictures are exchanged in their places. */
function updateMaps(root, { scenes, methods }) {
  const names = Object.keys(methods);
  if (!root.children.length) {
    const rows = scenes.map(() =>
      make(
        "figure", { class: "scene" }, make("figcaption"),
        ...["", ...names].map((name) =>
          make("div", { "data-name": name }, make("img", {}), make("span", {})),
        ),
      ),
    );
    root.replaceChildren(...rows);
  }
  scenes.forEach(({ sound, silent, picture, maps, cious }, row) => {
    root.children[row].querySelector("figcaption").replaceChildren(
      make("strong", {}, sound), silent ? ` is heard, ${silent} is silent` : "",
    );
    for (const cell of root.children[row].querySelectorAll("div")) {
      const { name } = cell.dataset;
      const [image, words] = cell.children;
      image.src = name ? maps[name] : picture;
      image.alt = name ? `Where ${name} sees the sound of ${sound}` : `The scene; the box is ${sound}`;
      const found = name && (cious[name] >= 0.5 ? "found" : "missed");
      words.textContent = name ? `${name}: ${cious[name].toFixed(2)} ${found}` : "the scene";
    }
  });
}

// --- The full runs ----------------------------------------------------------------------------

/** Asked for when they come into sight: few visitors get there. */
export function drawFullRuns(root, runs, { trigger }) {
  if (!runs.lines && !runs.sentence) {
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      trigger("select");
    });
    root.replaceChildren(make("p", { class: "quiet" }, "The full runs are being read."));
    seen.observe(root);
    return () => seen.disconnect();
  }
  if (runs.sentence) return void root.replaceChildren(make("p", {}, runs.sentence));
  const names = Object.keys(runs.methods);
  const head = ["Setting", "False negatives", "For each picture", ...names];
  root.replaceChildren(
    make("p", {}, runs.how),
    make("p", { id: "fullruns-title" }, make("strong", {}, TABLE_TITLE)),
    make(
      "div", { class: "scroller", tabindex: 0, role: "group", "aria-label": "Scores of the full runs" },
      make(
        "table", { "aria-labelledby": "fullruns-title" },
        make("thead", {}, make("tr", {}, ...head.map((word) => make("th", { scope: "col" }, word)))),
        make(
          "tbody", {},
          ...runs.lines.map(({ setting, share, each, cells }) =>
            make(
              "tr", {}, make("th", { scope: "row" }, setting), make("td", {}, share),
              make("td", {}, each), ...names.map((name) => make("td", {}, cells[name] ?? "")),
            ),
          ),
        ),
      ),
    ),
    make("p", {}, runs.reading),
    make(
      "div", { class: "figures" },
      ...runs.figures.map(({ picture, words }) =>
        make("figure", {}, make("img", { src: picture, alt: words }), make("figcaption", {}, words)),
      ),
    ),
  );
}

// --- What the buttons beside them need --------------------------------------------------------

const view = () => document.querySelector(".race").view;

/** The seed of the batch that is shown, and of the one to draw next. */
export const thisBatch = () => Number(document.querySelector(".batch").dataset.seed);
export const nextBatch = () => thisBatch() + 1;

export function announceTraining() {
  view().isStopped = false;
  view().tell(WAITING);
}

/** The server did not train, or broke off; that it was stopped it reports so, too. */
export function refuseTraining() {
  if (!view().isStopped) view().tell(REFUSED);
}

export const stopTraining = () => view().stop();
