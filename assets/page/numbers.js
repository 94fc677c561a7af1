// Numbers as the page writes them.

export const formatPercent = (share) => `${(100 * share).toFixed(0)} %`;
