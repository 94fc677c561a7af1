"""Proxies as universities and companies set them, and what of them the page can use."""

import os
from importlib.util import find_spec

import httpx
import pytest

from sspl.explorer import network
from sspl.explorer.network import settle_network

OURS = "localhost,127.0.0.1,::1"


@pytest.fixture(autouse=True)
def environment():
    """An environment of this test's own, without proxies."""
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(kept)
    yield os.environ
    os.environ.clear()
    os.environ.update(before)


def test_without_proxies_nothing_is_changed(environment):
    before = dict(environment)
    assert settle_network("127.0.0.1") == []
    assert dict(environment) == before


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_the_page_is_reached_past_a_proxy_and_all_else_by_it(environment, name):
    environment[name] = "http://proxy.example:3128"
    assert settle_network("10.1.2.3") == []
    assert environment[name] == "http://proxy.example:3128"
    assert environment["no_proxy"] == f"{OURS},10.1.2.3"


def test_what_passed_the_proxy_before_still_does(environment):
    environment["HTTPS_PROXY"] = "proxy.example:3128"
    environment["NO_PROXY"] = ".intra.example, 10.0.0.0/8,[::1]"
    assert settle_network("127.0.0.1") == []
    assert environment["no_proxy"] == f"{OURS},.intra.example,10.0.0.0/8"


@pytest.mark.parametrize(
    "url",
    [
        "socks://127.0.0.1:1080/",
        "http://proxy.example:port",
        pytest.param(
            "socks5://127.0.0.1:1080",
            marks=pytest.mark.skipif(find_spec("socksio") is not None, reason="SOCKS is usable"),
        ),
    ],
)
@pytest.mark.parametrize("name", ["all_proxy", "ALL_PROXY"])
def test_a_proxy_that_cannot_be_used_is_named_and_left_out(environment, name, url):
    environment[name] = url
    environment["http_proxy"] = "http://proxy.example:3128"
    with pytest.raises((ValueError, ImportError, httpx.InvalidURL)):
        httpx.Client()
    (note,) = settle_network("127.0.0.1")
    assert note.startswith("all_proxy is not used, the page goes without it: ")
    assert name not in environment
    assert environment["http_proxy"] == "http://proxy.example:3128"
    httpx.Client().close()


def test_what_httpx_cannot_read_in_no_proxy_is_named_and_left_out(environment):
    environment["http_proxy"] = "http://proxy.example:3128"
    environment["no_proxy"] = "fe80::/10,.intra.example"
    (note,) = settle_network("127.0.0.1")
    assert note.startswith("fe80::/10 in no_proxy is not used: ")
    assert environment["no_proxy"] == f"{OURS},.intra.example"
    httpx.Client().close()


def test_the_systems_proxies_still_count(environment, monkeypatch):
    """On Windows and macOS, where a `no_proxy` in the environment alone would switch them off."""
    monkeypatch.setattr(network, "getproxies", lambda: {"http": "http://proxy.example:3128"})
    assert settle_network("127.0.0.1") == []
    assert environment["http_proxy"] == "http://proxy.example:3128"
    assert environment["no_proxy"] == OURS


def test_certificates_that_are_not_there(environment, tmp_path):
    environment["SSL_CERT_FILE"] = str(tmp_path / "company.pem")
    with pytest.raises(ValueError, match=r"SSL_CERT_FILE is .*company\.pem, which cannot be used"):
        settle_network("127.0.0.1")
