"""How the page's scripts reach the browser: as ES modules, whose address names their content.

The head of the page starts the entry module with `import()`, and `window.sspl` is the promise of
what it exports. A component or an event that needs a function of it awaits that promise, so it does
not matter which of them is there first.

The address is relative, as those of Gradio's own scripts are: it holds behind a proxy, under a path
and on a Space. It contains a digest of all modules, so that browsers may keep them for good, and
after an upgrade ask for the new ones.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

PREFIX, ENTRY = "page-modules", "main.js"
KEEP_FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}
JAVASCRIPT = "text/javascript"  # a browser runs no module that is served as anything else


@dataclass(frozen=True, kw_only=True)
class PageModules:
    """The modules, as they were when they were read.

    Attributes:
        texts: by path below their folder, such as "inside/diagram.js".
    """

    texts: Mapping[str, str]

    @property
    def address(self) -> str:
        """Where they are, relative to the page."""
        digest = hashlib.sha256()
        for name, text in sorted(self.texts.items()):
            digest.update(f"{name}\0{text}\0".encode())
        return f"{PREFIX}/{digest.hexdigest()[:16]}"

    @property
    def head(self) -> str:
        """What goes into the head of the page; the modules are fetched side by side."""
        links = [
            f'<link rel="modulepreload" href="./{self.address}/{name}">'
            for name in sorted(self.texts)
        ]
        start = f'<script>window.sspl = import("./{self.address}/{ENTRY}");</script>'
        return "".join([start, *links])

    @property
    def route(self) -> Route:
        """Serves them, and nothing but them.

        A route, not a mounted folder: Starlette finds a route also where a proxy has cut the root
        path off, and so does Gradio.
        """
        address, texts = self.address, self.texts

        async def send_module(request: Request) -> Response:
            text = texts.get(request.path_params["name"])
            if text is None:
                return PlainTextResponse("There is no such module.", status_code=404)
            return Response(text, media_type=JAVASCRIPT, headers=KEEP_FOR_GOOD)

        return Route(f"/{address}/{{name:path}}", send_module, methods=["GET", "HEAD"])


def read_modules(folder: Path) -> PageModules:
    """Read all modules of a folder, and of the folders in it.

    Raises:
        ValueError: if the entry module is missing.
    """
    texts = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.js")
    }
    if ENTRY not in texts:
        raise ValueError(f"{folder} has no {ENTRY}: the page's scripts are missing, install again")
    return PageModules(texts=texts)
