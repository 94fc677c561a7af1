"""The page in a real browser: Debian's Chromium, driven by Playwright."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from axe_playwright_python.sync_playwright import Axe
from page_files import serve_page
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from sspl.media.video_writer import write_video

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a microphone that beeps
    "--use-fake-ui-for-media-stream",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt install chromium)"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serve_page(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Visit:
    """A visitor's page, and what the browser did and complained of meanwhile."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", self._note_error)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(url)
        expect(self.output).to_be_visible(timeout=30_000)
        expect(page.locator(".hearing img").first).to_be_visible(timeout=30_000)

    def _note_error(self, message) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} {message.location.get('url', '')}")

    @property
    def stage(self):
        return self.page.locator(".stage")

    @property
    def output(self):
        return self.stage.locator("output")

    @property
    def slider(self):
        return self.stage.get_by_role("slider", name="Cycle")

    def shown_frames(self) -> list[str]:
        """The pictures of the frames that are opaque, one for each sound."""
        frames = self.stage.locator(".frame.shown").all()
        return [frame.get_attribute("src") or "" for frame in frames]

    def numbers(self) -> list[str]:
        return self.stage.locator(".value").all_inner_texts()

    def upload(self, where: str, path: Path) -> None:
        self.page.locator(f"{where} input[type=file]").set_input_files(path)

    def compare_with(self, choice: str) -> None:
        choices = self.page.get_by_label("Compare with the sound of")
        choices.fill(choice)
        self.page.get_by_role("option", name=choice, exact=True).click()
        choices.blur()

    def open_tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).click()

    def download(self, name: str) -> str:
        with self.page.expect_download() as waiting:
            self.page.get_by_role("button", name=name).click()
        return waiting.value.suggested_filename


@pytest.fixture(scope="module")
def desktop(browser):
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        yield context


@pytest.fixture
def visit(desktop, server):
    """A visit; at its end neither the browser nor the server has complained."""
    with desktop.new_page() as page:
        visit = Visit(page, server.url)
        yield visit
        assert visit.complaints == []
        assert server.complaints() == []
        strangers = [url for url in visit.requests if "://" in url and server.url not in url]
        assert strangers == []  # the page needs nothing from elsewhere


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (60, 90, 3), np.uint8)).save(folder / "mine.jpg")
    soundfile.write(folder / "mine.wav", np.sin(np.arange(22_050) / 9) / 2, 22_050)
    (folder / "renamed.png").write_text("This is a text.")
    frames = (rng.integers(0, 256, (64, 64, 3), np.uint8) for _ in range(300))
    hum = np.sin(np.arange(60 * 16_000) / 9).astype(np.float32) / 2
    write_video(folder / "long.mp4", frames, 5, waveform=hum)
    return folder


def test_the_first_visit_finds_an_example_at_its_first_cycle(visit):
    expect(visit.output).to_have_text("Cycle 1 of 3")
    assert len(visit.shown_frames()) == 1
    assert len(visit.numbers()) == 6
    assert sum("/queue/join" in url for url in visit.requests) == 1  # other sounds, below the map
    for picture in visit.stage.locator("img").all():
        assert picture.get_attribute("alt")
    expect(visit.page.get_by_text("untrained, so its maps mean nothing")).to_be_visible()


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_at_first_sight_one_press_plays_the_sound_while_the_map_closes_in(visit, size):
    visit.page.set_viewport_size({"width": size[0], "height": size[1]})
    play = visit.stage.get_by_role("button", name="Play: cycle")
    for button in (play, visit.stage.get_by_role("button", name="Hear the sound")):
        box = button.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= size[1]
    error = visit.stage.locator(".error strong")
    first = error.inner_text()
    play.click()
    expect(visit.stage.get_by_role("button", name="Stop the sound")).to_be_visible()
    expect(visit.output).to_have_text("Cycle 3 of 3", timeout=10_000)
    assert error.inner_text() != first
    visit.stage.get_by_role("button", name="Stop the sound").click()
    expect(visit.stage.get_by_role("button", name="Hear the sound")).to_be_visible()


