// Play button and slider: how a part of the page is stepped through.

import { make } from "./elements.js";

const STEP_MS = 800;

/**
 * Play button, slider and words that step through 1 to `num`; the arrow keys step all over `root`.
 * `name(i)` says in words where one is, `show(i)` shows it, `moved(i)` hears of a person's steps;
 * `started()` and `stopped()` hear of the play button, not of a play that came to its end.
 */
export function makeStepper({
  root, num, label, name, show, moved = () => {}, ticks = String, stepMs = STEP_MS,
  started = () => {}, stopped = () => {},
}) {
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
    timer = playing ? setInterval(tick, stepMs) : null;
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
    if (timer !== null) stopped();
    setPlaying(false);
    go(i);
    moved(now);
  };
  const tick = () => {
    if (now < num) go(now + 1);
    if (now >= num) setPlaying(false);
  };
  play.addEventListener("click", () => {
    if (timer !== null) {
      stopped();
      return setPlaying(false);
    }
    if (now === num) go(1);
    started();
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
