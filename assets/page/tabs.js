// Which tab is open.

import { followHistory, isLink, setAddress } from "./address.js";

let open = "localize";

/** A tab was opened. */
export function openTab(name) {
  open = name;
  setAddress({ tab: name });
}

/** What the open tab shows is of another scene now: have it shown anew. */
export const refresh = () => document.querySelector(`#refresh-${open}`)?.click();

/** The page came: show what its address asks for, and again when the visitor goes back. */
export function arrive() {
  const restore = () => document.querySelector("#restore").click();
  followHistory(restore);
  if (isLink()) restore();
}
