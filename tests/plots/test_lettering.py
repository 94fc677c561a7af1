"""Words on a picture."""

import numpy as np
import torch

from sspl.plots.lettering import SILENCE, write_note

GREY = np.full((96, 128, 3), 128, np.uint8)
RAMP = torch.linspace(-0.2, 0.4, 14).repeat(14, 1)  # rises from left to right


def test_note_stays_in_its_corner():
    noted = write_note(GREY, SILENCE)
    assert (noted != GREY).any()
    assert (noted[:60] == GREY[:60]).all()
    narrow = np.zeros((300, 30, 3), np.uint8)
    assert write_note(narrow, SILENCE).shape == narrow.shape
