"""Budgets, usage and the cap of a run, seen from outside: which calls are made, when, and what is told."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from pathlib import Path

import pytest

from icesync.errors import GraphError, Throttled, TokenError, Transient
from icesync.graph.door import PATIENCE, UNTOLD_WAIT
from icesync.graph.governor import LOOK_AGAIN, MOST_UNANSWERED, Governor
from icesync.graph.ledger import SLACK, Ledger
from icesync.graph.protocol import transient
from icesync.graph.usage import UNUSED, Usage
from icesync.model import Account, Budget, FailureKind, GraphFailure
from tests.support.clock import FakeClock

pytestmark = pytest.mark.anyio

ACME, OTHER = Account("acme", "1"), Account("other", "2")
HOUR = 3600.0


@dataclass
class Line:
    """What is called: it answers with success, or with the next of its errors."""

    clock: FakeClock
    errors: list[GraphError] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)

    async def __call__(self) -> str:
        self.calls.append(self.clock.monotonic())
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def line(clock: FakeClock) -> Line:
    return Line(clock)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with closing(Ledger(None, Budget(3, 60), "host")) as ledger:
        yield ledger


@pytest.fixture
def governor(clock: FakeClock, ledger: Ledger) -> Governor:
    return Governor(clock, ledger=ledger)


def failure(kind: FailureKind, code: int | None = None) -> GraphFailure:
    return GraphFailure(kind, "no", code)


async def refused(
    governor: Governor, line: Line, account: Account = ACME, *, again: bool = False
) -> Throttled:
    """What a call raises that is not made."""
    before = len(line.calls)
    with pytest.raises(Throttled) as caught:
        await governor.call(account, line, again=again)
    assert len(line.calls) == before
    return caught.value


async def use(governor: Governor, line: Line, calls: int, account: Account = ACME) -> None:
    for _ in range(calls):
        assert await governor.call(account, line) == "answer"


async def test_a_call_is_entered_before_it_is_sent(governor: Governor) -> None:
    rooms = []

    async def look() -> None:
        rooms.append([governor.room(ACME, calls) > 0 for calls in (1, 2, 3)])

    await governor.call(ACME, look)

    assert rooms == [[False, False, True]]


@pytest.mark.parametrize(
    "error",
    [
        TokenError(failure(FailureKind.TOKEN, 190)),
        Transient(failure(FailureKind.TRANSIENT)),
        Throttled(failure(FailureKind.THROTTLED, 613), app_wide=False, wait=None),
    ],
    ids=["refused", "lost", "throttled"],
)
async def test_a_call_that_fails_counts_like_any_other(
    governor: Governor, clock: FakeClock, error: GraphError
) -> None:
    with pytest.raises(type(error)):
        await governor.call(ACME, Line(clock, [error]))

    assert governor.room(ACME, 2) == 0.0
    assert governor.room(ACME, 3) > 0.0


async def test_what_does_not_fit_is_refused_with_the_time_at_which_it_can_go(
    governor: Governor, line: Line, clock: FakeClock
) -> None:
    await use(governor, line, 1)
    await clock.sleep(10.0)
    await use(governor, line, 2)

    told = await refused(governor, line)

    assert (told.wait, told.again, told.app_wide) == (52.0, False, False)
    assert told.failure.kind is FailureKind.THROTTLED
    assert told.failure.not_before == "2026-11-23T03:10:13Z"
    assert "3/1m" in told.failure.message
    assert "--wait" in told.failure.hint
    await clock.sleep(told.wait or 0.0)
    await use(governor, line, 1)
    assert clock.slept == [10.0, 52.0]


async def test_what_fits_soon_is_to_be_tried_again_in_this_run(
    governor: Governor, line: Line, clock: FakeClock
) -> None:
    await use(governor, line, 3)
    await clock.sleep(60.0 + SLACK - PATIENCE)

    told = await refused(governor, line)

    assert (told.again, told.wait) == (True, PATIENCE)


async def test_endless_patience_has_everything_tried_again_that_fits_at_all(
    clock: FakeClock, ledger: Ledger, line: Line
) -> None:
    governor = Governor(clock, ledger=ledger, patience=inf)
    await use(governor, line, 3)

    assert (await refused(governor, line)).again
    with pytest.raises(Throttled) as never:
        governor.hold(OTHER, 4)
    assert (never.value.again, never.value.failure.not_before) == (False, None)


async def test_nothing_is_to_be_tried_again_once_the_run_is_being_stopped(
    clock: FakeClock, ledger: Ledger, line: Line
) -> None:
    governor = Governor(clock, ledger=ledger, patience=inf, stopping=lambda: True)
    await use(governor, line, 3)

    assert not (await refused(governor, line)).again


async def test_every_account_has_a_budget_of_its_own(governor: Governor, line: Line) -> None:
    await use(governor, line, 3)
    await use(governor, line, 3, OTHER)

    await refused(governor, line)


async def test_me_is_another_account_under_each_name(governor: Governor, line: Line) -> None:
    await use(governor, line, 3, Account("first", "me"))
    await use(governor, line, 3, Account("second", "me"))

    await refused(governor, line, Account("first", "me"))


async def test_a_rename_brings_no_new_budget(governor: Governor, line: Line) -> None:
    await use(governor, line, 3)

    await refused(governor, line, Account("renamed", ACME.id))


async def test_without_a_budget_nothing_is_ever_too_much(clock: FakeClock, line: Line) -> None:
    governor = Governor(clock)

    governor.hold(ACME, 10_000)
    await use(governor, line, 1000)
    governor.release(ACME)

    assert governor.room(ACME, 10_000) == 0.0
    assert clock.slept == []


async def test_what_is_held_is_kept_from_all_others(governor: Governor, line: Line) -> None:
    governor.hold(ACME, 2)

    assert governor.room(ACME, 1) == 0.0
    assert governor.room(ACME, 2) > 0.0
    with pytest.raises(Throttled) as caught:
        governor.hold(ACME, 2)
    assert caught.value.failure.not_before == "2026-11-23T03:10:13Z"
    # The refusal has taken nothing.
    await use(governor, line, 3)
    await refused(governor, line)


async def test_what_is_held_by_one_run_is_kept_from_another(
    clock: FakeClock, ledger: Ledger, governor: Governor, line: Line
) -> None:
    another = Governor(clock, ledger=ledger)
    governor.hold(ACME, 2)

    await use(another, line, 1)
    await refused(another, line)
    governor.release(ACME)

    await use(another, line, 2)


async def test_what_is_held_lets_a_read_back_pass_a_full_budget(
    clock: FakeClock, ledger: Ledger, governor: Governor, line: Line
) -> None:
    governor.hold(ACME, 2)
    await use(governor, line, 1)
    await use(Governor(clock, ledger=ledger), line, 1)

    await use(governor, line, 1)

    await refused(governor, line)


@pytest.mark.parametrize("usage", [Usage(app=95.0), Usage(account=95.0), Usage(account=100.0, regain=HOUR)])
@pytest.mark.parametrize("budget", [Budget(3, 60), None])
async def test_what_is_held_lets_a_read_back_pass_a_stop(
    clock: FakeClock, line: Line, usage: Usage, budget: Budget | None
) -> None:
    with closing(Ledger(None, budget or Budget(1, 1), "host")) as ledger:
        governor = Governor(clock, ledger=ledger if budget else None)
        governor.hold(ACME, 2)
        await use(governor, line, 1)
        governor.told(ACME, usage)

        await use(governor, line, 1)

        await refused(governor, line)


@pytest.mark.parametrize("usage", [Usage(app=95.0), Usage(account=95.0)])
async def test_what_is_held_lets_nothing_begin_that_was_not_begun_before_the_stop(
    governor: Governor, line: Line, usage: Usage, clock: FakeClock, ledger: Ledger
) -> None:
    governor.hold(ACME, 2)
    governor.told(ACME, usage)

    await refused(governor, line)

    governor.release(ACME)
    assert ledger.wait(ACME.identity, 3, clock.now().timestamp()) == 0.0


async def test_another_try_is_not_paid_from_what_is_held(governor: Governor, line: Line) -> None:
    governor.hold(ACME, 2)
    await governor.call(ACME, line, again=True)

    await refused(governor, line, again=True)

    await use(governor, line, 2)


async def test_the_second_try_at_the_apps_door_is_not_paid_from_what_is_held(
    governor: Governor, clock: FakeClock
) -> None:
    told = Throttled(failure(FailureKind.THROTTLED, 4), app_wide=True, wait=5.0)
    line = Line(clock, [told])
    governor.hold(ACME, 2)
    await use(governor, line, 1)
    governor.told(ACME, Usage(app=99.0))

    await use(governor, line, 1)

    assert line.calls[:2] == [0.0, 5.0]
    assert len(line.calls) == 3
    await refused(governor, line)


async def test_what_was_held_for_too_long_is_no_room_any_more(
    governor: Governor, ledger: Ledger, line: Line, clock: FakeClock
) -> None:
    governor.hold(ACME, 1)
    await clock.sleep(100.0)
    for _ in range(3):
        assert ledger.take(ACME.identity, clock.now().timestamp()) == 0.0

    await refused(governor, line)


async def test_what_was_held_for_too_long_and_forgotten_is_entered_anew(
    governor: Governor, ledger: Ledger, line: Line, clock: FakeClock
) -> None:
    governor.hold(ACME, 1)
    await clock.sleep(100.0)
    ledger.forget(clock.now().timestamp())

    await use(governor, line, 1)

    assert governor.room(ACME, 2) == 0.0
    assert governor.room(ACME, 3) > 0.0


async def test_what_is_given_back_is_there_again(governor: Governor, line: Line) -> None:
    governor.hold(ACME, 3)
    await use(governor, line, 1)
    governor.release(ACME)
    governor.release(ACME)

    governor.hold(ACME, 2)

    with pytest.raises(Throttled):
        governor.hold(ACME, 1)


async def test_nothing_is_held_for_an_account_whose_door_is_closed(
    governor: Governor, ledger: Ledger, clock: FakeClock
) -> None:
    closed = Throttled(failure(FailureKind.THROTTLED, 613), app_wide=False, wait=9.0)
    with pytest.raises(Throttled):
        await governor.call(ACME, Line(clock, [closed]))

    with pytest.raises(Throttled) as caught:
        governor.hold(ACME, 1)

    assert (caught.value.again, caught.value.wait) == (True, 9.0)
    assert governor.room(ACME, 2) == 0.0


@pytest.mark.parametrize("usage", [Usage(app=95.0), Usage(account=96.0)])
async def test_nothing_is_held_once_usage_has_stopped_the_calls(
    governor: Governor, usage: Usage, clock: FakeClock, ledger: Ledger
) -> None:
    governor.told(ACME, usage)

    with pytest.raises(Throttled):
        governor.hold(ACME, 1)

    assert ledger.wait(ACME.identity, 3, clock.now().timestamp()) == 0.0


def spaces(calls: Sequence[float]) -> list[float]:
    return [round(later - earlier, 9) for earlier, later in pairwise(calls)]


@pytest.mark.parametrize("cap", [0.5, 4.0, 1000.0])
async def test_a_cap_spaces_the_calls_of_the_whole_run(clock: FakeClock, line: Line, cap: float) -> None:
    governor = Governor(clock, max_rps=cap)

    for number in range(9):
        await governor.call(Account(str(number), str(number)), line)

    assert spaces(line.calls) == [1 / cap] * 8


async def test_a_cap_costs_nothing_where_calls_are_slower_anyway(clock: FakeClock, line: Line) -> None:
    governor = Governor(clock, max_rps=2.0)
    for _ in range(5):
        await governor.call(ACME, line)
        await clock.sleep(1.0)

    assert spaces(line.calls) == [1.0] * 4


async def test_whose_turn_has_not_come_when_the_run_is_stopped_makes_no_call(
    clock: FakeClock, line: Line
) -> None:
    governor = Governor(clock, max_rps=0.01, stopping=lambda: clock.seconds >= 3.0)
    await use(governor, line, 1)

    with pytest.raises(Throttled, match="interrupted") as caught:
        await governor.call(ACME, line)

    assert (caught.value.again, line.calls, clock.seconds) == (False, [0.0], 3.0)


async def test_what_ends_something_has_its_turn_although_the_run_is_being_stopped(
    clock: FakeClock, line: Line
) -> None:
    governor = Governor(clock, max_rps=0.1, stopping=lambda: clock.seconds >= 3.0)
    governor.hold(ACME, 2)
    await governor.turn(ACME, 2)

    await use(governor, line, 2)

    assert line.calls == [0.0, 10.0]


async def test_the_calls_of_one_account_have_their_turns_in_a_row(clock: FakeClock, line: Line) -> None:
    governor = Governor(clock, max_rps=1)
    for account in (ACME, OTHER):
        governor.hold(account, 2)
    await governor.turn(ACME, 2)
    await governor.turn(OTHER, 2)

    await use(governor, line, 2, OTHER)

    assert line.calls == [2.0, 3.0]


async def test_one_blip_of_the_network_is_no_dead_api_however_many_calls_it_takes(
    clock: FakeClock, line: Line
) -> None:
    governor = Governor(clock, concurrency=256)
    await use(governor, line, 1)
    line.errors = [transient("reset") for _ in range(256)]

    calls = [governor.call(Account(str(number), str(number)), line) for number in range(256)]
    assert all(isinstance(lost, Transient) for lost in await asyncio.gather(*calls, return_exceptions=True))

    assert not governor.has_given_up
    await use(governor, line, 1)


async def test_usage_makes_all_calls_of_the_app_slower_from_75_percent_on(
    clock: FakeClock, line: Line
) -> None:
    governor = Governor(clock)
    gaps = []
    for percent in (0.0, 50.0, 75.0, 80.0, 85.0, 90.0, 94.9):
        governor.told(ACME, Usage(app=percent))
        await use(governor, line, 3, OTHER)
        gaps.append(spaces(line.calls)[-1])

    assert gaps[:3] == [0.0, 0.0, 0.0]
    assert gaps[2:] == sorted(set(gaps[2:]))


async def test_usage_of_an_account_makes_that_account_slower_alone(clock: FakeClock, line: Line) -> None:
    governor = Governor(clock)
    governor.told(ACME, Usage(account=90.0))

    await use(governor, line, 10, OTHER)
    assert clock.slept == []

    await use(governor, line, 2)
    assert sum(clock.slept) > 0.0


async def test_usage_that_is_told_no_more_slows_nobody(clock: FakeClock, line: Line) -> None:
    governor = Governor(clock)
    governor.told(ACME, Usage(app=90.0, account=90.0))
    governor.told(ACME, UNUSED)

    await use(governor, line, 10)

    assert clock.slept == []


@pytest.mark.parametrize("percent", [95.0, 100.0, 250.0])
async def test_from_95_percent_on_no_call_of_the_app_is_begun(
    governor: Governor, line: Line, percent: float
) -> None:
    await use(governor, line, 1)
    governor.told(ACME, Usage(app=percent))

    for account in (ACME, OTHER):
        told = await refused(governor, line, account)
        assert (told.wait, told.again) == (LOOK_AGAIN, False)
        assert told.failure.not_before == "2026-11-23T03:10:11Z"
        assert "the app" in told.failure.message


async def test_a_stopped_app_refuses_a_whole_fleet_at_once(clock: FakeClock, line: Line) -> None:
    governor = Governor(clock)
    governor.told(ACME, Usage(app=100.0))

    for number in range(1000):
        await refused(governor, line, Account(str(number), str(number)))

    assert clock.slept == []


async def test_a_full_budget_takes_nobodys_turn(
    clock: FakeClock, ledger: Ledger, governor: Governor, line: Line
) -> None:
    await use(governor, line, 3)
    capped = Governor(clock, ledger=ledger, max_rps=0.1)
    await use(capped, line, 1, OTHER)

    for _ in range(100):
        await refused(capped, line)

    assert clock.slept == []
    await use(capped, line, 1, OTHER)
    assert line.calls[-1] == 10.0


@pytest.mark.parametrize(("regain", "wait"), [(None, UNTOLD_WAIT), (120.0, 120.0), (7.0, 7.0)])
async def test_a_stopped_account_is_told_when_it_gets_access_again(
    governor: Governor, line: Line, clock: FakeClock, regain: float | None, wait: float
) -> None:
    governor.told(ACME, Usage(account=100.0, regain=regain))

    told = await refused(governor, line)

    assert (told.wait, told.again) == (wait, wait <= PATIENCE)
    assert "the account" in told.failure.message
    await use(governor, line, 1, OTHER)
    await clock.sleep(wait)
    await use(governor, line, 1)


async def test_a_stop_of_the_app_ends_when_its_time_is_over(
    governor: Governor, line: Line, clock: FakeClock
) -> None:
    governor.told(ACME, Usage(app=97.0))
    await clock.sleep(LOOK_AGAIN - 1.0)
    assert (await refused(governor, line)).again

    await clock.sleep(1.0)

    await use(governor, line, 1)


class BusyClock(FakeClock):
    """A clock that tells when somebody begins to sleep, and lets others go on first."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.meanwhile.set()
        for _ in range(100):
            await asyncio.sleep(0)
        await super().sleep(seconds)


