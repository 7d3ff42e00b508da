"""When calls may pass, seen from outside: who is called, who waits, and who is given up."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import inf

import pytest

from icesync.errors import GraphError, InvalidRequest, Throttled, TokenError, Transient
from icesync.graph.door import PATIENCE, UNTOLD_WAIT
from icesync.graph.governor import MOST_UNANSWERED, Governor
from icesync.model import Account, FailureKind, GraphFailure
from tests.support.clock import FakeClock

pytestmark = pytest.mark.anyio


def account(name: str) -> Account:
    return Account(name, name)


def throttled(wait: float | None, *, app: bool = False) -> Throttled:
    return Throttled(GraphFailure(FailureKind.THROTTLED, "too many calls"), app_wide=app, wait=wait)


def lost(what: str = "no answer", code: int | None = None) -> Transient:
    return Transient(GraphFailure(FailureKind.TRANSIENT, what, code))


@dataclass
class Line:
    """One end of a governed line: what it answers, how often it was called, and when.

    Each call takes the next of `answers`, and success once there are none left. A call whose number
    stands in `held` answers only when its event is set; `later` holds all calls but the first.
    """

    clock: FakeClock
    answers: list[GraphError | None] = field(default_factory=list)
    held: dict[int, asyncio.Event] = field(default_factory=dict)
    later: asyncio.Event | None = None
    calls: list[float] = field(default_factory=list)

    async def __call__(self) -> str:
        self.calls.append(self.clock.monotonic())
        number = len(self.calls)
        answer = self.answers.pop(0) if self.answers else None
        gate = self.held.get(number, self.later if number > 1 else None)
        await asyncio.sleep(0)
        if gate is not None:
            await gate.wait()
        if answer is not None:
            raise answer
        return "answer"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def governor(clock: FakeClock) -> Governor:
    return Governor(clock)


async def turns(count: int = 20) -> None:
    """Let everything that can go on go on."""
    for _ in range(count):
        await asyncio.sleep(0)


async def patiently(
    governor: Governor, clock: FakeClock, name: str, line: Callable[[], Awaitable[str]]
) -> str:
    """A call that is made again after its wait for as long as the governor says so."""
    while True:
        try:
            return await governor.call(account(name), line)
        except Throttled as closed:
            if not closed.again or closed.wait is None:
                raise
            await clock.sleep(closed.wait)


async def crowd(
    governor: Governor, size: int, line: Callable[[], Awaitable[str]]
) -> list[str | BaseException]:
    calls = (governor.call(account(f"account-{number}"), line) for number in range(size))
    return await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 10)


async def test_an_answer_comes_back(governor: Governor, clock: FakeClock) -> None:
    assert await governor.call(account("a"), Line(clock)) == "answer"
    assert clock.slept == []


async def test_the_first_call_goes_alone_and_then_all_go_at_once(
    governor: Governor, clock: FakeClock
) -> None:
    line = Line(clock, held={1: asyncio.Event()}, later=asyncio.Event())
    everyone = asyncio.create_task(crowd(governor, 10, line))

    await turns()
    assert len(line.calls) == 1

    line.held[1].set()
    await turns()
    assert len(line.calls) == 10

    line.later.set()
    assert await everyone == ["answer"] * 10


@pytest.mark.parametrize(
    "first", [TokenError(GraphFailure(FailureKind.TOKEN, "dead")), lost(), throttled(None)]
)
async def test_a_first_call_that_fails_for_its_own_account_holds_nobody_up(
    governor: Governor, clock: FakeClock, first: GraphError
) -> None:
    line = Line(clock, [first], later=asyncio.Event())
    everyone = asyncio.create_task(crowd(governor, 10, line))

    await turns()
    assert len(line.calls) == 10

    line.later.set()
    found = await everyone
    assert found[1:] == ["answer"] * 9
    assert type(found[0]) is type(first)


@pytest.mark.parametrize("wait", [0.5, 1.0, PATIENCE])
async def test_a_short_wait_of_the_app_is_sat_out_in_place_and_then_tried_once_more(
    governor: Governor, clock: FakeClock, wait: float
) -> None:
    line = Line(clock, [throttled(wait, app=True)])

    assert await governor.call(account("a"), line) == "answer"
    assert line.calls == [0.0, wait]


@pytest.mark.parametrize(("wait", "not_before"), [(0.5, "12"), (1.0, "12"), (PATIENCE, "31")])
async def test_a_short_wait_of_an_account_is_told_and_then_it_is_tried_once_more(
    governor: Governor, clock: FakeClock, wait: float, not_before: str
) -> None:
    line = Line(clock, [throttled(wait)])

    with pytest.raises(Throttled) as caught:
        await governor.call(account("a"), line)

    closed = caught.value
    assert (closed.again, closed.wait, closed.app_wide) == (True, wait, False)
    assert (closed.failure.message, closed.failure.not_before) == (
        "too many calls",
        f"2026-11-23T03:09:{not_before}Z",
    )
    assert clock.slept == []
    assert await patiently(governor, clock, "a", line) == "answer"
    assert line.calls == [0.0, wait]


async def test_an_account_that_comes_back_early_is_told_how_long_it_still_has_to_wait(
    governor: Governor, clock: FakeClock
) -> None:
    line = Line(clock, [throttled(10.0)])
    for elapsed in (0.0, 4.0):
        await clock.sleep(elapsed)
        with pytest.raises(Throttled) as caught:
            await governor.call(account("a"), line)

    assert (caught.value.again, caught.value.wait) == (True, 6.0)
    assert len(line.calls) == 1


@pytest.mark.parametrize("app", [False, True])
async def test_a_wait_of_zero_is_tried_once_more_at_once(
    governor: Governor, clock: FakeClock, app: bool
) -> None:
    line = Line(clock, [throttled(0.0, app=app)])

    assert await governor.call(account("a"), line) == "answer"
    assert (len(line.calls), clock.slept) == (2, [])


@pytest.mark.parametrize("app", [False, True])
@pytest.mark.parametrize("wait", [None, PATIENCE + 1, inf])
async def test_an_unknown_or_long_wait_gives_up_without_another_call(
    governor: Governor, clock: FakeClock, wait: float | None, app: bool
) -> None:
    line = Line(clock, [throttled(wait, app=app)])

    for _ in range(3):
        with pytest.raises(Throttled) as caught:
            await governor.call(account("a"), line)

    assert (caught.value.app_wide, caught.value.again) == (app, False)
    assert caught.value.wait == (UNTOLD_WAIT if wait is None else wait)
    assert (caught.value.failure.not_before is None) is (wait == inf)
    assert (len(line.calls), clock.slept) == (1, [])


@pytest.mark.parametrize("second", [throttled(1.0), lost()])
async def test_a_second_try_that_does_not_get_through_is_the_last(
    clock: FakeClock, second: GraphError
) -> None:
    governor, line = Governor(clock), Line(clock, [throttled(1.0), second])

    for _ in range(4):
        with pytest.raises((Throttled, Transient)):
            await patiently(governor, clock, "a", line)

    assert line.calls == [0.0, 1.0]
    await clock.sleep(1000.0)
    with pytest.raises(Throttled) as caught:
        await governor.call(account("a"), line)
    assert (caught.value.again, caught.value.wait) == (False, 0.0)


@pytest.mark.parametrize(("wait", "seconds"), [(None, UNTOLD_WAIT), (7200.0, 7200.0)])
async def test_endless_patience_waits_for_an_account_however_long_it_takes(
    clock: FakeClock, wait: float | None, seconds: float
) -> None:
    governor, line = Governor(clock, patience=inf), Line(clock, [throttled(wait)])

    assert await patiently(governor, clock, "a", line) == "answer"
    assert line.calls == [0.0, seconds]


async def test_endless_patience_tries_as_often_as_it_takes(clock: FakeClock) -> None:
    governor, line = Governor(clock, patience=inf), Line(clock, [throttled(1.0)] * 5)

    assert await patiently(governor, clock, "a", line) == "answer"
    assert line.calls == [0.0, 1.0, 2.0, 10.0, 26.0, 58.0]


async def test_endless_patience_puts_accounts_aside_while_the_app_is_throttled_for_long(
    clock: FakeClock,
) -> None:
    governor, line = Governor(clock, patience=inf), Line(clock, [throttled(None, app=True)])

    with pytest.raises(Throttled) as caught:
        await governor.call(account("a"), line)
    assert (caught.value.again, caught.value.wait, clock.slept) == (True, UNTOLD_WAIT, [])
    with pytest.raises(Throttled):
        governor.hold(account("b"), 2)
    await clock.sleep(UNTOLD_WAIT)

    assert await crowd(governor, 5, line) == ["answer"] * 5


async def test_a_wait_that_never_ends_is_not_waited_for(clock: FakeClock) -> None:
    governor, line = Governor(clock, patience=inf), Line(clock, [throttled(inf)])

    with pytest.raises(Throttled) as caught:
        await governor.call(account("a"), line)

    assert not caught.value.again


@pytest.mark.parametrize("app", [False, True])
@pytest.mark.parametrize("patience", [PATIENCE, inf])
async def test_nobody_waits_once_the_run_is_being_stopped(
    clock: FakeClock, app: bool, patience: float
) -> None:
    governor = Governor(clock, patience=patience, stopping=lambda: True)
    line = Line(clock, [throttled(2.0, app=app)])

    with pytest.raises(Throttled) as caught:
        await governor.call(account("a"), line)

    assert (caught.value.again, caught.value.wait) == (False, 2.0)
    assert (len(line.calls), clock.slept) == (1, [])


async def test_a_wait_at_the_apps_door_ends_when_the_run_is_being_stopped(clock: FakeClock) -> None:
    governor = Governor(clock, stopping=lambda: clock.seconds >= 3.0)
    line = Line(clock, [throttled(PATIENCE, app=True)])

    with pytest.raises(Throttled) as caught:
        await governor.call(account("a"), line)

    assert caught.value.wait == PATIENCE - 3.0
    assert len(line.calls) == 1


async def test_a_throttled_account_pauses_only_itself(governor: Governor, clock: FakeClock) -> None:
    closed, open_ = Line(clock, [None, throttled(None)]), Line(clock)
    await governor.call(account("closed"), closed)

    with pytest.raises(Throttled):
        await governor.call(account("closed"), closed)

    assert await governor.call(account("open"), open_) == "answer"


async def test_an_account_that_sits_out_its_wait_first_holds_up_no_other(
    governor: Governor, clock: FakeClock
) -> None:
    slow, quick = Line(clock, [throttled(PATIENCE)]), Line(clock)
    both = asyncio.gather(
        patiently(governor, clock, "slow", slow), patiently(governor, clock, "quick", quick)
    )

    assert await both == ["answer", "answer"]
    assert (slow.calls, len(quick.calls)) == ([0.0, PATIENCE], 1)


@pytest.mark.parametrize("wait", [None, 5.0])
async def test_a_throttled_app_costs_two_calls_at_most_whatever_the_number_of_accounts(
    governor: Governor, clock: FakeClock, wait: float | None
) -> None:
    line = Line(clock, [throttled(wait, app=True) for _ in range(50)])

    found = await crowd(governor, 50, line)

    assert all(isinstance(each, Throttled) and each.app_wide for each in found)
    assert len(line.calls) == (1 if wait is None else 2)
    assert sum(clock.slept) == (wait or 0.0)


async def test_an_app_that_opens_again_lets_everyone_through(governor: Governor, clock: FakeClock) -> None:
    line = Line(clock, [throttled(5.0, app=True)])

    assert await crowd(governor, 50, line) == ["answer"] * 50
    assert len(line.calls) == 51
    assert sum(clock.slept) == 5.0


async def test_a_lost_second_call_does_not_open_the_apps_door(governor: Governor, clock: FakeClock) -> None:
    line = Line(clock, [throttled(5.0, app=True), lost(), *(throttled(5.0, app=True) for _ in range(50))])

    found = await crowd(governor, 50, line)

    assert {type(each) for each in found} == {Throttled, Transient}
    assert len(line.calls) == 2


async def test_an_app_that_closes_in_the_middle_pauses_those_that_follow(
    governor: Governor, clock: FakeClock
) -> None:
    await governor.call(account("first"), Line(clock))
    under_way = Line(clock, [throttled(5.0, app=True) for _ in range(8)])

    # Eight were under way together, which is one closing; then one goes first and the others follow.
    assert await crowd(governor, 8, under_way) == ["answer"] * 8
    assert len(under_way.calls) == 16
    assert len(set(under_way.calls[:8])) == 1
    assert min(under_way.calls[8:]) >= 5.0


async def test_an_answer_to_a_call_from_before_the_closing_opens_no_door(
    governor: Governor, clock: FakeClock
) -> None:
    await governor.call(account("first"), Line(clock))
    old = Line(clock, held={1: asyncio.Event()})
    early = asyncio.create_task(governor.call(account("early"), old))
    await turns()
    closed = Line(clock, [throttled(None, app=True)])
    with pytest.raises(Throttled):
        await governor.call(account("closed"), closed)

    old.held[1].set()
    assert await early == "answer"

    with pytest.raises(Throttled):
        await governor.call(account("later"), closed)
    assert len(closed.calls) == 1


async def test_an_account_that_wakes_up_finds_the_app_closed_meanwhile(
    governor: Governor, clock: FakeClock
) -> None:
    await governor.call(account("first"), Line(clock))
    sleeper, closed = Line(clock, [throttled(9.0)]), Line(clock, [throttled(None, app=True)])
    with pytest.raises(Throttled):
        await governor.call(account("sleeper"), sleeper)
    with pytest.raises(Throttled):
        await governor.call(account("closed"), closed)

    with pytest.raises(Throttled) as caught:
        await patiently(governor, clock, "sleeper", sleeper)

    assert caught.value.app_wide
    assert clock.seconds == 9.0
    assert len(sleeper.calls) == 1


class BusyClock(FakeClock):
    """A clock during whose sleeps something else happens."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.meanwhile.set()
        await turns(100)
        await super().sleep(seconds)


