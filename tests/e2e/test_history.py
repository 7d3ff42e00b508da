"""Past runs as a user lists them, though some of their journals have suffered."""

from pathlib import Path

import pytest

from tests.support.desk import Desk

HELLO = {"default": [("Where is my order?", "ORDER")]}
BONJOUR = {**HELLO, "fr_FR": [("Où est ma commande ?", "ORDER")]}


def journals(desk: Desk) -> list[Path]:
    """Those of all runs, oldest first."""
    return sorted((desk.folder / ".icesync" / "runs").iterdir())


@pytest.fixture
def worked(desk: Desk) -> Desk:
    """A desk at which one account was written twice."""
    for wanted in (HELLO, BONJOUR):
        desk.declare({"shop": wanted})
        assert desk.icesync("apply", "--yes").code == 0
    return desk


def test_a_new_desk_has_no_history(desk: Desk) -> None:
    desk.declare({"shop": HELLO})

    told = desk.icesync("history")

    assert (told.code, told.out) == (0, "")
    assert "No runs yet." in told.err


def test_a_damaged_journal_is_a_row_and_the_other_runs_can_be_taken_back(worked: Desk) -> None:
    first, second = journals(worked)
    head, _, rest = second.read_text().partition("\n")
    second.write_text(f"{head}\nnothing\n{rest}")

    told = worked.icesync("history")

    assert told.code == 0
    assert [line.split() for line in told.out.splitlines()] == [
        ["RUN", "STARTED", "COMMAND", "OUTCOMES"],
        [second.stem, "damaged,", "cannot", "be", "rolled", "back"],
        [first.stem, "2026-11-23T03:09:11Z", "apply", "1", "applied"],
    ]
    refused = worked.icesync("rollback", "last", "--yes")
    assert (refused.code, worked.live(1)) == (1, BONJOUR)
    assert "is damaged" in refused.err
    assert worked.icesync("rollback", first.stem, "--yes", "--force").code == 0
    assert worked.live(1) == {}


def test_a_run_that_a_power_loss_ended_is_cut_off_and_can_be_taken_back(worked: Desk) -> None:
    _, second = journals(worked)
    lines = second.read_bytes().splitlines(keepends=True)
    second.write_bytes(b"".join(lines[:-1]) + b"\x00" * 100)

    told = worked.icesync("history").out.splitlines()[1]

    assert told.endswith("1 applied, cut off, 1 perhaps written")
    assert worked.icesync("rollback", "last", "--yes").code == 0
    assert worked.live(1) == HELLO


def test_what_a_journal_says_cannot_script_the_terminal(worked: Desk) -> None:
    for path in journals(worked):
        path.write_text(
            path.read_text().replace('"apply"', r'"\u001b[2Japply"').replace("applied", r"\u009b")
        )

    told = worked.icesync("history")

    assert told.code == 0
    assert r"\x1b[2Japply" in told.out
    assert not {"\x1b", "\x9b"} & set(told.out)
