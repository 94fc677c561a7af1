// Numbers as the page writes them.

export const SUBSCRIPTS = "₀₁₂₃"; // of a layer

export const formatPercent = (share) => `${(100 * share).toFixed(0)} %`;

/** 0.123, with a true minus, and none before what is rounded to 0. */
export const formatNumber = (value, digits = 3) =>
  value.toFixed(digits).replace(/^-(?=[0.]*$)/, "").replace("-", "−");
