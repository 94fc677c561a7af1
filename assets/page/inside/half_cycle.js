// Which half-cycle the diagram shows: it says so, and the panel beside it follows.

const CHANGED = "sspl:half-cycle";

/**
 * Say which `{ cycle, half }` is shown; null where there is nothing to step through. The cycles of
 * predictive attention have no halves: then `half` is null.
 */
export function announceHalfCycle(step) {
  window.dispatchEvent(new CustomEvent(CHANGED, { detail: step }));
}

/** Call `listener` with every half-cycle that is announced; returns a function that ends it. */
export function followHalfCycle(listener) {
  const follow = ({ detail }) => listener(detail);
  window.addEventListener(CHANGED, follow);
  return () => window.removeEventListener(CHANGED, follow);
}
