"""How long a visitor waits, before a change and after it: page, map, video, command line.

    python -m benchmarks.page
    python -m benchmarks.page --before 5805989    # the same of an earlier commit, in turn with this
    python -m benchmarks.page --requests 1000     # and the server's memory over so many
    python -m benchmarks.page --clients 50        # and so many at once, for a minute

Chromium (`apt install chromium`) opens the page that `python app.py` serves; medians, with whatever
else the machine does falling on both. "Over the wire" is all that a first visit loads.

Predicted of 5805989 (the page as it was before it opened on a photograph): ready in 7 s, 1.8 MB, a
sample's map in 450 ms, a video of ten seconds in 15 s, help in 2.9 s, a map on the command line in
3.6 s. Predicted of the present one: 5 s, 0.7 MB, 450 ms, 6 s, 0.4 s, 3 s.
"""

import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import tyro
from gradio_client import Client
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from sspl.media.sounds import read_audio
from sspl.media.video_writer import write_video

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "assets" / "samples"
ROUNDS, TICKS = 3, 20
VIDEO_PX, VIDEO_S, VIDEO_FPS = (1280, 720), 10, 30  # as a telephone films
# Resolves once what a key press changed is on the screen: two frames later it has been painted.
TICK = """async (key) => {
  const start = performance.now();
  document.querySelector(".stage").dispatchEvent(new KeyboardEvent("keydown", { key }));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return performance.now() - start;
}"""


@dataclass(frozen=True, kw_only=True)
class State:
    """A state of the project, and what was measured of it: values by the figure's name."""

    name: str
    root: Path
    found: dict[str, list[float]] = field(default_factory=dict)

    def note(self, figure: str, value: float) -> None:
        self.found.setdefault(figure, []).append(value)

    def run(self, figure: str, *command: str) -> None:
        """Time a command of Python's in seconds."""
        start_s = time.perf_counter()
        subprocess.run([sys.executable, *command], cwd=self.root, check=True, capture_output=True)
        self.note(figure, time.perf_counter() - start_s)


