// The frame around the chosen location.

/** Surround a location; on another layer, or on the picture, what it stands for there. */
export function putMarker(marker, scene, location, layer) {
  const { grid, step, size } = scene.layers.find((each) => each.layer === location.layer);
  const [by, wide] = location.layer === layer ? [1 / grid, 1 / grid] : [step, size];
  const percent = (share) => `${100 * share}%`;
  Object.assign(marker.style, {
    left: percent(location.column * by), top: percent(location.row * by),
    width: percent(wide), height: percent(wide),
  });
}
