// How every part of the page makes its elements.

const SVG = ["svg", "g", "path", "polyline", "polygon", "circle", "line", "rect", "text", "title"];

/** An element with attributes and children; text is never read as HTML. */
export function make(tag, attributes = {}, ...children) {
  const element = SVG.includes(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** Show a sentence, and call `ask` once it comes into sight; returns what stops the waiting. */
export function askInSight(root, sentence, ask) {
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    ask();
  });
  root.replaceChildren(make("p", { class: "quiet" }, sentence));
  seen.observe(root);
  return () => seen.disconnect();
}
