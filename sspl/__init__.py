"""Self-supervised predictive learning (SSPL) for sound source localization, CVPR 2022."""

from sspl.checkpoint import load_model
from sspl.localize import Localizer

__all__ = ["Localizer", "load_model"]
