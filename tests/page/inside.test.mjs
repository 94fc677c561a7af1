import assert from "node:assert/strict";
import test from "node:test";

import { load } from "./modules.mjs";

const { findMost, formatCosine } = await load("inside/bars.js");
const { letChoose, makeChoice } = await load("inside/choosing.js");

/** A choice in a 14x14 layer 0 and a 3x3 layer 1, and what became of it. */
function start(first) {
  const done = { marked: [], asked: 0 };
  const root = { dataset: {} };
  const choice = makeChoice({
    root, first, gridOf: (layer) => (layer ? 3 : 14),
    mark: (location) => done.marked.push(location),
    ask: () => (done.asked += 1),
  });
  return { root, choice, done };
}

/** What listens in an element, by event, without a browser. */
function listen(choice, layer, grid) {
  const listeners = {};
  const element = {
    addEventListener: (name, listener) => (listeners[name] = listener),
    getBoundingClientRect: () => ({ left: 10, top: 20, width: 280, height: 140 }),
  };
  letChoose(element, layer, grid, choice);
  return listeners;
}

const press = (key) => ({ key, preventDefault() {}, stopPropagation() {} });

test("a click chooses the place below it, also in a picture that is no square", async () => {
  const { root, choice, done } = start({ layer: 0, row: 3, column: 4 });
  const { click } = listen(choice, 0, 14);
  click({ clientX: 10 + 41, clientY: 20 + 139 });
  assert.deepEqual(root.dataset, { layer: 0, row: 13, column: 2 });
  assert.deepEqual(done.marked, [{ layer: 0, row: 13, column: 2 }]);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(done.asked, 1);
});

test("the arrow keys move by one, stay within, and ask once when they rest", async () => {
  const { choice, done } = start({ layer: 0, row: 0, column: 12 });
  const { keydown } = listen(choice, 0, 14);
  for (const key of ["ArrowUp", "ArrowRight", "ArrowRight", "ArrowDown", "a"]) keydown(press(key));
  assert.deepEqual(choice.read(), { layer: 0, row: 1, column: 13 });
  assert.equal(done.asked, 0);
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.equal(done.asked, 1);
});

test("from another layer's place the keys come to the middle of this one", () => {
  const { choice } = start({ layer: 0, row: 0, column: 0 });
  const { keydown } = listen(choice, 1, 3);
  keydown(press("ArrowLeft"));
  assert.deepEqual(choice.read(), { layer: 1, row: 1, column: 1 });
  choice.stop();
});

test("a cosine is of two lists of length 1, and nothing is larger than the most", () => {
  assert.equal(formatCosine([0.6, -0.8], [0.6, -0.8]), "1.000");
  assert.equal(formatCosine([1, 0], [-0.6, 0.8]), "−0.600");
  assert.equal(findMost([0.1, -0.7], [0.3]), 0.7);
  assert.equal(findMost([0]), 1);
});
