"""Observing and applying on an API in memory: what is called, in which order, and what is said of it."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from icesync.errors import JournalError, Transient
from icesync.model import (
    NOTHING,
    Account,
    Action,
    Change,
    Desired,
    FailureKind,
    GraphFailure,
    Outcome,
    Profile,
    Status,
)
from icesync.reconciler import FRESH, READ_BACK_PAUSES, observe
from tests.support.clock import FakeClock
from tests.support.memory import SHUT_FOR, Bug, Fault, MemoryApi, MemoryLog
from tests.support.scene import A_FR, ACME, B_FR, A, B, C, Scene, fleet, scene

pytestmark = pytest.mark.anyio


def accounts(size: int, profile: Profile | None = B) -> list[Desired]:
    return [Desired(change.account, profile) for change in fleet(size)]


async def seen_by(
    api: MemoryApi, found: Iterable[Desired], *, concurrency: int = 3, clock: FakeClock | None = None
) -> tuple[dict[str, Any], list[str]]:
    notified: list[str] = []
    observed = await observe(
        api,
        found,
        clock=clock or FakeClock(),
        concurrency=concurrency,
        notify=lambda account, _: notified.append(account.name),
    )
    return observed, notified


async def test_every_account_is_read_once_and_told() -> None:
    api = MemoryApi({"0": A, "1": B})

    observed, notified = await seen_by(api, accounts(3))

    assert {name: each.profile for name, each in observed.items()} == {
        "acme-0": A, "acme-1": B, "acme-2": NOTHING,
    }  # fmt: skip
    assert sorted(notified) == ["acme-0", "acme-1", "acme-2"]
    assert sorted(api.record) == [("GET", "0"), ("GET", "1"), ("GET", "2")]


async def test_an_account_that_cannot_be_read_is_a_failure_of_its_own() -> None:
    api = MemoryApi({"0": A, "1": B}, {"1": [Fault.THROTTLED]})

    observed, notified = await seen_by(api, accounts(2))

    assert observed["acme-0"].profile == A
    assert observed["acme-1"].profile is None
    assert observed["acme-1"].error.kind is FailureKind.THROTTLED
    assert len(notified) == 2


async def test_an_observation_knows_when_it_was_made() -> None:
    clock = FakeClock()
    api = MemoryApi(before_call=lambda *_: clock.sleep(7))

    observed, _ = await seen_by(api, accounts(2), concurrency=1, clock=clock)

    assert [observed[name].at for name in ("acme-0", "acme-1")] == [7, 14]


@pytest.mark.parametrize(("concurrency", "most"), [(1, 1), (3, 3), (50, 10)])
async def test_no_more_accounts_at_once_than_allowed(concurrency: int, most: int) -> None:
    at_work: list[int] = []

    async def work() -> None:
        at_work.append(at_work[-1] + 1 if at_work else 1)
        await asyncio.sleep(0)
        at_work.append(at_work[-1] - 1)

    await seen_by(MemoryApi(before_call=lambda *_: work()), accounts(10), concurrency=concurrency)

    assert max(at_work) == most


async def test_a_profile_that_is_as_desired_is_in_memory_once() -> None:
    same = Profile.of({"default": [("B?", "B")]})
    api = MemoryApi({"0": same, "1": A})

    observed, _ = await seen_by(api, accounts(2, B))

    assert same is not B
    assert observed["acme-0"].profile is B
    assert observed["acme-1"].profile is A


async def test_an_unmanaged_account_can_be_read_too() -> None:
    api = MemoryApi({"0": A}, {"1": [Fault.REFUSED]})

    observed, _ = await seen_by(api, accounts(2, None))

    assert [observed[name].profile for name in ("acme-0", "acme-1")] == [A, None]
    assert observed["acme-1"].error


async def test_a_door_that_is_shut_for_a_while_is_read_through_later_and_others_meanwhile() -> None:
    clock = FakeClock()
    api = MemoryApi({"0": A, "1": A}, {"0": [Fault.SHUT]}, clock=clock)

    observed, notified = await seen_by(api, accounts(2), concurrency=1, clock=clock)

    assert (observed["acme-0"].at, observed["acme-1"].at) == (SHUT_FOR, 0)
    assert notified == ["acme-1", "acme-0"]


async def test_an_account_without_calls_left_is_unreadable_when_nobody_may_wait_so_long() -> None:
    clock = FakeClock()
    api = MemoryApi({"0": A}, budget=1, clock=clock)
    await seen_by(api, accounts(1), clock=clock)

    observed, _ = await seen_by(api, accounts(1), clock=clock)

    assert observed["acme-0"].profile is None
    assert observed["acme-0"].error.kind is FailureKind.THROTTLED
    assert clock.slept == []


async def test_who_is_told_learns_of_failures_too() -> None:
    told: dict[str, FailureKind | None] = {}
    api = MemoryApi({"0": A}, {"1": [Fault.REFUSED]})

    await observe(
        api,
        accounts(2),
        clock=FakeClock(),
        concurrency=2,
        notify=lambda account, failure: told.update({account.name: failure and failure.kind}),
    )

    assert told == {"acme-0": None, "acme-1": FailureKind.INVALID}


async def test_observing_nobody_costs_nothing() -> None:
    assert await seen_by(MemoryApi(), []) == ({}, [])


@pytest.mark.parametrize(
    ("before", "after", "verbs"),
    [(NOTHING, A, "POST GET"), (A, B, "POST GET"), (A_FR, B, "POST GET"), (A, NOTHING, "DELETE GET")],
)
async def test_a_fresh_change_is_one_write_and_one_read_back(
    before: Profile, after: Profile, verbs: str
) -> None:
    change = Change(ACME, before, after)
    stage = scene(live=before, changes=(change,))

    assert await stage.outcome() == Outcome(ACME, change.action, Status.APPLIED)
    assert stage.verbs == verbs
    assert stage.api.live["1"] == after
    assert stage.clock.slept == []
    assert stage.notified == ["acme"]


@pytest.mark.parametrize(("age", "verbs"), [(FRESH, "POST GET"), (FRESH + 0.1, "GET POST GET")])
async def test_an_observation_is_good_for_a_minute(age: float, verbs: str) -> None:
    stage = scene(seen={"acme": 0.0})
    stage.clock.seconds = age

    assert (await stage.outcome()).status is Status.APPLIED
    assert stage.verbs == verbs


@pytest.mark.parametrize(
    ("live", "status"), [(B, Status.ALREADY), (C, Status.STALE), (NOTHING, Status.STALE)]
)
async def test_live_state_that_has_moved_is_not_written(live: Profile, status: Status) -> None:
    stage = scene(live=live, seen={})

    outcome = await stage.outcome()

    assert (outcome.status, outcome.error) == (status, None)
    assert outcome.detail
    assert stage.verbs == "GET"
    assert stage.api.live["1"] == live
    assert stage.log.writes == []


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.REFUSED, Status.FAILED),
        (Fault.DROPPED, Status.FAILED),
        (Fault.LOST, Status.FAILED),
        (Fault.THROTTLED, Status.DEFERRED),
    ],
)
async def test_an_account_that_cannot_be_read_again_is_not_written(fault: Fault, status: Status) -> None:
    stage = scene(fault, seen={})

    outcome = await stage.outcome()

    assert outcome.status is status
    assert outcome.error
    assert stage.verbs == "GET"


@pytest.mark.parametrize(
    ("fault", "status"), [(Fault.REFUSED, Status.FAILED), (Fault.THROTTLED, Status.DEFERRED)]
)
async def test_a_write_that_is_refused_costs_no_read_back(fault: Fault, status: Status) -> None:
    stage = scene(fault)

    outcome = await stage.outcome()

    assert outcome.status is status
    assert outcome.error
    assert stage.verbs == "POST"
    assert stage.api.live["1"] == A


async def test_a_write_whose_answer_was_lost_is_read_back_and_counts() -> None:
    stage = scene(Fault.LOST)

    assert await stage.outcome() == Outcome(ACME, Action.UPDATE, Status.APPLIED)
    assert stage.verbs == "POST GET"


async def test_a_write_without_an_answer_that_does_not_read_back_is_unverified() -> None:
    stage = scene(Fault.DROPPED)

    outcome = await stage.outcome()

    assert outcome.status is Status.UNVERIFIED
    assert outcome.detail == "no answer to the write, and live state reads as before"
    assert outcome.error
    assert "no answer" in outcome.error.message
    assert stage.clock.slept == [pause for pause in READ_BACK_PAUSES if pause]


@pytest.mark.parametrize("write", [Fault.NONE, Fault.LOST, Fault.DROPPED])
@pytest.mark.parametrize("read", [Fault.REFUSED, Fault.DROPPED, Fault.THROTTLED])
async def test_a_write_that_cannot_be_read_back_is_unverified(write: Fault, read: Fault) -> None:
    stage = scene(write, read)

    outcome = await stage.outcome()

    assert outcome.status is Status.UNVERIFIED
    assert outcome.error
    # Nobody knows whether an unanswered write was made, so nobody may say so.
    assert outcome.detail.startswith("perhaps") is (write is not Fault.NONE)


@pytest.mark.parametrize("lag", range(len(READ_BACK_PAUSES)))
@pytest.mark.parametrize("write", [Fault.NONE, Fault.LOST])
async def test_reads_that_lag_behind_are_waited_for(lag: int, write: Fault) -> None:
    stage = scene(write, lag=lag)

    assert (await stage.outcome()).status is Status.APPLIED
    assert stage.verbs == " ".join(["POST"] + ["GET"] * (lag + 1))
    assert stage.clock.slept == [pause for pause in READ_BACK_PAUSES[: lag + 1] if pause]


async def test_reads_that_lag_too_long_leave_the_write_unverified() -> None:
    stage = scene(lag=len(READ_BACK_PAUSES))

    outcome = await stage.outcome()

    assert outcome.status is Status.UNVERIFIED
    assert "differently" in outcome.detail
    assert stage.api.live["1"] == B


async def test_another_hand_in_between_is_unverified() -> None:
    stage = scene()
    stage.api.before_call = lambda verb, _: stage.api.live.update({"1": C}) if verb == "GET" else None

    assert (await stage.outcome()).status is Status.UNVERIFIED
    assert stage.verbs == "POST GET GET GET"


MERGING = "POST GET GET GET DELETE POST GET"


async def test_locales_that_a_merging_api_keeps_are_cleared_away() -> None:
    stage = scene(live=A_FR, merge=True, changes=(Change(ACME, A_FR, B),))

    assert (await stage.outcome()).status is Status.APPLIED
    assert stage.verbs == MERGING
    assert stage.api.live["1"] == B
    assert stage.log.writes == [
        Change(ACME, A_FR, B),
        Change(ACME, B_FR, NOTHING),
        Change(ACME, NOTHING, B),
    ]


async def test_a_merging_api_that_has_nothing_to_keep_needs_no_clearing() -> None:
    stage = scene(merge=True)

    assert (await stage.outcome()).status is Status.APPLIED
    assert stage.verbs == "POST GET"


OK = Fault.NONE


@pytest.mark.parametrize(
    ("clearing", "live", "status"),
    [
        ([Fault.LOST], B, Status.APPLIED),
        ([Fault.DROPPED], B_FR, Status.UNVERIFIED),
        ([Fault.REFUSED], B_FR, Status.UNVERIFIED),
        ([OK, Fault.LOST], B, Status.APPLIED),
        ([OK, Fault.DROPPED], NOTHING, Status.UNVERIFIED),
        ([OK, Fault.REFUSED], NOTHING, Status.UNVERIFIED),
        ([OK, Fault.THROTTLED, Fault.THROTTLED], NOTHING, Status.UNVERIFIED),
    ],
)
async def test_a_clearing_that_goes_wrong_is_told_and_leaves_as_little_undone_as_it_can(
    clearing: list[Fault], live: Profile, status: Status
) -> None:
    stage = scene(OK, OK, OK, OK, *clearing, live=A_FR, merge=True, changes=(Change(ACME, A_FR, B),))

    outcome = await stage.outcome()

    assert (outcome.status, stage.api.live["1"]) == (status, live)
    assert bool(outcome.error) is (status is Status.UNVERIFIED)


async def test_a_clearing_that_is_refused_names_the_locales_that_stay() -> None:
    stage = scene(OK, OK, OK, OK, Fault.REFUSED, live=A_FR, merge=True, changes=(Change(ACME, A_FR, A),))

    outcome = await stage.outcome()

    assert outcome.status is Status.UNVERIFIED
    assert outcome.detail == "written, but fr_FR could not be removed"
    assert stage.api.live["1"] == A_FR


async def test_a_clearing_is_begun_only_when_both_its_writes_are_on_record() -> None:
    stage = scene(live=A_FR, merge=True, changes=(Change(ACME, A_FR, B),))
    stage.log.full = 2

    outcome = await stage.outcome()

    assert outcome.status is Status.UNVERIFIED
    assert "could not be removed: no room" in outcome.detail
    assert stage.api.live["1"] == B_FR


async def test_the_journal_has_every_write_before_the_api_has_it() -> None:
    stage = scene(live=A_FR, merge=True, changes=(Change(ACME, A_FR, B),))
    stage.log.lines = stage.api.record

    await stage.outcome()

    events = [event for event, _ in stage.api.record if event != "GET"]
    assert events == ["write", "POST", "write", "write", "DELETE", "POST", "outcome"]


async def test_each_account_ends_in_its_own_way_and_the_outcomes_are_sorted() -> None:
    scripts = {"1": [Fault.REFUSED], "2": [Fault.THROTTLED], "3": [OK, Fault.REFUSED]}
    stage = Scene(MemoryApi({str(n): A for n in range(5)}, scripts), fleet(5)[::-1])

    outcomes = await stage.apply()

    assert [(outcome.account.name, outcome.status.value) for outcome in outcomes] == [
        ("acme-0", "applied"),
        ("acme-1", "failed"),
        ("acme-2", "deferred"),
        ("acme-3", "unverified"),
        ("acme-4", "applied"),
    ]
    assert sorted(stage.log.outcomes, key=lambda outcome: outcome.account.name) == list(outcomes)
    assert sorted(stage.notified) == [outcome.account.name for outcome in outcomes]


async def test_an_empty_plan_does_nothing() -> None:
    stage = Scene(MemoryApi(), ())

    assert await stage.apply() == ()
    assert (stage.api.record, stage.log.lines) == ([], [])


async def test_once_stopping_nothing_new_is_begun_and_what_was_begun_is_finished() -> None:
    stage = Scene(MemoryApi({str(n): A for n in range(6)}), fleet(6), concurrency=2)
    stage.stopping = lambda: len(stage.api.written) >= 2

    outcomes = await stage.apply()

    assert [outcome.status for outcome in outcomes] == [Status.APPLIED] * 2 + [Status.DEFERRED] * 4
    assert stage.api.written == ["0", "1"]
    assert len(stage.log.outcomes) == 6
    assert "interrupted" in outcomes[-1].detail


@pytest.mark.parametrize("full", [0, 1, 2, 3])
async def test_a_journal_that_is_full_stops_the_run_before_anything_unrecorded(full: int) -> None:
    stage = Scene(MemoryApi({str(n): A for n in range(9)}), fleet(9), log=MemoryLog(full=full), concurrency=1)

    outcomes = await stage.apply()

    assert stage.api.written == [change.account.id for change in stage.log.writes]
    assert len(stage.api.written) <= 2
    applied = [outcome.account.id for outcome in outcomes if outcome.status is Status.APPLIED]
    assert applied == stage.api.written, "what was written is told, though it is not on record"
    assert {outcome.detail for outcome in outcomes if outcome.status is Status.DEFERRED} == {"no room"}


async def slow_read_back(verb: str) -> None:
    for _ in range(50 if verb == "GET" else 0):
        await asyncio.sleep(0)


async def test_when_the_journal_is_full_the_writes_of_others_are_finished() -> None:
    class FullForTheSecond(MemoryLog):
        def write(self, *changes: Change) -> None:
            if any(change.account.id == "1" for change in changes):
                raise JournalError("no room")
            super().write(*changes)

    api = MemoryApi({str(n): A for n in range(9)}, before_call=lambda verb, _: slow_read_back(verb))
    stage = Scene(api, fleet(9), log=FullForTheSecond(), concurrency=2)

    outcomes = await stage.apply()

    assert api.record == [("POST", "0"), ("GET", "0")]
    assert [outcome.status for outcome in outcomes] == [Status.APPLIED] + [Status.DEFERRED] * 8


async def test_an_interrupt_during_the_read_before_a_write_keeps_the_write_back() -> None:
    stage = scene()
    stage.seen = {}
    stage.stopping = lambda: bool(stage.api.record)

    assert (await stage.outcome()).status is Status.DEFERRED
    assert stage.verbs == "GET"


async def test_a_bug_in_one_worker_stops_the_run_and_the_others_finish_theirs() -> None:
    scripts = {"1": [Fault.BUG]}
    api = MemoryApi({str(n): A for n in range(9)}, scripts, before_call=lambda verb, _: slow_read_back(verb))
    stage = Scene(api, fleet(9), concurrency=3)

    with pytest.raises(Bug):
        await stage.apply()

    assert sorted(api.written) == ["0", "1", "2"]
    assert sorted(outcome.account.id for outcome in stage.log.outcomes) == ["0", "2"]


async def test_a_bug_while_observing_is_no_unreadable_account() -> None:
    api = MemoryApi(scripts={"0": [Fault.BUG]})

    with pytest.raises(Bug):
        await seen_by(api, accounts(9), concurrency=2)

    assert len(api.record) == 2


async def test_a_write_that_the_api_itself_called_failed_and_that_does_not_show_has_failed() -> None:
    class Failing(MemoryApi):
        async def set_profile(self, account: Account, profile: Profile) -> None:
            self.record.append(("POST", account.id))
            error = Transient(GraphFailure(FailureKind.TRANSIENT, "an unknown error", 2))
            error.may_have_arrived = True
            raise error

    stage = Scene(Failing({"1": A}))

    outcome = await stage.outcome()

    assert (outcome.status, outcome.error.code if outcome.error else None) == (Status.FAILED, 2)
    assert stage.verbs == "POST GET GET GET"
