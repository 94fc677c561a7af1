"""Inside the model, in a real browser: the switch, the places, the two roads."""

import re
import shutil
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from page_files import serve
from playwright.sync_api import expect, sync_playwright

CHROMIUM = shutil.which("chromium")
PHONE = {"width": 390, "height": 844}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt install chromium)"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The page with the models that are shipped."""
    with serve(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@contextmanager
def visit(browser, server, model="photo", **options):
    """The tab, opened; at the end neither the browser nor the server has complained."""
    complaints = []
    with browser.new_context(**options) as context, context.new_page() as page:
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda said: complaints.append(said.text) if said.type == "error" else None
        )
        page.goto(f"{server.url}?model={model}")
        expect(page.locator(f"#model input[value='{model}']")).to_be_checked(timeout=30_000)
        page.get_by_role("tab", name=re.compile("^Inside")).click()
        page.locator("#inside .sides").wait_for(timeout=60_000)
        yield page
    assert complaints == []
    assert server.complaints() == []


def switch(page, label):
    page.locator("#inside .sides").get_by_label(label).check()


def test_one_switch_shows_the_papers_pcm_and_the_page_keeps_its_model(browser, server):
    with visit(browser, server) as page:
        expect(page.locator("#inside .predictions")).to_be_visible()
        expect(page.locator("#roads")).to_be_hidden()
        switch(page, "The paper's PCM")
        expect(page.locator("#inside .cell")).to_have_count(11)
        expect(page.locator("#inside .note")).to_contain_text("SSPL with PCM, photographs")
        expect(page.locator("#location h3")).to_contain_text("One place of r₂")
        expect(page.locator("#model input[value='photo']")).to_be_checked()
        expect(page.get_by_label("The paper's PCM")).to_be_focused()
        page.keyboard.press("ArrowLeft")  # by keyboard back
        expect(page.locator("#inside .predictions")).to_be_visible()
        expect(page.locator("#roads")).to_be_hidden()
        expect(page.locator("#location h3")).to_contain_text("One place p")
        assert page.locator("#inside .note").count() == 0


def test_the_switch_stays_with_another_picture_and_stands_on_another_model(browser, server):
    with visit(browser, server) as page:
        switch(page, "The paper's PCM")
        expect(page.locator("#roads .verdict")).to_be_visible()
        sample = page.locator(".gallery button").nth(1)
        sample.click()
        expect(page.locator("#inside h2")).to_have_text(sample.inner_text())
        expect(page.locator("#inside .cell").first).to_be_visible()
        page.locator("#model").get_by_label("Predictive attention, photographs").check()
        page.locator("#model").get_by_label("SSPL with PCM, photographs").check()
        expect(page.locator("#inside .note")).to_have_count(0)
        expect(page.locator("#inside").get_by_label("The paper's PCM")).to_be_checked()
        switch(page, "Predictive attention")
        expect(page.locator("#inside .predictions")).to_be_visible()
        page.locator("#model").get_by_label("SSPL without PCM").check()
        expect(page.locator("#inside .sentence")).to_contain_text("no predictive coding module")
        expect(page.locator("#location .location")).to_be_hidden()
        switch(page, "The paper's PCM")
        expect(page.locator("#inside .note")).to_contain_text("SSPL with PCM")
        switch(page, "No cycles")
        expect(page.locator("#inside .sentence")).to_be_visible()


def test_a_place_shows_what_it_predicts_and_follows_the_cycles(browser, server):
    with visit(browser, server) as page:
        location = page.locator("#location")
        looked = page.locator("#inside .predictions .picture").nth(1)
        box = looked.bounding_box()
        looked.click(position={"x": box["width"] * 10.5 / 14, "y": box["height"] * 2.5 / 14})
        expect(location.locator("h3")).to_contain_text("row 3, column 11 of 14×14")
        expect(location.locator(".alike th").first).to_have_text(re.compile("voice"))
        page.keyboard.press("ArrowDown")
        expect(location.locator("h3")).to_contain_text("row 4, column 11 of 14×14")
        expect(location.locator(".levels thead .now")).to_have_text("6")
        before = location.locator(".worked").inner_text()
        page.locator("#inside input[type=range]").fill("2")
        expect(location.locator(".levels thead .now")).to_have_text("2")
        assert location.locator(".worked").inner_text() != before


