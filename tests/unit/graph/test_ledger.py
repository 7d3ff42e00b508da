"""The ledger of calls: a sliding window that runs and processes share, and what becomes of its file."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from math import inf
from pathlib import Path

import pytest

from icesync.errors import IcesyncError
from icesync.graph.ledger import FILE_NAME, SLACK, Ledger
from icesync.model import USUAL_BUDGET, Budget

ROOT = Path(__file__).parents[3]
NOW = 1_795_403_351.0
LENGTH = 60
BUDGET = Budget(3, LENGTH)
AFTER = LENGTH + SLACK
"""Seconds after which a call does not count any more."""

Open = Callable[..., Ledger]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens ledgers of three calls in a minute, and closes them in the end."""
    with ExitStack() as stack:

        def open_(path: Path | None = None, budget: Budget = BUDGET, host: str = "graph.example") -> Ledger:
            ledger = Ledger(path, budget, host)
            stack.callback(ledger.close)
            return ledger

        yield open_


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


def fill(ledger: Ledger, *times: float, account: str = "a") -> None:
    for at in times:
        assert ledger.take(account, at) == 0.0


def test_calls_up_to_the_budget_are_entered_at_once(opened: Open) -> None:
    ledger = opened()

    assert [ledger.take("a", NOW) for _ in range(5)] == [0.0, 0.0, 0.0, AFTER, AFTER]


def test_the_usual_budget_is_ten_calls_in_ten_minutes(opened: Open) -> None:
    ledger = opened(budget=USUAL_BUDGET)

    assert [ledger.take("a", NOW) for _ in range(11)] == [0.0] * 10 + [600.0 + SLACK]


def test_a_budget_slides_and_does_not_begin_anew(opened: Open) -> None:
    ledger = opened()
    fill(ledger, NOW, NOW + 30, NOW + 59)

    assert ledger.take("a", NOW + 61) == AFTER - 61
    fill(ledger, NOW + AFTER)
    assert ledger.take("a", NOW + AFTER) == 30
    fill(ledger, NOW + AFTER + 30)


def test_what_was_not_entered_counts_for_nothing(opened: Open) -> None:
    ledger = opened()
    fill(ledger, NOW, NOW, NOW)

    assert {ledger.take("a", NOW + second) > 0 for second in range(62)} == {True}
    fill(ledger, NOW + AFTER, NOW + AFTER, NOW + AFTER)


def test_a_call_counts_a_little_longer_than_its_budget_says(opened: Open) -> None:
    ledger = opened()
    fill(ledger, NOW, NOW, NOW)

    assert ledger.take("a", NOW + LENGTH) == SLACK
    assert ledger.take("a", NOW + AFTER - 0.5) == 0.5
    assert ledger.take("a", NOW + AFTER) == 0.0


@pytest.mark.parametrize(
    ("calls", "seconds"), [(0, 0.0), (1, 0.0), (2, AFTER - 20), (3, AFTER - 10), (4, inf), (1000, inf)]
)
def test_the_wait_is_until_as_many_calls_fit_as_are_asked_for(
    opened: Open, calls: int, seconds: float
) -> None:
    ledger = opened()
    fill(ledger, NOW - 20, NOW - 10)

    assert ledger.wait("a", calls, NOW) == seconds


def test_asking_for_the_wait_enters_nothing(opened: Open) -> None:
    ledger = opened()

    assert [ledger.wait("a", 3, NOW) for _ in range(10)] == [0.0] * 10


def test_a_budget_that_was_made_smaller_waits_for_all_that_is_too_much(opened: Open, file: Path) -> None:
    fill(opened(file), NOW - 30, NOW - 20, NOW - 10)
    smaller = opened(file, budget=Budget(1, LENGTH))

    assert smaller.take("a", NOW) == AFTER - 10
    assert opened(file, budget=Budget(4, LENGTH)).take("a", NOW) == 0.0


def test_every_account_has_its_own_budget(opened: Open) -> None:
    ledger = opened()
    fill(ledger, NOW, NOW, NOW)

    fill(ledger, NOW, NOW, NOW, account="b")
    assert ledger.take("a", NOW) > 0


def test_different_hosts_are_different_budgets(opened: Open, file: Path) -> None:
    fill(opened(file), NOW, NOW, NOW)

    fill(opened(file, host="127.0.0.1:8080"), NOW, NOW, NOW)
    assert opened(file).take("a", NOW) > 0


@pytest.mark.parametrize("account", ["", "ü", "a'; DROP TABLE calls; --", "a\nb", "x" * 10_000])
def test_any_name_may_be_counted(opened: Open, account: str) -> None:
    ledger = opened()
    fill(ledger, NOW, NOW, NOW, account=account)

    assert ledger.take(account, NOW) > 0
    assert ledger.take("a", NOW) == 0.0


