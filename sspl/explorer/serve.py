"""Where the page is served, and who can reach it there; told before anything is loaded.

Importing this imports no Gradio, which reads the environment as it is imported.
"""

import errno
import os
import signal
import socket
import sys
import tempfile
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from sspl.assets import find_assets
from sspl.explorer.network import settle_network

LOOPBACK, EVERYWHERE = "127.0.0.1", "0.0.0.0"
HOST, PORT = "GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT"  # Gradio's own variables for the two


@dataclass(frozen=True, kw_only=True)
class Options:
    """Serve the page until Ctrl-C."""

    model: tuple[str, ...] = ()
    """checkpoints to choose from, by name or folder; by default those we ship"""
    host: str | None = None
    """the address of this machine to serve at, 0.0.0.0 for all of them, which lets others in; by
    default GRADIO_SERVER_NAME, else 127.0.0.1, which this machine alone can reach"""
    port: int | None = None
    """1 to 65535; by default GRADIO_SERVER_PORT, else 7860"""
    share: bool = False
    """also open a public link, through Gradio's servers, for a week"""
    mcp: bool = False
    """also serve agents, at /gradio_api/mcp/"""
    samples: Path = find_assets() / "samples"
    """a folder with `manifest.jsonl`, pictures and sounds"""


def serve_page(options: Options) -> None:
    """Serve the page until Ctrl-C.

    Raises:
        ValueError: if it cannot be served there, a model or a sample cannot be loaded, or Gradio
            is not installed.
    """
    host, port = choose_address(options)
    others = open_port(host, port)
    for note in settle_network(host):
        print(note, file=sys.stderr)
    for name in (HOST, PORT):  # Gradio would look for a free port there, too
        os.environ.pop(name, None)
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # tidy up as after Ctrl+C
    with tempfile.TemporaryDirectory(prefix="sspl-") as folder:
        os.environ.setdefault("GRADIO_TEMP_DIR", folder)
        _launch(options, host, port, others)


def _launch(options: Options, host: str, port: int, others: bool) -> None:
    # jsonschema, which Gradio imports, goes without this grammar of addresses where it is missing;
    # nothing here checks any, and it takes a fifth of the time until the page is ready.
    sys.modules.setdefault("rfc3987_syntax", None)  # pyright: ignore[reportArgumentType]
    try:
        from sspl.explorer.app import build_app, launch_app
    except ModuleNotFoundError as error:
        if error.name != "gradio":
            raise
        raise ValueError("the page needs Gradio: install sspl with its extra [app]") from error
    from sspl.explorer.models import load_models
    from sspl.explorer.samples import load_samples
    from sspl.explorer.uploads import MAX_SIDE_PX

    loaded = load_samples(options.samples, MAX_SIDE_PX)
    app = build_app(load_models(options.model), loaded)
    print(tell_who_can_reach(host, port, others, options.share), flush=True)
    try:
        launch_app(
            app,
            server_name=f"[{host}]" if ":" in host else host,
            server_port=port,
            share=options.share,
            mcp_server=options.mcp,
            # Gradio sends no file that is neither below the working directory nor named here.
            allowed_paths=[str(sample.video) for sample in loaded.values() if sample.video],
        )
    except OSError as error:  # somebody took it in the meantime
        raise _refuse(host, port, error.errno) from error


def choose_address(options: Options) -> tuple[str, int]:
    """Host and port: as the options say, else the environment, else port 7860 of loopback.

    Raises:
        ValueError: if the port is none.
    """
    # A Space is reached from outside; anything else is this person's own machine.
    default = EVERYWHERE if "SPACE_ID" in os.environ else LOOPBACK
    host = options.host or os.environ.get(HOST) or default
    named, port = "--port", options.port
    if port is None:
        named = PORT
        written = os.environ.get(PORT) or "7860"
        port = int(written) if written.isdecimal() else -1
    else:
        written = str(port)
    if not 1 <= port <= 65535:
        raise ValueError(f"{named} is {written}: take a port from 1 to 65535, such as 7860")
    return host.strip("[]"), port


def open_port(host: str, port: int) -> bool:
    """Try to listen there, and stop again; returns whether others than this machine can come.

    Raises:
        ValueError: if the host is not this machine's, or the port is taken or forbidden.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _refuse(host, port, errno.EADDRNOTAVAIL) from error
    opened = []
    for family, kind, protocol, _, address in found:
        try:
            with socket.socket(family, kind, protocol) as trial:
                if os.name == "posix":  # else the port of a page that just ended counts as taken
                    trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind(address)
        except OSError as error:
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                raise _refuse(host, port, error.errno) from error
        else:  # of several, as localhost has with IPv6, one suffices
            opened.append(ip_address(address[0]))
    if not opened:
        raise _refuse(host, port, errno.EADDRNOTAVAIL)
    return not all(address.is_loopback for address in opened)


def _refuse(host: str, port: int, number: int | None) -> ValueError:
    """The sentence for an address at which nothing can be served, by the number of the error."""
    if number == errno.EADDRNOTAVAIL:
        what = "is no address of this machine: take --host 127.0.0.1, or 0.0.0.0 to let others in"
        return ValueError(f"{host} {what}")
    if number in (errno.EACCES, errno.EPERM):
        return ValueError(f"port {port} is not this user's to open: take a --port from 1024 on")
    return ValueError(f"port {port} is taken: stop what uses it, or take another --port")


def tell_who_can_reach(host: str, port: int, others: bool, share: bool) -> str:
    """A line for whoever starts the page."""
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if others:
        here = f"everyone who can reach this machine ({socket.gethostname()}) over the network"
        who = f"{here}, without a password"
    else:
        who = "this machine alone (--host 0.0.0.0 lets others in)"
    if share:
        who += ", and for everyone who has the public link"
    return f"The page is served at {address} for {who}."
