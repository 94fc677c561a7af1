// How a location is chosen in a map, with the mouse or the arrow keys.

const ASK_MS = 150; // a location is asked for when the arrow keys rest

/**
 * Keep the chosen location, in the section's data, where `readLocation` finds it.
 * `gridOf(layer)` says how many rows a layer has; `mark(location)` shows the choice, `ask()` asks
 * for its numbers.
 */
export function makeChoice({ root, first, gridOf, mark, ask }) {
  let [location, asking] = [first, null];
  const choose = (layer, row, column, delay_ms) => {
    const cut = (k) => Math.min(gridOf(layer) - 1, Math.max(0, k));
    location = { layer, row: cut(row), column: cut(column) };
    Object.assign(root.dataset, location);
    mark(location);
    clearTimeout(asking);
    asking = setTimeout(ask, delay_ms);
  };
  return { choose, read: () => location, stop: () => clearTimeout(asking) };
}

/** Let a location of one layer be chosen in an element that its grid fills. */
export function letChoose(element, layer, grid, { choose, read }) {
  element.addEventListener("click", (event) => {
    const box = element.getBoundingClientRect();
    const at = (from, length) => Math.floor((from / length) * grid);
    choose(layer, at(event.clientY - box.top, box.height), at(event.clientX - box.left, box.width), 0);
  });
  element.addEventListener("keydown", (event) => {
    const by = {
      ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Enter: [0, 0],
    }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const location = read();
    // From another layer's location the keys first come to the middle of this one.
    const [row, column] = location.layer === layer
      ? [location.row + by[0], location.column + by[1]]
      : [Math.floor(grid / 2), Math.floor(grid / 2)];
    choose(layer, row, column, event.key === "Enter" ? 0 : ASK_MS);
  });
}
