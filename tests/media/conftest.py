import subprocess

import pytest


@pytest.fixture
def processes(monkeypatch):
    """Every process started in the test; at its end none may be left."""
    started = []

    class Recorded(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    yield started
    assert started
    assert all(process.poll() is not None for process in started)
