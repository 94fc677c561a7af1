"""How long the page takes, with PCM and without: ready, first map, a tick, a video; and its memory.

    python -m benchmarks.page
    python -m benchmarks.page --requests 1000

Chromium (`apt install chromium`) opens the page that `python app.py` serves here; medians.
Predicted before the first run, on two cores of an AMD EPYC: ready in 1.5 s, a map after 150 ms with
PCM and 120 without, a tick within two frames of a screen (33 ms), a 10 s video in 8 s and 6 s,
memory within 5 % over the requests.
"""

import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import psutil
import tyro
from gradio_client import Client, handle_file
from playwright.sync_api import Page, sync_playwright

from sspl.data.orchestra.videos import make_moving_clip
from sspl.media.video_writer import write_video

ROOT = Path(__file__).parent.parent
MODELS = {"tiny": "SSPL with PCM", "tiny-no-pcm": "SSPL without PCM"}  # their labels by key
VISITS, TICKS = 5, 20
VIDEO_S, VIDEO_FPS = 10.0, 25
# Resolves once what a key press changed is on the screen: two frames later it has been painted.
TICK = """async (key) => {
  const start = performance.now();
  document.querySelector(".stage").dispatchEvent(new KeyboardEvent("keydown", { key }));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return performance.now() - start;
}"""


@contextmanager
def serve() -> Iterator[tuple[str, psutil.Process]]:
    """`python app.py` in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "app.py", "--port", str(port)]
    start_s = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        while "Running on" not in process.stdout.readline():
            if process.poll() is not None:
                raise SystemExit("the page did not start: run `python app.py` to see why")
        print(f"server up after            {time.perf_counter() - start_s:6.1f} s")
        yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def median_ms(times: int, what: Callable[[], object]) -> float:
    taken = []
    for _ in range(times):
        start_s = time.perf_counter()
        what()
        taken.append(1000 * (time.perf_counter() - start_s))
    return statistics.median(taken)


def visit(page: Page, url: str) -> None:
    """Open the page until its finished example is shown."""
    page.goto(url)
    page.locator(".stage .frame.shown").wait_for()


def pick(page: Page, names: Iterator[str]) -> None:
    """Pick another sample until its map is shown."""
    name = next(names)
    page.locator(".gallery").get_by_text(name, exact=True).click()
    page.locator(".stage").get_by_role("heading", name=name, exact=True).wait_for()
    page.locator(".stage .frame.shown").wait_for()


def alternate(*names: str) -> Iterator[str]:
    while True:
        yield from names


def watch_page(url: str) -> None:
    """Ready, first map, ticks."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )

        def visit_anew() -> None:
            with browser.new_context() as context:
                visit(context.new_page(), url)

        print(f"page ready                 {median_ms(VISITS, visit_anew):6.0f} ms")
        page = browser.new_page()
        visit(page, url)
        titles = page.locator(".gallery button").all_inner_texts()
        for model, label in MODELS.items():
            page.get_by_label(label, exact=True).check()
            page.wait_for_timeout(1000)
            names = alternate(titles[3], titles[6])
            pick(page, names)
            print(
                f"a sample's map, {model:17}{median_ms(10, lambda n=names: pick(page, n)):8.0f} ms"
            )
        page.get_by_label(next(iter(MODELS.values())), exact=True).check()
        page.locator(".stage output", has_text="of 5").wait_for()
        keys = alternate("ArrowLeft", "ArrowRight")
        ticks = [page.evaluate(TICK, next(keys)) for _ in range(TICKS)]
        print(f"a tick, painted            {statistics.median(ticks):6.0f} ms")
        browser.close()


def make_videos(program: Client, folder: Path) -> None:
    """The heat-map video of ten seconds."""
    clip = make_moving_clip(7, 0, turn_s=VIDEO_S / 3, fps=VIDEO_FPS)
    source = folder / "clip.mp4"
    write_video(source, clip.frames(), clip.fps, waveform=clip.waveform)
    for model in MODELS:
        start_s = time.perf_counter()
        program.predict(handle_file(source), model, api_name="/make_heat_map_video")
        print(f"10 s video, {model:21}{time.perf_counter() - start_s:8.1f} s")


def watch_memory(program: Client, process: psutil.Process, requests: int) -> None:
    """What the server holds as requests go by, without its first fifty."""
    samples = list(program.predict(api_name="/list_samples")["samples"])
    model = next(iter(MODELS))

    def ask(num: int) -> float:
        for i in range(num):
            program.predict(samples[i % len(samples)], model, api_name="/show_sample")
            program.predict(model, api_name="/show_stage")
        return process.memory_info().rss / 1e6

    held = [ask(50)] + [ask(requests // 4) for _ in range(4)]
    drift = np.polyfit(np.arange(5), held, 1)[0] * 4 / held[0]
    print(f"memory, MB                 {'  '.join(f'{mb:.0f}' for mb in held)}")
    print(f"over {requests} requests           {100 * drift:+6.1f} %")


def main(requests: int = 200) -> None:
    """Measure.

    Args:
        requests: over which memory is watched.
    """
    with tempfile.TemporaryDirectory() as folder, serve() as (url, process):
        watch_page(url)
        with closing(Client(url, verbose=False, analytics_enabled=False)) as program:
            make_videos(program, Path(folder))
            watch_memory(program, process, requests)


if __name__ == "__main__":
    tyro.cli(main)
