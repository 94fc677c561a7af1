// Methods that train side by side, live: progress, curves and maps.

import { make } from "../elements.js";
import { plotCurves } from "./curves.js";
import { updateMaps } from "./maps.js";

const WAITING = "Starting. One visitor trains at a time: where another does, this waits its turn.";
const REFUSED = "Not started. Change what the message says, and try again.";

/** Progress, curves and maps; drawn once, then only what changed, as a message comes twice a second. */
export function drawTraining(root, state) {
  const view = (root.view ??= startView(root));
  if (view.isStopped) return; // a message that was under way when it was stopped
  if (state.words) view.tell(state.words, state.done, state.total);
  if (state.steps) view.show(state);
}

function startView(root) {
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
      charts.replaceChildren(...plotTraining(state));
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

function plotTraining({ steps, scores, losses, methods }) {
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

const findView = () => document.querySelector(".race").view;

export function announceTraining() {
  const view = findView();
  view.isStopped = false;
  view.tell(WAITING);
}

/** The server did not train, or broke off; that it was stopped it reports so, too. */
export function refuseTraining() {
  const view = findView();
  if (!view.isStopped) view.tell(REFUSED);
}

export const stopTraining = () => findView().stop();
