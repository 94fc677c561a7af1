import assert from "node:assert/strict";
import test from "node:test";

import { load } from "./modules.mjs";

// As in a browser that was sent a link; what is replaced is what the address bar shows.
globalThis.location = { search: "?sample=duet-3&model=ours&cycle=2", pathname: "/demo/" };
globalThis.history = {
  state: null,
  replaceState(_state, _title, address) {
    location.search = address.slice(address.indexOf("?"));
    this.shown = address;
  },
};
const { readQuery, setAddress, takeCycle } = await load("address.js");

test("the cycle of a link is taken once, by what it was made for", () => {
  assert.equal(takeCycle({ sample: "another", model: "ours" }), 0);
  assert.equal(takeCycle({ sample: "duet-3", model: "ours" }), 2);
  assert.equal(takeCycle({ sample: "duet-3", model: "ours" }), 0);
});

test("the address follows what is shown, and the query stays what it was", () => {
  setAddress({ cycle: null, tab: "inside", with: "silence" });
  assert.equal(history.shown, "/demo/?sample=duet-3&model=ours&tab=inside&with=silence");
  assert.equal(readQuery(), "?sample=duet-3&model=ours&cycle=2");
});
