import unicodedata
from pathlib import Path

import pytest

from sspl.prepare.folder import find_media, find_middle_frame, strip_suffixes, walk_folder


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_files_are_found_by_name_in_any_layout(tmp_path):
    touch(tmp_path, "frames/a.jpg", "audio/a.WAV", "Data/b/b.PNG", "Data/b/b.mp3")
    touch(
        tmp_path, "clips/c.mp4", "total_frames/d.mp4/7.jpg", "x/d.mp4.mp3", "._e.jpg", ".git/e.jpg"
    )
    touch(tmp_path, "frames/a.txt", "frames/aa.jpg")
    media = find_media(tmp_path, ["a", "b", "c", "d", "e", "../a", ""])
    assert media["a"].picture == tmp_path / "frames/a.jpg"
    assert media["a"].sound == tmp_path / "audio/a.WAV"
    assert media["b"].picture == tmp_path / "Data/b/b.PNG"
    assert media["b"].sound == tmp_path / "Data/b/b.mp3"
    assert media["c"].picture == media["c"].sound == tmp_path / "clips/c.mp4"
    assert media["d"].picture == tmp_path / "total_frames/d.mp4/7.jpg"
    assert media["d"].sound == tmp_path / "x/d.mp4.mp3"
    for missing in ("e", "../a", ""):
        assert (media[missing].picture, media[missing].sound) == (None, None)
    assert all(files.notes == () for files in media.values())


def test_a_picture_comes_before_a_frame_and_a_frame_before_a_video(tmp_path):
    touch(tmp_path, "v/a.mp4", "v/b.mp4", "f/a/1.jpg", "f/a/2.jpg", "f/a/3.jpg")
    media = find_media(tmp_path, ["a", "b"])
    assert media["a"].picture == tmp_path / "f/a/2.jpg"
    touch(tmp_path, "z/a.jpg", "y/a.wav")
    media = find_media(tmp_path, ["a"])
    assert media["a"].picture == tmp_path / "z/a.jpg"
    assert media["a"].sound == tmp_path / "y/a.wav"


def test_a_choice_is_noted(tmp_path):
    touch(tmp_path, "one/a.jpg", "two/a.jpg", "a.wav", "one/b.mp4", "two/b.mp4")
    media = find_media(tmp_path, ["a", "b"])
    first = tmp_path / "one/a.jpg"
    assert media["a"].notes == (f"2 files have its name, of which {first} is taken",)
    assert len(media["b"].notes) == 1  # picture and sound are from the same


def test_accents_are_the_same_in_both_spellings(tmp_path):
    for form, other in (("NFC", "NFD"), ("NFD", "NFC")):
        folder = tmp_path / form
        touch(folder, f"{unicodedata.normalize(form, 'café')}.jpg")
        id_ = unicodedata.normalize(other, "café")
        assert find_media(folder, [id_])[id_].picture is not None


def test_frames_are_in_the_order_of_their_numbers():
    names = ["10.jpg", "9.jpg", "8.jpg", "11.jpg", "7.jpg", "notes.txt"]
    assert find_middle_frame(Path("x"), names) == Path("x/9.jpg")
    assert find_middle_frame(Path("x"), ["1.jpg", "2.jpg"]) == Path("x/2.jpg")
    assert find_middle_frame(Path("x"), ["a.txt"]) is None


def test_links_are_followed_but_not_in_circles(tmp_path):
    touch(tmp_path, "elsewhere/a.jpg", "source/b.jpg")
    (tmp_path / "source/link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/back").symlink_to(tmp_path / "source")
    walked = [(folder.name, names) for folder, names in walk_folder(tmp_path / "source")]
    assert walked == [("source", ["b.jpg"]), ("link", ["a.jpg"])]


def test_no_folder_is_one_sentence(tmp_path):
    with pytest.raises(ValueError, match="is not a folder"):
        find_media(tmp_path / "nowhere", ["a"])


def test_only_suffixes_of_media_are_taken_away():
    assert strip_suffixes("2615133000.mp4.mp3") == "2615133000"
    assert strip_suffixes("trip v1.2.JPG") == "trip v1.2"
