"""An account is subscribed to what it lacks, step by step, and keeps what it had."""

from dataclasses import replace
from typing import Any

import pytest

from icesync.model import (
    NOTHING,
    Account,
    Desired,
    FailureKind,
    Limit,
    Outcome,
    Profile,
    Rollout,
    Status,
    Subscription,
)
from icesync.reconciler import READ_BACK_PAUSES, observe
from tests.support.clock import FakeClock
from tests.support.memory import SHUT_FOR, Fault, MemoryApi, MemoryLog
from tests.support.scene import A, B, Scene, fleet

pytestmark = pytest.mark.anyio

WANTED = ("messages", "messaging_postbacks")
ACME = Account("acme", "1", webhooks=WANTED)
LIVE = ("comments", "messages")
ALL = ("comments", "messages", "messaging_postbacks")


def scene(*script: Fault, live: tuple[str, ...] = LIVE, adds: bool = False, **more: Any) -> Scene:
    api = MemoryApi(subscribed={"1": live}, others={"1": script}, adds=adds)
    more.setdefault("changes", ())
    return Scene(api, subscriptions=(Subscription(ACME, LIVE, ALL),), **more)


async def observed(api: MemoryApi, desired: Desired) -> Any:
    found = await observe(api, [desired], clock=FakeClock(), concurrency=1, notify=lambda *_: None)
    return found[desired.account.name]


@pytest.mark.parametrize("adds", [False, True])
async def test_what_is_missing_is_added_under_both_meanings_of_a_post(adds: bool) -> None:
    stage = scene(adds=adds)

    assert await stage.outcome() == Outcome(ACME, stage.subscriptions[0].action, Status.APPLIED)
    assert set(stage.api.subscribed["1"]) == set(ALL)
    assert stage.verbs == "LOOK SUBSCRIBE LOOK"
    assert stage.log.subscriptions == [Subscription(ACME, LIVE, ALL)]
    assert stage.api.vouched == ["1"]
    assert stage.api.written == []


@pytest.mark.parametrize(
    ("live", "status", "after"),
    [
        (ALL, Status.ALREADY, ALL),
        ((*ALL, "mentions"), Status.ALREADY, (*ALL, "mentions")),
        (("mentions",), Status.APPLIED, ("mentions", *WANTED)),
        ((), Status.APPLIED, WANTED),
    ],
)
async def test_no_observation_is_relied_on_and_nothing_is_unsubscribed(
    live: tuple[str, ...], status: Status, after: tuple[str, ...]
) -> None:
    stage = scene(live=live)

    assert (await stage.outcome()).status is status
    assert set(stage.api.subscribed["1"]) == set(after)
    assert stage.verbs.startswith("LOOK")
    assert len(stage.log.subscriptions) == (status is Status.APPLIED)


@pytest.mark.parametrize(
    ("script", "status", "verbs"),
    [
        ([Fault.NONE, Fault.LOST], Status.APPLIED, "LOOK SUBSCRIBE LOOK"),
        ([Fault.NONE, Fault.DROPPED], Status.UNVERIFIED, "LOOK SUBSCRIBE LOOK LOOK LOOK"),
        ([Fault.REFUSED], Status.FAILED, "LOOK"),
        ([Fault.NONE, Fault.REFUSED], Status.FAILED, "LOOK SUBSCRIBE"),
        ([Fault.NONE, Fault.THROTTLED], Status.DEFERRED, "LOOK SUBSCRIBE"),
        ([Fault.NONE, Fault.NONE, Fault.REFUSED], Status.UNVERIFIED, "LOOK SUBSCRIBE LOOK"),
    ],
)
async def test_what_goes_wrong_is_told_as_it_is(script: list[Fault], status: Status, verbs: str) -> None:
    stage = scene(*script)

    outcome = await stage.outcome()

    assert (outcome.status, stage.verbs) == (status, verbs)
    assert (outcome.error is None) == (status is Status.APPLIED)
    assert set(stage.api.subscribed["1"]) >= set(LIVE)


async def test_what_is_not_seen_after_the_last_look_is_told() -> None:
    stage = scene()

    async def forget(verb: str, account: Account) -> None:
        if verb == "LOOK":
            stage.api.subscribed["1"] = LIVE

    stage.api.before_call = forget
    outcome = await stage.outcome()

    assert (outcome.status, outcome.error) == (Status.UNVERIFIED, None)
    assert outcome.detail == "subscribed, but not seen to be: messaging_postbacks"
    assert stage.clock.monotonic() == sum(READ_BACK_PAUSES)


async def test_a_shut_door_is_tried_again_and_what_got_through_before_is_this_runs_work() -> None:
    stage = scene(Fault.NONE, Fault.LOST, Fault.SHUT)

    assert (await stage.outcome()).status is Status.APPLIED
    assert stage.verbs == "LOOK SUBSCRIBE LOOK"
    assert stage.clock.monotonic() == SHUT_FOR


async def test_who_is_interrupted_before_the_read_back_is_perhaps_subscribed() -> None:
    stage = scene(Fault.NONE, Fault.NONE, Fault.SHUT)
    stage.stopping = lambda: stage.clock.monotonic() > 0

    outcome = await stage.outcome()

    assert outcome.status is Status.UNVERIFIED
    assert outcome.detail == (
        "perhaps subscribed, but that was not read back: interrupted before it was written"
    )


