"""The page as programs see it: `gradio_client`, an MCP client, a second visitor."""

import asyncio
from ast import literal_eval
from contextlib import closing

import pytest
import soundfile
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from page_files import WITH, serve_page
from PIL import Image

from sspl.explorer import serve
from sspl.explorer.__main__ import run

ENDPOINTS = {"/list_samples", "/localize_sample", "/localize_files", "/make_heat_map_video"}


def test_a_missing_model_ends_the_program_with_a_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(serve.signal, "signal", lambda *_: None)
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    assert run(["--model", "nowhere"]) == 2
    assert "no model 'nowhere'" in capsys.readouterr().err


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def server(folder):
    with serve_page(folder, "--mcp") as server:
        yield server


@pytest.fixture
def program(server):
    with closing(Client(server.url, verbose=False, analytics_enabled=False)) as program:
        yield program
    assert server.complaints() == []


@pytest.fixture(scope="module")
def files(folder):
    Image.new("RGB", (90, 60), "teal").save(folder / "mine.jpg")
    soundfile.write(folder / "mine.wav", [0.5, -0.5] * 8000, 16_000)
    (folder / "text.png").write_text("This is a text.")
    return folder


def test_every_endpoint_has_a_name_and_says_what_it_does(program):
    api = program.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(api) == ENDPOINTS
    assert all(endpoint["description"] for endpoint in api.values())


def test_a_program_localizes_a_sample(program):
    samples = program.predict(api_name="/list_samples")["samples"]
    first = next(iter(samples))
    path, numbers = program.predict(first, "", "", 0, api_name="/localize_sample")
    with Image.open(path) as picture:
        assert picture.size == (96, 96)
    assert [cycle["t"] for cycle in numbers["cycles"]] == [1, 2, 3]
    assert len(numbers["cycles"][-1]["errors"]) == 3


def test_a_program_localizes_its_own_files(program, files):
    picture, sound = handle_file(files / "mine.jpg"), handle_file(files / "mine.wav")
    path, numbers = program.predict(picture, sound, WITH, 2, api_name="/localize_files")
    with Image.open(path) as shown:
        assert shown.size == (90, 60)
    assert (numbers["sound"], numbers["shown_cycle"]) == ("your mine.wav", 2)


def test_a_program_gets_the_sentence_too(program, files):
    text, sound = handle_file(files / "text.png"), handle_file(files / "mine.wav")
    with pytest.raises(AppError, match=r"text\.png is not a picture that can be read"):
        program.predict(text, sound, WITH, 0, api_name="/localize_files")


def test_two_sessions_do_not_see_each_other(server, program, files):
    with closing(Client(server.url, verbose=False, analytics_enabled=False)) as other:
        program.predict(handle_file(files / "mine.jpg"), WITH, api_name="/use_picture")
        theirs = other.predict(WITH, api_name="/show_stage")
        mine = program.predict(WITH, api_name="/show_stage")
    assert mine["title"] == "Your picture mine.jpg"
    assert theirs["title"] != mine["title"]


def read(part):
    """What Gradio wrote into a text for agents."""
    return literal_eval(part.text.removeprefix("root="))


def test_an_agent_localizes_a_sample(server):
    async def ask():
        url = f"{server.url}/gradio_api/mcp/"
        async with (
            streamable_http_client(url) as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            tools = (await session.list_tools()).tools
            listed = await session.call_tool("list_samples", {})
            sample = next(iter(read(listed.content[0])["samples"]))
            asked = {"sample": sample, "sound": "", "model": "", "cycle": 0}
            return tools, await session.call_tool("localize_sample", asked)

    tools, found = asyncio.run(ask())
    described = {tool.name: tool for tool in tools}
    assert {endpoint.removeprefix("/") for endpoint in ENDPOINTS} <= set(described)
    asked = described["localize_sample"].inputSchema["properties"]
    assert "list_samples" in asked["sample"]["description"]
    assert not found.isError, found.content
    kinds = [part.type for part in found.content]
    assert "image" in kinds
    numbers = read(found.content[-1])
    assert [cycle["t"] for cycle in numbers["cycles"]] == [1, 2, 3]
    assert server.complaints() == []
