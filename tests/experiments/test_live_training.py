"""Live training: the same from the same seed, in the same batches; it can be left at any time."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from sspl.experiments import live_training as module
from sspl.experiments.live_training import LiveScenes, LiveTraining, list_live_runs
from sspl.training.trainer import TrainingError

NUM_TRAIN, NUM_HELD = 24, 6


@pytest.fixture(scope="module")
def course():
    course = LiveScenes(2, num_train=NUM_TRAIN, num_held=NUM_HELD)
    assert list(course.fill()) == [16, 24, 30]  # slices of 16, those to learn from first
    return course


@pytest.fixture(scope="module")
def laps(course):
    return list(LiveTraining(list_live_runs(2, 8), course).run(num_steps=12, lap_steps=5))


def test_a_course_has_solo_scenes_to_learn_from_and_silent_ones_to_be_scored_on(course):
    pairs, seen = course.training()
    assert len(pairs) == NUM_TRAIN
    assert seen.shape[:2] == (3, NUM_TRAIN)
    assert all(len(objects) == 1 for objects in pairs.objects)
    held, test = course.test_scenes()
    assert all(sorted(item.sounding for item in o) == [False, True] for o in held.objects)
    assert test.encoded.visual.shape[0] == test.encoded.embeddings.shape[0] == NUM_HELD
    assert test.visible.all()
    assert set(pairs.labels) | set(held.labels) <= {"accordion", "acoustic_guitar"}
    assert not set(pairs.ids) & set(held.ids)


def test_the_other_sound_is_of_the_other_class(course):
    held, test = course.test_scenes()
    heard, there = test.sounds["other"]
    labels = np.array(held.labels)
    for i in np.flatnonzero(there):
        same = (heard[i] == test.encoded.embeddings).flatten(1).all(1).numpy()
        assert set(labels[same]) == set(labels) - {labels[i]}


def test_a_course_that_was_left_goes_on_where_it_was(course):
    left = LiveScenes(2, num_train=NUM_TRAIN, num_held=NUM_HELD)
    drawing = left.fill()
    assert next(drawing) == 16
    drawing.close()
    assert list(left.fill()) == [24, 30]
    assert list(left.fill()) == []
    assert torch.equal(left.training()[1], course.training()[1])


def test_threads_share_the_drawing(course):
    shared = LiveScenes(2, num_train=NUM_TRAIN, num_held=NUM_HELD)
    threads = [threading.Thread(target=shared.test_scenes) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shared.test_scenes()[0].ids == course.test_scenes()[0].ids
    assert len(shared.training()[0]) == NUM_TRAIN


def test_laps_tell_where_each_stands(laps):
    assert [lap.steps for lap in laps] == [0, 5, 10, 12]
    assert not laps[0].losses
    for lap in laps:
        assert set(lap.scores) == set(lap.maps) == set("ABC")
        for name in "ABC":
            assert lap.maps[name].shape == (3, 14, 14)
            assert lap.cious[name].shape == (3,)
            assert set(lap.scores[name]) == {"right", "other"}
    assert laps[-1].seconds > laps[1].seconds > laps[0].seconds == 0


def test_all_start_with_the_same_map_and_learn(laps):
    first, last = laps[0], laps[-1]
    assert np.array_equal(first.maps["A"], first.maps["B"])
    for name in "ABC":
        assert last.losses[name] < laps[1].losses[name]
        assert not np.array_equal(first.maps[name], last.maps[name])


def test_the_same_seed_gives_the_same_laps(course, laps):
    again = list(LiveTraining(list_live_runs(2, 8), course).run(num_steps=12, lap_steps=5))
    other = list(LiveTraining(list_live_runs(2, 8, seed=1), course).run(num_steps=12, lap_steps=5))
    for lap, same, different in zip(laps, again, other, strict=True):
        assert lap.losses == same.losses
        assert lap.scores == same.scores
        for name in "ABC":
            assert np.array_equal(lap.maps[name], same.maps[name])
            assert not np.array_equal(lap.maps[name], different.maps[name])


def test_laps_of_another_length_change_nothing(course, laps):
    (_, end) = LiveTraining(list_live_runs(2, 8), course).run(num_steps=12, lap_steps=12)
    assert np.array_equal(end.maps["C"], laps[-1].maps["C"])


def test_a_race_that_was_left_disturbs_no_other(course, laps):
    left = LiveTraining(list_live_runs(2, 8), course).run(num_steps=12, lap_steps=5)
    next(left), next(left)
    left.close()
    again = list(LiveTraining(list_live_runs(2, 8), course).run(num_steps=12, lap_steps=5))
    assert again[-1].losses == laps[-1].losses


def test_a_race_can_go_on(course, laps):
    live_training = LiveTraining(list_live_runs(2, 8), course)
    list(live_training.run(num_steps=5))
    start, *_, end = live_training.run(num_steps=7, lap_steps=7)
    assert (start.steps, end.steps) == (5, 12)
    assert np.array_equal(end.maps["A"], laps[-1].maps["A"])


def test_batches_go_round_all_pairs_before_one_returns(course):
    live_training = LiveTraining(list_live_runs(2, 8), course)
    epochs = [torch.cat([live_training._draw_batch() for _ in range(3)]) for _ in range(2)]
    assert [sorted(epoch.tolist()) for epoch in epochs] == [list(range(NUM_TRAIN))] * 2
    assert not torch.equal(*epochs)


def test_racers_that_differ_in_their_start_are_refused(course):
    runs = list_live_runs(2, 8)
    runs["B"] = replace(runs["B"], train=replace(runs["B"].train, seed=5))
    with pytest.raises(ValueError, match="one seed and one batch size"):
        LiveTraining(runs, course)


def test_a_batch_that_the_course_does_not_fill_is_refused(course):
    with pytest.raises(ValueError, match="do not fill one batch of 32"):
        LiveTraining(list_live_runs(2, 32), course)


def test_a_loss_that_is_not_finite_ends_the_training(course, monkeypatch):
    monkeypatch.setattr(module, "_train", lambda trainer, batches: float("nan"))
    laps = LiveTraining(list_live_runs(2, 8), course).run(num_steps=5)
    next(laps)
    with pytest.raises(TrainingError, match="loss of A is no longer finite"):
        next(laps)