def test_a_tick_of_the_slider_asks_nobody(visit):
    visit.slider.fill("3")
    visit.requests.clear()
    last_frames, last_numbers = visit.shown_frames(), visit.numbers()
    visit.slider.focus()
    visit.page.keyboard.press("ArrowLeft")
    expect(visit.output).to_have_text("Cycle 2 of 3")
    assert visit.shown_frames() != last_frames
    assert visit.numbers() != last_numbers
    visit.slider.fill("1")
    expect(visit.output).to_have_text("Cycle 1 of 3")
    visit.page.get_by_role("button", name="Play: cycle").click()
    expect(visit.output).to_have_text("Cycle 3 of 3")
    assert visit.shown_frames() == last_frames
    assert visit.numbers() == last_numbers
    assert [url for url in visit.requests if not url.startswith("data:")] == []


def test_arrow_keys_work_all_over_the_stage_and_the_switches_hide(visit):
    visit.stage.focus()
    visit.page.keyboard.press("ArrowRight")
    expect(visit.output).to_have_text("Cycle 2 of 3")
    box = visit.stage.locator(".box")
    expect(box).to_be_visible()
    visit.stage.get_by_label("True boxes").uncheck()
    expect(box).to_be_hidden()
    visit.stage.get_by_label("Map").uncheck()
    expect(visit.stage.locator(".frame.shown")).to_be_hidden()
    expect(visit.stage.locator(".plain")).to_be_visible()


def test_a_click_on_a_sample_localizes_it(visit):
    first = visit.shown_frames()
    sample = visit.page.locator(".gallery button").nth(1)
    sample.click()
    expect(visit.stage.locator("h2")).to_have_text(sample.inner_text())
    expect(sample).to_have_attribute("aria-pressed", "true")
    assert visit.shown_frames() != first


def test_an_uploaded_picture_and_sound_are_localized(visit, files):
    visit.upload("#picture", files / "mine.jpg")
    expect(visit.stage.locator("h2")).to_have_text("Your picture mine.jpg")
    expect(visit.stage.locator(".panel figcaption")).to_contain_text(
        "add the sound of your picture"
    )
    visit.upload("#sound", files / "mine.wav")
    expect(visit.stage.locator(".panel figcaption")).to_have_text("Listening to your mine.wav")
    expect(visit.page.locator(".gallery [aria-pressed=true]")).to_have_count(0)


def test_a_recording_is_localized(visit):
    sound = visit.page.locator("#sound")
    sound.get_by_label("Record audio").click()
    sound.get_by_role("button", name="Record", exact=True).click()
    visit.page.wait_for_timeout(800)
    sound.get_by_role("button", name="Stop").first.click()
    expect(visit.stage.locator(".panel figcaption")).to_have_text("Listening to your audio.wav")


def test_a_renamed_text_gets_a_sentence_and_the_stage_stays(visit, files):
    before = visit.stage.inner_text()
    visit.upload("#picture", files / "renamed.png")
    sentence = "renamed.png is not a picture that can be read: save it as JPEG or PNG."
    expect(visit.page.get_by_text(sentence)).to_be_visible()
    assert visit.stage.inner_text() == before


def test_several_sounds_stand_side_by_side_and_one_slider_moves_all(visit, files):
    visit.compare_with("silence")
    expect(visit.stage.locator(".panel")).to_have_count(2)
    assert len(visit.numbers()) == 11  # silence has no boxes to overlap with
    visit.slider.fill("3")
    before = visit.shown_frames()
    visit.slider.fill("1")
    after = visit.shown_frames()
    assert all(a != b for a, b in zip(before, after, strict=True))
    visit.compare_with("noise")
    expect(visit.stage.locator(".panel")).to_have_count(3)
    expect(visit.output).to_have_text("Cycle 1 of 3")  # where it was
    visit.compare_with("my own sound")
    visit.upload("#own", files / "mine.wav")
    expect(visit.stage.locator(".panel")).to_have_count(4)
    expect(visit.stage.locator(".panel").nth(3)).to_contain_text("your mine.wav")


def test_a_wipe_shows_another_cycle_left_of_its_line(visit):
    cover, line = visit.stage.locator(".cover"), visit.stage.get_by_label("Where the wipe's line")
    expect(cover).to_be_hidden()
    visit.stage.get_by_label("Wipe between two cycles").check()
    expect(cover).to_be_visible()
    first = visit.stage.locator(".frame").first.get_attribute("src")
    assert cover.get_attribute("src") == first
    visit.stage.get_by_label("Cycle left of the line").select_option("2")
    assert cover.get_attribute("src") != first
    line.fill("10")
    assert "90%" in cover.evaluate("cover => getComputedStyle(cover).clipPath")
    box = visit.stage.locator(".picture").bounding_box()
    visit.page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    visit.page.mouse.down()
    visit.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    visit.page.mouse.up()
    assert line.input_value() == "50"


