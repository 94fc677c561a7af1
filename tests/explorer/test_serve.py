"""Where the page is served: options, Gradio's variables, and a sentence where it cannot be."""

import errno
import os
import socket
import sys
import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from page_files import save_models, save_samples, serve

from sspl.explorer.__main__ import run
from sspl.explorer.serve import (
    HOST,
    PORT,
    Options,
    choose_address,
    open_port,
    tell_who_can_reach,
)


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in (HOST, PORT, "SPACE_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("variables", "options", "address"),
    [
        ({}, {}, ("127.0.0.1", 7860)),
        ({"SPACE_ID": "me/mine"}, {}, ("0.0.0.0", 7860)),
        ({HOST: "0.0.0.0", PORT: "7912"}, {}, ("0.0.0.0", 7912)),
        ({HOST: "", PORT: ""}, {}, ("127.0.0.1", 7860)),
        ({HOST: "0.0.0.0", PORT: "7912"}, {"host": "::1", "port": 80}, ("::1", 80)),
        ({HOST: "[::]"}, {}, ("::", 7860)),
        # Kubernetes' variable for a service called gradio-server.
        ({PORT: "tcp://10.0.0.1:80"}, {"port": 8000}, ("127.0.0.1", 8000)),
    ],
)
def test_options_come_before_variables(monkeypatch, variables, options, address):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert choose_address(Options(**options)) == address


@pytest.mark.parametrize("written", ["0", "70000", "-1", "ten", "tcp://10.0.0.1:80"])
def test_a_port_that_is_none(monkeypatch, capsys, written):
    sentence = f"is {written}: take a port from 1 to 65535, such as 7860\n"
    monkeypatch.setenv(PORT, written)
    assert run([]) == 2
    assert capsys.readouterr().err == f"{PORT} {sentence}"
    if written.strip("-").isdecimal():
        assert run(["--port", written]) == 2
        assert capsys.readouterr().err == f"--port {sentence}"


def test_a_port_that_is_taken(capsys):
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert run(["--port", str(port)]) == 2
    assert capsys.readouterr().err == (
        f"port {port} is taken: stop what uses it, or take another --port\n"
    )


def test_a_port_that_is_forbidden(monkeypatch, capsys):
    """Whoever runs this may be root, so the system's answer is put in."""

    class Refusing(socket.socket):
        def bind(self, _):
            raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket, "socket", Refusing)
    assert run(["--port", "80"]) == 2
    assert capsys.readouterr().err == (
        "port 80 is not this user's to open: take a --port from 1024 on\n"
    )


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "a" * 70])
def test_a_host_that_is_elsewhere(capsys, host):
    assert run(["--host", host]) == 2
    assert f"{host} is no address of this machine" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "others"), [("127.0.0.1", False), ("localhost", False), ("0.0.0.0", True)]
)
def test_who_can_come(host, others):
    assert open_port(host, _find_port()) == others


def test_who_can_come_is_said():
    alone = tell_who_can_reach("127.0.0.1", 7860, others=False, share=False)
    assert "at http://127.0.0.1:7860 for this machine alone" in alone
    assert "--host 0.0.0.0" in alone
    shared = tell_who_can_reach("127.0.0.1", 7860, others=False, share=True)
    assert "everyone who has the public link" in shared
    everyone = tell_who_can_reach("::", 7860, others=True, share=False)
    assert f"http://[::]:7860 for everyone who can reach this machine ({socket.gethostname()})" in (
        everyone
    )


def test_the_page_behind_a_proxy_that_refuses_and_for_others(tmp_path):
    """Its environment is that of a lab server; with another address it is reached from outside."""
    save_samples(tmp_path / "samples")
    model, _ = save_models(tmp_path)
    with refusing_proxy() as proxy:
        variables = {
            **{k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")},
            "HTTP_PROXY": proxy,
            "all_proxy": "socks://127.0.0.1:1080/",
            HOST: "0.0.0.0",
            PORT: "tcp://10.0.0.1:80",
        }
        options = ("--model", model, "--samples", str(tmp_path / "samples"))
        with serve(tmp_path, *options, environment=variables) as server:
            # Of another address of this machine, where there is one, it answers too.
            other = "127.0.0.2" if sys.platform == "linux" else "127.0.0.1"
            with httpx.Client(trust_env=False) as browser:
                url = server.url.replace("127.0.0.1", other)
                assert browser.get(url).status_code == 200
            log = server.log.read_text(encoding="utf-8")
    lines = log.splitlines()
    assert lines[0].startswith("all_proxy is not used, the page goes without it: ")
    port = server.url.rpartition(":")[2]
    assert f"The page is served at http://0.0.0.0:{port} for everyone who can reach" in lines[1]
    assert "Traceback" not in log


@contextmanager
def refusing_proxy():
    """The address of a proxy that says no to everything."""

    class Refuse(BaseHTTPRequestHandler):
        def refuse(self):
            self.send_response(503)
            self.end_headers()

        do_GET = do_HEAD = do_POST = do_CONNECT = refuse

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refuse) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _find_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