async def test_a_longer_wait_that_is_told_meanwhile_is_sat_out_too() -> None:
    clock = BusyClock()
    governor = Governor(clock)
    await governor.call(account("first"), Line(clock))
    late = Line(clock, [throttled(12.0, app=True)], held={1: clock.meanwhile})
    short = Line(clock, [throttled(2.0, app=True)])

    both = asyncio.gather(governor.call(account("late"), late), governor.call(account("short"), short))

    assert await asyncio.wait_for(both, 10) == ["answer", "answer"]
    assert min(late.calls[1], short.calls[1]) >= 12.0


async def test_waits_do_not_add_up_over_a_run(governor: Governor, clock: FakeClock) -> None:
    line = Line(clock, [throttled(1.0), None, throttled(1.0), None, throttled(1.0)])

    for _ in range(3):
        assert await patiently(governor, clock, "a", line) == "answer"

    assert len(line.calls) == 6


async def test_a_refusal_shows_that_the_door_is_open(governor: Governor, clock: FakeClock) -> None:
    refusal = InvalidRequest(GraphFailure(FailureKind.INVALID, "no"))
    line = Line(clock, [throttled(1.0, app=True), refusal, throttled(1.0, app=True)])

    with pytest.raises(InvalidRequest):
        await governor.call(account("a"), line)

    assert await governor.call(account("a"), line) == "answer"