def test_a_link_brings_back_what_was_seen(visit, desktop, server):
    visit.page.locator(".gallery button").nth(1).click()
    expect(visit.page).to_have_url(re.compile("sample=orchestra-s77-silent"))
    visit.compare_with("silence")
    expect(visit.stage.locator(".panel")).to_have_count(2)
    visit.slider.fill("2")
    expect(visit.page).to_have_url(re.compile("(?=.*with=silence)(?=.*cycle=2)"))
    with desktop.new_page() as page:
        again = Visit(page, visit.page.url)
        expect(again.stage.locator(".panel")).to_have_count(2)
        expect(again.stage.locator("h2")).to_have_text(visit.stage.locator("h2").inner_text())
        expect(again.output).to_have_text("Cycle 2 of 3")
        expect(again.page.locator(".gallery button").nth(1)).to_have_attribute(
            "aria-pressed", "true"
        )
        assert again.complaints == []


def test_a_link_to_what_is_not_here_is_an_error_and_the_page_works(visit, desktop, server):
    with desktop.new_page() as page:
        lost = Visit(page, f"{server.url}?sample=gone")
        expect(page.get_by_text("there is no sample 'gone'")).to_be_visible()
        expect(lost.output).to_have_text("Cycle 1 of 3")
        assert lost.complaints == []


def test_the_link_is_copied(visit):
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.page.locator("#copy-link").click()
    expect(visit.page.locator("#copy-link")).to_have_text("Copied")
    assert visit.page.evaluate("navigator.clipboard.readText()") == visit.page.url


def test_the_model_can_be_changed_and_the_steps_downloaded(visit):
    visit.slider.fill("2")
    assert visit.download("Picture, PNG") == "sspl-cycle-2.png"
    visit.page.get_by_label("SSPL without PCM").check()
    expect(visit.output).to_have_text("Cycle 1 of 1")
    expect(visit.slider).to_be_disabled()
    assert visit.download("Steps, GIF") == "sspl-steps.gif"
    assert visit.download("Steps, MP4") == "sspl-steps.mp4"


def test_inside_the_pcm_every_half_cycle_and_every_location_can_be_seen(visit):
    visit.open_tab("Inside")
    output, location = visit.page.locator("#inside output"), visit.page.locator("#location")
    expect(output).to_have_text("Cycle 3 of 3: correct (feedforward)")
    expect(location.locator(".levels")).to_be_visible()
    visit.requests.clear()
    visit.page.locator("#inside input[type=range]").focus()
    for _ in range(3):
        visit.page.keyboard.press("ArrowLeft")
    expect(output).to_have_text("Cycle 2 of 3: predict (feedback)")
    expect(location.locator(".levels thead .now")).to_have_text("2")
    assert [url for url in visit.requests if not url.startswith("data:")] == []
    visit.page.locator("#inside [data-cell='r-3'] .map").focus()
    visit.page.keyboard.press("Enter")
    expect(location.locator("h3")).to_contain_text("row 8, column 8 of 14×14")
    visit.page.keyboard.press("ArrowUp")
    expect(location.locator("h3")).to_contain_text("row 7, column 8 of 14×14")
    expect(output).to_have_text("Cycle 2 of 3: predict (feedback)")
    expect(location.locator(".worked").first).to_contain_text("GELU")


def test_inside_a_model_without_pcm_there_is_a_sentence(visit):
    visit.open_tab("Inside")
    expect(visit.page.locator("#inside .cell").first).to_be_visible()
    visit.page.get_by_label("SSPL without PCM").check()
    expect(visit.page.locator("#inside .sentence")).to_be_visible()
    visit.page.get_by_label("SSPL with PCM").check()
    expect(visit.page.locator("#inside .cell").first).to_be_visible()