async def test_a_strangers_token_subscribes_nobody() -> None:
    stage = scene()
    stage.api.mixed_up = ["1"]

    outcome = await stage.outcome()

    assert outcome.status is Status.FAILED
    assert outcome.error
    assert outcome.error.kind is FailureKind.INVALID
    assert (stage.verbs, stage.log.subscriptions) == ("", [])


async def test_what_cannot_be_recorded_is_not_sent() -> None:
    stage = scene(log=MemoryLog(full=0))

    outcome = await stage.outcome()

    assert (outcome.status, outcome.detail) == (Status.DEFERRED, "no room")
    assert stage.verbs == "LOOK"


async def test_profiles_are_written_first_and_an_account_may_have_two_outcomes() -> None:
    stage = scene(changes=fleet(3))
    stage.api.live = {str(n): A for n in range(3)}

    outcomes = await stage.apply()

    assert [(each.account.name, each.action) for each in outcomes] == [
        ("acme", "subscribe"),
        ("acme-0", "update"),
        ("acme-1", "update"),
        ("acme-2", "update"),
    ]
    assert stage.verbs.endswith("GET LOOK SUBSCRIBE LOOK")
    both = Scene(
        MemoryApi({"1": A}, subscribed={"1": LIVE}),
        (replace(fleet(1)[0], account=ACME),),
        subscriptions=stage.subscriptions,
    )
    assert [(each.action, each.status) for each in await both.apply()] == [
        ("subscribe", Status.APPLIED),
        ("update", Status.APPLIED),
    ]


@pytest.mark.parametrize("canary", [Limit(1), Limit(9)])
async def test_a_canary_that_went_wrong_holds_subscriptions_back(canary: Limit) -> None:
    api = MemoryApi({"0": A, "1": A}, {"0": [Fault.REFUSED]}, subscribed={"1": LIVE})
    lacking = (Subscription(ACME, LIVE, ALL),)
    stage = Scene(api, fleet(2), subscriptions=lacking, rollout=Rollout(canary=canary))

    outcomes = await stage.apply()

    assert outcomes[0].status is Status.DEFERRED
    assert "of the first wave did not end well" in outcomes[0].detail
    assert outcomes[0].wave is None
    assert "SUBSCRIBE" not in stage.verbs


@pytest.mark.parametrize("canary", [Limit(1), Limit(25, percent=True)])
async def test_a_canary_is_about_subscriptions_where_there_is_nothing_else(canary: Limit) -> None:
    lacking = tuple(Subscription(Account(f"acme-{n}", str(n), webhooks=WANTED), (), WANTED) for n in range(4))
    good = Scene(MemoryApi(), (), subscriptions=lacking, rollout=Rollout(canary=canary))
    bad = Scene(
        MemoryApi(others={"0": [Fault.REFUSED]}), (), subscriptions=lacking, rollout=Rollout(canary=canary)
    )

    assert [(each.status, each.wave) for each in await good.apply()] == [
        (Status.APPLIED, 1),
        *[(Status.APPLIED, 2)] * 3,
    ]
    assert [each.status for each in await bad.apply()] == [Status.FAILED, *[Status.DEFERRED] * 3]


async def test_enough_failures_hold_back_the_subscriptions_that_are_left() -> None:
    lacking = tuple(Subscription(Account(f"acme-{n}", str(n), webhooks=WANTED), (), WANTED) for n in range(4))
    api = MemoryApi(others={"0": [Fault.REFUSED]})
    stage = Scene(api, (), subscriptions=lacking, concurrency=1, rollout=Rollout(stop_after=1))

    assert [each.status for each in await stage.apply()] == [Status.FAILED, *[Status.DEFERRED] * 3]


@pytest.mark.parametrize(
    ("account", "profile", "calls", "seen"),
    [
        (ACME, A, "LOOK GET", (B, LIVE)),
        (ACME, NOTHING, "LOOK GET", (B, LIVE)),
        (ACME, None, "LOOK", (None, LIVE)),
        (replace(ACME, webhooks=()), A, "GET", (B, None)),
        (replace(ACME, webhooks=()), None, "GET", (B, None)),
    ],
)
async def test_what_is_asked_for_is_read_and_nothing_else(
    account: Account, profile: Profile | None, calls: str, seen: tuple[Profile | None, Any]
) -> None:
    api = MemoryApi({"1": B}, subscribed={"1": LIVE})

    found = await observed(api, Desired(account, profile))

    assert " ".join(verb for verb, _ in api.record) == calls
    assert (found.profile, found.subscribed) == seen


@pytest.mark.parametrize("faults", [{"scripts": {"1": [Fault.REFUSED]}}, {"others": {"1": [Fault.REFUSED]}}])
async def test_an_account_of_which_half_cannot_be_read_is_unreadable(faults: dict[str, Any]) -> None:
    found = await observed(MemoryApi({"1": B}, subscribed={"1": LIVE}, **faults), Desired(ACME, A))

    assert found.error
    assert (found.profile, found.subscribed) == (None, None)
