"""Random phrases on an instrument of a soundfont: composed, written as MIDI, rendered.

The notes come from a generator of this file, so nobody's music is in them; the sound is that of
the soundfont. Rendering is done by the program fluidsynth.
"""

import random
import shutil
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from re import fullmatch

import numpy as np

from sspl.audio import CLIP_S
from sspl.media.files import MediaError, check_file
from sspl.media.sounds import read_audio

PERCUSSION = 128  # the bank of drum kits; their programs are kits, their keys are drums

_TICKS_PER_S = 960  # 480 a quarter at MIDI's own 120 quarters a minute
_RATE_HZ = 44_100
_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9))
_STEPS_S = (0.15, 0.25, 0.25, 0.4, 0.5, 0.8)
_GAIN = "0.8"  # fluidsynth's own 0.2 is for many instruments at once
# General MIDI's basses, trombone, tuba, baritone saxophone and bassoon, and its contrabass: they
# have no sound where the others play.
_LOW = {*range(32, 40), 43, 57, 58, 67, 70}
_LIMIT_S = 120  # fluidsynth needs less than 1 s
_LEAST = 1e-3  # of full scale: what is quieter than -60 dB is silent

Note = tuple[float, float, int, int]  # begin_s, duration_s, key, velocity


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """Notes that are yet to be rendered; `seed` decides which."""

    soundfont: Path
    bank: int
    program: int
    seed: str


def parse_instrument(text: str) -> tuple[int, int]:
    """Bank and program of soundfont:BANK:PROGRAM.

    Raises:
        ValueError: if it is not like that, or a number is out of MIDI's range.
    """
    match = fullmatch(r"soundfont:(\d{1,3}):(\d{1,3})", text)
    if not match or int(match[1]) > PERCUSSION or int(match[2]) > 127:
        raise ValueError(
            f"{text!r} is no soundfont:BANK:PROGRAM with a bank from 0 to 128 and a program from 0 "
            "to 127, such as soundfont:0:66"
        )
    return int(match[1]), int(match[2])


def check_renderer(soundfont: Path) -> None:
    """Raise ValueError where fluidsynth is missing, or the file is no soundfont."""
    if shutil.which("fluidsynth") is None:
        raise ValueError(
            "fluidsynth, which renders the soundfont, is not on the PATH: install it (apt install "
            "fluidsynth, brew install fluid-synth, or from fluidsynth.org)."
        )
    with check_file(soundfont).open("rb") as file:
        head = file.read(12)
    if not (head.startswith(b"RIFF") and head.endswith(b"sfbk")):
        raise ValueError(f"{soundfont} is no soundfont: name an .sf2 file for --soundfont.")


def render_phrase(phrase: Phrase) -> np.ndarray:
    """The first 3 s of a phrase, (N,) float32 at 16 kHz.

    Raises:
        MediaError: if fluidsynth fails, or the soundfont has no such instrument.
    """
    with tempfile.TemporaryDirectory(prefix="sspl-phrase-") as folder:
        midi, wav = Path(folder, "phrase.mid"), Path(folder, "phrase.wav")
        midi.write_bytes(write_midi(compose_phrase(phrase), phrase.bank, phrase.program))
        command = [
            "fluidsynth",
            "-ni",
            "-q",
            "-g",
            _GAIN,
            "-r",
            str(_RATE_HZ),
            "-T",
            "wav",
            "-O",
            "s16",
        ]
        # Only the samples that are played are read, of files that have hundreds of megabytes.
        command += ["-o", "synth.dynamic-sample-loading=1", "-F", str(wav)]
        try:
            done = subprocess.run(
                [*command, str(phrase.soundfont.resolve()), str(midi)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=_LIMIT_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise MediaError(f"fluidsynth cannot be run ({error}): install it again.") from error
        name = f"soundfont:{phrase.bank}:{phrase.program}"
        # It ends with 0 whatever happens. For an instrument that is not there it plays another
        # one, and for a soundfont that it cannot read the system's own.
        if "Instrument not found" in done.stderr:
            raise MediaError(f"{phrase.soundfont.name} has no {name}: choose another program.")
        if done.returncode or "error:" in done.stderr or not wav.exists():
            said = next(iter(done.stderr.strip().splitlines()), f"status {done.returncode}")
            raise MediaError(
                f"fluidsynth cannot play {phrase.soundfont.name} ({said}): get it again."
            )
        waveform = read_audio(wav, 0.0, CLIP_S)
    if np.abs(waveform).max() < _LEAST:
        raise MediaError(f"{name} of {phrase.soundfont.name} is silent: choose another program.")
    return waveform


def compose_phrase(phrase: Phrase) -> list[Note]:
    """Notes that fill 3 s: a walk on a scale with a few chords, or strokes on some drums."""
    rng = random.Random(f"{phrase.seed} {phrase.bank} {phrase.program}")
    scale, root, degree = rng.choice(_SCALES), rng.randint(48, 60), rng.randrange(7)
    if phrase.program in _LOW:
        root -= 18
    drums = rng.sample(range(35, 60), 4)  # from the bass drum to the ride cymbal
    notes: list[Note] = []
    begin_s = 0.0
    while begin_s < CLIP_S:
        duration_s = rng.choice(_STEPS_S)
        velocity = rng.randint(70, 115)
        if phrase.bank == PERCUSSION:
            keys = rng.sample(drums, rng.choice((1, 1, 2)))
        else:
            degree = min(max(degree + rng.choice((-2, -1, -1, 1, 1, 2, 3)), 0), 8)
            chord = (0, 2, 4) if rng.random() < 0.15 else (0,)
            steps = [divmod(degree + third, len(scale)) for third in chord]
            keys = [root + 12 * octave + scale[step] for octave, step in steps]
        notes += [(begin_s, duration_s, key, velocity) for key in keys]
        begin_s += duration_s
    return notes


def write_midi(notes: list[Note], bank: int, program: int) -> bytes:
    """A MIDI file of one track. Banks are chosen as in GS; the tenth channel is percussion's."""
    channel = 9 if bank == PERCUSSION else 0
    events = [(0, 0, bytes([0xC0 | channel, program]))]
    if bank != PERCUSSION:
        events.insert(0, (0, 0, bytes([0xB0 | channel, 0, bank])))
    for begin_s, duration_s, key, velocity in notes:
        on, off = (round(at_s * _TICKS_PER_S) for at_s in (begin_s, begin_s + duration_s))
        events.append((on, 2, bytes([0x90 | channel, key, velocity])))
        events.append((off, 1, bytes([0x80 | channel, key, 0])))  # before the next one of its key
    track, before = b"", 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track += _to_variable_length(tick - before) + message
        before = tick
    track += b"\0\xff\x2f\0"
    head = struct.pack(">4sIHHH", b"MThd", 6, 0, 1, _TICKS_PER_S // 2)
    return head + struct.pack(">4sI", b"MTrk", len(track)) + track


def _to_variable_length(number: int) -> bytes:
    """Seven bits a byte, the highest first; all but the last have the eighth bit set."""
    encoded = bytes([number & 127])
    while number := number >> 7:
        encoded = bytes([number & 127 | 128]) + encoded
    return encoded
