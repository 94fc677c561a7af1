"""What a messenger shows of a link to the page: title, sentence, picture.

Gradio's own page calls itself "Gradio" there before it says the title, and knows no sentence.
"""

import html
import re
from dataclasses import dataclass
from pathlib import Path

from gradio.route_utils import get_root_url
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PICTURE = "preview.jpg"
GRADIOS = re.compile(r'<meta\s+(?:property|name)="(?:og|twitter):[^>]*>')


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a link shows; the picture is a JPEG file."""

    title: str
    description: str
    picture: Path

    @property
    def route(self) -> Route:
        """Serves the picture."""

        async def send_picture(request: Request) -> Response:
            return FileResponse(self.picture, media_type="image/jpeg")

        return Route(f"/{PICTURE}", send_picture, methods=["GET", "HEAD"])

    def put_into(self, page: str, address: str) -> str:
        """A page's HTML with the tags of Open Graph and X, in place of Gradio's.

        Args:
            address: where the page is, as the outside world knows it.
        """
        contents = {
            "og:type": "website",
            "og:url": address,
            "og:title": self.title,
            "og:description": self.description,
            "og:image": f"{address}/{PICTURE}",
            "twitter:card": "summary_large_image",
        }
        tags = [
            f'<meta property="{name}" content="{html.escape(text)}">'
            for name, text in contents.items()
        ]
        return GRADIOS.sub("", page).replace("<head>", f"<head>{''.join(tags)}", 1)


class PreviewMiddleware:
    """Puts the preview into every page that is sent; whatever else is sent stays as it is."""

    def __init__(self, app: ASGIApp, preview: Preview) -> None:
        self.app = app
        self.preview = preview

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        held: list[Message] = []  # a page, until it is whole

        async def pass_on(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                held.append(message)
            elif not held:
                await send(message)
            else:
                held.append(message)
                if not message.get("more_body"):
                    await self._send_page(held, Request(scope), send)

        await self.app(scope, receive, pass_on)

    async def _send_page(self, held: list[Message], request: Request, send: Send) -> None:
        start, *parts = held
        page = b"".join(part.get("body", b"") for part in parts).decode()
        address = get_root_url(request, request.url.path, request.scope.get("root_path"))
        body = self.preview.put_into(page, address).encode()
        MutableHeaders(raw=start["headers"])["content-length"] = str(len(body))
        await send(start)
        await send({"type": "http.response.body", "body": body})


def _is_page(start: Message) -> bool:
    return MutableHeaders(raw=start["headers"]).get("content-type", "").startswith("text/html")
