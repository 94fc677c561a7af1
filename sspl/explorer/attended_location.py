"""One place of a picture under predictive attention: what it predicts, and where that leads.

Letters: T cycles, K directions of the sounds' space.
"""

from collections.abc import Sequence
from typing import TypedDict

import torch
import torch.nn.functional as F

from sspl.data.inputs import prepare_picture
from sspl.explorer.pcm_pass import embed_sound
from sspl.explorer.scenes import Scene, Sound
from sspl.predictive_attention import PredictiveAttention, relate_locations

NUM_ALIKE = 4  # sounds that are named, those most like what the place predicts


class Likeness(TypedDict):
    """How alike what the place predicts and a sound are: their cosine, -1 to 1."""

    sound: str
    cosine: float


class PlaceCycle(TypedDict):
    """What the equations of one cycle join.

    z = (1 - m) stepped + m spread, where stepped = z of the cycle before + kappa agreement, and
    spread is the mean of that over the places that look alike; in the first cycle all are 0.

    Attributes:
        z: the logit.
        attention: a = b / (1 + exp(-z)).
        share: a over the sum of all a, its weight in p_0.
    """

    stepped: float
    spread: float
    z: float
    attention: float
    share: float


class AttendedLocation(TypedDict):
    """One place in every cycle.

    Attributes:
        row: from 0, the top; `column` from 0, the left.
        grid: there are grid x grid places.
        heard: s, (K), of length 1; `predicted` is s^, likewise.
        cosine: of the two.
        alike: of sounds that are known, those most like s^.
        product: <s, s^> / |s|; over `scale`, sigma, it is the `agreement`.
        together: the agreement of the places that look like it, and `threshold`, from which on the
            model says that they make the sound.
        prior: b.
        step: kappa; `mixed` is m, 0 without a spread.
        cycles: T of them.
    """

    row: int
    column: int
    grid: int
    heard: list[float]
    predicted: list[float]
    cosine: float
    alike: list[Likeness]
    product: float
    scale: float
    agreement: float
    together: float
    threshold: float
    prior: float
    step: float
    mixed: float
    cycles: list[PlaceCycle]


@torch.no_grad()
def describe_attended_location(
    model: PredictiveAttention, scene: Scene, row: int, column: int, known: Sequence[Sound]
) -> AttendedLocation:
    """One place in every cycle, with every number that its equations join.

    Args:
        known: sounds to compare its prediction with.
    Raises:
        ValueError: if there is no such place.
    """
    config, device = model.config, next(model.parameters()).device
    visual = model.encode_image(prepare_picture(scene.picture, config.image_spec, device))
    grid = visual.shape[-1]
    if not (0 <= row < grid and 0 <= column < grid):
        raise ValueError(f"rows and columns are 0 to {grid - 1}: take one of them")
    here = row * grid + column
    sound, _ = embed_sound(model, scene.sound)
    whitened = model.whiten(visual)
    predicted = model.predict(whitened)
    agreement = model.compare(predicted, sound)[0]
    prior = model.measure_prior(visual, whitened)
    alike = relate_locations(whitened, config.sharpness)[0, here]
    cycles: list[PlaceCycle] = []
    stepped = torch.zeros_like(agreement)
    for cycle in model.iterate(whitened, prior, sound):
        z, attention = cycle.logit[0], cycle.attention[0]
        cycles.append(
            {
                "stepped": float(stepped[here]),
                "spread": float(alike @ stepped),
                "z": float(z[here]),
                "attention": float(attention[here]),
                "share": float(attention[here] / attention.sum().clamp_min(1e-12)),
            }
        )
        stepped = z + config.step * agreement
    mine = predicted[0, here]
    return {
        "row": row,
        "column": column,
        "grid": grid,
        "heard": F.normalize(sound[0], dim=0).tolist(),
        "predicted": F.normalize(mine, dim=0).tolist(),
        "cosine": float(F.cosine_similarity(sound[0], mine, dim=0)),
        "alike": _compare_with(model, mine, known),
        "product": float(agreement[here] * model.agreement_scale),
        "scale": float(model.agreement_scale),
        "agreement": float(agreement[here]),
        "together": float(model.measure_agreement(whitened, sound)[0, here]),
        "threshold": model.threshold,
        "prior": float(prior[0, here]),
        "step": config.step,
        "mixed": config.spread,
        "cycles": cycles,
    }


def _compare_with(
    model: PredictiveAttention, predicted: torch.Tensor, known: Sequence[Sound]
) -> list[Likeness]:
    """The known sounds that are most like a prediction (K), the most alike first."""
    compared: list[Likeness] = [
        {
            "sound": sound.title,
            "cosine": float(F.cosine_similarity(embed_sound(model, sound)[0][0], predicted, dim=0)),
        }
        for sound in known
    ]
    return sorted(compared, key=lambda each: -each["cosine"])[:NUM_ALIKE]