async def one_waits_while_another_ends(
    governor: Governor, clock: BusyClock, error: GraphError, line: Line
) -> BaseException | str:
    """What becomes of a call that waits for its turn while one that is under way fails, once."""
    governor.told(ACME, Usage(app=94.0))
    errors = [error]

    async def under_way() -> str:
        await clock.meanwhile.wait()
        if errors:
            raise errors.pop()
        return "answer"

    both = (governor.call(ACME, under_way), governor.call(OTHER, line))
    return (await asyncio.wait_for(asyncio.gather(*both, return_exceptions=True), 10))[1]


async def test_who_waits_for_a_turn_does_not_call_an_app_that_closed_meanwhile() -> None:
    clock = BusyClock()
    governor, line = Governor(clock), Line(clock)
    await use(governor, line, 1)
    closed = Throttled(failure(FailureKind.THROTTLED, 4), app_wide=True, wait=None)

    found = await one_waits_while_another_ends(governor, clock, closed, line)

    assert isinstance(found, Throttled)
    assert found.app_wide
    assert len(line.calls) == 1


async def test_who_waits_for_a_turn_sits_out_a_short_closing_too() -> None:
    clock = BusyClock()
    governor, line = Governor(clock), Line(clock)
    await use(governor, line, 1)
    closed = Throttled(failure(FailureKind.THROTTLED, 4), app_wide=True, wait=12.0)

    assert await one_waits_while_another_ends(governor, clock, closed, line) == "answer"
    assert line.calls[1] >= 12.0


