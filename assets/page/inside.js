// Inside the PCM: a cycle goes down the left side of the diagram, as predictions, and up the right
// side, as errors. One message holds every cycle; only the numbers of a place are asked for.

import { make } from "./elements.js";
import { makeStepper } from "./stepper.js";

const ASK_MS = 150; // a place is asked for when the arrow keys rest
const STEPPED = "sspl:inside"; // what the diagram tells the panel beside it
const SUBSCRIPTS = "₀₁₂₃";

/** 0.123, with a true minus, and none before what is rounded to 0. */
const say = (value, digits = 3) =>
  value.toFixed(digits).replace(/^-(?=[0.]*$)/, "").replace("-", "−");

// --- The diagram ------------------------------------------------------------------------------

/** Draw the diagram after its last half-cycle; returns a function that stops what runs in it. */
export function drawInside(root, scene, { trigger }) {
  if (!scene) return null;
  const courses = document.querySelector("#courses .courses");
  if (scene.sentence) {
    root.replaceChildren(make("p", { class: "sentence", role: "status" }, scene.sentence));
    courses.replaceChildren();
    tell(null);
    return null;
  }
  let asking = null;
  const ask = (delay_ms) => {
    clearTimeout(asking);
    asking = setTimeout(() => trigger("select"), delay_ms);
  };
  const choose = (layer, row, column, delay_ms) => {
    const { grid } = scene.layers.find((each) => each.layer === layer);
    const cut = (k) => Math.min(grid - 1, Math.max(0, k));
    place = { layer, row: cut(row), column: cut(column) };
    Object.assign(root.dataset, place);
    parts.forEach((part) => part.mark?.(place));
    ask(delay_ms);
  };
  let place = scene.place;
  const cells = scene.cells.map((cell) => drawCell(scene, cell, choose, () => place));
  const pictures = drawPictures(scene);
  const sounds = drawSounds(scene);
  const equations = drawEquations(scene);
  const charts = drawCourses(scene);
  const parts = [...cells, pictures, sounds, equations, charts];

  const words = make("p", { class: "words" });
  const arrows = { predict: "↓", correct: "↑" };
  const stepper = makeStepper({
    root,
    num: scene.steps.length,
    label: "Half-cycles",
    name: (i) => scene.steps[i - 1].title,
    ticks: (i) => `${scene.steps[i - 1].cycle}${arrows[scene.steps[i - 1].half]}`,
    show: (i) => {
      const { cycle, half, words: meaning } = scene.steps[i - 1];
      words.textContent = meaning;
      Object.assign(root.dataset, { cycle, half });
      parts.forEach((part) => part.show?.(cycle, half));
      tell({ cycle, half });
    },
  });
  root.replaceChildren(
    make("h2", {}, scene.title),
    make(
      "p", { class: "listening" }, "Listening to ", make("strong", {}, scene.sound),
      scene.silent ? ": too quiet to be of anything, so no map is about it." : "",
    ),
    stepper.element,
    words,
    drawDiagram(scene, cells, pictures, sounds),
    equations.element,
  );
  courses.replaceChildren(...charts.elements);
  stepper.go(scene.steps.length);
  choose(place.layer, place.row, place.column, 0);
  return () => {
    stepper.stop();
    clearTimeout(asking);
  };
}

function tell(step) {
  window.dispatchEvent(new CustomEvent(STEPPED, { detail: step }));
}

