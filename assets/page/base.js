// What all parts of the page share. Each file beside this one adds to `window.sspl`: parts draw
// themselves from one message of the server, so that a tick of a slider asks nobody.

window.sspl = (() => {
  const STEP_MS = 800;
  const SVG = ["svg", "g", "path", "polyline", "polygon", "circle", "line", "rect", "text", "title"];

  /** An element with attributes and children; text is never read as HTML. */
  function make(tag, attributes = {}, ...children) {
    const element = SVG.includes(tag)
      ? document.createElementNS("http://www.w3.org/2000/svg", tag)
      : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  }

  /**
   * Keep a gr.HTML of `draw_in_browser` showing its value: `sspl.drawers[name](root, value, tools)`
   * draws, and may return a function that stops what runs in it; where there is nothing to show
   * yet, the value is "" here. `tools.trigger("select")` tells
   * the server that a person chose something; `tools.props` are the component's.
   */
  function keep(element, name, props, watch, trigger) {
    const root = element.querySelector(`.${name}`);
    let stop = null;
    const draw = () => {
      stop?.();
      stop = sspl.drawers[name](root, props.value, { trigger, props });
    };
    watch("value", draw);
    draw();
  }

  /**
   * Play button, slider and words that step through 1 to `num`; the arrow keys step all over `root`.
   * `name(i)` says in words where one is, `show(i)` shows it, `moved(i)` hears of a person's steps.
   */
  function makeStepper({ root, num, label, name, show, moved = () => {}, ticks = String }) {
    const slider = make("input", {
      type: "range", min: 1, max: num, step: 1, "aria-label": label, disabled: num === 1,
    });
    const play = make("button", { type: "button", class: "play", disabled: num === 1 });
    const output = make("output", { "aria-live": "polite" });
    const marks = make("div", { class: "ticks", "aria-hidden": "true" });
    for (let i = 1; i <= num; i++) marks.append(make("span", {}, ticks(i)));
    let [timer, now] = [null, num];
    const setPlaying = (playing) => {
      clearInterval(timer);
      timer = playing ? setInterval(tick, STEP_MS) : null;
      play.classList.toggle("playing", playing);
      play.setAttribute("aria-label", playing ? "Pause" : `Play: ${label.toLowerCase()}`);
    };
    const go = (i) => {
      now = Math.min(num, Math.max(1, i));
      slider.value = now;
      output.textContent = name(now);
      slider.setAttribute("aria-valuetext", output.textContent);
      show(now);
    };
    const step = (i) => {
      setPlaying(false);
      go(i);
      moved(now);
    };
    const tick = () => {
      if (now < num) go(now + 1);
      if (now >= num) setPlaying(false);
    };
    play.addEventListener("click", () => {
      if (timer !== null) return setPlaying(false);
      if (now === num) go(1);
      setPlaying(true);
    });
    slider.addEventListener("input", () => step(Number(slider.value)));
    // The slider has the arrow keys by itself; this gives them to the rest of the part.
    root.onkeydown = (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by || ["INPUT", "AUDIO", "SELECT"].includes(event.target.tagName)) return;
      event.preventDefault();
      step(now + by);
    };
    root.tabIndex = -1;
    setPlaying(false);
    const element = make(
      "div", { class: "stepper" }, play, make("div", { class: "track" }, slider, marks), output,
    );
    return { element, go, stop: () => clearInterval(timer) };
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

  // --- The address: what a link to this page brings back --------------------------------------

  const query = location.search; // as it was when the page came
  const asked = new URLSearchParams(query);

  /** Say in the address bar where the visitor is, so that it can be shared; null leaves out. */
  function setAddress(changes) {
    const address = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) address.delete(name);
      else address.set(name, value);
    }
    history.replaceState(history.state, "", `${location.pathname}?${address}`);
  }

  /** Ask the server for what a link of ours asks for; an address of nobody's making asks nothing. */
  function restore() {
    if (["tab", "sample", "model", "with"].some((name) => asked.has(name))) {
      document.querySelector("#restore").click();
    }
  }

  /** The cycle that the link asks for, once, where what is drawn is what it asks for; else 0. */
  function takeCycle(address) {
    const isIt = ["sample", "model", "with"].every(
      (name) => !asked.has(name) || asked.get(name) === address[name],
    );
    const cycle = isIt ? Number(asked.get("cycle")) : 0;
    if (cycle) asked.delete("cycle");
    return Math.max(0, cycle);
  }

  /** Copy the address; the button says so. What visitors brought is not in it, and it says that. */
  async function copyLink() {
    const button = document.querySelector("#copy-link");
    const words = button.textContent;
    const whole = new URLSearchParams(location.search).has("sample");
    try {
      await navigator.clipboard.writeText(location.href);
      button.textContent = whole ? "Copied" : "Copied, without your own files";
    } catch {
      window.prompt("Copy this link", location.href); // where a page may not use the clipboard
    }
    setTimeout(() => (button.textContent = words), 2500);
  }

  // --- The tabs ----------------------------------------------------------------------------------

  let open = null;

  /** A tab was opened. */
  function openTab(name) {
    open = name;
    setAddress({ tab: name });
  }

  /** What the open tab shows is of another scene now: have it told anew. */
  const refresh = () => document.querySelector(`#refresh-${open}`)?.click();

  const drawers = {};
  const sspl = {
    make, keep, makeStepper, drawSpark, drawers,
    setAddress, restore, readQuery: () => query, takeCycle, copyLink, openTab, refresh,
  };
  return sspl;
})();
