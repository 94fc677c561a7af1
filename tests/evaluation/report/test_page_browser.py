"""The page in a real browser: it fits, every picture is one, and nothing is asked of a network."""

import shutil

import pytest
from fake_result import make_examples, make_result
from playwright.sync_api import sync_playwright

from sspl.evaluation.report import write_report

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt install chromium)"),
]


def test_the_page_fits_a_phone_and_a_desk(tmp_path):
    nasty = "<script>alert(1)</script>\x1b" + "unbroken" * 12
    result = make_result((nasty, "日本"), ("sspl",)) | {"checkpoint": "run/" * 40}
    write_report(tmp_path, result, [], make_examples(nasty))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width, scheme in ((360, "dark"), (1280, "light")):
            page = browser.new_page(
                viewport={"width": width, "height": 800},
                color_scheme=scheme,  # type: ignore[arg-type]
            )
            complaints, requests = [], []
            page.on("console", lambda message, seen=complaints: seen.append(message.text))
            page.on("request", lambda request, seen=requests: seen.append(request.url[:5]))
            page.goto((tmp_path / "report.html").as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            sizes = page.evaluate("[...document.images].map(image => image.naturalWidth)")
            assert len(sizes) == 16
            assert min(sizes) > 90
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert ground == ("rgb(21, 22, 26)" if scheme == "dark" else "rgb(255, 255, 255)")
            assert complaints == []
            assert set(requests) <= {"file:", "data:"}
            assert requests.count("file:") == 1
            page.close()
        browser.close()
