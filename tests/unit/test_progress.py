"""What a person sees of a long step: lines in CI, a bar on a terminal, and nothing where nobody asks."""

import asyncio
import re

import pytest

from icesync.console import Console
from icesync.model import Account, FailureKind, GraphFailure
from icesync.progress import EVERY, Notify, Tally, bar, lines
from tests.support.clock import FakeClock

LATER = GraphFailure(FailureKind.THROTTLED, "later")
DEAD = GraphFailure(FailureKind.TOKEN, "dead")


def tally(*, total: int = 100, done: int = 0, throttled: int = 0, failed: int = 0) -> Tally:
    return Tally(total, 0.0, done, throttled, failed)


@pytest.mark.parametrize(
    ("told", "now", "line"),
    [
        (tally(), 0.0, "reading: 0 of 100 accounts, 0/s"),
        (tally(), 30.0, "reading: 0 of 100 accounts, 0/s"),
        (tally(done=5), 0.0, "reading: 5 of 100 accounts, 0/s"),
        (tally(done=40), 10.0, "reading: 40 of 100 accounts, 4/s, 15 s left"),
        (tally(done=40, throttled=3), 10.0, "reading: 40 of 100 accounts, 4/s, 3 throttled, 15 s left"),
        (
            tally(done=40, throttled=3, failed=1),
            10.0,
            "reading: 40 of 100 accounts, 4/s, 3 throttled, 1 failed, 15 s left",
        ),
        (tally(done=100), 20.0, "reading: 100 of 100 accounts, 5/s, 0 s left"),
        (tally(total=3, done=1), 10.0, "reading: 1 of 3 accounts, 0/s, 20 s left"),
    ],
)
def test_a_line_tells_how_far_it_is_how_fast_and_for_how_long(told: Tally, now: float, line: str) -> None:
    assert told.line("reading", now) == line


@pytest.mark.parametrize("kind", FailureKind)
def test_who_is_throttled_has_not_failed(kind: FailureKind) -> None:
    told = tally()

    told.count(GraphFailure(kind, "no"))

    assert (told.done, told.throttled + told.failed) == (1, 1)
    assert told.throttled == (kind is FailureKind.THROTTLED)


def go(notify: Notify, clock: FakeClock, *times: float, failure: GraphFailure | None = None) -> None:
    """An account is done at each of these seconds."""
    for at in times:
        clock.seconds = at
        notify(Account("shop", "1"), failure)


@pytest.mark.anyio
async def test_there_is_a_line_although_nobody_gets_done() -> None:
    clock, spoken, said = FakeClock(), asyncio.Event(), list[str]()

    def say(line: str) -> None:
        said.append(line)
        spoken.set()

    with lines("writing", 9, clock, say):
        clock.seconds = 10
        await asyncio.wait_for(spoken.wait(), 5)
    assert said == ["writing: 0 of 9 accounts, 0/s"]


def test_there_is_a_line_every_ten_seconds() -> None:
    clock, said = FakeClock(), list[str]()

    with lines("reading", 9, clock, said.append) as notify:
        go(notify, clock, 1, 5, 9.9, 10, 11, 19.9)
        go(notify, clock, 25, failure=LATER)
        go(notify, clock, 29, 34.9, failure=DEAD)

    assert said == [
        "reading: 4 of 9 accounts, 0/s, 12 s left",
        "reading: 7 of 9 accounts, 0/s, 1 throttled, 7 s left",
    ]
    assert EVERY == 10


def test_what_is_over_soon_says_nothing() -> None:
    clock, said = FakeClock(), list[str]()

    with lines("reading", 3, clock, said.append) as notify:
        go(notify, clock, 1, 2, 3)

    assert said == []


def test_rates_count_from_when_the_step_began() -> None:
    clock, said = FakeClock(), list[str]()
    clock.seconds = 1000

    with lines("writing", 40, clock, said.append) as notify:
        go(notify, clock, *[1010] * 20)

    assert said == ["writing: 1 of 40 accounts, 0/s, 390 s left"]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard error is drawn on as on a terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.usefixtures("terminal")
def test_a_bar_is_drawn_and_is_gone_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    clock = FakeClock()

    with bar("reading", 4, clock, color=True) as notify:
        go(notify, clock, 2, 4)

    out, err = capsys.readouterr()
    assert out == ""
    assert "━" in err
    assert "reading: 2 of 4 accounts" in err
    assert "4 s left" in err
    assert err.endswith("\x1b[1A\x1b[2K"), "up again and the line cleared"


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("width", [40, 60, 80])
def test_on_a_narrow_terminal_the_line_goes_on_below(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    clock = FakeClock()

    with bar("reading", 5_000, clock, color=False) as notify:
        go(notify, clock, *[1] * 300, failure=LATER)
        go(notify, clock, *[2] * 20, failure=DEAD)
        go(notify, clock, 9, failure=DEAD)

    err = capsys.readouterr().err
    drawn = re.sub(r"\x1b\[\??\d+[a-zA-Z]", "", err)
    told = "reading: 321 of 5000 accounts, 36/s, 300 throttled, 21 failed, 131 s left"
    assert told in " ".join(drawn.split())
    assert max(map(len, drawn.replace("\r", "\n").splitlines())) <= width
    assert ("╸" in drawn) is (width >= 60)
    assert err.endswith("\x1b[1A\x1b[2K" * 2), "both lines are cleared in the end"


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("color", [True, False])
def test_a_bar_is_as_colourful_as_it_may_be(color: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with bar("reading", 4, FakeClock(), color=color):
        pass

    assert ("m━" in capsys.readouterr().err) is color


@pytest.mark.usefixtures("terminal")
def test_a_bar_is_gone_when_the_step_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), bar("reading", 4, FakeClock(), color=False):
        raise KeyError

    assert capsys.readouterr().err.endswith("\x1b[1A\x1b[2K")


def read_six(console: Console) -> None:
    """A step of a minute over six accounts."""
    clock = FakeClock()
    with console.progress("reading", 6, clock) as notify:
        go(notify, clock, 10, 20, 30, 40, 50, 60)


def test_in_ci_lines_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    read_six(Console(ci=True))

    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == "reading: 1 of 6 accounts, 0/s, 50 s left"
    assert len(err.splitlines()) == 6


@pytest.mark.parametrize("console", [Console(), Console(ci=True, verbosity=-1), Console(verbosity=-1)])
def test_nobody_is_told_who_is_no_terminal_or_wants_it_quiet(
    console: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    read_six(console)

    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("ci", [True, False])
def test_who_wants_each_account_gets_no_summary(ci: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with Console(ci=ci, verbosity=1).progress("reading", 2, clock := FakeClock()) as notify:
        clock.seconds = 99
        notify(Account("shop\x1b[2J", "1"), None)
        notify(Account("other", "2"), DEAD)

    told = capsys.readouterr().err.splitlines()
    assert (len(told), told[1]) == (2, "reading other")
    assert "\x1b" not in told[0]


def test_a_step_over_nobody_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Console(ci=True).progress("reading", 0, FakeClock()):
        pass

    assert capsys.readouterr() == ("", "")
