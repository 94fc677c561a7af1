"""A small page's parts, made once for the tests of its tabs."""

import numpy as np
import pytest
import soundfile
from page_files import PREDICTIVE, fit_predictive, save_models, save_samples
from PIL import Image

from sspl.explorer.models import load_models
from sspl.explorer.samples import load_samples
from sspl.explorer.uploads import MAX_SIDE_PX


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Models, samples, and what visitors bring: a picture, a sound, a text with a wrong name."""
    folder = tmp_path_factory.mktemp("page")
    save_samples(folder / "samples")
    Image.new("RGB", (90, 60), "teal").save(folder / "mine.jpg")
    soundfile.write(folder / "mine.wav", np.sin(np.arange(11_025) / 5) / 2, 11_025)
    (folder / "text.png").write_text("This is a text.")
    return folder


@pytest.fixture(scope="session")
def models(folder):
    return load_models(save_models(folder))


@pytest.fixture(scope="session")
def predictive(folder):
    """Predictive attention, fitted to few scenes of the built-in world."""
    return load_models((fit_predictive(folder),))[PREDICTIVE]


@pytest.fixture(scope="session")
def samples(folder):
    return load_samples(folder / "samples", MAX_SIDE_PX)


@pytest.fixture
def scene(samples):
    return next(iter(samples.values())).scene


@pytest.fixture(autouse=True)
def temporary_files(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