/** The storeys from the picture down to the sound, and what goes from one to the next. */
function drawDiagram(scene, cells, pictures, sounds) {
  const heads = [
    make("h3", { class: "half predict" }, "↓ Predict"),
    make("h3", { class: "half correct" }, "Correct ↑"),
    ...scene.columns.map(({ key, half, name, hint }) =>
      make("p", { class: `head ${half} ${key}` }, make("strong", {}, name), make("small", {}, hint)),
    ),
  ];
  const storeys = scene.layers.flatMap(({ layer, grid, where }) => {
    const below = layer - 1;
    return [
      make(
        "p", { class: "storey" }, make("strong", {}, `${grid}×${grid}`), make("small", {}, where),
      ),
      ...scene.columns.map(
        ({ key }) =>
          cells.find((cell) => cell.layer === layer && cell.key === key)?.element ??
          make("p", { class: "none" }, "no layer above, so no error"),
      ),
      ...(below > 0
        ? [
            drawArrow("predict", "M203 0 V17 H67 V24", [67, 30], "predicts", 3 - below),
            drawArrow("correct", "M67 30 V13 H203 V6", [203, 0], "corrects", below + 1),
          ]
        : [
            drawArrow("predict", "M203 0 V24", [203, 30], "predicts", 3),
            drawArrow("correct", "M203 30 V6", [203, 0], "corrects", 1),
          ]),
    ];
  });
  return make(
    "div", { class: "diagram" },
    ...heads,
    ...pictures.elements,
    drawArrow("predict", "M135 0 V17 H67 V24", [67, 30], "what the eyes saw", 0, "top"),
    drawArrow("correct", "M203 30 V13 H135 V6", [135, 0], "read out", 4, "top"),
    ...storeys,
    sounds.element,
  );
}

/** An arrow between two storeys, with its head up or down at a point, over two columns. */
function drawArrow(half, path, [x, y], word, order, where = "") {
  const back = y === 0 ? 8 : -8;
  return make(
    "div", { class: `arrow ${half} ${where}`, style: `--order:${order}` },
    make(
      "svg", { viewBox: "0 0 270 30", preserveAspectRatio: "none", "aria-hidden": "true" },
      make("path", { d: path, "vector-effect": "non-scaling-stroke" }),
      make("polygon", { points: `${x},${y} ${x - 6},${y + back} ${x + 6},${y + back}` }),
    ),
    make("span", {}, word),
  );
}

/** The map of one quantity at one layer; a place of it can be chosen. */
function drawCell(scene, cell, choose, readPlace) {
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
      make("small", {}, `${say(low, 2)} to ${say(high, 2)}`),
    ),
  );
  let known = null;
  let now = "";
  const label = () => {
    const place = readPlace();
    const value = known && place.layer === layer
      ? ` At row ${place.row + 1}, column ${place.column + 1}: ` +
        `${say(known[place.row * grid + place.column])}.`
      : "";
    map.setAttribute(
      "aria-label",
      `${column.name}: ${cell.symbol}, ${grid}×${grid} places, ${now}.${value} ` +
        "Arrow keys choose a place.",
    );
  };
  map.addEventListener("click", (event) => {
    const box = canvas.getBoundingClientRect();
    const at = (from, length) => Math.floor((from / length) * grid);
    choose(layer, at(event.clientY - box.top, box.height), at(event.clientX - box.left, box.width), 0);
  });
  map.addEventListener("keydown", (event) => {
    const by = {
      ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Enter: [0, 0],
    }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const place = readPlace();
    // From another layer's place the keys first come to the middle of this one.
    const [row, col] = place.layer === layer
      ? [place.row + by[0], place.column + by[1]]
      : [Math.floor(grid / 2), Math.floor(grid / 2)];
    choose(layer, row, col, event.key === "Enter" ? 0 : ASK_MS);
  });
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
    mark: (place) => {
      putMarker(marker, scene, place, layer);
      marker.classList.toggle("chosen", place.layer === layer);
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

/** Surround a place; on another layer, or on the picture, what it stands for there. */
function putMarker(marker, scene, place, layer) {
  const { grid, step, size } = scene.layers.find((each) => each.layer === place.layer);
  const [by, wide] = place.layer === layer ? [1 / grid, 1 / grid] : [step, size];
  const percent = (share) => `${100 * share}%`;
  Object.assign(marker.style, {
    left: percent(place.column * by), top: percent(place.row * by),
    width: percent(wide), height: percent(wide),
  });
}

/** On top: what is seen, and what the module answers after each cycle. */
function drawPictures(scene) {
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
    mark: (place) => markers.forEach((marker) => putMarker(marker, scene, place, 0)),
  };
}

