"""Mistakes become sentences, and a borrowed GPU is asked for where there is one to borrow."""

import sys
from types import SimpleNamespace

import gradio as gr
import pytest

from sspl.explorer.uploads import borrow_gpu, new_file, read_own_sound, tell_person


def fail(path):
    raise ValueError(f"{path} is wrong")


def fail_late(path):
    yield 1
    raise ValueError(f"{path} is wrong")


def test_a_mistake_becomes_a_sentence_that_cannot_bring_html_onto_the_page():
    with pytest.raises(gr.Error) as error:
        tell_person(fail)("<b>bold.png")
    assert error.value.message == "&lt;b&gt;bold.png is wrong"
    assert not error.value.print_exception


def test_our_own_failure_is_owned_and_logged():
    with pytest.raises(gr.Error, match="Something failed here") as error:
        tell_person(lambda: 1 / 0)()
    assert error.value.print_exception
    assert isinstance(error.value.__cause__, ZeroDivisionError)


def test_what_yields_goes_on_yielding_until_the_mistake():
    steps = tell_person(fail_late)("it")
    assert next(steps) == 1
    with pytest.raises(gr.Error, match="it is wrong"):
        next(steps)


def test_a_gpu_is_borrowed_only_where_it_is_lent(monkeypatch):
    assert borrow_gpu(fail, 10) is fail
    borrowed = []
    lender = SimpleNamespace(
        GPU=lambda duration: lambda callback: borrowed.extend([callback, duration]) or 7
    )
    monkeypatch.setitem(sys.modules, "spaces", lender)
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert borrow_gpu(fail, 10) == 7
    assert borrowed == [fail, 10]


def test_two_downloads_of_one_name_stay_apart():
    assert new_file("map.png") != new_file("map.png")
    assert new_file("map.png").name == "map.png"


def test_a_sound_that_is_not_there_is_asked_for():
    with pytest.raises(ValueError, match="upload or record a sound first"):
        read_own_sound(None)
