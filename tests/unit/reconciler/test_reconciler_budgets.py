"""Applying with few calls left and at doors that are shut for a while: what is begun, and what is not."""

from math import inf

import pytest

from icesync.model import NOTHING, Change, FailureKind, Profile, Rollout, Status
from icesync.reconciler import AGAIN_CALLS, CLEAR_CALLS, FRESH, READ_BACK_PAUSES, WRITE_CALLS
from tests.support.memory import SHUT_FOR, WINDOW, Fault, MemoryApi
from tests.support.scene import A_FR, ACME, B_FR, A, B, C, Scene, fleet, scene

pytestmark = pytest.mark.anyio

OK = Fault.NONE
SHUT = Fault.SHUT


@pytest.mark.parametrize(("budget", "verbs"), [(1, ""), (2, "POST GET"), (3, "POST GET")])
async def test_a_write_is_begun_only_when_its_read_back_is_affordable(budget: int, verbs: str) -> None:
    stage = scene(budget=budget)

    outcome = await stage.outcome()

    assert outcome.status is (Status.APPLIED if verbs else Status.DEFERRED)
    assert stage.verbs == verbs


@pytest.mark.parametrize(("budget", "verbs"), [(1, ""), (2, ""), (3, "GET POST GET")])
async def test_what_must_be_read_again_first_needs_a_call_more(budget: int, verbs: str) -> None:
    stage = scene(budget=budget, seen={})

    outcome = await stage.outcome()

    assert outcome.status is (Status.APPLIED if verbs else Status.DEFERRED)
    assert stage.verbs == verbs


async def test_a_write_that_is_not_affordable_is_deferred_and_nowhere_on_record() -> None:
    stage = scene(budget=1)

    outcome = await stage.outcome()

    assert outcome.error
    assert outcome.error.kind is FailureKind.THROTTLED
    assert (stage.api.live["1"], stage.log.writes, stage.notified) == (A, [], ["acme"])
    assert stage.log.outcomes == [outcome]


@pytest.mark.parametrize("live", [B, C])
async def test_calls_that_were_kept_and_not_needed_are_given_back(live: Profile) -> None:
    stage = scene(live=live, seen={}, budget=3)

    await stage.outcome()

    assert (stage.verbs, stage.api.held) == ("GET", 0)


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.THROTTLED, Fault.DROPPED, Fault.LOST])
async def test_whatever_becomes_of_a_write_nothing_stays_kept_for_it(fault: Fault) -> None:
    stage = scene(fault, budget=9)

    await stage.outcome()

    assert stage.api.held == 0


async def spend(stage: Scene, calls: int) -> None:
    for _ in range(calls):
        await stage.api.get_profile(ACME)
    stage.api.record.clear()


async def test_who_may_wait_waits_for_its_budget_and_reads_again_what_is_old_by_then() -> None:
    stage = scene(budget=3)
    stage.api.patience = inf
    await spend(stage, 2)

    assert (await stage.outcome()).status is Status.APPLIED
    assert stage.verbs == "GET POST GET"
    assert stage.clock.seconds == WINDOW


async def test_another_hand_during_the_wait_makes_the_plan_stale() -> None:
    stage = scene(budget=3)
    stage.api.patience = inf
    await spend(stage, 2)
    stage.api.live["1"] = C

    assert (await stage.outcome()).status is Status.STALE
    assert stage.api.live["1"] == C


async def test_a_budget_that_never_has_room_is_not_waited_for() -> None:
    stage = scene(budget=1)
    stage.api.patience = inf

    assert (await stage.outcome()).status is Status.DEFERRED
    assert stage.clock.slept == []


async def test_others_go_on_while_one_waits_for_its_budget() -> None:
    api = MemoryApi({str(n): A for n in range(4)}, budget=2, patience=inf)
    stage = Scene(api, fleet(4), concurrency=1)
    await api.get_profile(stage.changes[0].account)
    api.record.clear()
    stage.seen = {change.account.name: WINDOW for change in stage.changes}

    outcomes = await stage.apply()

    assert [outcome.status for outcome in outcomes] == [Status.APPLIED] * 4
    assert api.written == ["1", "2", "3", "0"]


async def test_an_interrupt_ends_the_wait_for_a_budget() -> None:
    stage = scene(budget=3)
    stage.api.patience = inf
    await spend(stage, 2)
    stage.stopping = lambda: stage.clock.monotonic() >= 30

    outcome = await stage.outcome()

    assert (outcome.status, outcome.detail) == (Status.DEFERRED, "interrupted before it was written")
    assert (stage.verbs, stage.clock.seconds) == ("", 30)


async def test_nobody_waits_for_a_budget_when_the_rollout_has_ended() -> None:
    api = MemoryApi({"0": A, "1": A}, {"1": [Fault.REFUSED]}, budget=3, patience=inf)
    stage = Scene(api, fleet(2), concurrency=1, rollout=Rollout(stop_after=1))
    for _ in range(2):
        await api.get_profile(stage.changes[0].account)

    outcomes = await stage.apply()

    assert [outcome.status for outcome in outcomes] == [Status.DEFERRED, Status.FAILED]
    assert outcomes[0].detail == "not begun: stopped after 1 failure"
    assert stage.clock.slept == []


async def test_a_read_back_that_is_not_affordable_leaves_what_the_last_one_saw() -> None:
    stage = scene(lag=1, budget=2)

    outcome = await stage.outcome()

    assert (outcome.status, outcome.detail) == (
        Status.UNVERIFIED,
        "written, but live state still reads differently",
    )
    assert stage.verbs == "POST GET"
    assert stage.api.live["1"] == B


