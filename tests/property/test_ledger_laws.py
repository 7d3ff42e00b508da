"""Laws of the ledger: whatever is asked of it and when, no window holds more calls than the budget."""

from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from icesync.errors import IcesyncError
from icesync.graph.ledger import SLACK, Ledger
from icesync.model import Budget

START = 1_795_403_351.0

budgets = st.builds(Budget, calls=st.integers(1, 6), seconds=st.integers(1, 60))
# Eighths of a second are sums without rounding, so that "too early by nothing" can be told from "in time".
steps = st.integers(0, 8 * 30).map(lambda eighths: eighths / 8)
asked = st.sampled_from(("take", "take", "take", "hold", "spend", "release", "forget"))


def crowded(made: Sequence[float], budget: Budget) -> list[tuple[float, float]]:
    """The windows that are too short for the calls that are in them, by their first and last."""
    pairs = zip(made, made[budget.calls :], strict=False)
    return [(first, last) for first, last in pairs if last - first <= budget.seconds]


def ask(ledger: Ledger, what: str, calls: int, now: float) -> bool:
    """Whether a call may be made."""
    if what == "hold":
        ledger.hold("a", calls, now)
    elif what == "release":
        ledger.release("a")
    elif what == "forget":
        ledger.forget(now)
    else:
        return (ledger.take if what == "take" else ledger.spend)("a", now) == 0
    return False


@given(budgets, st.lists(steps, max_size=60))
def test_no_window_holds_more_calls_than_the_budget(budget: Budget, pauses: list[float]) -> None:
    now, made = START, []
    with closing(Ledger(None, budget, "host")) as ledger:
        for pause in pauses:
            now += pause
            if ledger.take("a", now) == 0:
                made.append(now)

    assert crowded(made, budget) == []


@given(budgets, st.lists(st.tuples(steps, asked, st.integers(1, 4)), max_size=60))
def test_no_holding_and_giving_back_brings_more(budget: Budget, script: list[tuple[float, str, int]]) -> None:
    now, made = START, []
    with closing(Ledger(None, budget, "host")) as ledger:
        for pause, what, calls in script:
            now += pause
            if ask(ledger, what, calls, now):
                made.append(now)

    assert crowded(made, budget) == []


@given(budgets, st.lists(st.tuples(steps, asked, st.integers(1, 4), st.integers(0, 2)), max_size=30))
def test_no_number_of_processes_brings_more(
    budget: Budget, script: list[tuple[float, str, int, int]]
) -> None:
    now, made = START, []
    with TemporaryDirectory() as folder:
        ledgers = [Ledger(Path(folder) / "calls.sqlite", budget, "host") for _ in range(3)]
        for pause, what, calls, process in script:
            now += pause
            if ask(ledgers[process], what, calls, now):
                made.append(now)
        for ledger in ledgers:
            ledger.close()

    assert crowded(made, budget) == []


@given(budgets, st.lists(steps, max_size=30), st.integers(1, 6))
def test_what_has_waited_as_told_fits_and_not_a_moment_earlier(
    budget: Budget, pauses: list[float], calls: int
) -> None:
    now = START
    with closing(Ledger(None, budget, "host")) as ledger:
        for pause in pauses:
            now += pause
            ledger.take("a", now)
        wait = ledger.wait("a", calls, now)
        if calls > budget.calls:
            assert wait == float("inf")
        elif wait:
            assert 0 < wait <= budget.seconds + SLACK
            assert ledger.hold("a", calls, now + wait - 1 / 8) > 0
            assert ledger.hold("a", calls, now + wait) == 0
        else:
            assert ledger.hold("a", calls, now) == 0


@given(budgets, st.lists(steps, min_size=1, max_size=30))
def test_forgetting_changes_no_answer(budget: Budget, pauses: list[float]) -> None:
    now = START
    with closing(Ledger(None, budget, "a")) as keeping, closing(Ledger(None, budget, "a")) as forgetting:
        for pause in pauses:
            now += pause
            forgetting.forget(now)
            assert keeping.take("a", now) == forgetting.take("a", now)


@given(st.binary(max_size=200))
def test_a_file_of_any_content_is_a_ledger_or_an_error_for_people(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "calls.sqlite"
        file.write_bytes(content)
        with suppress(IcesyncError), closing(Ledger(file, Budget(1, 1), "host")) as ledger:
            assert ledger.take("a", START) == 0.0
