"""One plan and one report with everything in them, for the tests that compare whole texts."""

from dataclasses import replace
from typing import Final

from icesync.model import (
    NOTHING,
    Account,
    Action,
    Change,
    FailureKind,
    GraphFailure,
    Limits,
    Outcome,
    Plan,
    Profile,
    Report,
    Status,
    Subscription,
    Unreadable,
)

NEW: Final = Account("acme-de", "17841400000000001", token="env:IG_TOKENS#acme-de", labels=("eu",))
OLD: Final = Account("acme-old", "17841400000000002", token="env:IG_TOKENS#acme-old", protect=True)
US: Final = Account("acme-us", "17841400000000003", token="env:IG_TOKENS#acme-us")
DEAD: Final = Account("acme-fr", "17841400000000004", token="env:IG_TOKENS#acme-fr")

EXPIRED: Final = GraphFailure(
    FailureKind.TOKEN,
    "Error validating access token",
    190,
    463,
    "AbC123",
    "The token has expired: create a new one.",
)
TIMEOUT: Final = GraphFailure(FailureKind.TRANSIENT, "no answer within 30 s")

LIVE: Final = Profile.of(
    {
        "default": [
            ("Where is my parcel?", "ORDER_STATUS"),
            ("Do you ship abroad?", "SHIP"),
            ("Talk to a human", "HUMAN"),
            ("Any jobs?", "JOBS"),
        ],
        "fr_FR": [("Où est ma commande ?", "ORDER_STATUS")],
    }
)
WANTED: Final = Profile.of(
    {
        "default": [
            ("Talk to a human", "HUMAN"),
            ("Where is my order?", "ORDER_STATUS"),
            ("Do you ship abroad?", "SHIPPING"),
        ],
        "fr_FR": [("Où est ma commande ?", "ORDER_STATUS")],
        "he_IL": [("איפה ההזמנה שלי?", "ORDER_STATUS")],
    }
)

PLAN: Final = Plan(
    changes=(
        Change(NEW, NOTHING, Profile.of({"default": [("Wo ist mein Paket?", "ORDER_STATUS")]})),
        Change(OLD, Profile.of({"default": [("Still there?", "PING")]}), NOTHING),
        Change(US, LIVE, WANTED),
    ),
    unreadable=(Unreadable(DEAD, EXPIRED),),
    unchanged=1,
    unmanaged=2,
    created="2026-11-23T03:09:11Z",
    desired="sha256:" + "0" * 64,
    limits=Limits(),
    warnings=("The token of acme-us ends in 3 days.",),
)
REPORT: Final = Report(
    "20261123T030911Z-7f3a",
    "2026-11-23T03:09:11Z",
    "2026-11-23T03:09:14Z",
    (
        Outcome(NEW, Action.CREATE, Status.APPLIED, 3),
        Outcome(DEAD, None, Status.FAILED, 1, error=EXPIRED),
        Outcome(OLD, Action.DELETE, Status.STALE, 1, "live has moved since the plan was made"),
        Outcome(US, Action.UPDATE, Status.DEFERRED, 2, "", TIMEOUT),
    ),
    unchanged=5,
)
LACKING: Final = Plan(
    changes=PLAN.changes[:1],
    subscriptions=(
        Subscription(NEW, (), ("messages", "messaging_postbacks")),
        Subscription(OLD, ("comments", "messages"), ("comments", "messages", "messaging_postbacks")),
    ),
    unchanged=1,
    created=PLAN.created,
    desired=PLAN.desired,
    limits=Limits(),
)
"""A plan of which one account is created and subscribed, and another one is subscribed alone."""

QUIET_PLAN: Final = Plan((), unchanged=4)
QUIET_REPORT: Final = Report(REPORT.run, REPORT.started, REPORT.finished, unchanged=4)


def hostile_plan(text: str) -> Plan:
    """A plan with this text wherever the API or a file can put one."""
    account = Account(text, text, labels=(text,), protect=True)
    other = Account(f"{text} 2", text, labels=(text,))
    failure = GraphFailure(FailureKind.INVALID, text, 100, 33, text, text)
    before, after = (
        {"default": [(text, text), (f"{text} {side}", text)], text: [(text, side)]} for side in "ab"
    )
    change = Change(account, Profile.of(before), Profile.of(after))
    return Plan(
        (change,),
        (Unreadable(other, failure),),
        created=text,
        desired=text,
        limits=Limits(),
        warnings=(text,),
        subscriptions=(Subscription(account, (), (text,)),),
    )


def hostile_report(text: str) -> Report:
    """A report with this text wherever the API or a file can put one."""
    failure = GraphFailure(FailureKind.INVALID, text, 100, 33, text, text)
    outcome = Outcome(Account(text, text, labels=(text,)), Action.UPDATE, Status.FAILED, 1, text, failure)
    return Report(text, text, text, (outcome,))


def hostile_run(text: str) -> Report:
    """That report with the changes that were carried out, as a run itself knows them."""
    return replace(hostile_report(text), changes=hostile_plan(text).changes)