async def test_a_cancelled_first_call_leaves_the_turn_to_the_next(
    governor: Governor, clock: FakeClock
) -> None:
    stuck = asyncio.create_task(governor.call(account("stuck"), Line(clock, held={1: asyncio.Event()})))
    waiting = asyncio.create_task(governor.call(account("waiting"), Line(clock)))
    await turns()

    stuck.cancel()

    assert await asyncio.wait_for(waiting, 10) == "answer"
    with pytest.raises(asyncio.CancelledError):
        await stuck


async def lose(governor: Governor, clock: FakeClock, count: int) -> Line:
    """A line that was called for `count` accounts, one after the other, and never answered."""
    line = Line(clock, [lost(f"silence {number}") for number in range(1, count + 1)])
    for number in range(count):
        with pytest.raises(Transient):
            await governor.call(account(f"lost-{number}"), line)
    return line


async def test_an_api_that_never_answers_is_given_up_for_the_whole_run(
    governor: Governor, clock: FakeClock
) -> None:
    line = await lose(governor, clock, 1000)

    assert len(line.calls) == MOST_UNANSWERED == 30
    assert governor.has_given_up
    with pytest.raises(Transient) as caught:
        await governor.call(account("another"), line)
    assert caught.value.failure.message == "silence 30"
    assert not caught.value.may_have_arrived
    assert clock.slept == []


