// The stage: a picture under its map, cycle by cycle, for every sound side by side.

import { setAddress, setScene, takeCycle } from "./address.js";
import { make } from "./elements.js";
import { markSample } from "./gallery.js";
import { chooseRange, drawSpark } from "./spark.js";
import { makeStepper } from "./stepper.js";

const SOUND_MS = 3000; // what is heard of a sound
const FORGOTTEN = "What you looked at was forgotten meanwhile, as the page does after two hours: " +
  "this is what it opens with.";

/** Draw a stage; returns a function that stops what runs in it. */
export function drawStage(root, scene) {
  const wipe = drawWipe(root, scene);
  const views = scene.panels.map((panel) => drawPanel(scene, panel, wipe));
  const numbers = drawNumbers(scene);
  const error = drawError(scene);
  const sound = makeSound(root);
  const hasBoxes = scene.panels.some((panel) => panel.boxes.length > 0);
  const stepper = makeStepper({
    root, num: scene.cycles, label: "Cycle",
    name: (t) => `Cycle ${t} of ${scene.cycles}`,
    show: (t) => {
      root.dataset.cycle = t;
      views.forEach((view) => view.show(t));
      wipe.show(t);
      numbers.show(t);
      error.show(t);
    },
    moved: (t) => setAddress({ cycle: t }),
    // All cycles while the sound sounds, but no faster than the eye follows.
    stepMs: Math.max(400, SOUND_MS / scene.cycles),
    started: sound.play,
    stopped: sound.pause,
  });
  stepper.element.append(sound.button, error.element);
  stepper.element.append(
    make(
      "div", { class: "switches" },
      drawSwitch(root, "Map", "map"),
      ...(hasBoxes ? [drawSwitch(root, "True boxes", "boxes")] : []),
      ...(scene.cycles > 1 ? [wipe.toggle] : []),
    ),
  );
  root.dataset.panels = scene.panels.length;
  root.replaceChildren(
    make("h2", {}, scene.title),
    ...(root.dataset.touched && scene.fresh ? [make("p", { class: "forgotten" }, FORGOTTEN)] : []),
    make("div", { class: "pictures" }, ...views.map((view) => view.element)),
    make("div", { class: "controls" }, stepper.element, wipe.element),
    make("div", { class: "readings" }, numbers.element, drawLegend(scene)),
    make("div", { class: "sounds" }, ...scene.panels.map(drawSound)),
    ...(scene.credit ? [make("p", { class: "credit" }, scene.credit)] : []),
  );
  if (!scene.fresh) root.dataset.touched = "yes";
  sound.listen();
  wipe.start();
  // A page opens at the first cycle, and play shows the rest; whatever is looked at later, at the
  // last. Another sound to the same picture is looked at after the same cycle.
  const { title, cycle, cycles } = root.dataset;
  const first = title === undefined ? 1 : scene.cycles;
  const stays = title === scene.title && Number(cycle) < Number(cycles) && Number(cycle);
  Object.assign(root.dataset, { title: scene.title, cycles: scene.cycles });
  const t = Math.min(scene.cycles, takeCycle(scene.address) || stays || first);
  stepper.go(t);
  setScene({ ...scene.address, cycle: t });
  markSample(scene.address.sample);
  return () => {
    stepper.stop();
    sound.pause();
  };
}

/** The first panel's sound: a button of its own, and what the play button starts and stops. */
function makeSound(root) {
  const find = () => root.querySelector(".sounds audio");
  const button = make("button", { type: "button", class: "hear" });
  const tell = () => {
    const playing = !find().paused;
    button.textContent = playing ? "Stop the sound" : "Hear the sound";
    button.classList.toggle("playing", playing);
  };
  const play = () => {
    find().currentTime = 0;
    find().play().catch(() => {}); // a browser may refuse: the pictures move all the same
  };
  const pause = () => find()?.pause();
  button.addEventListener("click", () => (find().paused ? play() : pause()));
  const listen = () => {
    for (const event of ["play", "pause", "ended"]) find().addEventListener(event, tell);
    tell();
  };
  return { button, play, pause, listen };
}

/** The error of the predicted sound of the first panel, as one curve; nothing where there is none. */
function drawError(scene) {
  const course = scene.panels[0].numbers.error_0;
  if (!course || course.length === 1) return { element: "", show: () => {} };
  const spark = drawSpark(course, chooseRange(course), [96, 36]);
  const value = make("strong");
  const words = make("span", {}, "error of the predicted sound ", value);
  const element = make("div", { class: "error" }, spark.element, words);
  const show = (t) => {
    value.textContent = course[t - 1].toFixed(3);
    spark.show(t);
  };
  return { element, show };
}

/**
 * The wipe: left of a line each picture shows another cycle than the slider's. The line is moved
 * by a slider of its own, or by pulling in a picture.
 */
