import pytest

from sspl.command import run_command


def raise_it(error: BaseException) -> int:
    raise error


@pytest.mark.parametrize(
    ("work", "status", "said"),
    [
        (lambda: None, 0, ""),
        (lambda: 0, 0, ""),
        (lambda: 1, 1, ""),
        (lambda: raise_it(ValueError("Do this.\nDetails.")), 2, "Do this.\n"),
        (lambda: raise_it(KeyboardInterrupt()), 130, "Stopped; nothing half-written is left.\n"),
    ],
)
def test_how_a_command_ends(work, status, said, capsys):
    assert run_command(work) == status
    assert capsys.readouterr() == ("", said)


def test_a_fault_of_ours_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        run_command(lambda: raise_it(ZeroDivisionError()))
