// The maps of the methods, scene by scene.

import { make } from "../elements.js";

/** A row for each scene, a column for each method; pictures are exchanged in their places. */
export function updateMaps(root, { scenes, methods }) {
  const names = Object.keys(methods);
  if (!root.children.length) {
    const rows = scenes.map(() =>
      make(
        "figure", { class: "scene" }, make("figcaption"),
        ...["", ...names].map((name) =>
          make("div", { "data-name": name }, make("img", {}), make("span", {})),
        ),
      ),
    );
    root.replaceChildren(...rows);
  }
  scenes.forEach(({ sound, silent, picture, maps, cious }, row) => {
    root.children[row].querySelector("figcaption").replaceChildren(
      make("strong", {}, sound), silent ? ` is heard, ${silent} is silent` : "",
    );
    for (const cell of root.children[row].querySelectorAll("div")) {
      const { name } = cell.dataset;
      const [image, words] = cell.children;
      image.src = name ? maps[name] : picture;
      image.alt = name ? `Where ${name} sees the sound of ${sound}` : `The scene; the box is ${sound}`;
      const found = name && (cious[name] >= 0.5 ? "found" : "missed");
      words.textContent = name ? `${name}: ${cious[name].toFixed(2)} ${found}` : "the scene";
    }
  });
}
