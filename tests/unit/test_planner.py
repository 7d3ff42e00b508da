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
