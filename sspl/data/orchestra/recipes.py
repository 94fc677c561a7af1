"""How the orchestra's eleven instruments sound: a row of numbers each."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How one instrument sounds and is played."""

    # What it plays.
    range_midi: tuple[int, int]  # of roots where it plays chords
    beats: tuple[float, ...] = (0.5, 0.5, 1.0, 1.0, 2.0)
    chord: tuple[int, int] = (1, 1)  # fewest and most notes at once, in thirds above the root
    arpeggio_chance: float = 0.0  # that a chord is spread over its beats rather than strummed
    roll_chance: float = 0.0  # that a note is repeated quickly
    # Excitation: a cycle of harmonics, or the (ratio, amplitude, decay_s) of a bar's partials.
    dull_db: float = 12.0  # how fast harmonics fall per octave when soft
    bright_db: float = 6.0  # and when loud
    even: float = 1.0  # strength of even harmonics; near 0 in a closed cylinder
    pluck: float = 0.0  # where along the string it is plucked; 0: it is not
    partials: tuple[tuple[float, float, float], ...] = ()
    voices_cents: tuple[float, ...] = (0.0,)  # reeds that sound together
    formants: tuple[tuple[float, float, float], ...] = ()  # (hz, width in octaves, gain in dB)
    # Envelope.
    attack_s: float = 0.03
    release_s: float = 0.06
    decay_s: float = 0.0  # of a string that rings by itself, at 220 Hz; 0: driven all along
    # Pitch and breath.
    vibrato_hz: float = 5.5
    vibrato_cents: float = 0.0
    tremolo: float = 0.0  # the vibrato's part in loudness
    flutter: float = 0.03  # irregularity: a fraction of loudness, and semitones of pitch
    glide_chance: float = 0.0
    glide_s: float = 0.03
    scoop_semitones: float = 0.0  # a glide starts this far below; 0: at the note before
    growl_chance: float = 0.0
    noise: float = 0.0  # breath, bow or bellows, beside a tone of 1
    chiff: float = 0.0  # the noise of the attack
    noise_hz: float = 2000.0
    noise_width_hz: float = 1000.0


RECIPES: dict[str, Recipe] = {
    # Pairs of free reeds a few cents apart beat slowly; a third reed sounds the octave below.
    "accordion": Recipe(
        range_midi=(53, 74), beats=(1.0, 1.0, 1.5, 2.0), chord=(2, 4), dull_db=5.5, bright_db=4.0,
        voices_cents=(-7.0, 7.0, -1200.0), formants=((1800, 0.8, 6),), attack_s=0.035,
        release_s=0.05, flutter=0.02, noise=0.02, noise_hz=3000,
    ),
    "acoustic_guitar": Recipe(
        range_midi=(40, 59), beats=(1.0, 1.0, 2.0), chord=(1, 6), arpeggio_chance=0.6,
        dull_db=15.0, bright_db=5.0, pluck=0.18, formants=((105, 0.35, 5), (210, 0.35, 5)),
        attack_s=0.002, release_s=0.25, decay_s=0.9, flutter=0.0, chiff=0.25, noise_hz=1200,
    ),
    "cello": Recipe(
        range_midi=(36, 62), beats=(1.0, 1.0, 2.0, 3.0), dull_db=8.0, bright_db=6.0,
        formants=((110, 0.3, 4), (220, 0.4, 6), (450, 0.4, 4), (2400, 0.5, 3)), attack_s=0.09,
        release_s=0.12, vibrato_hz=5.3, vibrato_cents=22, tremolo=0.05, flutter=0.07,
        glide_chance=0.12, noise=0.05, chiff=0.06, noise_hz=1800, noise_width_hz=1500,
    ),
    "clarinet": Recipe(
        range_midi=(50, 79), dull_db=9.0, bright_db=5.0, even=0.06, formants=((1400, 0.6, 4),),
        attack_s=0.04, release_s=0.05, flutter=0.015, noise=0.012, chiff=0.02, noise_hz=2500,
    ),
    # A snake-skin head the size of a fist: little fundamental, a nose around 1.2 kHz.
    "erhu": Recipe(
        range_midi=(62, 84), dull_db=5.0, bright_db=3.0,
        formants=((380, 0.6, -9), (1250, 0.35, 13), (2900, 0.4, 7)), attack_s=0.05,
        release_s=0.09, vibrato_hz=5.8, vibrato_cents=48, tremolo=0.12, flutter=0.08,
        glide_chance=0.7, glide_s=0.055, noise=0.05, chiff=0.05, noise_hz=3500,
        noise_width_hz=2000,
    ),
    "flute": Recipe(
        range_midi=(62, 93), dull_db=22.0, bright_db=13.0, attack_s=0.06, release_s=0.08,
        vibrato_hz=5.0, vibrato_cents=14, tremolo=0.2, flutter=0.06, noise=0.1, chiff=0.15,
        noise_hz=2400, noise_width_hz=2500,
    ),
    "saxophone": Recipe(
        range_midi=(49, 76), dull_db=8.0, bright_db=4.5,
        formants=((620, 0.4, 7), (1150, 0.3, 9), (2600, 0.5, 2)), attack_s=0.03,
        release_s=0.07, vibrato_hz=4.8, vibrato_cents=24, tremolo=0.1, flutter=0.06,
        glide_chance=0.5, glide_s=0.045, scoop_semitones=1.6, growl_chance=0.3, noise=0.05,
        chiff=0.08, noise_hz=3200, noise_width_hz=2000,
    ),
    # Brass: soft notes are round, loud ones blaze. The lip starts each note just under its pitch.
    "trumpet": Recipe(
        range_midi=(55, 82), beats=(0.25, 0.5, 0.5, 1.0, 2.0), dull_db=13.0, bright_db=1.0,
        formants=((1500, 0.8, 9),), attack_s=0.025, release_s=0.04, vibrato_cents=8,
        flutter=0.02, glide_chance=1.0, glide_s=0.012, scoop_semitones=0.8, noise=0.008,
        chiff=0.05, noise_hz=2200,
    ),
    "tuba": Recipe(
        range_midi=(27, 50), beats=(0.5, 1.0, 1.0, 2.0), dull_db=15.0, bright_db=6.0,
        formants=((230, 0.7, 6),), attack_s=0.06, release_s=0.08, flutter=0.03,
        glide_chance=1.0, glide_s=0.02, scoop_semitones=0.5, noise=0.015, chiff=0.04,
        noise_hz=500, noise_width_hz=500,
    ),
    "violin": Recipe(
        range_midi=(55, 91), dull_db=7.0, bright_db=5.0,
        formants=((285, 0.25, 4), (480, 0.35, 6), (1300, 0.3, -5), (2800, 0.4, 7)),
        attack_s=0.06, release_s=0.09, vibrato_hz=6.0, vibrato_cents=24, tremolo=0.08,
        flutter=0.06, glide_chance=0.1, noise=0.04, chiff=0.06, noise_hz=4500,
        noise_width_hz=2500,
    ),
    # Rosewood bars, undercut so that the second partial is the twelfth.
    "xylophone": Recipe(
        range_midi=(67, 98), beats=(0.25, 0.5, 0.5, 1.0), chord=(1, 2), roll_chance=0.35,
        partials=((1.0, 1.0, 0.16), (3.0, 0.45, 0.06), (6.2, 0.25, 0.03), (10.1, 0.1, 0.02)),
        attack_s=0.001, release_s=0.3, flutter=0.0, chiff=0.5, noise_hz=2800,
    ),
}  # fmt: skip
