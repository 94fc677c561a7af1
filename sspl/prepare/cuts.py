"""Cut the picture and the three seconds of sound of a pair out of what it was found in."""

import re

import numpy as np
import soundfile
from PIL import Image

from sspl.audio import CLIP_S, SAMPLE_RATE_HZ
from sspl.data.manifest import IMAGE_PX
from sspl.media.files import MediaError, check_file
from sspl.media.pictures import read_image
from sspl.media.sounds import audio_duration_s, read_audio
from sspl.media.video import open_video
from sspl.prepare.folder import VIDEOS
from sspl.prepare.items import Item
from sspl.prepare.mosaics import compose_mosaic
from sspl.prepare.phrases import render_phrase

# What libsndfile says of a WAV file that breaks off. A program that writes to a pipe cannot know
# the length and promises about 2 or 4 GiB.
_BROKEN_OFF = re.compile(r"^data : (\d+) \(should be (\d+)\)", re.MULTILINE)
_UNKNOWN_BYTES = 2**31 - 2**16
STALE_S = 0.5  # pictures may end so long before the moment that one is asked for


def read_picture(item: Item) -> np.ndarray:
    """The picture, a mosaic, or the frame of a video, squashed to (256, 256, 3) uint8 RGB.

    Raises:
        MediaError: it cannot be read, or the video ends before that frame.
    """
    if item.tiles:
        return compose_mosaic([read_image(tile) for tile in item.tiles])
    assert item.picture is not None
    if item.picture.suffix.lower() in VIDEOS:
        with open_video(item.picture) as video:
            frame_s = video.duration_s / 2 if item.picture_s is None else item.picture_s
            if not 0 <= frame_s <= video.duration_s:
                raise MediaError(
                    f"{item.picture.name} lasts {video.duration_s:.2f} s: its frame at "
                    f"{frame_s:.2f} s is not in it."
                )
            pixels = video.frame_at(frame_s, STALE_S)
    else:
        pixels = read_image(item.picture)
    return np.array(Image.fromarray(pixels).resize((IMAGE_PX, IMAGE_PX)))


def read_sound(item: Item) -> np.ndarray:
    """The 3 s around `sound_s`, moved to lie in the file; all of a shorter one. (N,) float32.

    Of a phrase, which is rendered, they are the first.

    Raises:
        MediaError: it cannot be read, or breaks off before the end of those 3 s.
    """
    if item.phrase:
        return render_phrase(item.phrase)
    assert item.sound is not None
    total = int(_promised_duration_s(item) * SAMPLE_RATE_HZ)
    length = min(round(CLIP_S * SAMPLE_RATE_HZ), total)
    if item.sound_s is None:
        start = (total - length) // 2
    else:
        start = round(item.sound_s * SAMPLE_RATE_HZ) - length // 2
        start = min(max(start, 0), total - length)
    waveform = read_audio(item.sound, start / SAMPLE_RATE_HZ, CLIP_S)
    # The length that a compressed file promises is not exact.
    if len(waveform) < 0.9 * length:
        raise MediaError(
            f"{item.sound.name} breaks off {(start + len(waveform)) / SAMPLE_RATE_HZ:.2f} s after "
            f"its beginning, of {total / SAMPLE_RATE_HZ:.2f} s: get it again."
        )
    return waveform


def _promised_duration_s(item: Item) -> float:
    """How long the file should be. To libsndfile a WAV file that breaks off is just shorter."""
    path = check_file(item.sound or "")
    duration_s = audio_duration_s(path)
    if path.suffix.lower() == ".wav":
        try:
            said = _BROKEN_OFF.search(soundfile.info(path, verbose=True).extra_info)
        except soundfile.LibsndfileError:
            return duration_s
        if said and int(said[2]) < int(said[1]) < _UNKNOWN_BYTES:
            return duration_s * int(said[1]) / int(said[2])
    return duration_s