def test_what_another_run_holds_is_neither_spent_nor_given_back(opened: Open, file: Path) -> None:
    theirs, ours = opened(file), opened(file)
    assert (theirs.hold("a", 1, NOW), ours.hold("a", 1, NOW)) == (0, 0)

    ours.release("a")

    assert ours.wait("a", 2, NOW) == 0 < ours.wait("a", 3, NOW)
    assert theirs.spend("a", NOW + 30) == 0
    assert ours.wait("a", 3, NOW + 61 + SLACK) > 0


def test_a_run_with_a_short_budget_forgets_nothing_that_counts_for_a_long_one(
    opened: Open, file: Path
) -> None:
    long, short = opened(file, Budget(1, 600)), opened(file, Budget(1, 10))
    long.take("a", NOW)

    short.forget(NOW + 60)

    assert long.take("a", NOW + 60) > 0


def test_what_is_held_counts_until_it_is_given_back(opened: Open) -> None:
    ledger = opened()

    assert ledger.hold("a", 2, NOW) == 0.0
    assert ledger.wait("a", 1, NOW) == 0.0
    assert ledger.wait("a", 2, NOW) == AFTER

    ledger.release("a")
    assert ledger.wait("a", 3, NOW) == 0.0


def test_holding_is_all_or_nothing(opened: Open) -> None:
    ledger = opened()
    fill(ledger, NOW - 10, NOW)

    assert ledger.hold("a", 2, NOW) == AFTER - 10
    assert ledger.hold("a", 4, NOW) == inf
    fill(ledger, NOW)


def test_what_is_spent_stays_when_the_rest_is_given_back(opened: Open) -> None:
    ledger = opened()
    ledger.hold("a", 3, NOW)

    assert ledger.spend("a", NOW) == 0.0
    ledger.release("a")

    assert ledger.wait("a", 2, NOW) == 0.0
    assert ledger.wait("a", 3, NOW) == AFTER


def test_what_is_spent_counts_from_then_on(opened: Open) -> None:
    ledger = opened()
    ledger.hold("a", 1, NOW)

    assert ledger.spend("a", NOW + 50) == 0.0

    assert ledger.wait("a", 3, NOW + 50) == AFTER
    assert ledger.wait("a", 3, NOW + AFTER) == 50


def test_what_is_held_can_be_spent_in_a_full_budget_and_no_more_than_that(opened: Open) -> None:
    ledger = opened()
    ledger.hold("a", 1, NOW)
    fill(ledger, NOW, NOW)

    assert ledger.spend("a", NOW) == 0.0
    assert ledger.spend("a", NOW) == AFTER


def test_what_is_held_for_longer_than_the_budget_lasts_is_a_call_like_any_other(opened: Open) -> None:
    ledger = opened()
    ledger.hold("a", 2, NOW)
    later = NOW + AFTER
    fill(ledger, later, later)

    assert ledger.spend("a", later) == 0.0
    assert ledger.spend("a", later) == AFTER


def test_giving_back_is_for_one_account_alone(opened: Open) -> None:
    ledger = opened()
    ledger.hold("a", 3, NOW)
    ledger.hold("b", 3, NOW)

    ledger.release("b")

    assert ledger.wait("a", 1, NOW) > 0


def test_forgetting_keeps_all_that_counts(opened: Open) -> None:
    ledger = opened()
    fill(ledger, NOW - AFTER, NOW - AFTER + 1, NOW)
    ledger.hold("b", 3, NOW)

    ledger.forget(NOW)

    assert ledger.wait("a", 2, NOW) == 1
    assert ledger.wait("b", 1, NOW) == AFTER


def test_the_file_does_not_grow_from_run_to_run(opened: Open, file: Path) -> None:
    sizes = []
    for run in range(4):
        ledger = opened(file)
        ledger.forget(NOW + run * AFTER)
        for number in range(1000):
            ledger.take(f"{run}-{number}", NOW + run * AFTER)
        ledger.close()
        sizes.append(file.stat().st_size)

    assert max(sizes) <= 1.2 * sizes[0]


def test_what_a_wrong_clock_has_put_into_the_future_is_forgotten(opened: Open) -> None:
    ledger = opened()
    year = 365 * 24 * 3600.0
    fill(ledger, NOW + year, NOW + year, NOW + year)
    assert ledger.take("a", NOW) > year

    ledger.forget(NOW)

    assert ledger.take("a", NOW) == 0.0


def test_what_is_a_little_ahead_is_not_forgotten(opened: Open) -> None:
    ledger = opened()
    fill(ledger, NOW + 5, NOW + 5, NOW + 5)

    ledger.forget(NOW)

    assert ledger.take("a", NOW) == AFTER + 5


def test_a_ledger_in_memory_is_of_this_run_alone(opened: Open) -> None:
    first, second = opened(), opened()
    fill(first, NOW, NOW, NOW)

    fill(second, NOW, NOW, NOW)


def test_the_next_run_knows_what_the_last_one_did(opened: Open, file: Path) -> None:
    first = opened(file)
    fill(first, NOW, NOW, NOW)
    first.close()

    assert opened(file).take("a", NOW + 10) == AFTER - 10


