"""Self-supervised predictive learning (SSPL) for sound source localization, CVPR 2022."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sspl.localizer import Localizer
    from sspl.zoo.shipped import load_model

__all__ = ["Localizer", "__version__", "load_model"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Imported when asked for, so that `python -m sspl.localize` does not find itself loaded.
    if name == "Localizer":
        from sspl.localizer import Localizer

        return Localizer
    if name == "load_model":
        from sspl.zoo.shipped import load_model

        return load_model
    raise AttributeError(f"module 'sspl' has no attribute {name!r}")