def test_a_sample_picked_above_is_what_the_open_tab_shows(visit):
    visit.open_tab("Inside")
    sample = visit.page.locator(".gallery button").nth(1)
    sample.click()
    expect(visit.page.locator("#inside h2")).to_have_text(sample.inner_text())
    expect(visit.page).to_have_url(re.compile("tab=inside"))


def test_false_negatives_of_a_batch_are_marked_and_counted(visit):
    visit.open_tab("Negatives")
    batch = visit.page.locator("#batch")
    pictures = batch.locator(".clips button")
    expect(pictures).to_have_count(16)
    pictures.nth(1).click()
    expect(batch.locator(".clips [aria-pressed=true]")).to_have_count(1)
    kinds = [text.split(": ")[-1] for text in pictures.all_inner_texts()]
    assert kinds[1] == "positive"
    assert kinds.count("false negative") > 0
    expect(batch.locator(".clips [data-kind=false]")).to_have_count(kinds.count("false negative"))
    crosses = batch.locator(".matrix svg path.false")
    expect(crosses).to_have_count(int(batch.locator(".count strong").first.inner_text().split()[0]))
    batch.locator("input[value=B]").check()
    expect(crosses).to_have_count(0)
    seed = int(batch.locator(".batch").get_attribute("data-seed") or 0)
    visit.page.locator("#another-batch").click()
    expect(batch.locator(f".batch[data-seed='{seed + 1}']")).to_be_visible()


def test_the_stored_full_runs_are_beside_the_minute(visit):
    visit.open_tab("Negatives")
    runs = visit.page.locator("#fullruns")
    runs.scroll_into_view_if_needed()
    expect(runs.locator("tbody tr")).to_have_count(6)
    for picture in runs.locator("img").all():
        assert picture.get_attribute("alt")


@pytest.mark.slow
def test_three_methods_train_live_one_visitor_at_a_time_and_cancel_works(visit, desktop, server):
    def start(visit):
        visit.open_tab("Negatives")
        visit.page.locator("#start-training").click()
        return visit.page.locator("#training .words")

    words = start(visit)
    expect(words).to_contain_text(re.compile(r"Step \d+ of"), timeout=120_000)
    with desktop.new_page() as page:
        second = Visit(page, server.url)
        theirs = start(second)
        expect(theirs).to_contain_text("One visitor trains at a time")
        expect(visit.page.locator("#training .charts svg")).to_have_count(4)
        expect(visit.page.locator("#training .scene")).to_have_count(3)
        visit.page.locator("#cancel-training").click()
        expect(words).to_contain_text("Stopped.")
        expect(theirs).to_contain_text(re.compile(r"Step \d+ of"), timeout=60_000)
        page.locator("#cancel-training").click()
        expect(theirs).to_contain_text("Stopped.")
        expect(words).to_contain_text("Stopped.")  # still: no late message has overwritten it
        assert second.complaints == []
    visit.page.locator("#training-seed input").fill("-3")
    visit.page.locator("#start-training").click()
    expect(visit.page.get_by_text("the seed is -3")).to_be_visible()
    expect(words).to_contain_text("Not started.")
    visit.open_tab("Localize")
    visit.slider.fill("1")
    expect(visit.output).to_have_text("Cycle 1 of 3")


def test_ablations_say_what_was_trained_and_what_is_only_read_out(visit):
    visit.open_tab("Ablations")
    page = visit.page
    settings, verdict = page.locator("#settings"), page.locator(".setting .verdict")
    expect(page.locator(".ablations .variants button[data-variant]").first).to_be_visible(
        timeout=30_000
    )
    expect(verdict).to_contain_text("Trained so")
    settings.get_by_label("T = 2", exact=True).check()
    expect(verdict).to_contain_text("Read-out only")
    page.locator(".ablations [data-variant=attention]").first.click()
    expect(settings.get_by_label("Softmax", exact=True)).to_be_checked()
    expect(verdict).to_contain_text("Attention")
    line = page.locator("#tables [data-variant=cycles-5]").first
    line.click()
    expect(verdict).to_contain_text("T = 5")
    expect(settings.get_by_label("T = 5", exact=True)).to_be_checked()
    for picture in page.locator(".ablations img").all():
        assert picture.get_attribute("alt")


