"""What training minimises: each objective a frozen dataclass beside its loss, a pure function.

Those here compare two views, without labels or negatives; `sspl.baselines` has the others.
"""

from sspl.objectives.barlow_twins import BarlowTwins, barlow_twins_loss, cross_correlation
from sspl.objectives.base import Objective, Step, View
from sspl.objectives.byol import BYOL, byol_loss
from sspl.objectives.departures import departure, departures
from sspl.objectives.extra_terms import ExtraTerms, background_loss, correspondence_loss
from sspl.objectives.simsiam import SimSiam, simsiam_loss
from sspl.objectives.vicreg import vicreg_loss
from sspl.objectives.w_mse import WMSE, w_mse_loss, whiten

__all__ = [
    "BYOL",
    "WMSE",
    "BarlowTwins",
    "ExtraTerms",
    "Objective",
    "SimSiam",
    "Step",
    "View",
    "background_loss",
    "barlow_twins_loss",
    "byol_loss",
    "correspondence_loss",
    "cross_correlation",
    "departure",
    "departures",
    "simsiam_loss",
    "vicreg_loss",
    "w_mse_loss",
    "whiten",
]