/** At the bottom: the sound that is expected, the sound that is, and the difference, as bars. */
function drawSounds(scene) {
  const { r, p, e } = scene.sounds;
  const most = Math.max(...[r, ...p, ...e].flat().map(Math.abs)) || 1;
  const least = Math.min(0, ...[r, ...p, ...e].flat());
  const rms = (values) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
  const rows = [
    { key: "p", symbol: "p₀", half: "predict", name: "expected", courses: p },
    { key: "r", symbol: "r₀", half: "both", name: "heard", courses: p.map(() => r) },
    { key: "e", symbol: "e₀", half: "correct", name: "missed", courses: e },
  ].map(({ key, symbol, half, name, courses }) => {
    const [width, height] = [4 * r.length, 30];
    const y = (value) => (height * (most - value)) / (most - least);
    const bars = r.map((_, i) => make("rect", { x: 4 * i + 0.5, width: 3 }));
    const value = make("small", {});
    const drawing = make(
      "svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img" },
      make("line", { x1: 0, x2: width, y1: y(0), y2: y(0), "vector-effect": "non-scaling-stroke" }),
      ...bars,
    );
    const element = make(
      "div", { class: `strip ${half} ${key}`, style: `--order:${half === "predict" ? 3 : 0}` },
      make("p", {}, make("strong", {}, symbol), ` ${name}`), drawing, value,
    );
    const show = (cycle, now) => {
      const t = now === "predict" && half === "correct" ? cycle - 1 : cycle;
      const values = courses[t - 1];
      element.classList.toggle("empty", !values);
      (values ?? r.map(() => 0)).forEach((v, i) => {
        bars[i].setAttribute("y", Math.min(y(v), y(0)));
        bars[i].setAttribute("height", Math.abs(y(v) - y(0)));
      });
      value.textContent = values ? say(rms(values)) : "";
      drawing.setAttribute(
        "aria-label",
        values
          ? `${symbol}, the sound as ${name}: ${values.length} numbers, their root mean square ` +
            say(rms(values))
          : `${symbol}: nothing yet`,
      );
    };
    return { element, show };
  });
  const element = make(
    "div", { class: "sounds" },
    make("p", { class: "storey" }, make("strong", {}, "Sound"), make("small", {}, `${r.length} numbers`)),
    make(
      "div", { class: "strips" }, ...rows.map((row) => row.element),
      make("audio", { controls: true, src: scene.audio, "aria-label": `Play ${scene.sound}` }),
    ),
  );
  return { element, show: (cycle, half) => rows.forEach((row) => row.show(cycle, half)) };
}

function drawEquations(scene) {
  const element = make(
    "div", { class: "equations" },
    ...["predict", "correct"].map((half) =>
      make(
        "dl", { class: half },
        ...scene.equations
          .filter(({ gives }) => scene.columns.find(({ key }) => key === gives).half === half)
          .map(({ name, equation, words }) =>
            make(
              "div", {}, make("dt", {}, make("span", { class: "equation" }, equation), make("small", {}, name)),
              make("dd", {}, words),
            ),
          ),
      ),
    ),
    make("p", {}, scene.note),
    make(
      "div", { class: "scale" }, make("span", {}, "small"),
      make("i", { style: `background:linear-gradient(to right, ${scene.colours.join(",")})` }),
      make("span", {}, "large: root mean square over a place's channels"),
    ),
  );
  return { element };
}

// --- Errors per cycle, gains as learned -------------------------------------------------------

function drawCourses(scene) {
  const charts = scene.errors.map((error) => drawChart(error, scene.cycles));
  return {
    elements: [
      make(
        "div", { class: "errors" }, make("h3", {}, "The errors, cycle by cycle"),
        make("div", { class: "charts" }, ...charts.map((chart) => chart.element)),
        make("p", {}, scene.errors_note),
      ),
      make(
        "div", { class: "gains" }, make("h3", {}, "The gains, as learned"),
        ...scene.gains.map(drawGain),
        make("p", {}, "Bars: how many channels. Dashed: where all started."),
      ),
    ],
    show: (cycle) => charts.forEach((chart) => chart.show(cycle)),
  };
}