@pytest.mark.parametrize(
    "answer",
    [
        None,
        TokenError(GraphFailure(FailureKind.TOKEN, "dead", 190)),
        InvalidRequest(GraphFailure(FailureKind.INVALID, "HTTP 404")),
        throttled(None),
        lost("an unknown error occurred", code=1),
    ],
    ids=["success", "token", "invalid", "throttled", "stumbled"],
)
async def test_any_answer_shows_that_somebody_is_there(
    governor: Governor, clock: FakeClock, answer: GraphError | None
) -> None:
    await lose(governor, clock, MOST_UNANSWERED - 1)
    await crowd(governor, 1, Line(clock, [answer]))

    line = await lose(governor, clock, MOST_UNANSWERED - 1)

    assert len(line.calls) == MOST_UNANSWERED - 1
    assert not governor.has_given_up
    assert await governor.call(account("another"), line) == "answer"


async def test_an_api_that_stumbles_over_every_call_is_not_given_up(
    governor: Governor, clock: FakeClock
) -> None:
    line = Line(clock, [lost("an unknown error occurred", code=2) for _ in range(100)])

    await crowd(governor, 101, line)

    assert len(line.calls) == 101


async def test_a_late_answer_does_not_bring_back_an_api_that_was_given_up(
    governor: Governor, clock: FakeClock
) -> None:
    await governor.call(account("first"), Line(clock))
    late = Line(clock, held={1: asyncio.Event()})
    early = asyncio.create_task(governor.call(account("early"), late))
    await turns()
    await lose(governor, clock, MOST_UNANSWERED)

    late.held[1].set()
    assert await early == "answer"

    with pytest.raises(Transient):
        await governor.call(account("later"), late)
    assert len(late.calls) == 1


