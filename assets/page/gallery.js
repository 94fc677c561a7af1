// The gallery above the tabs: one row of samples.

(() => {
  const { make, drawers } = window.sspl;

  /** Buttons with the samples' pictures; a click makes its id the value and says so. */
  drawers.gallery = (root, picked, { trigger, props }) => {
    const mark = (id) => {
      for (const button of root.children) {
        button.setAttribute("aria-pressed", String(button.dataset.id === id));
      }
    };
    const draw = ({ id, title, thumbnail }) => {
      const button = make(
        "button", { type: "button", "data-id": id },
        make("img", { src: thumbnail, alt: "" }), make("span", {}, title),
      );
      button.addEventListener("click", () => {
        props.value = id;
        mark(id);
        trigger("select");
      });
      return button;
    };
    root.replaceChildren(...props.samples.map(draw));
    window.sspl.markSample = mark; // the stage says what it shows, whatever was clicked meanwhile
    mark(picked);
    const chosen = root.querySelector("[aria-pressed=true]");
    if (chosen) root.scrollLeft = chosen.offsetLeft - root.offsetLeft - 24;
  };
})();
