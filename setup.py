"""What pyproject.toml cannot say: a folder that moves, and a readme without the Space's header."""

from pathlib import Path

from setuptools import find_packages, setup

# `assets` stays at the top of the repository and is `sspl/_assets` in a wheel, which holds of it
# what is read at run time; `sspl/assets.py` finds either.
READ_AT_RUN_TIME = [
    "models/**/*",
    "page/**/*.css",
    "page/**/*.js",
    "page/preview.jpg",
    "results/*.json",
    "results/false_negative_rate.png",
    "results/figure2-maps.jpg",
    "samples/*",
]
_, _, readme = Path("README.md").read_text(encoding="utf-8").split("---\n", 2)

setup(
    packages=[*find_packages(include=["sspl", "sspl.*"]), "sspl._assets"],
    package_dir={"sspl._assets": "assets"},
    package_data={"sspl": ["py.typed"], "sspl._assets": READ_AT_RUN_TIME},
    long_description=readme.lstrip(),
    long_description_content_type="text/markdown",
)
