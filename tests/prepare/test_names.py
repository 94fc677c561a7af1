import os

from hypothesis import given
from hypothesis import strategies as st

from sspl.prepare.names import name_files


def test_ids_that_can_be_names_are_their_own():
    ids = ["-_ab12XY_000030", "dog/rex", "über uns", "狗", "a.b"]
    assert name_files(ids) == {id_: id_ for id_ in ids}


def test_hostile_ids_stay_in_the_folder_and_can_be_written(tmp_path):
    ids = ["../../x", "/etc/passwd", "a\0b", "a" * 5000, "..", ".", "", "CON", "nul.txt", "a:b"]
    ids += ["a\\..\\b", "x/", "/", "a//b", "a ", ".hidden", "a.jpg/b", "a\nb", "\ud800", "a~b", "?"]
    names = name_files(ids)
    for name in names.values():
        path = tmp_path / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(exist_ok=False)
        assert path.resolve().is_relative_to(tmp_path)
        assert not set(name) & set('<>:"\\|?*\0')
    assert len(set(names.values())) == len(ids)


def test_names_that_a_file_system_takes_for_one_are_told_apart():
    ids = ["abc_000001", "ABC_000001", "caf\u00e9", "cafe\u0301", "straße", "strasse"]
    names = name_files(ids)
    assert len({name.casefold() for name in names.values()}) == len(ids)
    assert names["abc_000001"].startswith("abc_000001~")
    assert names == name_files(reversed(ids))  # whichever comes first


@given(st.lists(st.text(), max_size=6))
def test_no_two_ids_share_a_name(ids):
    names = name_files(ids)
    assert len({name.casefold() for name in names.values()}) == len(set(ids))
    for name in names.values():
        assert not os.path.isabs(name)
        assert ".." not in name.split("/")
        name.encode()
