import pytest
from matplotlib import _pylab_helpers


@pytest.fixture(autouse=True)
def _no_global_figures():
    yield
    assert not _pylab_helpers.Gcf.figs