def test_other_sounds_stand_below_the_map_and_every_model_on_demand(visit):
    rows = visit.page.locator(".hearing .row-model")
    expect(rows).to_have_count(1)
    expect(visit.page.locator(".hearing .card img[alt]")).to_have_count(4)
    visit.compare_with("silence")
    visit.page.get_by_label("SSPL without PCM").check()
    expect(rows.get_by_text("SSPL without PCM", exact=True)).to_be_visible()
    visit.page.get_by_role("button", name="The same by every model").click()
    expect(rows).to_have_count(2)
    for row in rows.all():
        expect(row.locator(".verdict")).not_to_be_empty()
    # These models were not evaluated; the page says how to.
    expect(visit.page.locator("#evaluations")).to_contain_text("python -m sspl.evaluate")


def test_a_picture_is_taken_with_the_camera(visit):
    visit.page.get_by_role("button", name="Take one with the camera").click()
    camera = visit.page.locator("#camera")
    camera.get_by_role("button", name="Click to Access Webcam").click()
    visit.page.wait_for_function("document.querySelector('#camera video')?.videoWidth > 0")
    visit.page.wait_for_timeout(1000)  # until it may be pressed, which nothing tells
    camera.get_by_role("button", name="capture photo").click()
    expect(visit.stage.locator("h2")).to_contain_text("Your picture", timeout=20_000)
    # Gradio asks for the progress of an upload that has no name yet, and logs the answer.
    of_gradio = ("upload_progress?upload_id=", "Response ")
    visit.complaints[:] = [
        said for said in visit.complaints if not any(part in said for part in of_gradio)
    ]


@pytest.mark.parametrize("where", ["#picture", "#sound", "#video"])
def test_what_is_refused_leaves_its_box(visit, files, where):
    if where == "#video":
        visit.open_tab("Video")
    visit.upload(where, files / "renamed.png")
    expect(visit.page.get_by_text("renamed.png").last).to_be_visible()
    expect(visit.page.locator(f"{where} input[type=file]")).to_have_count(1)
    expect(visit.page.locator(where).get_by_text("renamed")).to_have_count(0)


def test_back_returns_to_the_scene_before(visit):
    title = visit.stage.locator("h2")
    first = title.inner_text()
    second = visit.page.locator(".gallery button").nth(1)
    second.click()
    expect(title).to_have_text(second.inner_text())
    visit.page.go_back()
    expect(title).to_have_text(first)
    visit.page.go_forward()
    expect(title).to_have_text(second.inner_text())


def test_a_tick_back_to_pcm_starts_at_its_last_cycle(visit):
    visit.page.get_by_label("SSPL without PCM").check()
    expect(visit.output).to_have_text("Cycle 1 of 1")
    visit.page.get_by_label("SSPL with PCM").check()
    expect(visit.output).to_have_text("Cycle 3 of 3")


def test_clicks_in_one_breath_end_in_what_was_clicked(visit):
    sample = visit.page.locator(".gallery button").nth(1)
    visit.page.evaluate(
        """() => {
          document.querySelectorAll(".gallery button")[1].click();
          document.querySelector("#model input[value='without-pcm']").click();
        }"""
    )
    expect(visit.output).to_have_text("Cycle 1 of 1")
    expect(visit.stage.locator("h2")).to_have_text(sample.inner_text())
    visit.page.wait_for_timeout(1500)  # nothing older comes later
    expect(visit.output).to_have_text("Cycle 1 of 1")
    expect(visit.stage.locator("h2")).to_have_text(sample.inner_text())
    expect(visit.page).to_have_url(re.compile("sample=orchestra-s77-silent.*model=without-pcm"))


def test_a_sample_picked_while_a_tab_is_computed_is_what_it_shows(visit):
    sample = visit.page.locator(".gallery button").nth(1)
    visit.page.get_by_role("button", name="The same by every model").click()
    sample.click()
    shown = visit.page.locator("#hearing img").first
    ending = re.compile(f", in: {re.escape(sample.inner_text())}")
    expect(shown).to_have_attribute("alt", ending)
    visit.page.wait_for_timeout(1500)
    expect(shown).to_have_attribute("alt", ending)