async def test_who_waits_for_a_turn_does_not_call_an_api_that_was_given_up_meanwhile() -> None:
    clock = BusyClock()
    governor = Governor(clock)
    line = Line(clock, [Transient(failure(FailureKind.TRANSIENT)) for _ in range(MOST_UNANSWERED - 1)])
    assert await governor.call(ACME, Line(clock)) == "answer"
    for _ in range(MOST_UNANSWERED - 1):
        with pytest.raises(Transient):
            await governor.call(ACME, line)

    found = await one_waits_while_another_ends(
        governor, clock, Transient(failure(FailureKind.TRANSIENT)), line
    )

    assert isinstance(found, Transient)
    assert governor.has_given_up
    assert len(line.calls) == MOST_UNANSWERED - 1


async def test_who_waits_for_a_turn_while_usage_stops_the_app_is_refused() -> None:
    clock = BusyClock()
    governor, line = Governor(clock), Line(clock)
    await use(governor, line, 1)
    governor.told(ACME, Usage(app=94.0))

    async def nearly() -> str:
        await clock.meanwhile.wait()
        governor.told(ACME, Usage(app=95.0))
        return "answer"

    both = asyncio.gather(governor.call(ACME, nearly), governor.call(OTHER, line), return_exceptions=True)

    found = await asyncio.wait_for(both, 10)
    assert found[0] == "answer"
    assert isinstance(found[1], Throttled)
    assert len(line.calls) == 1