async def test_what_an_api_that_was_given_up_failed_with_last_is_told(
    governor: Governor, clock: FakeClock
) -> None:
    await governor.call(account("first"), Line(clock))
    late = Line(clock, [lost("the last word")], held={1: asyncio.Event()})
    early = asyncio.create_task(governor.call(account("early"), late))
    await turns()
    await lose(governor, clock, MOST_UNANSWERED)

    late.held[1].set()
    with pytest.raises(Transient):
        await early

    with pytest.raises(Transient, match="the last word"):
        await governor.call(account("later"), late)


async def test_an_account_that_sits_out_its_wait_wakes_up_to_an_api_that_was_given_up() -> None:
    clock = BusyClock()
    governor = Governor(clock)
    await governor.call(account("first"), Line(clock))
    sleeper = Line(clock, [throttled(9.0)])
    asleep = asyncio.create_task(patiently(governor, clock, "sleeper", sleeper))
    await clock.meanwhile.wait()
    await lose(governor, clock, MOST_UNANSWERED)

    with pytest.raises(Transient):
        await asleep

    assert len(sleeper.calls) == 1


async def test_a_whole_app_that_opened_at_the_second_try_may_close_once_more(
    governor: Governor, clock: FakeClock
) -> None:
    line = Line(clock, [throttled(2.0, app=True), None, throttled(3.0, app=True)])

    assert await governor.call(account("a"), line) == "answer"
    assert await governor.call(account("a"), line) == "answer"
    assert line.calls == [0.0, 2.0, 2.0, 5.0]


async def test_every_call_of_a_given_up_app_is_told_when_it_can_go(
    governor: Governor, clock: FakeClock
) -> None:
    line = Line(clock, [throttled(None, app=True)])

    found = await crowd(governor, 5, line)

    assert [each.failure.not_before for each in found if isinstance(each, Throttled)] == [
        "2026-11-23T03:19:11Z"
    ] * 5
