// Which tab is open.

import { setAddress } from "./address.js";

let open = null;

/** A tab was opened. */
export function openTab(name) {
  open = name;
  setAddress({ tab: name });
}

/** What the open tab shows is of another scene now: have it told anew. */
export const refresh = () => document.querySelector(`#refresh-${open}`)?.click();
