import numpy as np
import pytest
import torch
from golden import parity_weights

from sspl.audio import NUM_SAMPLES, clip_log_mel, fit_length, log_mel, stretch_range


def test_log_mel_is_the_published_front_end(golden):
    expected = np.load(golden / "logmel_seed1.npz")["logmel"]
    ours = log_mel(torch.from_numpy(parity_weights.waveform(1)))
    assert ours.shape == (3, 96, 64)
    assert ours.dtype == torch.float32
    np.testing.assert_allclose(ours.numpy(), expected, atol=1e-4)


def test_log_mel_of_a_batch_is_that_of_each():
    waveforms = torch.rand(2, NUM_SAMPLES) - 0.5
    torch.testing.assert_close(log_mel(waveforms)[1], log_mel(waveforms[1]))


@pytest.mark.parametrize("shape", [(100,), (15_599,), (0,), (1, 2, 48_000)])
def test_log_mel_says_what_it_needs(shape):
    with pytest.raises(ValueError, match="15600 samples"):
        log_mel(torch.zeros(shape))


def test_one_patch_needs_just_15600_samples():
    assert log_mel(torch.zeros(15_600)).shape == (1, 96, 64)


def test_long_sounds_lose_their_ends_and_short_ones_repeat():
    assert fit_length(torch.arange(10), 4).tolist() == [3, 4, 5, 6]
    assert fit_length(torch.arange(3), 7).tolist() == [0, 1, 2, 0, 1, 2, 0]
    with pytest.raises(ValueError, match="N >= 1"):
        fit_length(torch.zeros(0))


def test_stretching_fills_the_range_and_leaves_silence_alone():
    quiet = torch.tensor([0.0, 0.01, -0.01])
    torch.testing.assert_close(stretch_range(quiet), torch.tensor([0.0, 1.0, -1.0]))
    assert torch.equal(stretch_range(torch.full((5,), 0.3)), torch.zeros(5))


def test_what_is_heard_does_not_depend_on_the_level():
    waveform = torch.from_numpy(parity_weights.waveform(2))
    torch.testing.assert_close(
        clip_log_mel(waveform), clip_log_mel(0.01 * waveform), atol=1e-3, rtol=0
    )
