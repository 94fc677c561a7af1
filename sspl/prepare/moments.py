"""Several pairs out of one video: a moment every so many seconds."""

from math import inf


def check_every(every_s: float | None) -> None:
    """ValueError unless it is a number of seconds, or None for the middle alone."""
    if every_s is not None and not 0 < every_s < inf:
        raise ValueError(f"--every-s must be seconds, more than 0, not {every_s}")


def list_moments(duration_s: float, every_s: float) -> list[float]:
    """The middle of every whole stretch of `every_s`, in seconds; none in a shorter video."""
    return [every_s * (i + 0.5) for i in range(int(duration_s / every_s))]
