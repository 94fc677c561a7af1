import assert from "node:assert/strict";
import test from "node:test";

import { load } from "./modules.mjs";

const { formatNumber, formatPercent } = await load("numbers.js");
const { chooseTicks } = await load("negatives/curves.js");

test("a number has a true minus, and none before what is rounded to 0", () => {
  assert.equal(formatNumber(0.12345), "0.123");
  assert.equal(formatNumber(-1.5, 1), "−1.5");
  assert.equal(formatNumber(-0.0004), "0.000");
  assert.equal(formatNumber(-0.0006), "−0.001");
});

test("a share is a whole number of hundredths", () => {
  assert.equal(formatPercent(0.256), "26 %");
  assert.equal(formatPercent(0), "0 %");
});

test("ticks are round, equally far apart, and enclose both ends", () => {
  for (const [low, high] of [[0, 0.5], [-0.31, 0.02], [3, 3], [0.0012, 7400], [-5, -4.2]]) {
    const ticks = chooseTicks(low, high);
    const step = ticks[1] - ticks[0];
    assert.ok(ticks.length >= 2 && ticks.length <= 6, `${ticks}`);
    assert.ok(ticks[0] <= low && ticks.at(-1) >= high, `${ticks} for ${low} to ${high}`);
    ticks.forEach((tick, i) => assert.ok(Math.abs(tick - ticks[0] - i * step) < 1e-6 * Math.abs(step)));
    assert.match((step / 10 ** Math.floor(Math.log10(step * 1.0001))).toFixed(3), /^(1|2|5)\.000$/);
  }
  assert.deepEqual(chooseTicks(0, 0.5), [0, 0.2, 0.4, 0.6]);
});

test("without anything to enclose there is an axis all the same", () => {
  assert.deepEqual(chooseTicks(Infinity, -Infinity), [0, 1]);
});
