// The page's scripts begin here: what Python's side of the page may ask of the browser.
//
// `window.sspl` is the promise of this module, see `sspl/explorer/page_modules.py`; whoever asks
// awaits it, so nobody comes too early. Parts draw themselves from one message of the server, so
// that a tick of a slider asks nobody.

import { drawReadouts } from "./ablations/readouts.js";
import { drawSetting } from "./ablations/setting.js";
import { drawTables } from "./ablations/tables.js";
import { drawVariants } from "./ablations/variants.js";
import { drawGallery } from "./gallery.js";
import { drawEvaluations, drawHearing } from "./hearing.js";
import { drawLocation } from "./inside/location.js";
import { drawRoads } from "./inside/roads.js";
import { drawInside } from "./inside/view.js";
import { drawBatch } from "./negatives/batch.js";
import { drawFullRuns } from "./negatives/full_runs.js";
import { drawTraining } from "./negatives/training.js";
import { drawStage } from "./stage.js";

export { readSetting } from "./ablations/choice.js";
export { copyLink, readQuery } from "./address.js";
export { readLocation } from "./inside/location.js";
export { readRoads } from "./inside/roads.js";
export { readSide } from "./inside/view.js";
export { nextBatch, thisBatch } from "./negatives/batch.js";
export { announceTraining, refuseTraining, stopTraining } from "./negatives/training.js";
export { readCycle } from "./stage.js";
export { arrive, openTab, refresh } from "./tabs.js";

// Who draws the gr.HTML of a name, as `draw_in_browser` has it.
const drawers = {
  ablations: drawVariants,
  batch: drawBatch,
  evaluations: drawEvaluations,
  fullruns: drawFullRuns,
  gallery: drawGallery,
  hearing: drawHearing,
  inside: drawInside,
  location: drawLocation,
  readouts: drawReadouts,
  roads: drawRoads,
  setting: drawSetting,
  stage: drawStage,
  tables: drawTables,
  training: drawTraining,
};

/**
 * Keep a gr.HTML of `draw_in_browser` showing its value: `drawers[name](root, value, tools)` draws,
 * and may return a function that stops what runs in it; where there is nothing to show yet, the
 * value is "" here. `tools.trigger("select")` tells the server that a person chose something;
 * `tools.props` are the component's.
 */
export function keep(element, name, props, watch, trigger) {
  const root = element.querySelector(`.${name}`);
  let stop = null;
  const draw = () => {
    stop?.();
    stop = drawers[name](root, props.value, { trigger, props });
  };
  watch("value", draw);
  draw();
}
