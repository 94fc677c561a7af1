"""One picture and one sound, handed to the encoders."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sspl.audio import clip_log_mel
from sspl.data.inputs import prepare_picture, prepare_sound
from sspl.data.transforms import whole_view
from sspl.encoders import AUDIO_ENCODERS, IMAGE_ENCODERS


def test_a_picture_becomes_the_whole_view_of_it():
    picture = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    picture.flags.writeable = False  # torch warns of such an array where it does not copy
    spec = IMAGE_ENCODERS["tiny_vgg"]
    view = prepare_picture(picture, spec)
    assert view.shape == (1, 3, 112, 112)
    channels_first = torch.from_numpy(picture.transpose(2, 0, 1).copy())
    assert torch.equal(view, whole_view(channels_first[None], spec))


def test_a_sound_becomes_what_the_front_end_makes_of_it():
    waveform = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)
    spec = AUDIO_ENCODERS["vggish"]
    patches = prepare_sound(waveform, spec)
    assert patches.shape == (1, spec.num_patches, *spec.patch_shape)
    assert torch.equal(patches[0], clip_log_mel(torch.from_numpy(waveform)))
    other = replace(spec, front_end=lambda sound: sound.view(2, -1))
    assert prepare_sound(waveform, other).shape == (1, 2, 10_000)


def test_a_model_of_embeddings_takes_no_sound():
    with pytest.raises(ValueError, match="takes embeddings"):
        prepare_sound(np.zeros(10, np.float32), AUDIO_ENCODERS["embedding"])
