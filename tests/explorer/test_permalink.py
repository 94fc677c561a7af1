"""Addresses: what is written is read back; what is not here is an error."""

from dataclasses import replace
from urllib.parse import urlencode

import numpy as np
import pytest
from page_files import WITH, WITHOUT

from sspl.explorer.permalink import find_sound, read_address, write_address
from sspl.explorer.scenes import Sound


def test_an_address_brings_back_what_it_was_written_for(models, samples):
    first, second, _ = samples
    others = (find_sound("noise", samples), find_sound(first, samples))
    scene = replace(samples[second].scene, others=others)
    parts = write_address(WITHOUT, scene)
    asked = read_address(f"?{urlencode(parts)}", models, samples)
    assert asked.model == WITHOUT
    assert asked.scene.title == scene.title
    assert [sound.key for sound in asked.scene.others] == ["noise", first]
    assert asked.tab == ""


def test_what_a_visitor_brought_is_left_out(samples):
    scene = next(iter(samples.values())).scene
    mine = Sound(title="mine", waveform=np.zeros(9, np.float32))
    parts = write_address(WITH, replace(scene, sample="", others=(mine,)))
    assert parts == {"sample": None, "model": WITH, "with": None}


def test_an_empty_address_is_a_first_visit(models, samples):
    asked = read_address("", models, samples)
    assert (asked.model, asked.scene.sample) == (WITH, next(iter(samples)))


def test_an_older_link_names_the_model_by_its_label(models, samples):
    assert read_address("?model=SSPL+without+PCM", models, samples).model == WITHOUT


def test_a_sound_named_twice_is_heard_once(models, samples):
    asked = read_address("?with=silence,silence", models, samples)
    assert [sound.key for sound in asked.scene.others] == ["silence"]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?sample=gone", "there is no sample 'gone'"),
        ("?model=gone", "there is no model 'gone': take with-pcm, without-pcm"),
        ("?with=gone", "there is no sample 'gone'"),
    ],
)
def test_what_is_not_here_is_an_error(models, samples, query, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_address(query, models, samples)


def test_silence_is_silent_and_noise_is_always_the_same(samples):
    assert not find_sound("silence", samples).waveform.any()
    once, again = (find_sound("noise", samples).waveform for _ in range(2))
    assert once.std() == pytest.approx(1 / 3**0.5, rel=0.01)
    assert np.array_equal(once, again)
