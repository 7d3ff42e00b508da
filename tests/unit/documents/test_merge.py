"""Documents of shards become one: what adds up, what must agree, what is refused."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from icesync import guard
from icesync.documents import merge, reportfile
from icesync.errors import IcesyncError, PlanFileError, StalePlan, UsageError
from icesync.model import (
    NOTHING,
    Account,
    Action,
    Against,
    Api,
    Change,
    FailureKind,
    Forecast,
    GraphFailure,
    Limit,
    Limits,
    Outcome,
    Plan,
    Profile,
    Report,
    Status,
    Unreadable,
)

WANTED = Profile.of({"default": [("Where is my order?", "ORDER")]})
DEAD = GraphFailure(FailureKind.TOKEN, "the token has expired", 190)


def change(name: str) -> Change:
    return Change(Account(name, f"id of {name}"), NOTHING, WANTED)


def unreadable(name: str) -> Unreadable:
    return Unreadable(Account(name, f"id of {name}"), DEAD)


def outcome(name: str, status: Status = Status.APPLIED) -> Outcome:
    return Outcome(Account(name, f"id of {name}"), Action.CREATE, status, calls=3)


FIRST = Plan(
    (change("a"), change("d")), (unreadable("f"),), unchanged=2, unmanaged=1, created="2026-11-23T03:09:12Z"
)
SECOND = Plan((change("b"),), (unreadable("e"),), unchanged=5, created="2026-11-23T03:09:11Z")
THIRD = Plan((), unchanged=7, unmanaged=2, created="2026-11-23T03:09:13Z")

EARLY = Report("run-2", "2026-11-23T03:09:11Z", "2026-11-23T03:09:14Z", (outcome("c"), outcome("d")), 4)
LATE = Report("run-1", "2026-11-23T03:09:12Z", "2026-11-23T03:09:13Z", (outcome("a", Status.FAILED),), 1)
IDLE = Report("", "2026-11-23T03:09:13Z", "2026-11-23T03:09:15Z", unchanged=3)


def test_the_plans_of_shards_add_up_to_one_sorted_plan_as_old_as_the_oldest() -> None:
    assert merge.merged({"a.json": FIRST, "b.json": SECOND, "c.json": THIRD}) == Plan(
        changes=(change("a"), change("b"), change("d")),
        unreadable=(unreadable("e"), unreadable("f")),
        unchanged=14,
        unmanaged=3,
        created="2026-11-23T03:09:11Z",
    )


def test_one_unreadable_account_makes_the_whole_incomplete() -> None:
    whole = replace(THIRD, unreadable=())

    assert not merge.plans({"a.json": FIRST, "c.json": whole}).complete
    assert merge.plans({"a.json": replace(FIRST, unreadable=()), "c.json": whole}).complete


@pytest.mark.parametrize(
    ("forecasts", "whole"),
    [
        (
            [Forecast(6, 1, "2026-11-23T03:19:11Z"), Forecast(3, 2, "2026-11-23T03:15:00Z"), Forecast(4)],
            Forecast(13, 3, "2026-11-23T03:19:11Z"),
        ),
        (
            [Forecast(6, 1, "2026-11-23T03:19:11Z"), Forecast(9, 1), Forecast(4)],
            Forecast(19, 2),
        ),  # one never has room
        ([Forecast(6), Forecast(3), None], Forecast(9)),  # the third has nothing to do
        ([Forecast(6), None, Forecast(0)], None),
        ([None, None, None], None),
    ],
)
def test_what_plans_cost_adds_up_where_all_that_have_something_to_do_tell(
    forecasts: list[Forecast | None], whole: Forecast | None
) -> None:
    parts = [
        replace(plan, forecast=each) for plan, each in zip((FIRST, SECOND, THIRD), forecasts, strict=True)
    ]

    assert merge.plans(dict(zip(("a.json", "b.json", "c.json"), parts, strict=True))).forecast == whole


def test_plans_against_snapshots_are_against_the_oldest_of_them() -> None:
    newer, older = Against("2026-11-23T03:00:00Z", 551), Against("2026-11-22T03:00:00Z", 86_951)
    parts = {
        "a.json": replace(FIRST, against=newer),
        "b.json": replace(SECOND, against=older),
        "c.json": THIRD,
    }

    assert merge.plans(parts).against == older
    assert merge.plans({"b.json": SECOND, "c.json": THIRD}).against is None


@pytest.mark.parametrize(
    ("limits", "whole"),
    [
        ([Limits(Limit(2)), Limits(Limit(2)), Limits(Limit(2))], Limits(Limit(2))),
        ([Limits(Limit(2)), Limits(Limit(2)), Limits(Limit(3))], None),
        ([Limits(Limit(2)), None, Limits(Limit(2))], None),
    ],
)
def test_limits_that_all_plans_agree_in_are_those_of_the_whole(
    limits: list[Limits | None], whole: Limits | None
) -> None:
    shards = [replace(plan, limits=each) for plan, each in zip((FIRST, SECOND, THIRD), limits, strict=True)]

    found = merge.plans(dict(zip(("a.json", "b.json", "c.json"), shards, strict=True)))

    assert [guard.foreseen(plan) for plan in shards] == [[], [], []]
    assert found.limits == whole
    assert bool(guard.foreseen(found)) is bool(whole), "3 of 18 accounts are more than 2"


def test_every_warning_is_told_once() -> None:
    parts = {
        "a.json": replace(FIRST, warnings=("b ends", "c ends")),
        "b.json": replace(SECOND, warnings=("a ends", "c ends")),
    }

    assert merge.plans(parts).warnings == ("a ends", "b ends", "c ends")


def test_the_reports_of_shards_span_all_of_their_runs() -> None:
    assert merge.merged({"a.json": EARLY, "b.json": LATE, "c.json": IDLE}) == Report(
        run="run-1, run-2",
        started="2026-11-23T03:09:11Z",
        finished="2026-11-23T03:09:15Z",
        outcomes=(outcome("a", Status.FAILED), outcome("c"), outcome("d")),
        unchanged=8,
    )


def test_a_run_is_named_once_however_often_reports_are_merged() -> None:
    again = replace(LATE, outcomes=(outcome("z"),))
    halfway = merge.reports({"a.json": EARLY, "b.json": LATE})

    assert merge.reports({"half.json": halfway, "more.json": again}).run == "run-1, run-2"


@pytest.mark.parametrize("alone", [FIRST, THIRD, EARLY, IDLE])
def test_one_document_alone_stays_what_it_is(alone: Plan | Report) -> None:
    assert merge.merged({"a.json": alone}) == alone


@pytest.mark.parametrize(
    ("found", "error", "message"),
    [
        ({"plan.json": FIRST, "report.json": EARLY}, UsageError, "plan.json is a plan and report.json a"),
        ({"report.json": EARLY, "plan.json": FIRST}, UsageError, "plan.json is a plan and report.json a"),
        (
            {"a.json": FIRST, "b.json": SECOND, "c.json": replace(THIRD, desired="sha256:1")},
            StalePlan,
            "a.json and c.json were made from different files",
        ),
        (
            {"a.json": FIRST, "b.json": replace(SECOND, api=Api(version="v23.0"))},
            StalePlan,
            "a.json and b.json were made against different APIs",
        ),
        (
            {"a.json": FIRST, "b.json": SECOND, "c.json": replace(THIRD, changes=(change("b"),))},
            UsageError,
            "account 'b' stands in b.json and in c.json",
        ),
        (
            {"a.json": FIRST, "b.json": replace(SECOND, unreadable=(unreadable("d"),))},
            UsageError,
            "account 'd' stands in a.json and in b.json",
        ),
        (
            {"a.json": EARLY, "b.json": replace(LATE, outcomes=(outcome("c", Status.STALE),))},
            UsageError,
            "account 'c' stands in a.json and in b.json",
        ),
    ],
)  # fmt: skip
def test_what_is_no_whole_is_refused_and_both_files_are_named(
    found: Mapping[str, Plan | Report], error: type[IcesyncError], message: str
) -> None:
    with pytest.raises(error, match=message):
        merge.merged(found)


def test_a_report_that_tells_of_an_account_twice_is_not_read() -> None:
    twice = reportfile.dumps(replace(LATE, outcomes=(outcome("a"), outcome("a", Status.STALE))))

    with pytest.raises(PlanFileError, match="the account 'a' stands in it twice"):
        reportfile.loads(twice)


def test_an_account_may_have_an_end_for_its_profile_and_one_for_its_subscriptions() -> None:
    ends = (outcome("a"), replace(outcome("a"), action=Action.SUBSCRIBE))
    found = replace(LATE, outcomes=ends)

    assert reportfile.loads(reportfile.dumps(found)) == found
    with pytest.raises(PlanFileError, match="the account 'a' stands in it twice"):
        reportfile.loads(reportfile.dumps(replace(LATE, outcomes=(*ends, ends[1]))))
