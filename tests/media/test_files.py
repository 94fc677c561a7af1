import os

import pytest

from sspl.media.files import MediaError, check_file, replace_when_done


def test_check_file_gives_the_path(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"x")
    assert check_file(str(tmp_path / "a.wav")) == tmp_path / "a.wav"


def test_check_file_names_what_is_wrong(tmp_path):
    (tmp_path / "empty.wav").touch()
    for name, words in {
        "missing.wav": "missing.wav does not exist",
        ".": "is a folder",
        "empty.wav": "empty.wav is empty",
        "n" * 300: "cannot be opened",
    }.items():
        with pytest.raises(MediaError, match=words):
            check_file(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_check_file_does_not_wait_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(MediaError, match="not an ordinary file"):
        check_file(tmp_path / "pipe.wav")


def test_replace_when_done_replaces_in_one_step(tmp_path):
    target = tmp_path / "out.txt"
    target.write_text("old")
    with replace_when_done(target) as unfinished:
        unfinished.write_text("new")
        assert unfinished.parent == tmp_path
        assert unfinished.suffix == ".txt"
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert os.listdir(tmp_path) == ["out.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_replace_when_done_leaves_the_old_file_after_an_error(tmp_path, error):
    target = tmp_path / "out.txt"
    target.write_text("old")

    def fail_half_way():
        with replace_when_done(target) as unfinished:
            unfinished.write_text("half")
            raise error

    with pytest.raises(error):
        fail_half_way()
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.txt"]


def test_replace_when_done_says_when_the_disk_is_full(tmp_path):
    with pytest.raises(MediaError, match="No space left"), replace_when_done(tmp_path / "a"):
        raise OSError(28, "No space left on device")
    # Any other trouble inside is not about this file, and keeps its own name.
    with pytest.raises(FileNotFoundError), replace_when_done(tmp_path / "a"):
        raise FileNotFoundError(2, "another file")


def test_replace_when_done_needs_a_folder(tmp_path):
    with pytest.raises(MediaError, match="make the folder"), replace_when_done(tmp_path / "no/a"):
        pass
    with pytest.raises(MediaError, match="is a folder"), replace_when_done(tmp_path):
        pass
