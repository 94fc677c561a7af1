"""The orchestra's sounds: one synthesiser that plays every recipe of `recipes.py`.

`_phrase` makes up a melody note by note; `_play` adds one note to the clip. A bowed, blown or
plucked note reads one cycle of a wave stored twice, dull and bright, and blends the two as loudness
(or, when plucked, decay) demands. The cycle holds only harmonics that stay below Nyquist at the
note's pitch and a tone above it, and a tuba's hundred harmonics cost no more than a flute's five.
(A glide down from further above folds its faint top harmonics for a few hundredths of a second.)
A struck bar adds its few inharmonic partials instead.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from sspl.audio import SAMPLE_RATE_HZ
from sspl.data.orchestra.recipes import RECIPES, Recipe

CYCLE_POINTS = 8192  # read without interpolation: the error lies below the recording's own noise
CONTROL_S = 0.002
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9))  # major, minor, five
TRIAD = (0, 2, 4)  # steps of the scale; further notes of a chord repeat it an octave up


@dataclass(frozen=True, kw_only=True)
class _Note:
    start_s: float
    length_s: float
    midi: float
    from_midi: float  # where a glide starts; `midi` where there is none
    loudness: float  # in (0, 1]


def synthesise(
    instrument: str,
    rng: np.random.Generator,
    duration_s: float = 3.0,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
) -> np.ndarray:
    """Plays a made-up phrase on an instrument in a small room.

    Everything varies with `rng`: key, scale, tempo, dynamics, articulation, the individual
    instrument, the room, the level and the noise of the recording. `rng` advances by the same
    amount whatever the other arguments are.

    A longer clip begins with the shorter one: the same notes, room, noise and level, equal to
    within rounding (about 1e-6) up to where the shorter one ends. Another sample rate plays the
    same notes, with other noise.

    Args:
        instrument: a key of `RECIPES`.
        rng: decides everything; the same state gives the same sound.
        duration_s: seconds, above 0.
        sample_rate_hz: samples per second, at least 8000.

    Returns:
        (N,) float32 in [-0.9, 0.9], N = round(duration_s * sample_rate_hz); never silent.

    Raises:
        ValueError: for an unknown instrument, a duration too short for a sample, or a low rate.
    """
    if instrument not in RECIPES:
        raise ValueError(f"unknown instrument {instrument!r}: choose one of {', '.join(RECIPES)}")
    num = _count_samples(duration_s, sample_rate_hz)
    # Separate streams, so that a longer clip's further notes and noise shift nothing else.
    seeds = rng.integers(2**63, size=4)
    notes_rng, breath_rng, room_rng, tape_rng = map(np.random.default_rng, seeds)

    recipe = _vary(RECIPES[instrument], notes_rng)
    level = 10 ** notes_rng.uniform(-1.3, -0.8)  # RMS of a loud note: 0.05 to 0.16
    tone, breath = np.zeros(num, np.float32), np.zeros(num, np.float32)
    for note in _phrase(recipe, notes_rng):
        if note.start_s >= duration_s:
            break
        _play(note, recipe, notes_rng, tone, breath, sample_rate_hz)

    hiss = breath_rng.standard_normal(num, np.float32)
    band = _ring(recipe.noise_hz, recipe.noise_width_hz, sample_rate_hz)
    dry = tone + breath * np.convolve(hiss, band)[:num]
    wet = _convolve(dry, _make_room(room_rng, sample_rate_hz))
    return _limit(level * wet + room_noise(tape_rng, duration_s, sample_rate_hz))


def room_noise(
    rng: np.random.Generator, duration_s: float = 3.0, sample_rate_hz: int = SAMPLE_RATE_HZ
) -> np.ndarray:
    """Makes the tone of a room in which nothing plays: a dull hiss and a trace of mains hum.

    Its beginning does not depend on `duration_s`.

    Returns:
        (N,) float32, N = round(duration_s * sample_rate_hz), with a peak of about 0.003.

    Raises:
        ValueError: for a duration too short for a sample, or a rate below 8000 Hz.
    """
    num = _count_samples(duration_s, sample_rate_hz)
    level, dullness_hz, hum_hz = rng.uniform((0.0004, 1500, 49), (0.0008, 4000, 61))
    hum = np.sin(np.float32(2 * np.pi * hum_hz / sample_rate_hz) * np.arange(num, dtype=np.float32))
    dulling = _ring(0, dullness_hz, sample_rate_hz)
    hiss = np.convolve(rng.standard_normal(num, np.float32), dulling)[:num]
    return np.float32(level) * (hiss + 0.5 * hum)


def _vary(recipe: Recipe, rng: np.random.Generator) -> Recipe:
    # No two violins are alike, nor two violinists.
    slope, body, gain, rate, depth, air, onset, ring = rng.uniform(
        (0.85, 0.93, 0.7, 0.85, 0.3, 0.4, 0.6, 0.7), (1.15, 1.07, 1.3, 1.15, 1.4, 1.8, 1.6, 1.4)
    )
    return replace(
        recipe,
        dull_db=recipe.dull_db * slope,
        bright_db=recipe.bright_db * slope,
        formants=tuple((hz * body, width, db * gain) for hz, width, db in recipe.formants),
        vibrato_hz=recipe.vibrato_hz * rate,
        vibrato_cents=recipe.vibrato_cents * depth,
        noise=recipe.noise * air,
        attack_s=recipe.attack_s * onset,
        decay_s=recipe.decay_s * ring,
    )


def _phrase(recipe: Recipe, rng: np.random.Generator) -> Iterator[_Note]:
    # An endless random walk on a scale, drawn as it is needed.
    low, high = recipe.range_midi
    key, scale = rng.integers(12), SCALES[rng.integers(len(SCALES))]
    ladder = [midi for midi in range(low, 128) if (midi - key) % 12 in scale]
    num_roots = sum(midi <= high for midi in ladder)
    beat_s, legato, force = rng.uniform((0.38, 0.5, 0.5), (0.85, 1.0, 1.0))
    root = previous = int(rng.integers(num_roots))
    start_s = rng.uniform(0.0, 0.05)
    while True:
        length_s = beat_s * rng.choice(recipe.beats)
        loudness = min(1.0, force * rng.uniform(0.7, 1.2))
        num = rng.integers(recipe.chord[0], recipe.chord[1] + 1)
        steps = [TRIAD[i % 3] + len(scale) * (i // 3) for i in range(num)]
        spread_s = length_s / num if rng.random() < recipe.arpeggio_chance else rng.uniform(0, 0.02)
        held_s = length_s * legato
        if rng.random() < recipe.roll_chance:
            steps = steps * (1 + round(length_s * rng.uniform(5, 8)))
            held_s = spread_s = length_s / len(steps)
        glides = rng.random() < recipe.glide_chance
        for i, step in enumerate(steps):
            midi = ladder[root + step]
            from_midi = (
                midi - recipe.scoop_semitones if recipe.scoop_semitones else ladder[previous]
            )
            yield _Note(
                start_s=start_s + i * spread_s,
                length_s=held_s,
                midi=midi,
                from_midi=from_midi if glides else midi,
                loudness=loudness / len(set(steps)) ** 0.5,
            )
        start_s += length_s * (1.5 if rng.random() < 0.1 else 1.0)  # now and then a rest
        previous, root = root, int(np.clip(root + rng.integers(-3, 4), 0, num_roots - 1))


def _play(
    note: _Note,
    recipe: Recipe,
    rng: np.random.Generator,
    tone: np.ndarray,
    breath: np.ndarray,
    sample_rate_hz: int,
) -> None:
    # Adds the note to `tone`, and what it lends to the noise to `breath`. Every draw depends on
    # the note alone, never on how much of it the clip still holds.
    swell, start_turn, growl_hz = rng.uniform((-0.4, 0, 28), (0.2, 1, 45))
    growls = rng.random() < recipe.growl_chance
    sounding_s = note.length_s + recipe.release_s
    knots_s = np.arange(0, sounding_s + 0.06, 0.06)
    wander = recipe.flutter * rng.standard_normal(len(knots_s))

    # What a player controls is worked out every CONTROL_S, then drawn as straight lines.
    begin = round(note.start_s * sample_rate_hz)
    num = min(round(sounding_s * sample_rate_hz), len(tone) - begin)
    if num < 1:
        return
    step = round(CONTROL_S * sample_rate_hz)
    t = np.arange(-(-num // step) + 1) * step / sample_rate_hz
    wander = np.interp(t, knots_s, wander)
    sway = np.sin(2 * np.pi * recipe.vibrato_hz * t) * np.clip(4 * t - 0.5, 0, 1)  # sets in late
    rise = np.minimum(t / recipe.attack_s, 1)
    gate = rise**2 * (3 - 2 * rise) * np.clip((sounding_s - t) / recipe.release_s, 0, 1)
    shape = gate * (1 + swell * t / sounding_s + recipe.tremolo * sway + wander)
    if growls:
        shape = shape * (1 + 0.4 * np.sin(2 * np.pi * growl_hz * t))

    hz = _to_hz(note.midi)
    brightness = note.loudness * np.minimum(shape, 1)
    if recipe.decay_s:  # a string loses its brightness first, and a short one everything sooner
        fading = np.exp(-t / recipe.decay_s * (hz / 220) ** 0.5)
        shape, brightness = shape * fading, brightness * fading**3
    if recipe.partials:
        wave = _strike(recipe, hz, num, sample_rate_hz)
    else:
        slide = (note.from_midi - note.midi) * np.exp(-t / recipe.glide_s)
        bend = slide + recipe.vibrato_cents / 100 * sway + wander
        turns = start_turn + np.cumsum(hz * 2 ** (bend / 12)) * step / sample_rate_hz
        tables = _make_cycle(recipe, hz, sample_rate_hz)
        wave = _read_cycle(
            recipe, tables, _draw(turns, num, step), _draw(brightness.astype(np.float32), num, step)
        )
    air = note.loudness * gate * (recipe.noise + recipe.chiff * np.exp(-t / 0.015))
    tone[begin : begin + num] += wave * _draw((note.loudness * shape).astype(np.float32), num, step)
    breath[begin : begin + num] += _draw(air.astype(np.float32), num, step)


def _make_cycle(recipe: Recipe, hz: float, sample_rate_hz: int) -> tuple[np.ndarray, np.ndarray]:
    # One turn of the wave, dull and bright. The tone of headroom is for bends and vibrato.
    highest_hz = 1.12 * hz * 2 ** (max(recipe.voices_cents) / 1200)
    k = np.arange(1, 1 + int(0.5 * sample_rate_hz / highest_hz))
    octave = np.log2(k)
    body_db = np.zeros(len(k))
    for formant_hz, width, gain_db in recipe.formants:
        body_db += gain_db * np.exp(-0.5 * ((octave + np.log2(hz / formant_hz)) / width) ** 2)
    body = np.where(k % 2, 1.0, recipe.even)
    if recipe.pluck:  # a string plucked at a harmonic's node does not sound it
        body = body * np.sin(np.pi * k * recipe.pluck)
    tables = []
    for slope_db in (recipe.dull_db, recipe.bright_db):
        spectrum = np.zeros(CYCLE_POINTS // 2 + 1, np.complex64)
        # Quadratic phases spread the harmonics over the cycle, which keeps its peak low.
        spectrum[k] = body * 10 ** ((body_db - slope_db * octave) / 20) * np.exp(2.4j * k**2)
        spectrum *= CYCLE_POINTS / (2**0.5 * np.linalg.norm(spectrum))  # RMS of 1
        tables.append(np.fft.irfft(spectrum))
    return tables[0], tables[1]


def _read_cycle(
    recipe: Recipe,
    tables: tuple[np.ndarray, np.ndarray],
    turns: np.ndarray,
    brightness: np.ndarray,
) -> np.ndarray:
    # The wave at each phase of `turns`, of every reed that sounds.
    dull, extra = tables[0], tables[1] - tables[0]
    wave = np.zeros(len(turns), np.float32)
    for cents in recipe.voices_cents:
        point = (turns * (CYCLE_POINTS * 2 ** (cents / 1200))).astype(np.int32)
        point &= CYCLE_POINTS - 1
        wave += dull[point] + brightness * extra[point]
    return wave / np.float32(len(recipe.voices_cents) ** 0.5)


def _strike(recipe: Recipe, hz: float, num: int, sample_rate_hz: int) -> np.ndarray:
    # A bar's partials die by themselves, the shorter (higher) the bar the sooner.
    wave = np.zeros(num, np.float32)
    t = np.arange(num, dtype=np.float32) / sample_rate_hz
    for ratio, amplitude, decay_s in recipe.partials:
        if ratio * hz < 0.5 * sample_rate_hz:
            fading = np.exp(-t / np.float32(decay_s * (523 / hz) ** 0.5))
            wave += 2 * amplitude * fading * np.sin(np.float32(2 * np.pi * ratio * hz) * t)
    return wave


def _draw(controls: np.ndarray, num: int, step: int) -> np.ndarray:
    # Straight lines between control values that lie `step` samples apart.
    ramp = np.arange(step, dtype=controls.dtype) / step
    return (controls[:-1, None] + np.diff(controls)[:, None] * ramp).reshape(-1)[:num]


def _to_hz(midi: float) -> float:
    return 440 * 2 ** ((midi - 69) / 12)


def _ring(hz: float, width_hz: float, sample_rate_hz: int) -> np.ndarray:
    # A damped oscillation of unit energy: convolved with white noise, it leaves a band of RMS 1.
    t = np.arange(round(4 / width_hz * sample_rate_hz)) / sample_rate_hz
    kernel = np.exp(-np.pi * width_hz * t) * np.cos(2 * np.pi * hz * t)
    return (kernel / np.linalg.norm(kernel)).astype(np.float32)


def _make_room(rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # The direct sound and a decaying tail of echoes, of a third of a second at most.
    decay_s, reverb = rng.uniform((0.015, 0.05), (0.07, 0.45))
    t = np.arange(1, round(0.35 * sample_rate_hz)) / sample_rate_hz
    tail = rng.standard_normal(len(t)) * np.exp(-t / decay_s)
    tail[1:] += tail[:-1]  # walls swallow the treble
    return np.append(1.0, reverb * tail / np.linalg.norm(tail)).astype(np.float32)


def _convolve(signal: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    # Causal, and as long as the signal; for a long kernel.
    size = 1 << (len(signal) + len(kernel) - 2).bit_length()
    product = np.fft.rfft(signal, size) * np.fft.rfft(kernel, size)
    return np.fft.irfft(product, size)[: len(signal)]


def _limit(wave: np.ndarray) -> np.ndarray:
    # Bends only what exceeds 0.6, sample by sample: dividing by the clip's peak would let the end
    # of a clip change its beginning.
    excess = np.maximum(np.abs(wave) - 0.6, 0.0)
    bent = np.minimum(np.abs(wave), 0.6) + 0.3 * np.tanh(excess / 0.3)
    # tanh reaches 1 in float32, and 0.6 + 0.3 is a hair above 0.9 there.
    return np.copysign(np.minimum(bent, 0.9), wave).astype(np.float32)


def _count_samples(duration_s: float, sample_rate_hz: int) -> int:
    if sample_rate_hz < 8000:
        raise ValueError(f"sample_rate_hz is {sample_rate_hz}: give at least 8000")
    num = round(duration_s * sample_rate_hz)
    if num < 1:
        raise ValueError(f"duration_s is {duration_s}: give at least one sample")
    return num
