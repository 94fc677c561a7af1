"""`orchestra`, the built-in world: pictures and sounds of eleven instruments, all known exactly."""

from sspl.data.orchestra.instruments import INSTRUMENTS
from sspl.data.orchestra.scenes import Clip, Kind, Placed, draw_picture, make_clip, make_sound

__all__ = ["INSTRUMENTS", "Clip", "Kind", "Placed", "draw_picture", "make_clip", "make_sound"]