async def test_what_never_fits_is_told_as_such_and_not_waited_for(clock: FakeClock, ledger: Ledger) -> None:
    governor = Governor(clock, ledger=ledger, patience=inf)

    with pytest.raises(Throttled, match=r"^its budget of 3/1m calls never has room for the 4 ") as caught:
        governor.hold(ACME, 4)

    assert (caught.value.again, caught.value.failure.not_before) == (False, None)
    assert "--budget" in caught.value.failure.hint


async def test_a_ledger_that_breaks_is_a_failure_of_the_account_and_what_was_begun_goes_on(
    clock: FakeClock, line: Line, tmp_path: Path
) -> None:
    file = tmp_path / "calls.sqlite"
    with closing(Ledger(file, Budget(5, 60), "host")) as ledger:
        governor = Governor(clock, ledger=ledger)
        governor.hold(ACME, 2)
        with closing(sqlite3.connect(file)) as other:
            other.execute("DROP TABLE calls")

        with pytest.raises(GraphError, match=r"calls\.sqlite") as caught:
            await governor.call(OTHER, line)
        assert caught.value.failure.kind is FailureKind.TRANSIENT
        assert [await governor.call(ACME, line) for _ in range(2)] == ["answer"] * 2
        governor.release(ACME)


async def test_who_is_stopped_by_usage_has_no_room(governor: Governor) -> None:
    assert governor.room(ACME, 3) == 0.0
    governor.told(ACME, Usage(account=97.0, regain=300.0))
    assert (governor.room(ACME, 3), governor.room(OTHER, 3)) == (300.0, 0.0)
    governor.told(OTHER, Usage(app=97.0))
    assert governor.room(OTHER, 3) == LOOK_AGAIN


async def test_a_call_that_does_not_count_leaves_the_budget_and_what_is_held_alone(
    governor: Governor, line: Line
) -> None:
    governor.hold(ACME, 2)
    for _ in range(5):
        await governor.call(ACME, line, counts=False)

    assert governor.room(ACME, 1) == 0.0
    await use(governor, line, 2)
    assert governor.room(ACME, 1) == 0.0
    assert governor.room(ACME, 2) > 0.0


async def test_a_call_that_does_not_count_begins_nothing_so_a_stop_bars_it_and_what_follows(
    governor: Governor, line: Line
) -> None:
    governor.hold(ACME, 2)
    await governor.call(ACME, line, counts=False)
    governor.told(ACME, Usage(app=97.0))

    for counts in (False, True):
        with pytest.raises(Throttled):
            await governor.call(ACME, line, counts=counts)

    assert len(line.calls) == 1


async def test_a_call_that_does_not_count_has_its_turn_like_any_other(clock: FakeClock, line: Line) -> None:
    governor = Governor(clock, max_rps=1.0)

    for counts in (True, False, True):
        await governor.call(ACME, line, counts=counts)

    assert line.calls == [0.0, 1.0, 2.0]