function drawWipe(root, scene) {
  const box = make("input", { type: "checkbox" });
  const toggle = make("label", {}, box, "Wipe between two cycles");
  const line = make("input", {
    type: "range", min: 0, max: 100, step: 1, value: 50, "aria-label": "Where the wipe's line is",
  });
  const left = make("select", { "aria-label": "Cycle left of the line" });
  for (let t = 1; t <= scene.cycles; t++) left.append(make("option", { value: t }, `cycle ${t}`));
  const right = make("strong");
  const element = make(
    "div", { class: "wipe" },
    make("label", {}, "Left of the line ", left), line, make("span", {}, "right of it ", right),
  );
  const covers = [];
  const apply = () => {
    root.classList.toggle("wiping", box.checked);
    root.style.setProperty("--wipe", `${line.value}%`);
    covers.forEach((cover) => cover(Number(left.value)));
  };
  for (const control of [box, line, left]) control.addEventListener("input", apply);
  return {
    toggle, element, start: apply,
    show: (t) => (right.textContent = `cycle ${t}`),
    /** Give a picture its line; `cover(t)` shows cycle t left of it. */
    cut(picture, cover) {
      covers.push(cover);
      const pull = (event) => {
        if (!box.checked || !(event.buttons & 1)) return;
        const { left, width } = picture.getBoundingClientRect();
        line.value = (100 * (event.clientX - left)) / width;
        apply();
      };
      picture.addEventListener("pointerdown", pull);
      picture.addEventListener("pointermove", pull);
      picture.append(make("i", { class: "line", "aria-hidden": "true" }));
    },
  };
}

/** One picture with the maps of all cycles stacked on it; only the current one is seen. */
function drawPanel(scene, panel, wipe) {
  const frames = panel.frames.map((source, i) =>
    make("img", {
      class: "frame", src: source, "data-cycle": i + 1, decoding: "sync", draggable: "false",
      alt: `Where cycle ${i + 1} sees the sound of ${panel.sound} in the picture: ${scene.title}`,
    }),
  );
  const boxes = panel.boxes.map(({ name, box: [x0, y0, x1, y1] }) =>
    make(
      "div",
      {
        class: "box",
        style: `left:${100 * x0}%;top:${100 * y0}%;width:${100 * (x1 - x0)}%;` +
          `height:${100 * (y1 - y0)}%`,
      },
      make("span", { class: y0 < 0.08 ? "inside" : "" }, name),
    ),
  );
  const cover = make("img", { class: "cover", alt: "", draggable: "false" });
  const picture = make(
    "div", { class: "picture", style: `--ratio:${scene.width / scene.height}` },
    make("img", { class: "plain", src: scene.picture, alt: `The picture: ${scene.title}` }),
    ...frames, cover, ...boxes,
  );
  wipe.cut(picture, (t) => {
    cover.src = panel.frames[t - 1];
    cover.alt = `Left of the line: cycle ${t}`;
  });
  const element = make(
    "figure", { class: "panel" }, picture,
    make(
      "figcaption", {}, "Listening to ", make("strong", {}, panel.sound),
      ...(panel.silent ? [": too quiet to be of anything, so this map is not about it"] : []),
    ),
    ...(panel.answer ? [make("p", { class: "answer" }, panel.answer)] : []),
  );
  const show = (t) => {
    frames.forEach((frame, i) => {
      frame.classList.toggle("shown", i + 1 === t);
      frame.setAttribute("aria-hidden", String(i + 1 !== t));
    });
  };
  return { element, show };
}

/** A checkbox that shows or hides the map or the boxes, by a class of the stage. */
function drawSwitch(root, label, what) {
  const box = make("input", { type: "checkbox" });
  box.checked = !root.classList.contains(`hide-${what}`);
  box.addEventListener("change", () => root.classList.toggle(`hide-${what}`, !box.checked));
  return make("label", {}, box, label);
}

/** A row a number, a column a sound: the value now, and its course over the cycles. */
function drawNumbers(scene) {
  const cells = [];
  const rows = scene.rows.map(({ key, label, hint, digits }) => {
    const courses = scene.panels.map((panel) => panel.numbers[key]);
    const range = chooseRange(courses.flatMap((course) => course ?? []));
    return make(
      "tr", {},
      make("th", { scope: "row" }, label, make("small", {}, hint)),
      ...courses.map((course) => {
        if (!course) return make("td", { class: "unknown" }, "no box");
        const spark = drawSpark(course, range);
        const value = make("span", { class: "value", "data-key": key });
        cells.push((t) => {
          value.textContent = course[t - 1].toFixed(digits);
          spark.show(t);
        });
        return make("td", {}, make("div", {}, spark.element, value));
      }),
    );
  });
  const heads = scene.panels.map((panel) => make("th", { scope: "col" }, panel.sound));
  const element = make(
    "table", { class: "numbers" },
    make("caption", {}, "This cycle in numbers"),
    ...(heads.length > 1 ? [make("thead", {}, make("tr", {}, make("td"), ...heads))] : []),
    make("tbody", {}, ...rows),
  );
  return { element, show: (t) => cells.forEach((set) => set(t)) };
}

function drawLegend(scene) {
  return make(
    "div", { class: "legend" },
    make(
      "div", { class: "scale" }, make("span", {}, scene.ends[0]),
      make("i", { style: `background:linear-gradient(to right, ${scene.colours.join(",")})` }),
      make("span", {}, scene.ends[1]),
    ),
    make(
      "details", {}, make("summary", {}, "What the words mean"),
      make(
        "dl", {},
        ...scene.notes.map(([word, meaning]) =>
          make("div", {}, make("dt", {}, word), make("dd", {}, meaning)),
        ),
      ),
    ),
  );
}

function drawSound(panel) {
  return make(
    "figure", {},
    make("figcaption", {}, "The sound: ", make("strong", {}, panel.sound)),
    make("img", {
      class: "spectrogram", src: panel.spectrogram,
      alt: `Spectrogram of the sound ${panel.sound}: frequency over time`,
    }),
    make("audio", { controls: true, src: panel.audio, "aria-label": `Play ${panel.sound}` }),
  );
}

/** The cycle that the stage shows. */
export const readCycle = () => Number(document.querySelector(".stage").dataset.cycle);
