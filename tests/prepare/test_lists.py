import random
from hashlib import sha256
from pathlib import Path

import pytest

from prepare.layout_files import write_lines
from sspl.prepare import lists
from sspl.prepare.lists import (
    PUBLISHED,
    PublishedList,
    name_lists,
    note_repeats,
    read_column,
    read_lists,
    to_id,
)

IDS = ["10", "9", "ü", "_a-B_000030"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub" / "lists"


@pytest.fixture
def published(tmp_path, monkeypatch) -> Path:
    """A published list at a file:// address; its digest is worked out here once more."""
    path = write_lines(tmp_path / "elsewhere.csv", *(f"{id_}.jpg,202" for id_ in IDS))
    digest = sha256("\n".join(sorted(IDS)).encode()).hexdigest()
    known = {"known-4": PublishedList(url=path.as_uri(), sha256=digest)}
    monkeypatch.setattr(lists, "PUBLISHED", known)
    return path


def test_the_five_lists_are_known_by_the_digests_of_their_ids():
    assert {name: known.sha256[:16] for name, known in PUBLISHED.items()} == {
        "flickr-249": "09c34846bd90eb7b",
        "flickr-250": "696ab39ce58b0fa1",
        "vggss-5158": "8acc0c93362233f7",
        "vggss-4692": "103e7a80eca9d331",
        "vggss-4911": "3e2640dbeb8ca96c",
    }
    for known in PUBLISHED.values():
        assert len(known.sha256) == 64
        assert known.url.startswith("https://")


@pytest.mark.parametrize(
    ("entry", "id_"),
    [
        ("10000130166.jpg", "10000130166"),
        ("videos/0/0/0/2615133000.mp4", "2615133000"),
        ("a/b.mp4.mp3", "b"),
        ("trip v1.2", "trip v1.2"),
        ("../../x.JPG", "x"),
    ],
)
def test_an_id_has_no_folder_and_no_suffix(entry, id_):
    assert to_id(entry) == id_


def test_a_local_file_with_the_same_ids_is_the_published_list(published, tmp_path):
    shuffled = random.Random(0).sample(IDS, len(IDS))
    path = write_lines(tmp_path / "mine.txt", *(f"some/folder/{id_}.mp4" for id_ in shuffled))
    (found,) = read_lists([str(path)])
    assert (found.name, found.ids) == ("known-4", tuple(shuffled))


def test_another_file_is_called_by_its_name_and_repeats_are_noted(published, tmp_path):
    path = write_lines(tmp_path / "mine.txt", *IDS, "extra", IDS[0])
    path.write_text("\ufeff" + path.read_text("utf-8") + "\n , ,\n", encoding="utf-8")
    (found,) = read_lists([str(path)])
    assert (found.name, found.ids) == ("mine", (*IDS, "extra"))
    assert note_repeats([found], IDS[0]) == ("mine lists it twice",)
    assert note_repeats([found], IDS[1]) == ()


def test_rows_know_all_their_lists(tmp_path):
    first = write_lines(tmp_path / "first.txt", "a", "b")
    second = write_lines(tmp_path / "second.txt", "b", "c")
    found = read_lists([str(first), str(second)])
    names = name_lists(found, ["never", "asked"])
    assert names == {"a": ("first",), "b": ("first", "second"), "c": ("second",)}
    assert list(names) == ["a", "b", "c"]
    assert name_lists([], ["x", "y"]) == {"x": (), "y": ()}


def test_a_published_list_is_fetched_once(published, cache):
    (found,) = read_lists(["known-4"])
    assert found.ids == tuple(IDS)
    assert [path.name for path in cache.iterdir()] == ["known-4.csv"]
    published.unlink()
    assert read_lists(["known-4"]) == [found]


def test_without_a_network_the_address_is_told(published, cache):
    published.unlink()
    with pytest.raises(ValueError, match=r"elsewhere\.csv") as caught:
        read_lists(["known-4"])
    assert "--lists" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("content", [b"<html>log in</html>\n", b"\xff\xfe\x00", b""])
def test_what_is_not_the_list_is_not_kept(published, cache, content):
    published.write_bytes(content)
    with pytest.raises(ValueError, match="is not known-4"):
        read_lists(["known-4"])
    assert list(cache.iterdir()) == []


def test_a_file_may_not_pass_for_a_published_list(published, tmp_path):
    path = write_lines(tmp_path / "known-4.csv", *IDS[1:])
    with pytest.raises(ValueError, match="does not hold the clips of known-4"):
        read_lists([str(path)])


def test_the_same_list_twice_is_a_mistake(published, tmp_path):
    path = write_lines(tmp_path / "mine.txt", *IDS)
    with pytest.raises(ValueError, match="known-4 is given twice"):
        read_lists(["known-4", str(path)])


def test_what_is_no_list_is_one_sentence(tmp_path):
    with pytest.raises(ValueError, match="no list flickr-251: name a file, or one of flickr-249"):
        read_lists(["flickr-251"])
    empty = write_lines(tmp_path / "empty.txt", "", " ")
    with pytest.raises(ValueError, match="has no lines"):
        read_column(empty)
    picture = tmp_path / "picture.txt"
    picture.write_bytes(b"\x89PNG\xff\xff")
    with pytest.raises(ValueError, match="cannot be read as text"):
        read_lists([str(picture)])
    with pytest.raises(ValueError, match="is a folder"):
        read_lists([str(tmp_path)])
