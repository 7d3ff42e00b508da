"""What a plan says about what is desired and what was seen."""

from collections.abc import Mapping

import pytest

from icesync.model import (
    NOTHING,
    Account,
    Action,
    Change,
    Desired,
    FailureKind,
    GraphFailure,
    Observation,
    Plan,
    Profile,
    Subscription,
    Unreadable,
)
from icesync.planner import plan

A = Profile.of({"default": [("A?", "A")]})
B = Profile.of({"default": [("B?", "B")]})
DEAD = GraphFailure(FailureKind.TOKEN, "dead")


def account(name: str) -> Account:
    return Account(name, f"id-{name}")


def planned(wanted: Mapping[str, Profile | None], live: Mapping[str, Profile | GraphFailure]) -> Plan:
    observed = {
        name: Observation(account(name), None, seen)
        if isinstance(seen, GraphFailure)
        else Observation(account(name), seen)
        for name, seen in live.items()
    }
    return plan((Desired(account(name), profile) for name, profile in wanted.items()), observed)


@pytest.mark.parametrize(
    ("live", "wanted", "action"),
    [(NOTHING, A, Action.CREATE), (A, B, Action.UPDATE), (A, NOTHING, Action.DELETE)],
)
def test_what_differs_is_a_change_of_the_whole_document(
    live: Profile, wanted: Profile, action: Action
) -> None:
    found = planned({"acme": wanted}, {"acme": live})

    assert found == Plan(changes=(Change(account("acme"), live, wanted),))
    assert found.changes[0].action is action


@pytest.mark.parametrize("profile", [NOTHING, A])
def test_what_is_equal_is_unchanged(profile: Profile) -> None:
    assert planned({"acme": profile}, {"acme": profile}) == Plan((), unchanged=1)


def test_an_unmanaged_account_is_only_counted() -> None:
    assert planned({"acme": None}, {}) == Plan((), unmanaged=1)
    assert planned({"acme": None}, {"acme": A}) == Plan((), unmanaged=1)


@pytest.mark.parametrize("wanted", [A, NOTHING])
def test_an_account_that_could_not_be_read_is_listed_and_not_changed(wanted: Profile) -> None:
    found = planned({"acme": wanted}, {"acme": DEAD})

    assert found == Plan((), unreadable=(Unreadable(account("acme"), DEAD),))
    assert not found.complete


def test_changes_and_unreadable_accounts_are_sorted_by_name() -> None:
    found = planned(
        {"d": A, "b": A, "c": A, "a": A, "e": A, "f": None},
        {"a": DEAD, "b": B, "c": DEAD, "d": B, "e": A},
    )

    assert [change.account.name for change in found.changes] == ["b", "d"]
    assert [each.account.name for each in found.unreadable] == ["a", "c"]
    assert (found.accounts, found.unchanged, found.unmanaged) == (5, 1, 1)


def test_what_nobody_wants_anything_of_is_left_out() -> None:
    assert planned({}, {"acme": A}) == Plan(())


ASKED = ("messages", "messaging_postbacks")


def subscribing(live: tuple[str, ...] | None, wanted: Profile | None, seen: Profile | None) -> Plan:
    acme = Account("acme", "1", webhooks=ASKED)
    return plan([Desired(acme, wanted)], {"acme": Observation(acme, seen, subscribed=live)})


@pytest.mark.parametrize(
    ("live", "after", "added"),
    [
        ((), ASKED, ASKED),
        (("messages",), ASKED, ("messaging_postbacks",)),
        (("comments",), ("comments", *ASKED), ASKED),
    ],
)
@pytest.mark.parametrize(("wanted", "seen"), [(None, None), (A, A)])
def test_webhooks_that_are_missing_are_a_subscription_and_nothing_is_unsubscribed(
    live: tuple[str, ...],
    after: tuple[str, ...],
    added: tuple[str, ...],
    wanted: Profile | None,
    seen: Profile | None,
) -> None:
    found = subscribing(live, wanted, seen)

    (subscription,) = found.subscriptions
    assert (subscription.before, subscription.after, subscription.added) == (live, after, added)
    assert subscription.action is Action.SUBSCRIBE
    assert (found.changes, found.accounts, found.unchanged, found.unmanaged) == ((), 1, 0, 0)


@pytest.mark.parametrize("live", [ASKED, ("comments", *ASKED), None])
def test_who_is_subscribed_to_more_or_nobody_knows_to_what_is_left_alone(
    live: tuple[str, ...] | None,
) -> None:
    assert subscribing(live, A, A) == Plan((), unchanged=1)


def test_an_account_that_lacks_both_is_one_account() -> None:
    found = subscribing((), A, B)

    assert (len(found.changes), len(found.subscriptions)) == (1, 1)
    assert (found.accounts, [each.name for each in found.differing]) == (1, ["acme"])


def test_who_differs_is_told_by_name_whatever_differs() -> None:
    names = [Account(name, name) for name in "abc"]
    found = Plan(
        (Change(names[1], A, B),),
        subscriptions=(Subscription(names[0], (), ASKED), Subscription(names[2], (), ASKED)),
    )

    assert [each.name for each in found.differing] == ["a", "b", "c"]
