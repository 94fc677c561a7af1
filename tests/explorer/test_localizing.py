"""The first tab's answers: samples, uploads, other sounds, downloads, links."""

from dataclasses import replace

import pytest
from page_files import WITH, WITHOUT
from PIL import Image

from sspl.explorer.localizing import NO_SOUND, OWN, Localizing
from sspl.explorer.permalink import MAX_OTHERS, NOISE, SILENCE
from sspl.media.video import open_video


@pytest.fixture
def does(models, samples):
    return Localizing(models=models, samples=samples)


def test_a_sample_is_shown_and_the_comparison_stays(does, samples, scene):
    _, compared = does.compare_sounds([SILENCE], None, scene)
    second = list(samples)[1]
    *_, shown = does.show_sample(second, WITH, compared)
    stage = does.show_stage(WITH, shown)
    assert shown.title == stage["title"] == samples[second].scene.title
    assert [panel["sound"] for panel in stage["panels"]] == [shown.sound.title, "silence"]


def test_an_upload_replaces_picture_or_sound(does, folder, scene):
    picked, model, facts, shown = does.use_picture(str(folder / "mine.jpg"), WITH, scene)
    assert picked == ""  # no sample is marked any more
    assert (model, facts) == (WITH, does.models[WITH].facts)
    assert shown.picture.shape == (60, 90, 3)
    assert shown.sound == NO_SOUND  # the sample's has nothing to do with it
    assert (shown.instruments, shown.sample) == ((), "")
    *_, shown = does.use_sound(str(folder / "mine.wav"), WITH, shown)
    assert shown.title == "Your picture mine.jpg"
    *_, again = does.use_picture(str(folder / "mine.jpg"), WITH, shown)
    assert again.sound == shown.sound  # one's own stays
    stage = does.show_stage(WITH, shown)
    assert stage["panels"][0]["sound"] == "your mine.wav"
    assert stage["address"]["sample"] is None


def test_a_video_gives_its_middle_frame_and_the_sound_around_it(does, samples, scene):
    video = list(samples.values())[2].video
    _, shown = does.use_video(str(video), scene)
    assert shown.title == f"Your video {video.name} at 1.0 s"
    assert len(shown.sound.waveform) == pytest.approx(2 * 16_000, abs=1600)


def test_sounds_of_samples_silence_noise_and_ones_own_stand_side_by_side(
    does, folder, samples, scene
):
    second, mine = list(samples)[1], str(folder / "mine.wav")
    own, shown = does.compare_sounds([second, NOISE, OWN], mine, scene)
    titles = [samples[second].scene.sound.title, "noise", "your mine.wav"]
    stage = does.show_stage(WITH, shown)
    assert [panel["sound"] for panel in stage["panels"]] == [scene.sound.title, *titles]
    assert own["visible"]
    assert stage["address"]["with"] == f"{second},noise"  # one's own stays with one
    own, shown = does.compare_sounds([OWN], None, shown)  # still to be uploaded
    assert shown.others == ()
    assert own["visible"]
    own, _ = does.compare_sounds([], mine, shown)
    assert not own["visible"]


def test_what_a_visitor_changes_is_no_longer_what_the_page_opens_with(does, folder, samples, scene):
    fresh = replace(scene, fresh=True)
    model, sound = next(iter(does.models)), str(folder / "mine.wav")
    assert does.show_stage(model, fresh)["fresh"]
    assert not does.use_sound(sound, model, fresh)[-1].fresh
    assert not does.use_picture(str(folder / "mine.jpg"), model, fresh)[-1].fresh
    assert not does.compare_sounds(["silence"], None, fresh)[-1].fresh
    assert not does.show_sample(next(iter(samples)), model, fresh)[-1].fresh


def test_no_more_sounds_than_can_be_seen(does, samples, scene):
    keys = [*list(samples), SILENCE, NOISE]
    assert len(does.compare_sounds(keys, None, scene)[1].others) == MAX_OTHERS


def test_another_model_looks_at_the_same_scene(does, models, scene):
    assert does.use_model(WITHOUT) == models[WITHOUT].facts
    stage = does.show_stage(WITHOUT, scene)
    assert (stage["title"], stage["cycles"]) == (scene.title, 1)


def test_a_link_brings_back_sample_sounds_model_and_tab(does, samples):
    second = list(samples)[1]
    query = f"?sample={second}&with=silence,noise&model=SSPL+without+PCM&tab=inside&cycle=2"
    picked, model, facts, keys, tabs, scene = does.restore(query)
    assert (picked, model, keys) == (second, WITHOUT, ["silence", "noise"])
    assert facts == does.models[WITHOUT].facts
    assert tabs.selected == "inside"
    assert scene.title == samples[second].scene.title
    assert [sound.title for sound in scene.others] == ["silence", "noise"]


@pytest.mark.parametrize(
    ("callback", "name", "sentence"),
    [
        ("use_picture", "text.png", "text.png is not a picture that can be read"),
        ("use_sound", "text.png", "text.png is not a sound that can be read"),
        ("use_video", "mine.wav", "mine.wav has no moving pictures"),
        ("use_picture", None, "upload a picture first"),
        ("use_sound", None, "upload or record a sound first"),
        ("use_video", None, "upload a video first"),
        ("show_sample", "nothing", "there is no sample 'nothing'"),
    ],
)
def test_a_mistake_becomes_one_sentence(does, folder, scene, callback, name, sentence):
    path = str(folder / name) if name and "." in name else name
    model = [] if callback == "use_video" else [WITH]
    with pytest.raises(ValueError, match=sentence):
        getattr(does, callback)(path, *model, scene)


def test_downloads_can_be_opened(does, scene):
    with Image.open(does.make_picture(WITH, scene, 2)) as picture:
        assert picture.format == "PNG"
        assert picture.size == (96, 96)
    compared = replace(scene, others=(scene.sound, scene.sound))
    with Image.open(does.make_picture(WITH, compared, 2)) as picture:
        assert picture.size == (288, 96)
    with Image.open(does.make_gif(WITHOUT, scene)) as gif:
        assert gif.format == "GIF"
    with open_video(does.make_film(WITHOUT, scene)) as film:
        assert film.has_audio