def test_each_road_is_toggled_and_the_statement_is_of_these_sounds(browser, server):
    with visit(browser, server) as page:
        switch(page, "The paper's PCM")
        roads = page.locator("#roads")
        expect(roads.locator(".verdict")).to_contain_text("the query carries the sound")
        shown, words = roads.locator(".frame.shown"), roads.locator(".stack + figcaption")

        def set_road(road, index):
            roads.locator(f"[data-road={road}] input").nth(index).check()
            return shown.get_attribute("src"), words.inner_text()

        own = roads.locator(".maps figure").first.locator("img").get_attribute("src")
        in_pcm = set_road("pcm", 1)
        assert "a dog on the road to the PCM" in in_pcm[1]
        both = set_road("query", 1)
        as_query = set_road("pcm", 0)
        none = set_road("query", 0)
        assert none[0] == own
        assert "correlation 1.000, moved by 0.0 %" in none[1]
        assert len({none[0], both[0], as_query[0]}) >= 2
        assert "correlation 1.000" not in as_query[1]
        expect(shown).to_have_count(1)
        before = roads.locator("ul").inner_text()
        set_road("query", 1)
        roads.get_by_label("The other sound").focus()
        roads.get_by_label("The other sound").select_option("silence")
        expect(roads.locator("audio")).to_have_count(0)
        expect(words).to_contain_text("silence on the road to the query")  # as it was set
        assert roads.locator("ul").inner_text() != before
        expect(roads.get_by_label("The other sound")).to_be_focused()


def test_a_page_without_a_counterpart_has_no_switch(browser, tmp_path):
    with (
        serve(tmp_path, "--model", "photo") as server,
        browser.new_context() as context,
        context.new_page() as page,
    ):
        page.goto(server.url)
        page.get_by_role("tab", name=re.compile("^Inside")).click()
        expect(page.locator("#inside .predictions")).to_be_visible(timeout=30_000)
        expect(page.locator("#inside .sides")).to_have_count(0)
        assert server.complaints() == []


# Words of less than 12 px, and what is pressed and smaller than 24 px; in a drawing that is scaled
# the size of a word is what it is drawn at.
TOO_SMALL = """() => {
  const small = [];
  const tab = [...document.querySelectorAll("#inside-row, #courses")];
  const within = (names) => tab.flatMap((part) => [...part.querySelectorAll(names)]);
  for (const part of within(".choices label, select, .channels button, .play")) {
    const { width, height } = part.getBoundingClientRect();
    if (width && Math.min(width, height) < 24) small.push(part.outerHTML);
  }
  for (const part of within("*")) {
    const words = [...part.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!words || !part.getClientRects().length || part.tagName === "OPTION") continue;
    const scale = part.tagName === "text" ? part.getScreenCTM().a : 1;
    if (parseFloat(getComputedStyle(part).fontSize) * scale < 11.9) small.push(part.outerHTML);
  }
  return small;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_reads_both_sides_and_axe_finds_nothing_serious(browser, server, scheme):
    with visit(
        browser, server, viewport=PHONE, color_scheme=scheme, is_mobile=True, has_touch=True
    ) as page:
        for side, ready in (
            ("Predictive attention", "#location .alike"),
            ("The paper's PCM", "#roads .verdict"),
        ):
            switch(page, side)
            expect(page.locator(ready)).to_be_visible()
            page.wait_for_timeout(1500)  # what fades in
            assert page.evaluate(TOO_SMALL) == []
            assert page.evaluate("document.documentElement.scrollWidth") == 390
            wide = """[...document.querySelectorAll("#inside-row *")]
              .filter((part) => part.getBoundingClientRect().right > 391)
              .map((part) => part.outerHTML.slice(0, 100))"""
            assert page.evaluate(wide) == []
            found = Axe().run(page).response["violations"]
            serious = [
                (each["id"], node["target"])
                for each in found
                if each["impact"] in ("serious", "critical")
                for node in each["nodes"]
            ]
            assert serious == []