/** One error over the cycles, on axes that start at 0. */
function drawChart({ layer, where, course, note }, cycles) {
  const [width, height, left, bottom, top] = [220, 120, 34, 18, 10];
  const most = Math.max(...course) || 1;
  const x = (t) => left + 8 + ((width - left - 20) * (t - 1)) / Math.max(1, cycles - 1);
  const y = (value) => height - bottom - ((height - bottom - top) * value) / most;
  const dots = course.map((value, i) => make("circle", { cx: x(i + 1), cy: y(value), r: 2.5 }));
  const value = make("strong", {});
  const symbol = `e${SUBSCRIPTS[layer]}`;
  const said = course.map((error, i) => `cycle ${i + 1}: ${say(error)}`).join(", ");
  const element = make(
    "figure", {},
    make("figcaption", {}, make("strong", {}, symbol), ` ${where} `, value),
    make(
      "svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${symbol}: ${said}` },
      make("line", { x1: left, x2: width, y1: y(0), y2: y(0) }),
      make("line", { x1: left, x2: left, y1: y(most), y2: y(0) }),
      make("text", { x: left - 4, y: y(0), "text-anchor": "end" }, "0"),
      make("text", { x: left - 4, y: y(most) + 4, "text-anchor": "end" }, say(most, 2)),
      ...course.map((_, i) =>
        make("text", { x: x(i + 1), y: height - 4, "text-anchor": "middle" }, String(i + 1)),
      ),
      make("polyline", { points: course.map((v, i) => `${x(i + 1)},${y(v)}`).join(" ") }),
      ...dots,
    ),
    make("p", {}, note),
  );
  const show = (cycle) => {
    dots.forEach((dot, i) => {
      dot.classList.toggle("now", i + 1 === cycle);
      dot.setAttribute("r", i + 1 === cycle ? 4.5 : 2.5);
    });
    value.textContent = say(course[cycle - 1]);
  };
  return { element, show };
}

