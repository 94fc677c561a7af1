"""Pictures of the page for the README: every tab, on the shipped models.

    python tests/take_screenshots.py

Chromium is needed (`apt install chromium`).
"""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from page_files import ROOT, serve
from playwright.sync_api import Browser, Page, sync_playwright

OUT = ROOT / "assets" / "screenshots"
SIZE = {"width": 1180, "height": 900}
PREVIEW = ROOT / "assets" / "page" / "preview.jpg"
MAX_HEIGHT_PX = 1500
TRAINING_MS = 240_000


def show_localize(page: Page) -> None:
    page.locator(".gallery button").first.click()
    for choice in ("a dog", "silence"):
        page.get_by_label("Compare with the sound of").click()
        page.get_by_role("option", name=choice, exact=True).click()
        page.locator(".stage .panel figcaption", has_text=choice).wait_for()
    page.keyboard.press("Escape")


def show_inside(page: Page) -> None:
    page.locator(".inside .stepper").wait_for()


def show_ablations(page: Page) -> None:
    page.locator(".ablations img").nth(5).wait_for()


def show_negatives(page: Page) -> None:
    page.locator("#start-training").click()
    page.locator(".training .words", has_text="Done").wait_for(timeout=TRAINING_MS)


def show_video(page: Page) -> None:
    page.get_by_role("button", name="Take our video").click()
    page.locator("#first-frame img").wait_for()
    page.get_by_role("button", name="Make the heat-map video").click()
    page.locator("#heat video").wait_for(timeout=60_000)


TABS = {
    "Localize": show_localize,
    "Inside": show_inside,
    "Ablations": show_ablations,
    "Negatives": show_negatives,
    "Video": show_video,
}


def main() -> None:
    OUT.mkdir(exist_ok=True)
    with (
        TemporaryDirectory() as folder,
        serve(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=SIZE)
        page.goto(server.url)
        page.locator(".stage output").wait_for()
        for name, show in TABS.items():
            page.get_by_role("tab", name=name, exact=True).click()
            show(page)
            page.wait_for_timeout(1500)  # what fades and unfolds
            path = OUT / f"{name.lower()}.jpg"
            page.evaluate("scrollTo(0, 0)")
            box = page.locator("#tabs").bounding_box()
            assert box is not None
            page.screenshot(
                path=path,
                type="jpeg",
                quality=80,
                full_page=True,
                clip=box | {"height": min(box["height"], MAX_HEIGHT_PX)},
            )
            print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1000} kB")
        take_preview(browser, server.url)
        browser.close()


def take_preview(browser: Browser, url: str) -> None:
    """The picture that a messenger shows of a link to the page: its first sight, played."""
    page = browser.new_page(viewport={"width": 1200, "height": 630})
    page.goto(url)
    page.locator(".stage").get_by_role("slider", name="Cycle").fill("6")
    page.wait_for_timeout(1500)
    page.screenshot(path=PREVIEW, type="jpeg", quality=75)
    print(f"{PREVIEW.relative_to(ROOT)}  {PREVIEW.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
