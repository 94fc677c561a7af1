"""Where the files that come along are: models, samples, rows of results, the page's scripts."""

from pathlib import Path


def find_assets() -> Path:
    """The folder `assets`, of the installed package or of the checkout.

    Raises:
        ValueError: if it is in neither.
    """
    package = Path(__file__).parent
    for folder in (package / "_assets", package.parent / "assets"):  # setup.py makes the first
        if (folder / "models").is_dir():
            return folder
    raise ValueError(
        f"the models and samples that come with sspl are not beside {package}: install it again"
    )