/** How many channels have which gain, layer by layer, and where they all started. */
function drawGain({ symbol, words, start, note, layers }) {
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
      const said = `${say(least, 2)} to ${say(most, 2)}, mean ${say(mean)}`;
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

// --- One place --------------------------------------------------------------------------------

const NAMES = { p: "expected", r: "adapted", e: "missed", corrected: "corrected" };

/** The numbers of a place, and its equations for one channel, in the cycle that is shown. */
export function drawPlace(root, place) {
  if (!place) return null;
  const { cycle: first, half: half1 } = document.querySelector("#inside .inside").dataset;
  let now = { cycle: Number(first), half: half1 };
  let chosen = 0;
  const keys = Object.keys(NAMES).filter((key) => key in place.symbols);
  const levels = drawLevels(place, keys);
  const channels = make("tbody", {});
  const equations = make("div", { class: "worked" });
  const show = () => {
    const t = Math.min(now.cycle, place.cycles.length);
    const numbers = place.cycles[t - 1];
    root.dataset.cycle = t;
    root.dataset.half = now.half;
    levels.show(t);
    channels.replaceChildren(
      ...place.channels.map((channel, i) => {
        const pick = make(
          "button", { type: "button", "aria-pressed": String(i === chosen), "data-channel": channel },
          String(channel),
        );
        pick.addEventListener("click", () => {
          chosen = i;
          show();
          channels.querySelectorAll("button")[i].focus();
        });
        return make(
          "tr", { class: i === chosen ? "now" : "" }, make("th", { scope: "row" }, pick),
          ...keys.map((key) => make("td", {}, say(numbers[key][i], 2))),
        );
      }),
    );
    equations.replaceChildren(...workOut(place, t, chosen));
  };
  const step = ({ detail }) => {
    root.hidden = detail === null;
    if (detail === null) return;
    now = detail;
    show();
  };
  const sub = SUBSCRIPTS[place.layer];
  const most = place.layer === 3 ? "corrected most" : "missed most";
  root.hidden = false;
  root.replaceChildren(
    make(
      "h3", {}, `One place of r${sub}`,
      make("small", {}, ` row ${place.row + 1}, column ${place.column + 1} of ${place.grid}×${place.grid}`),
    ),
    make("p", {}, "Click another place in any map, or move with the arrow keys."),
    levels.element,
    make(
      "p", {}, `On average over its channels b${sub} is ${say(place.gains.b)} and ` +
        `a${sub} is ${say(place.gains.a)}.`,
    ),
    make("h4", {}, "One channel, worked out"),
    equations,
    make(
      "table", { class: "channels" },
      make(
        "caption", {},
        `The ${place.channels.length} of ${place.num_channels} channels ${most} here in the last cycle`,
      ),
      make(
        "thead", {},
        make(
          "tr", {}, make("th", { scope: "col" }, "Channel"),
          ...keys.map((key) => make("th", { scope: "col" }, place.symbols[key])),
        ),
      ),
      channels,
    ),
  );
  show();
  window.addEventListener(STEPPED, step);
  return () => window.removeEventListener(STEPPED, step);
}

/** Root mean squares over channels: a row a quantity, a column a cycle. */
function drawLevels(place, keys) {
  const columns = place.cycles.map(() => []);
  const cell = (t, tag, attributes, text) => {
    const element = make(tag, attributes, text);
    columns[t].push(element);
    return element;
  };
  const element = make(
    "table", { class: "levels" },
    make("caption", {}, "Root mean square over all its channels, in each cycle"),
    make(
      "thead", {},
      make(
        "tr", {}, make("th", { scope: "col" }, "Cycle"),
        ...place.cycles.map((_, t) => cell(t, "th", { scope: "col" }, String(t + 1))),
      ),
    ),
    make(
      "tbody", {},
      ...keys.map((key) =>
        make(
          "tr", { "data-key": key },
          make("th", { scope: "row" }, make("strong", {}, place.symbols[key]), ` ${NAMES[key]}`),
          ...place.levels[key].map((value, t) => cell(t, "td", {}, say(value, 2))),
        ),
      ),
    ),
  );
  const show = (now) =>
    columns.forEach((cells, t) => {
      cells.forEach((each) => each.classList.toggle("now", t + 1 === now));
    });
  return { element, show };
}

/** The two equations of a channel with their numbers put in, each number over its name. */
function workOut(place, t, i) {
  const numbers = place.cycles[t - 1];
  const at = (key) => numbers[key][i];
  const { layer, symbols } = place;
  const [a, b] = [place.a[i], place.b[i]];
  const sub = SUBSCRIPTS[layer];
  const term = (value, name) =>
    make("span", { class: "term" }, make("b", {}, say(value)), make("small", {}, name));
  const line = (...parts) => make("p", {}, ...parts);
  const phi = (scale, shift, ...inside) =>
    scale === null
      ? ["GELU(", ...inside, ")"]
      : ["GELU(", term(scale, "norm ×"), " × (", ...inside, ") + ", term(shift, "norm +"), ")"];

  const predict = [make("h5", {}, `Predict, cycle ${t}`)];
  if (!numbers.before) {
    predict.push(
      line(term(at("r"), symbols.r), " = ", term(at("p"), symbols.p)),
      make("small", {}, "The first cycle starts the layer as what is expected of it."),
    );
  } else {
    const mixed = (1 - b) * at("before") + b * at("p");
    const [scale, shift] = numbers.scale ? [at("scale"), at("shift")] : [null, null];
    const inner = scale === null ? mixed : scale * mixed + shift;
    predict.push(
      line(
        term(at("r"), symbols.r), " = ",
        ...phi(
          scale, shift, "(1 − ", term(b, `b${sub}`), ") × ",
          term(at("before"), `${symbols.corrected} of cycle ${t - 1}`),
          " + ", term(b, `b${sub}`), " × ", term(at("p"), symbols.p),
        ),
      ),
      line(" = GELU(", say(inner), ")"),
    );
  }
  const inner = at("up_scale") * (at("r") + a * at("up")) + at("up_shift");
  const correct = [
    make("h5", {}, `Correct, cycle ${t}`),
    line(
      term(at("corrected"), symbols.corrected), " = ",
      ...phi(
        at("up_scale"), at("up_shift"), term(at("r"), symbols.r), " + ", term(a, `a${sub}`),
        " × ", term(at("up"), `Wᵀ e${SUBSCRIPTS[layer - 1]}`),
      ),
    ),
    line(" = GELU(", say(inner), ")"),
  ];
  if (symbols.e) {
    correct.push(
      line(
        term(at("e"), symbols.e), " = ", term(at("corrected"), symbols.corrected), " − ",
        term(at("p"), symbols.p),
      ),
    );
  }
  return [
    make("div", { class: "predict" }, ...predict),
    make("div", { class: "correct" }, ...correct),
  ];
}

/** The chosen place as `describe_place` wants it. */
export const readPlace = () => {
  const { layer, row, column } = document.querySelector("#inside .inside").dataset;
  return [layer, row, column].map(Number);
};