def test_two_that_share_a_file_share_the_budget(opened: Open, file: Path) -> None:
    one, other = opened(file), opened(file)
    fill(one, NOW, NOW)

    assert other.hold("a", 2, NOW) == AFTER
    assert other.hold("a", 1, NOW) == 0.0
    assert one.take("a", NOW) == AFTER


def test_who_gives_back_what_another_holds_makes_nothing_uncounted(opened: Open, file: Path) -> None:
    one, other = opened(file), opened(file)
    one.hold("a", 1, NOW)
    other.hold("a", 1, NOW)
    other.release("a")

    assert one.spend("a", NOW) == 0.0

    assert one.wait("a", 2, NOW) == 0.0
    assert one.wait("a", 3, NOW) == AFTER


HAMMER = """
import sys
from pathlib import Path
from icesync.graph.ledger import Ledger
from icesync.model import Budget

sys.stdin.readline()
ledger, made = Ledger(Path(sys.argv[1]), Budget(40, 60), "host"), 0
for tick in range(200):
    now = 1795403351.0 + tick / 100
    if tick % 3:
        made += ledger.take("a", now) == 0
    elif ledger.hold("a", 2, now) == 0:
        made += ledger.spend("a", now) == 0
ledger.release("a")
print(made, flush=True)
ledger.close()
"""

HOLDER = """
import sys
from pathlib import Path
from icesync.graph.ledger import Ledger
from icesync.model import Budget

ledger = Ledger(Path(sys.argv[1]), Budget(3, 60), "graph.example")
ledger.take("a", float(sys.argv[2]))
ledger.hold("a", 2, float(sys.argv[2]))
print("held", flush=True)
sys.stdin.readline()
"""


def start(script: str, *arguments: object) -> "subprocess.Popen[str]":
    """Another Python that runs this script; it can wait for a line of its input."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_processes_that_hammer_one_file_never_exceed_the_budget(file: Path) -> None:
    # The file is not there yet, and all of them create it at once.
    processes = [start(HAMMER, file) for _ in range(3)]

    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    made = [int(process.communicate(timeout=60)[0]) for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0]
    with ExitStack() as stack:
        ledger = Ledger(file, Budget(40, 60), "host")
        stack.callback(ledger.close)
        left = sum(ledger.take("a", NOW + 2) == 0 for _ in range(50))
    # What each of them held and did not spend was not made, and given back.
    assert sum(made) + left == 40


def test_what_a_killed_process_has_entered_and_held_counts_until_it_is_too_old(
    opened: Open, file: Path
) -> None:
    process = start(HOLDER, file, NOW)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    process.kill()
    process.communicate(timeout=60)

    ledger = opened(file)
    ledger.forget(NOW + 1)
    assert ledger.take("a", NOW + 1) == AFTER - 1
    fill(ledger, NOW + AFTER, NOW + AFTER, NOW + AFTER)


DAMAGED = {
    "no database": b"this is no database, whatever its name says",
    "half a page": b"SQLite format 3\x00" + b"\xff" * 500,
    "a header and nothing else": b"SQLite format 3\x00",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_file_is_told_by_its_name(opened: Open, file: Path, content: bytes) -> None:
    file.write_bytes(content)

    with pytest.raises(IcesyncError) as caught:
        opened(file)

    assert type(caught.value) is IcesyncError
    assert str(file) in str(caught.value)
    assert "--budget none" in str(caught.value)


def test_a_file_of_another_program_is_told_by_its_name(opened: Open, file: Path) -> None:
    import sqlite3

    stranger = sqlite3.connect(file)
    stranger.execute("CREATE TABLE calls (who TEXT)")
    stranger.close()

    with pytest.raises(IcesyncError, match=FILE_NAME):
        opened(file)


@pytest.mark.parametrize(
    "use",
    [
        lambda ledger: ledger.take("a", NOW),
        lambda ledger: ledger.hold("a", 2, NOW),
        lambda ledger: ledger.spend("a", NOW),
        lambda ledger: ledger.wait("a", 1, NOW),
        lambda ledger: ledger.release("a"),
        lambda ledger: ledger.forget(NOW),
    ],
    ids=["take", "hold", "spend", "wait", "release", "forget"],
)
def test_a_file_that_goes_bad_in_the_middle_is_told_by_its_name(
    opened: Open, file: Path, use: Callable[[Ledger], object]
) -> None:
    import sqlite3

    ledger = opened(file)
    fill(ledger, NOW)
    stranger = sqlite3.connect(file)
    stranger.execute("DROP TABLE calls")
    stranger.close()

    with pytest.raises(IcesyncError, match=f"{FILE_NAME}.*no such table"):
        use(ledger)


@pytest.mark.parametrize("path", ["", "missing/calls.sqlite"])
def test_a_place_that_cannot_hold_a_file_is_told_by_its_name(opened: Open, tmp_path: Path, path: str) -> None:
    with pytest.raises(IcesyncError) as caught:
        opened(tmp_path / path)

    assert str(tmp_path / path) in str(caught.value)
