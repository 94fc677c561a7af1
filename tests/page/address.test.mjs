import assert from "node:assert/strict";
import test from "node:test";

import { load } from "./modules.mjs";

// As in a browser that was sent a link; what is replaced is what the address bar shows.
globalThis.location = { search: "?sample=duet-3&model=ours&cycle=2", pathname: "/demo/" };
const show = (address) => (location.search = address.slice(address.indexOf("?")));
globalThis.history = {
  state: null,
  places: [],
  replaceState(_state, _title, address) {
    show(address);
    this.places.splice(-1, 1, address);
  },
  pushState(_state, _title, address) {
    show(address);
    this.places.push(address);
  },
};
let goBack;
globalThis.addEventListener = (_name, listener) => (goBack = listener);
const { followHistory, readQuery, setAddress, setScene, takeCycle } = await load("address.js");

test("the cycle of a link is taken once, by what it was made for", () => {
  assert.equal(takeCycle({ sample: "another", model: "ours" }), 0);
  assert.equal(takeCycle({ sample: "duet-3", model: "ours" }), 2);
  assert.equal(takeCycle({ sample: "duet-3", model: "ours" }), 0);
});

test("the address follows what is shown, and the query stays what it was", () => {
  setAddress({ cycle: null, tab: "inside", with: "silence" });
  assert.equal(history.places[0], "/demo/?sample=duet-3&model=ours&tab=inside&with=silence");
  assert.equal(readQuery(), "?sample=duet-3&model=ours&cycle=2");
});

test("another sample is another place, the one that a link asks for is not", () => {
  history.places = ["opened"];
  const shown = () => history.places.map((place) => new URLSearchParams(place.slice(6)).get("sample"));
  setScene({ sample: "first", model: "ours", cycle: 1 }); // what every page opens with
  setScene({ sample: "duet-3", model: "ours", cycle: 2 }); // what the link asks for
  assert.deepEqual(shown(), ["duet-3"]);
  setScene({ sample: "duet-3", model: "another", cycle: 2 });
  assert.deepEqual(shown(), ["duet-3"]);
  setScene({ sample: "solo-1", model: "another", cycle: 2 });
  setScene({ sample: null, model: "another", cycle: 2 }); // a visitor's own
  assert.deepEqual(shown(), ["duet-3", "solo-1", null]);

  const asked = [];
  followHistory(() => asked.push(readQuery()));
  location.search = "?sample=solo-1";
  goBack();
  setScene({ sample: "solo-1", model: "another", cycle: 2 });
  assert.deepEqual(asked, ["?sample=solo-1"]);
  assert.equal(history.places.length, 3);
});