async def test_a_first_read_back_that_is_refused_is_unverified_with_the_reason() -> None:
    stage = scene(OK, Fault.THROTTLED)

    outcome = await stage.outcome()

    assert (outcome.status, outcome.detail) == (
        Status.UNVERIFIED,
        "written, but it could not be read back",
    )
    assert outcome.error
    assert outcome.error.kind is FailureKind.THROTTLED


async def test_who_may_wait_waits_for_the_next_read_back_too() -> None:
    stage = scene(lag=1, budget=AGAIN_CALLS)
    stage.api.patience = inf
    for _ in range(AGAIN_CALLS - WRITE_CALLS):
        await stage.api.get_profile(ACME)

    assert (await stage.outcome()).status is Status.APPLIED
    assert stage.verbs == "GET GET GET POST GET GET"
    assert stage.clock.seconds >= WINDOW


# What the clearing of locales costs where POST merges: the write, its read-backs, and three more.
WHOLE = 1 + len(READ_BACK_PAUSES) + CLEAR_CALLS


@pytest.mark.parametrize("budget", range(WRITE_CALLS, WHOLE))
async def test_locales_are_cleared_away_only_when_all_its_calls_are_affordable(budget: int) -> None:
    stage = scene(live=A_FR, merge=True, changes=(Change(ACME, A_FR, B),), budget=budget)

    outcome = await stage.outcome()

    assert outcome.status is Status.UNVERIFIED
    assert outcome.detail == "written, but fr_FR could not be removed"
    assert outcome.error
    assert outcome.error.kind is FailureKind.THROTTLED
    assert "DELETE" not in stage.verbs
    assert stage.api.live["1"] == B_FR
    assert stage.log.writes == [Change(ACME, A_FR, B)], "what is not begun is not on record"


async def test_locales_are_cleared_away_when_the_last_call_of_the_budget_reads_it_back() -> None:
    stage = scene(live=A_FR, merge=True, changes=(Change(ACME, A_FR, B),), budget=WHOLE)

    assert (await stage.outcome()).status is Status.APPLIED
    assert stage.verbs == "POST GET GET GET DELETE POST GET"
    assert stage.api.used("1") == WHOLE


async def test_who_may_wait_waits_for_each_read_back_of_what_was_cleared() -> None:
    lag = len(READ_BACK_PAUSES) - 1
    stage = scene(live=A_FR, merge=True, lag=lag, changes=(Change(ACME, A_FR, B),), budget=WHOLE)
    stage.api.patience = inf

    assert (await stage.outcome()).status is Status.APPLIED
    assert stage.verbs == "POST GET GET GET DELETE POST GET GET GET"
    assert stage.clock.seconds >= WINDOW


@pytest.mark.parametrize("place", range(2))
async def test_a_shut_door_before_the_write_is_sat_out(place: int) -> None:
    stage = scene(*[OK] * place, SHUT, seen={})

    assert (await stage.outcome()).status is Status.APPLIED
    assert stage.clock.seconds == SHUT_FOR
    assert stage.verbs.endswith("POST GET")


async def test_a_write_that_waited_too_long_at_a_shut_door_is_read_again_first() -> None:
    stage = scene(SHUT, seen={"acme": 0.0})
    stage.clock.seconds = FRESH

    assert (await stage.outcome()).status is Status.APPLIED
    assert stage.verbs == "GET POST GET"


async def test_once_stopping_nobody_waits_at_a_shut_door() -> None:
    stage = scene(SHUT)
    stage.stopping = lambda: bool(stage.log.writes)

    outcome = await stage.outcome()

    assert outcome.status is Status.DEFERRED
    assert outcome.error
    assert outcome.error.message == "shut"
    assert (stage.verbs, stage.clock.slept) == ("", [])


async def test_a_shut_door_before_the_read_back_is_sat_out() -> None:
    stage = scene(OK, SHUT)

    assert (await stage.outcome()).status is Status.APPLIED
    assert stage.clock.seconds == SHUT_FOR


async def test_an_interrupt_ends_the_wait_for_a_read_back() -> None:
    stage = scene(OK, *[SHUT] * 9)
    stage.stopping = lambda: stage.clock.monotonic() >= 2

    outcome = await stage.outcome()

    assert (outcome.status, outcome.detail) == (
        Status.UNVERIFIED,
        "written, but it could not be read back",
    )
    assert stage.clock.seconds == 2


async def test_an_account_that_was_cleared_is_written_again_although_its_door_is_shut_for_a_while() -> None:
    stage = scene(*[OK] * 5, SHUT, SHUT, live=A_FR, merge=True, changes=(Change(ACME, A_FR, B),))

    assert (await stage.outcome()).status is Status.APPLIED
    assert stage.verbs == "POST GET GET GET DELETE POST GET"
    assert stage.api.live["1"] == B
    assert stage.clock.seconds == sum(READ_BACK_PAUSES) + 2 * SHUT_FOR


async def test_a_clearing_at_a_shut_door_leaves_the_account_as_it_is() -> None:
    stage = scene(*[OK] * 4, SHUT, live=A_FR, merge=True, changes=(Change(ACME, A_FR, B),))

    outcome = await stage.outcome()

    assert (outcome.status, outcome.detail) == (
        Status.UNVERIFIED,
        "written, but fr_FR could not be removed",
    )
    assert stage.api.live["1"] not in (NOTHING, B)
