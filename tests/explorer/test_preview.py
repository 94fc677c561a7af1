"""What a link to the page shows elsewhere: ours, not Gradio's, at the address that is asked."""

from pathlib import Path

import gradio as gr
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from sspl.explorer.app import PREVIEW
from sspl.explorer.preview import PreviewMiddleware

GRADIOS_PAGE = Path(gr.__file__).parent / "templates" / "frontend" / "index.html"


@pytest.fixture(scope="module")
def client():
    page = GRADIOS_PAGE.read_text(encoding="utf-8")
    routes = [
        Route("/", lambda request: HTMLResponse(page)),
        Route("/config", lambda request: JSONResponse({"title": "A page"})),
        PREVIEW.route,
    ]
    middleware = [Middleware(GZipMiddleware), Middleware(PreviewMiddleware, preview=PREVIEW)]
    return TestClient(Starlette(routes=routes, middleware=middleware), base_url="http://page.test")


def test_a_link_shows_title_sentence_and_picture_of_ours(client):
    page = client.get("/").text
    head = page[: page.index("</head>")]
    assert head.count('property="og:title"') == 1
    assert 'property="og:title" content="SSPL Explorer"' in head
    assert 'property="og:url" content="http://page.test"' in head
    assert 'property="og:image" content="http://page.test/preview.jpg"' in head
    assert "Click to try out the app" not in page
    assert page.index("charset") < 1024  # browsers look no further


def test_behind_a_proxy_the_address_is_the_outer_one(client):
    headers = {"x-forwarded-host": "sounds.example", "x-forwarded-proto": "https"}
    assert 'content="https://sounds.example/preview.jpg"' in client.get("/", headers=headers).text


def test_the_picture_is_sent_and_other_answers_stay_as_they_are(client):
    picture = client.get("/preview.jpg")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert picture.content == PREVIEW.picture.read_bytes()
    assert client.get("/config").json()["title"] == "A page"