@contextmanager
def check_out(commit: str) -> Iterator[Path]:
    """The project as it was at a commit, in a folder of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "before")
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", str(folder), commit], check=True)
        try:
            yield folder
        finally:
            subprocess.run([*git, "remove", "--force", str(folder)], check=True)


@contextmanager
def serve(state: State) -> Iterator[tuple[str, psutil.Process]]:
    """`python app.py` in a process of its own, once it listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "app.py", "--port", str(port)]
    start_s = time.perf_counter()
    process = subprocess.Popen(command, cwd=state.root, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        while "Running on" not in process.stdout.readline():
            if process.poll() is not None:
                raise SystemExit("the page did not start: run `python app.py` to see why")
        state.note("server ready, s", time.perf_counter() - start_s)
        yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def visit_first(state: State, browser: Browser, url: str) -> None:
    """A first visit, until the map is seen, and what it loads in all."""
    loaded: list[float] = []
    with browser.new_context() as context:
        page = context.new_page()
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        network.on("Network.loadingFinished", lambda sent: loaded.append(sent["encodedDataLength"]))
        start_s = time.perf_counter()
        page.goto(url)
        page.locator(".stage .frame.shown").wait_for()
        state.note("first map seen, s", time.perf_counter() - start_s)
        page.wait_for_timeout(3000)
    state.note("over the wire, kB", sum(loaded) / 1000)


def look_around(state: State, page: Page) -> None:
    """Another sample's map, and a step of the slider."""
    for index in (3, 6):
        button = page.locator(".gallery button").nth(index)
        title = button.inner_text()
        start_s = time.perf_counter()
        button.click()
        page.locator(".stage").get_by_role("heading", name=title, exact=True).wait_for()
        page.locator(".stage .frame.shown").wait_for()
        state.note("a sample's map, s", time.perf_counter() - start_s)
        page.wait_for_timeout(1500)  # what follows it
    for turn in range(TICKS):
        key = ("ArrowLeft", "ArrowRight")[turn % 2]
        state.note("a step, painted, s", page.evaluate(TICK, key) / 1000)


def use_page(state: State, browser: Browser) -> None:
    with serve(state) as (url, _):
        visit_first(state, browser, url)
        page = browser.new_page()
        page.goto(url)
        page.locator(".stage .frame.shown").wait_for()
        page.wait_for_timeout(1500)
        look_around(state, page)
        page.close()


def use_command_line(state: State, clip: Path, out: Path) -> None:
    files = [str(SAMPLES / name) for name in ("photo-cat.jpg", "photo-voice.ogg")]
    state.run("sspl.localize --help, s", "-m", "sspl.localize", "--help")
    state.run("picture and sound, s", "-m", "sspl.localize", *files, "-o", str(out / "map.png"))
    film = [str(clip), "-o", str(out / "heat.mp4")]
    state.run("10 s of 720p video, s", "-m", "sspl.localize", *film)


def make_clip(path: Path) -> None:
    """Ten seconds as a telephone films them: a photograph that pans, with grain, and its voice."""
    (width_px, height_px), num = VIDEO_PX, VIDEO_S * VIDEO_FPS
    with Image.open(SAMPLES / "photo-rocket-astronaut.jpg") as picture:
        land = np.asarray(picture.convert("RGB").resize((width_px + num, height_px)))
    rng = np.random.default_rng(0)
    grain = rng.normal(0, 2, (8, height_px, width_px, 1))
    frames = (
        (land[:, i : i + width_px] + grain[i % 8]).clip(0, 255).astype(np.uint8) for i in range(num)
    )
    voice = np.resize(read_audio(SAMPLES / "photo-voice.ogg"), VIDEO_S * 16_000)
    write_video(path, frames, VIDEO_FPS, waveform=voice)


def watch_memory(state: State, requests: int) -> Mapping[str, float]:
    """What the server holds as requests go by, without its first fifty, and its drift."""
    with (
        serve(state) as (url, process),
        closing(Client(url, verbose=False, analytics_enabled=False)) as program,
    ):
        samples = list(program.predict(api_name="/list_samples")["samples"])

        def ask(num: int) -> float:
            for i in range(num):
                sample = samples[i % len(samples)]
                program.predict(sample, "", "", 0, api_name="/localize_sample")
            return process.memory_info().rss / 1e6

        held = [ask(50)] + [ask(requests // 4) for _ in range(4)]
    drift = np.polyfit(np.arange(5), held, 1)[0] * 4 / held[0]
    return {"memory at first, MB": held[0], "at last, MB": held[-1], "drift, %": 100 * drift}


def bring_crowd(state: State, clients: int) -> Mapping[str, float]:
    """For a minute, visitors that each look at samples of their own; whose answer is not theirs?"""
    counts: Counter[str] = Counter(answers=0, errors=0, mixed=0)
    with serve(state) as (url, _):
        end_s = time.monotonic() + 60

        def look(number: int) -> None:
            with closing(Client(url, verbose=False, analytics_enabled=False)) as program:
                listed = program.predict(api_name="/list_samples")
                samples, model = list(listed["samples"]), next(iter(listed["models"]))
                while time.monotonic() < end_s:
                    sample = samples[number % len(samples)]
                    number += 7
                    try:
                        program.predict(sample, model, api_name="/show_sample")
                        stage = program.predict(model, api_name="/show_stage")
                        counts["mixed"] += stage["address"]["sample"] != sample
                        counts["answers"] += 1
                    except Exception:  # whatever it is, it is counted
                        counts["errors"] += 1

        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(look, range(clients)))
    return counts


def main(before: str = "", requests: int = 0, clients: int = 0) -> None:
    """Measure.

    Args:
        before: a commit to measure, too, in turn with the files as they are.
        requests: over which the server's memory is watched.
        clients: that come at once.
    """
    with ExitStack() as stack, sync_playwright() as playwright:
        states = [State(name="now", root=ROOT)]
        if before:
            states.insert(0, State(name=before, root=stack.enter_context(check_out(before))))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        make_clip(folder / "clip.mp4")
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        stack.callback(browser.close)
        for _ in range(ROUNDS):
            for state in states:
                use_page(state, browser)
                use_command_line(state, folder / "clip.mp4", folder)
        print(f"{'':26}" + "".join(f"{state.name:>10}" for state in states))
        for figure in states[-1].found:
            medians = [statistics.median(state.found[figure]) for state in states]
            print(f"{figure:26}" + "".join(f"{median:10.3f}" for median in medians))
        more = watch_memory(states[-1], requests) if requests else {}
        if clients:
            more = {**more, **bring_crowd(states[-1], clients)}
        for name, value in more.items():
            print(f"{name:26}{value:10.1f}")


if __name__ == "__main__":
    tyro.cli(main)
