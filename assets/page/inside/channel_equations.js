// Eqs. (9) to (12) for one channel at one location, worked out.

import { make } from "../elements.js";
import { formatNumber, SUBSCRIPTS } from "../numbers.js";

/** The two equations of a channel with their numbers put in, each number over its name. */
export function workOut(location, t, i) {
  const numbers = location.cycles[t - 1];
  const at = (key) => numbers[key][i];
  const { layer, symbols } = location;
  const [a, b] = [location.a[i], location.b[i]];
  const sub = SUBSCRIPTS[layer];
  const term = (value, name) =>
    make("span", { class: "term" }, make("b", {}, formatNumber(value)), make("small", {}, name));
  const line = (...parts) => make("p", {}, ...parts);
  const phi = (scale, shift, ...inside) =>
    scale === null
      ? ["GELU(", ...inside, ")"]
      : ["GELU(", term(scale, "norm ×"), " × (", ...inside, ") + ", term(shift, "norm +"), ")"];

  const predict = [make("h5", {}, `Predict, cycle ${t}`)];
  if (!numbers.before) {
    predict.push(
      line(term(at("r"), symbols.r), " = ", term(at("p"), symbols.p)),
      make("small", {}, "The first cycle starts the layer as what is expected of it."),
    );
  } else {
    const mixed = (1 - b) * at("before") + b * at("p");
    const [scale, shift] = numbers.scale ? [at("scale"), at("shift")] : [null, null];
    const inner = scale === null ? mixed : scale * mixed + shift;
    predict.push(
      line(
        term(at("r"), symbols.r), " = ",
        ...phi(
          scale, shift, "(1 − ", term(b, `b${sub}`), ") × ",
          term(at("before"), `${symbols.corrected} of cycle ${t - 1}`),
          " + ", term(b, `b${sub}`), " × ", term(at("p"), symbols.p),
        ),
      ),
      line(" = GELU(", formatNumber(inner), ")"),
    );
  }
  const inner = at("up_scale") * (at("r") + a * at("up")) + at("up_shift");
  const correct = [
    make("h5", {}, `Correct, cycle ${t}`),
    line(
      term(at("corrected"), symbols.corrected), " = ",
      ...phi(
        at("up_scale"), at("up_shift"), term(at("r"), symbols.r), " + ", term(a, `a${sub}`),
        " × ", term(at("up"), `Wᵀ e${SUBSCRIPTS[layer - 1]}`),
      ),
    ),
    line(" = GELU(", formatNumber(inner), ")"),
  ];
  if (symbols.e) {
    correct.push(
      line(
        term(at("e"), symbols.e), " = ", term(at("corrected"), symbols.corrected), " − ",
        term(at("p"), symbols.p),
      ),
    );
  }
  return [
    make("div", { class: "predict" }, ...predict),
    make("div", { class: "correct" }, ...correct),
  ];
}
