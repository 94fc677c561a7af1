"""Sounds: safe to play, the same for the same generator, and told apart by simple statistics."""

import numpy as np
import pytest

from sspl.data.orchestra.instruments import INSTRUMENTS
from sspl.data.orchestra.recipes import RECIPES
from sspl.data.orchestra.sounds import _limit, _make_cycle, room_noise, synthesise

RATE_HZ = 16000


def measure_power(waveform: np.ndarray) -> np.ndarray:
    """Returns the power spectra (frames, 257) of windows of 512 samples."""
    frames = np.lib.stride_tricks.sliding_window_view(waveform, 512)[::256]
    return np.abs(np.fft.rfft(frames * np.hanning(512))) ** 2


def measure_centroid_hz(instrument: str) -> float:
    """Returns where the middle of the power lies, over eight clips."""
    clips = [synthesise(instrument, np.random.default_rng([7, i]), 1.5) for i in range(8)]
    power = np.mean([measure_power(clip).mean(axis=0) for clip in clips], axis=0)
    return float((power * np.linspace(0, RATE_HZ / 2, 257)).sum() / power.sum())


def describe(waveform: np.ndarray) -> np.ndarray:
    """Returns the mean, spread and unrest of the log power in bands spaced evenly in pitch."""
    edges = np.unique(np.geomspace(2, 257, 33).round().astype(int))
    bands = np.add.reduceat(measure_power(waveform), edges[:-1], axis=1)
    log = np.log(bands + 1e-3)
    return np.concatenate([log.mean(0), log.std(0), np.abs(np.diff(log, axis=0)).mean(0)])


def test_there_is_a_recipe_for_every_instrument():
    assert tuple(sorted(RECIPES)) == tuple(sorted(INSTRUMENTS))


@pytest.mark.parametrize("instrument", RECIPES)
def test_sounds_are_loud_enough_and_never_too_loud(instrument):
    for seed in range(6):
        waveform = synthesise(instrument, np.random.default_rng(seed), 1.5)
        assert waveform.dtype == np.float32
        assert waveform.shape == (24000,)
        assert np.isfinite(waveform).all()
        assert 0.03 < np.abs(waveform).max() <= 0.9
        assert np.abs(waveform[:8000]).max() > 0.01  # the phrase starts at once
        assert abs(waveform.mean()) < 0.01


@pytest.mark.parametrize("instrument", RECIPES)
def test_the_generator_decides_everything(instrument):
    first, again, other = (
        synthesise(instrument, np.random.default_rng(seed), 0.7) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.allclose(first, other, atol=0.01)


@pytest.mark.parametrize("instrument", RECIPES)
def test_a_longer_clip_begins_with_the_shorter_one(instrument):
    for seed in range(3):
        short = synthesise(instrument, np.random.default_rng(seed), 1.237)
        long = synthesise(instrument, np.random.default_rng(seed), 3.0)
        np.testing.assert_allclose(long[: len(short)], short, rtol=0, atol=2e-6)


def test_the_generator_advances_alike_whatever_is_played():
    followers = set()
    for instrument, duration_s, rate_hz in (("tuba", 0.2, 8000), ("xylophone", 2.0, 44100)):
        rng = np.random.default_rng(3)
        synthesise(instrument, rng, duration_s, rate_hz)
        followers.add(rng.random())
    assert len(followers) == 1


@pytest.mark.parametrize("rate_hz", [8000, 22050, 48000])
@pytest.mark.parametrize("instrument", RECIPES)
def test_any_rate_and_any_length(instrument, rate_hz):
    for duration_s in (1 / rate_hz, 0.05, 0.3333):
        waveform = synthesise(instrument, np.random.default_rng(0), duration_s, rate_hz)
        assert waveform.shape == (round(duration_s * rate_hz),)
        assert np.abs(waveform).max() > 0


@pytest.mark.parametrize("hz", [40.0, 440.0, 2000.0])
def test_a_cycle_holds_no_harmonic_above_nyquist(hz):
    for table in _make_cycle(RECIPES["trumpet"], hz, RATE_HZ):
        spectrum = np.abs(np.fft.rfft(table))
        assert spectrum[int(RATE_HZ / 2 / hz) + 1 :].max() < 1e-4 * spectrum.max()
        assert np.sqrt((table**2).mean()) == pytest.approx(1, abs=1e-3)


def test_a_clarinet_sounds_odd_harmonics():
    bright = np.abs(np.fft.rfft(_make_cycle(RECIPES["clarinet"], 220.0, RATE_HZ)[1]))
    assert bright[2:8:2].max() < 0.2 * bright[1:9:2].min()


def test_low_instruments_are_low_and_bright_ones_bright():
    centroids = {
        name: measure_centroid_hz(name) for name in ("tuba", "cello", "clarinet", "erhu", "trumpet")
    }
    assert centroids["tuba"] < centroids["cello"] < centroids["clarinet"]
    assert centroids["clarinet"] < min(centroids["erhu"], centroids["trumpet"])


def test_bars_die_away_and_reeds_do_not():
    # The loudest tenth of a second over the quietest: struck bars fall silent between strikes.
    def measure_range(instrument: str) -> float:
        ranges = []
        for seed in range(10):
            power = measure_power(synthesise(instrument, np.random.default_rng([8, seed]), 2.0))
            ranges.append(power.sum(axis=1).max() / np.median(power.sum(axis=1)))
        return float(np.median(ranges))

    assert measure_range("xylophone") > 4 * measure_range("accordion")


def test_simple_statistics_tell_the_instruments_apart():
    # A linear classifier, fitted by least squares; guessing scores 0.09.
    def collect(seed: int, num: int) -> tuple[np.ndarray, np.ndarray]:
        rows = [
            describe(synthesise(name, np.random.default_rng([seed, label, i]), 2.0))
            for label, name in enumerate(RECIPES)
            for i in range(num)
        ]
        return np.array(rows), np.repeat(np.arange(len(RECIPES)), num)

    train, train_labels = collect(1, 20)
    test, test_labels = collect(2, 6)
    mean, std = train.mean(axis=0), train.std(axis=0)
    train, test = ((x - mean) / std for x in (train, test))
    gram = train.T @ train + 20.0 * np.eye(train.shape[1])
    weights = np.linalg.solve(gram, train.T @ (np.eye(len(RECIPES))[train_labels] - 1 / 11))
    assert ((test @ weights).argmax(axis=1) == test_labels).mean() > 0.75


def test_a_quiet_room_is_quiet_but_not_silent():
    for seed in range(10):
        waveform = room_noise(np.random.default_rng(seed), 2.0)
        assert waveform.dtype == np.float32
        assert waveform.shape == (32000,)
        assert 0.001 < np.abs(waveform).max() < 0.006
        beginning = room_noise(np.random.default_rng(seed), 0.5)
        np.testing.assert_allclose(waveform[:8000], beginning, rtol=0, atol=1e-7)


def test_the_limiter_leaves_quiet_samples_alone():
    wave = np.linspace(-5, 5, 1001, dtype=np.float32)
    limited = _limit(wave)
    assert np.array_equal(limited[np.abs(wave) <= 0.6], wave[np.abs(wave) <= 0.6])
    assert np.abs(limited).max() <= 0.9
    assert (np.diff(limited) >= 0).all()


def test_mistakes_get_a_clear_sentence():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="unknown instrument 'kazoo': choose one of accordion"):
        synthesise("kazoo", rng)
    with pytest.raises(ValueError, match="at least one sample"):
        synthesise("flute", rng, 0.0)
    with pytest.raises(ValueError, match="at least 8000"):
        room_noise(rng, 1.0, 4000)
