"""A page to test: small models, three samples of the built-in world, and the server."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from sspl.build import build_model
from sspl.checkpoint import save_checkpoint
from sspl.config import ModelConfig, without_pcm
from sspl.data.orchestra import make_clip
from sspl.media.pictures import write_image
from sspl.media.sounds import write_audio
from sspl.media.video_writer import write_video
from sspl.objectives import SimSiam
from sspl.train import main, parse

ROOT = Path(__file__).parent.parent
WITH, WITHOUT, PREDICTIVE = "with-pcm", "without-pcm", "predictive"  # keys: the folders' names

CONFIG = ModelConfig(
    image_encoder="tiny_vgg",
    audio_encoder="tiny_vggish",
    query_width=32,
    num_cycles=3,
    pcm_channels=16,
    objective=SimSiam(projection_width=32, prediction_width=8),
    rectified_features=True,
    non_negative_query=True,
    norm_offset=1.0,
)


def save_models(folder: Path) -> tuple[str, str]:
    """Save a model with PCM (three cycles) and one without; returns their folders."""
    torch.manual_seed(0)
    names = folder / "with-pcm", folder / "without-pcm"
    for name, config in zip(names, (CONFIG, without_pcm(CONFIG)), strict=True):
        save_checkpoint(build_model(config), name, {"untrained": True})
    return str(names[0]), str(names[1])


def fit_predictive(folder: Path) -> str:
    """Fit predictive attention (four cycles) to a few scenes; returns its folder."""
    options = ["--preset", "tiny-predictive", "--device", "cpu", "--data.num-train", "80"]
    main(parse([*options, "--data.num-val", "16", "--out", str(folder / "fit")]))
    return str((folder / "fit" / "best").rename(folder / PREDICTIVE))


def save_samples(folder: Path) -> list[str]:
    """Save a solo, a silent instrument, and an off-screen sound with a video; returns their ids."""
    folder.mkdir()
    rows = []
    for index, kind in enumerate(("solo", "silent", "offscreen")):
        clip = make_clip(77, index, kind, image_px=96, duration_s=2.0)
        write_image(folder / f"{clip.id}.png", clip.image)
        write_audio(folder / f"{clip.id}.wav", clip.waveform)
        row = {
            "id": clip.id,
            "image": f"{clip.id}.png",
            "audio": f"{clip.id}.wav",
            "label": clip.label,
            "split": "samples",
            "objects": [
                {"label": p.instrument, "box": p.box, "sounding": p.sounding} for p in clip.placed
            ],
        }
        if kind == "offscreen":
            row["video"] = f"{clip.id}.mp4"
            write_video(folder / row["video"], [clip.image] * 10, 5, waveform=clip.waveform)
        rows.append(row)
    lines = [json.dumps(row) + "\n" for row in rows]
    (folder / "manifest.jsonl").write_text("".join(lines), encoding="utf-8")
    return [row["id"] for row in rows]


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running page."""

    url: str
    log: Path

    def complaints(self) -> list[str]:
        """What it wrote that a healthy server does not."""
        words = ("Traceback", "Error", "Warning", "warning")
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if any(word in line for word in words)]


@contextmanager
def serve_page(folder: Path, *options: str) -> Iterator[Server]:
    """Run the page on `models` and `samples` made in a folder.

    Args:
        options: further ones of app.py.
    """
    save_samples(folder / "samples")
    models = save_models(folder)
    with serve(
        folder, "--model", *models, "--samples", str(folder / "samples"), *options
    ) as server:
        yield server


@contextmanager
def serve(
    folder: Path,
    *options: str,
    program: Sequence[str] = ("app.py",),
    cwd: Path = ROOT,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Run the page in a process of its own; its log and its files are in a folder.

    Args:
        options: of the page.
        program: what Python runs.
        environment: in place of this process's.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, *program, "--port", str(port), *options]
    mine = {"GRADIO_TEMP_DIR": str(folder / "gradio"), "OMP_NUM_THREADS": "1"}
    server = Server(url=f"http://127.0.0.1:{port}", log=folder / "server.log")
    with server.log.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**(os.environ if environment is None else environment), **mine},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_ready(server, process)
            yield server
        finally:
            process.terminate()
            process.wait()


def _wait_until_ready(server: Server, process: subprocess.Popen) -> None:
    for _ in range(1800):  # three minutes, for a machine that is busy or has just been installed
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(server.url) as answer:
                answer.read()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the page did not start:\n{server.log.read_text(encoding='utf-8')}")