def test_a_video_gets_its_heat_map(visit):
    visit.open_tab("Video")
    visit.page.get_by_role("button", name="Take our video").click()
    expect(visit.page.locator("#video-facts")).to_contain_text("2.0 s, 96 × 96 px")
    expect(visit.page.locator("#first-frame img")).to_be_visible()
    visit.page.get_by_role("button", name="Make the heat-map video").click()
    expect(visit.page.locator("#heat video")).to_be_visible(timeout=20_000)
    visit.page.get_by_role("button", name="Step through its middle frame").click()
    expect(visit.stage.locator("h2")).to_contain_text(".mp4 at 1.0 s")
    expect(visit.stage).to_be_visible()


def test_a_video_is_cancelled_and_the_page_goes_on(visit, files):
    visit.open_tab("Video")
    visit.upload("#video", files / "long.mp4")
    expect(visit.page.locator("#video-facts")).to_contain_text("60.0 s")
    start = visit.page.get_by_role("button", name="Make the heat-map video")
    start.click()
    expect(visit.page.locator("#heat")).to_contain_text("of 60.0 s", timeout=20_000)
    visit.page.get_by_role("button", name="Cancel").click()
    expect(visit.page.get_by_text("Cancelled.")).to_be_visible(timeout=20_000)
    expect(visit.page.locator("#heat video")).to_have_count(0)
    visit.open_tab("Localize")
    visit.slider.fill("1")
    expect(visit.output).to_have_text("Cycle 1 of 3")


def test_a_sound_is_no_video_and_that_is_said(visit, files):
    visit.open_tab("Video")
    visit.upload("#video", files / "mine.wav")
    expect(visit.page.get_by_text("mine.wav has no moving pictures")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_any_tab(browser, server, scheme):
    with (
        browser.new_context(color_scheme=scheme) as context,
        context.new_page() as page,
    ):
        visit = Visit(page, server.url)
        for tab in page.get_by_role("tab").all_inner_texts():
            visit.open_tab(tab)
            page.wait_for_timeout(1500)  # what fades in
            found = Axe().run(page).response["violations"]
            serious = [
                (tab, each["id"], node["target"])
                for each in found
                if each["impact"] in ("serious", "critical")
                for node in each["nodes"]
            ]
            assert serious == []


# What is pressed and smaller than 24 px, and words smaller than 12 px; not links within a sentence,
# nor the field of a dropdown, whose box is pressed.
TOO_SMALL = """() => {
  const shown = (part) => {
    const { width, height } = part.getBoundingClientRect();
    const { visibility, opacity } = getComputedStyle(part);
    const seen = part.checkVisibility() && visibility !== "hidden" && opacity !== "0";
    return seen && width > 1 && height > 1;
  };
  const small = [];
  const pressed = "button, input:not([type=file], [role=combobox]), select, summary, [role=tab]";
  for (const part of document.querySelectorAll(pressed)) {
    const { width, height } = (part.closest("label") ?? part).getBoundingClientRect();
    if (shown(part) && Math.min(width, height) < 24) small.push(part.outerHTML.slice(0, 200));
  }
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const part = words.currentNode.parentElement;
    const said = words.currentNode.textContent.trim();
    if (!said || ["SCRIPT", "STYLE", "OPTION"].includes(part.tagName) || !shown(part)) continue;
    if (parseFloat(getComputedStyle(part).fontSize) < 12) small.push(said);
  }
  return small;
}"""


def test_on_a_phone_a_finger_hits_and_an_eye_reads_what_is_in_any_tab(browser, server):
    size = {"width": 390, "height": 844}
    with browser.new_context(viewport=size, is_mobile=True, has_touch=True) as context:
        visit = Visit(context.new_page(), server.url)
        for tab in visit.page.get_by_role("tab").all_inner_texts():
            visit.open_tab(tab)
            visit.page.wait_for_timeout(2000)
            assert (tab, visit.page.evaluate(TOO_SMALL)) == (tab, [])
            assert visit.page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_phone_in_the_dark_scrolls_in_one_direction_only(browser, server):
    size = {"width": 390, "height": 844}
    with browser.new_context(viewport=size, color_scheme="dark") as context:
        visit = Visit(context.new_page(), server.url)
        visit.compare_with("silence")
        expect(visit.stage.locator(".panel")).to_have_count(2)
        assert visit.page.evaluate("document.documentElement.scrollWidth") == 390
        tabs = visit.page.get_by_role("tab").filter(visible=True).all_inner_texts()
        assert tabs == ["Localize", "Inside", "Ablations", "Negatives", "Video"]
        assert visit.complaints == []
