"""What goes to the browser has one shape: where it is built, is typed, and is drawn."""

import json
import re
import shutil
from typing import Literal, NotRequired, TypedDict

import pytest
from playwright.sync_api import sync_playwright

from explorer.payload_files import FOLDER, build_payloads, find_differences
from sspl.assets import find_assets
from sspl.experiments.engine.results import TINY_RESULTS
from sspl.explorer.ablations.tab import load_ablations
from sspl.zoo.variants import TINY_VARIANTS

FIXTURES = {path.stem: path for path in sorted(FOLDER.glob("*.json"))}
CHROMIUM = shutil.which("chromium")
SITE = "http://page.test"
EMPTY_PAGE = '<!doctype html><div id="courses"><section class="courses"></section></div>'
DRAW = """async ([component, value]) => {
  const { keep } = await import("/main.js");
  const element = document.createElement("div");
  element.id = component;
  element.innerHTML = `<section class="${component}"></section>`;
  document.body.append(element);
  const ofGallery = component === "gallery" && { value: value[0].id, samples: value };
  keep(element, component, ofGallery || { value }, () => {}, () => {});
  const drawn = [element.innerHTML];
  for (const slider of document.querySelectorAll("input[type=range]")) {
    for (let i = Number(slider.min); i <= Number(slider.max); i++) {
      slider.value = i;
      slider.dispatchEvent(new Event("input"));
      drawn.push(element.innerHTML);
    }
  }
  return drawn.join("");
}"""
NO_VALUE = re.compile(r"undefined|NaN|Infinity|\[object ")  # what a missing field leaves behind


@pytest.fixture(scope="module")
def payloads(models, predictive, samples):
    ablations = load_ablations(TINY_VARIANTS, TINY_RESULTS)
    return build_payloads(models, predictive, samples, ablations)


def read(name):
    return json.loads(FIXTURES[name].read_text(encoding="utf-8"))


def test_there_is_a_fixture_for_every_payload(payloads):
    assert set(FIXTURES) == set(payloads)


@pytest.mark.parametrize("name", FIXTURES)
def test_what_is_built_has_just_the_keys_of_its_type(payloads, name):
    payload = payloads[name]
    assert find_differences(payload.value, payload.shape) == []
    json.dumps(payload.value, allow_nan=False)


@pytest.mark.parametrize("name", FIXTURES)
def test_the_fixture_is_of_the_same_type(payloads, name):
    assert find_differences(read(name), payloads[name].shape) == []


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """An empty page beside the page's modules; no server."""

    def send(route):
        path = route.request.url.removeprefix(SITE).lstrip("/")
        if path:
            route.fulfill(path=find_assets() / "page" / path, content_type="text/javascript")
        else:
            route.fulfill(body=EMPTY_PAGE, content_type="text/html")

    with browser.new_page() as page:
        page.route(f"{SITE}/**", send)
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on(
            "console",
            lambda said: page.complaints.append(said.text) if said.type == "error" else None,
        )
        page.goto(f"{SITE}/")
        yield page


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt install chromium)")
@pytest.mark.parametrize("name", FIXTURES)
def test_the_page_draws_the_fixture(page, payloads, name):
    beside = {"location": "diagram", "attended_location": "predictions"}.get(name)
    if beside:  # it shows the numbers of the step that is shown there
        page.evaluate(DRAW, ["inside", read(beside)])
    drawn = page.evaluate(DRAW, [payloads[name].component, read(name)])  # at every step
    assert re.search(r"<section[^>]*>.+</section>", drawn, re.DOTALL)
    assert not NO_VALUE.search(drawn), NO_VALUE.findall(drawn)
    assert page.complaints == []


REDRAW = """async (values) => {
  const { keep } = await import("/main.js");
  const element = document.createElement("div");
  element.innerHTML = '<section class="stage"></section>';
  const props = { value: values[0] };
  let draw;
  keep(element, "stage", props, (_name, watcher) => (draw = watcher), () => {});
  const told = [];
  for (props.value of values) {
    draw();
    told.push(element.querySelector(".forgotten")?.textContent ?? "");
  }
  return told;
}"""


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt install chromium)")
def test_a_forgotten_scene_is_said(page):
    fresh = read("stage") | {"fresh": True}
    own = fresh | {"fresh": False, "title": "Your picture"}
    *none, forgotten, again = page.evaluate(REDRAW, [fresh, fresh, own, own, fresh, own])
    assert none == [""] * 4
    assert "forgotten" in forgotten
    assert again == ""


class Inner(TypedDict):
    kind: Literal["a", "b"]
    course: list[float | None]


class Outer(TypedDict):
    inner: Inner
    pair: tuple[int, str]
    by_name: dict[str, bool]
    more: NotRequired[str]


GOOD = {"inner": {"kind": "a", "course": [1, 0.5, None]}, "pair": [1, "x"], "by_name": {"y": True}}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, None),
        ({"more": "words"}, None),
        ({"more": 3}, "payload.more is 3"),
        ({"other": 1}, "payload has other besides"),
        ({"inner": {"kind": "a"}}, "payload.inner lacks course"),
        ({"inner": {"kind": "c", "course": []}}, "payload.inner.kind is 'c'"),
        ({"inner": {"kind": "b", "course": ["1"]}}, "payload.inner.course[0] is '1'"),
        ({"pair": [1]}, "payload.pair has 1 parts, not 2"),
        ({"pair": [True, "x"]}, "payload.pair[0] is True"),
        ({"by_name": {"y": 1}}, "payload.by_name.y is 1"),
    ],
)
def test_differences_are_found_wherever_they_are(change, sentence):
    found = find_differences(GOOD | change, Outer)
    assert len(found) == (sentence is not None)
    assert sentence is None or sentence in found[0]
