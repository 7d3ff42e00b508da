"""When a plan is refused, and what is said about it."""

from dataclasses import replace

import pytest

from icesync.errors import Refused
from icesync.guard import check, foreseen, reasons
from icesync.model import (
    NOTHING,
    Account,
    Change,
    FailureKind,
    GraphFailure,
    Limit,
    Limits,
    Plan,
    Profile,
    Subscription,
    Unreadable,
)

A = Profile.of({"default": [("A?", "A")]})
B = Profile.of({"default": [("B?", "B")]})
LOOSE = Limits(Limit(100, percent=True), Limit(100, percent=True))


def fleet(*, updates: int = 0, deletes: int = 0, unchanged: int = 0, protect: bool = False) -> Plan:
    afters = [B] * updates + [NOTHING] * deletes
    changes = (
        Change(Account(f"acme-{number}", str(number), protect=protect), A, after)
        for number, after in enumerate(afters)
    )
    return Plan(tuple(changes), unchanged=unchanged)


@pytest.mark.parametrize(
    ("plan", "refused"),
    [
        (fleet(), False),
        (fleet(updates=10), False),
        (fleet(deletes=1, unchanged=9), False),
        (fleet(deletes=1, unchanged=8), True),
        (fleet(deletes=1), True),
        (fleet(updates=9, deletes=1), False),
        (fleet(updates=8, deletes=2), True),
    ],
)
def test_by_default_anything_may_change_but_only_a_tenth_may_go(plan: Plan, refused: bool) -> None:
    assert bool(reasons(plan, Limits())) is refused


@pytest.mark.parametrize(
    ("limit", "changes", "refused"),
    [
        (Limit(0), 0, False),
        (Limit(0), 1, True),
        (Limit(3), 3, False),
        (Limit(3), 4, True),
        (Limit(50, percent=True), 5, False),
        (Limit(50, percent=True), 6, True),
        (Limit(0, percent=True), 0, False),
        (Limit(0, percent=True), 1, True),
    ],
)
def test_a_limit_is_a_count_or_a_share_of_the_managed_accounts(
    limit: Limit, changes: int, refused: bool
) -> None:
    plan = fleet(updates=changes, unchanged=10 - changes)

    assert bool(reasons(plan, Limits(max_changes=limit))) is refused


def test_an_account_that_could_not_be_read_is_one_of_the_managed_accounts() -> None:
    dead = Unreadable(Account("dead", "0"), GraphFailure(FailureKind.TOKEN, "dead"))
    plan = fleet(updates=1)

    assert reasons(plan, Limits(Limit(50, percent=True)))
    assert not reasons(Plan(plan.changes, (dead,)), Limits(Limit(50, percent=True)))


def test_a_refusal_tells_every_reason() -> None:
    tight = Limits(Limit(2), Limit(10, percent=True))

    assert reasons(fleet(updates=2, deletes=1, unchanged=1), tight) == [
        "3 of 4 accounts would change, the limit max_changes is 2 (--max-changes or --force goes past it)",
        (
            "1 of 4 accounts would lose all ice breakers, the limit max_deletes is 10%"
            " (--max-deletes or --force goes past it)"
        ),
    ]


@pytest.mark.parametrize(
    ("plan", "action"),
    [(fleet(updates=1, protect=True), "update"), (fleet(deletes=1, protect=True), "delete")],
)
@pytest.mark.parametrize("force", [False, True])
def test_nothing_lifts_protection(plan: Plan, action: str, force: bool) -> None:
    assert reasons(plan, LOOSE, force=force) == [
        f"acme-0 is protected: `protect: true` must be lifted before it can {action}"
    ]


def test_force_lifts_the_limits() -> None:
    assert not reasons(fleet(deletes=5), Limits(Limit(0), Limit(0)), force=True)


def test_protection_and_limits_are_told_together() -> None:
    assert len(reasons(fleet(updates=1, deletes=1, protect=True), Limits(Limit(0), Limit(0)))) == 4


def test_a_refusal_says_that_nothing_was_written() -> None:
    with pytest.raises(Refused, match="nothing was written:\n  - 1 of 1 accounts") as caught:
        check(fleet(deletes=1), Limits())

    assert caught.value.exit_code == 4
    assert list(caught.value.reasons) == reasons(fleet(deletes=1), Limits())


def test_what_is_within_the_limits_passes() -> None:
    check(fleet(updates=1), Limits())
    check(fleet(deletes=1), Limits(), force=True)


def test_a_plan_that_knows_its_limits_foresees_its_refusal() -> None:
    plan = fleet(deletes=1, protect=True)

    assert foreseen(plan) == []
    assert foreseen(replace(plan, limits=Limits())) == reasons(plan, Limits())
    assert len(foreseen(replace(plan, limits=LOOSE))) == 1


def test_an_account_is_one_change_though_it_is_subscribed_too() -> None:
    plan = fleet(updates=2)
    both = Subscription(plan.changes[0].account, (), ("messages",))
    other = Subscription(Account("acme-9", "9"), (), ("messages",))

    for subscriptions, count in (((both,), 2), ((both, other), 3)):
        (told,) = reasons(replace(plan, subscriptions=subscriptions), Limits(Limit(1)))
        assert told.startswith(f"{count} of {count} accounts would change")


def test_protection_refuses_subscriptions_and_tells_an_account_once() -> None:
    plan = fleet(updates=1, protect=True)
    both = Subscription(plan.changes[0].account, (), ("messages",))
    other = Subscription(Account("acme-1", "1", protect=True), (), ("messages",))

    told = reasons(replace(plan, subscriptions=(both, other)), LOOSE, force=True)

    assert [reason.rpartition(" ")[2] for reason in told] == ["update", "subscribe"]
