// What the page does in the browser: the stage steps through the cycles, the gallery picks a
// sample. One message from the server holds every cycle, so a tick of the slider asks nobody.

window.sspl = (() => {
  const STEP_MS = 800;

  /** An element with attributes and children; text is never read as HTML. */
  function make(tag, attributes = {}, ...children) {
    const svg = ["svg", "polyline", "circle", "line"].includes(tag);
    const element = svg
      ? document.createElementNS("http://www.w3.org/2000/svg", tag)
      : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  }

  // --- The stage --------------------------------------------------------------------------------

  /** Keep a gr.HTML showing its value, as built by `describe_stage` in app.py. */
  function runStage(element, props, watch) {
    const root = element.querySelector(".stage");
    let stop = () => {};
    const render = () => {
      stop();
      stop = drawStage(root, props.value);
    };
    watch("value", render);
    render();
  }

  /** Draw a stage at its last cycle; returns a function that stops what runs in it. */
  function drawStage(root, scene) {
    const views = scene.panels.map((panel) => drawPanel(scene, panel));
    const numbers = drawNumbers(scene);
    const slider = make("input", {
      type: "range", min: 1, max: scene.cycles, step: 1, "aria-label": "Cycle",
      disabled: scene.cycles === 1,
    });
    const play = make("button", { type: "button", class: "play", disabled: scene.cycles === 1 });
    const output = make("output", { "aria-live": "polite" });
    const ticks = make("div", { class: "ticks", "aria-hidden": "true" });
    for (let t = 1; t <= scene.cycles; t++) ticks.append(make("span", {}, String(t)));
    const hasBoxes = scene.panels.some((panel) => panel.boxes.length > 0);
    const controls = make(
      "div", { class: "controls" },
      play,
      make("div", { class: "track" }, slider, ticks),
      output,
      make(
        "div", { class: "switches" },
        drawSwitch(root, "Map", "map"),
        ...(hasBoxes ? [drawSwitch(root, "True boxes", "boxes")] : []),
      ),
    );
    let timer = null;
    const setPlaying = (playing) => {
      clearInterval(timer);
      timer = playing ? setInterval(tick, STEP_MS) : null;
      play.classList.toggle("playing", playing);
      play.setAttribute("aria-label", playing ? "Pause" : "Play the cycles");
    };
    const show = (t) => {
      slider.value = t;
      root.dataset.cycle = t;
      output.textContent = `Cycle ${t} of ${scene.cycles}`;
      slider.setAttribute("aria-valuetext", output.textContent);
      views.forEach((view) => view.show(t));
      numbers.show(t);
    };
    const tick = () => {
      const t = Number(root.dataset.cycle);
      if (t < scene.cycles) show(t + 1);
      if (t + 1 >= scene.cycles) setPlaying(false);
    };
    play.addEventListener("click", () => {
      if (timer !== null) return setPlaying(false);
      if (Number(root.dataset.cycle) === scene.cycles) show(1);
      setPlaying(true);
    });
    slider.addEventListener("input", () => {
      setPlaying(false);
      show(Number(slider.value));
    });
    // The slider has the arrow keys by itself; this gives them to the rest of the stage.
    root.onkeydown = (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step || ["INPUT", "AUDIO"].includes(event.target.tagName)) return;
      event.preventDefault();
      setPlaying(false);
      show(Math.min(scene.cycles, Math.max(1, Number(root.dataset.cycle) + step)));
    };
    root.dataset.panels = scene.panels.length;
    root.tabIndex = -1;
    root.replaceChildren(
      make("h2", {}, scene.title),
      make("div", { class: "pictures" }, ...views.map((view) => view.element)),
      controls,
      make("div", { class: "readings" }, numbers.element, drawLegend(scene)),
      make("div", { class: "sounds" }, ...scene.panels.map(drawSound)),
    );
    setPlaying(false);
    show(scene.cycles);
    return () => clearInterval(timer);
  }

  /** One picture with the maps of all cycles stacked on it; only the current one is opaque. */
  function drawPanel(scene, panel) {
    const frames = panel.frames.map((source, i) =>
      make("img", {
        class: "frame", src: source, "data-cycle": i + 1, decoding: "sync",
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
    const picture = make(
      "div", { class: "picture", style: `aspect-ratio:${scene.width} / ${scene.height}` },
      make("img", { class: "plain", src: scene.picture, alt: `The picture: ${scene.title}` }),
      ...frames, ...boxes,
    );
    const element = make(
      "figure", { class: "panel" }, picture,
      make(
        "figcaption", {}, "Listening to ", make("strong", {}, panel.sound),
        ...(panel.silent ? [": too quiet to be of anything, so this map is not about it"] : []),
      ),
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
      const known = courses.flatMap((course) => course ?? []);
      // A curve over less than a twentieth of the value would make a storm of nothing.
      const [low, high] = [Math.min(...known), Math.max(...known)];
      const spare = Math.max(0, 0.05 * Math.max(high, -low) - (high - low)) / 2;
      const range = [low - spare, high + spare];
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

  /** A word-sized curve over the cycles with a dot at the current one; of one cycle, nothing. */
  function drawSpark(course, [low, high]) {
    if (course.length === 1) return { element: "", show: () => {} };
    const [width, height, margin] = [64, 20, 3];
    const x = (i) => margin + ((width - 2 * margin) * i) / Math.max(1, course.length - 1);
    const y = (v) => height - margin - ((height - 2 * margin) * (v - low)) / (high - low || 1);
    const dot = make("circle", { r: 2.5 });
    const element = make(
      "svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" },
      make("polyline", { points: course.map((v, i) => `${x(i)},${y(v)}`).join(" ") }), dot,
    );
    const show = (t) => {
      dot.setAttribute("cx", x(t - 1));
      dot.setAttribute("cy", y(course[t - 1]));
    };
    return { element, show };
  }

  function drawLegend(scene) {
    return make(
      "div", { class: "legend" },
      make(
        "div", { class: "scale" }, make("span", {}, "unlike the sound"),
        make("i", { style: `background:linear-gradient(to right, ${scene.colours.join(",")})` }),
        make("span", {}, "like the sound"),
      ),
      make(
        "dl", {},
        ...scene.notes.map(([word, meaning]) =>
          make("div", {}, make("dt", {}, word), make("dd", {}, meaning)),
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

  // --- The gallery ------------------------------------------------------------------------------

  /** Buttons with the samples' pictures; a click makes its id the value and says so. */
  function runGallery(element, props, watch, trigger) {
    const root = element.querySelector(".gallery");
    const mark = () => {
      for (const button of root.children) {
        button.setAttribute("aria-pressed", String(button.dataset.id === props.value));
      }
    };
    const draw = ({ id, title, thumbnail }) => {
      const button = make(
        "button", { type: "button", "data-id": id },
        make("img", { src: thumbnail, alt: "" }), make("span", {}, title),
      );
      button.addEventListener("click", () => {
        props.value = id;
        mark();
        trigger("select");
      });
      return button;
    };
    root.replaceChildren(...props.samples.map(draw));
    watch("value", mark);
    mark();
  }

  // --- The rest of the page ---------------------------------------------------------------------

  const readCycle = () => Number(document.querySelector(".stage").dataset.cycle);

  return { runStage, runGallery, readCycle };
})();
