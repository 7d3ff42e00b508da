"""Text for people: its last line, its words when nothing differs, its lines when it is narrow."""

from dataclasses import replace

import pytest
from rich.cells import cell_len

from icesync.model import (
    NOTHING,
    Account,
    Action,
    Change,
    FailureKind,
    Forecast,
    GraphFailure,
    Outcome,
    Plan,
    Profile,
    Report,
    Status,
    Unreadable,
)
from icesync.render import render
from tests.support.samples import LACKING, PLAN, QUIET_PLAN, QUIET_REPORT, REPORT


def update(before: tuple[str, str], after: tuple[str, str]) -> Plan:
    profiles = (Profile.of({"default": [item]}) for item in (before, after))
    return Plan((Change(Account("acme", "1"), *profiles),))


@pytest.mark.parametrize(
    ("plan", "line"),
    [
        (replace(PLAN, unreadable=()), "Plan: 1 to create, 1 to update, 1 to delete, 1 unchanged."),
        (PLAN, "Plan: 1 to create, 1 to update, 1 to delete, 1 unchanged, 1 unreadable."),
        (LACKING, "Plan: 1 to create, 0 to update, 0 to delete, 1 unchanged, 2 to subscribe."),
        (QUIET_PLAN, "Plan: 0 to create, 0 to update, 0 to delete, 4 unchanged."),
    ],
)
def test_a_plan_ends_in_its_totals(plan: Plan, line: str) -> None:
    assert render(plan, "text").splitlines()[-1] == line


def test_what_people_must_know_stands_just_before_the_cost_and_the_totals() -> None:
    plan = replace(PLAN, forecast=Forecast(12), warnings=("One\x1b ends.", "Two ends."))

    lines = [line.partition(",")[0] for line in render(plan, "text").splitlines()[-11:-2]]

    assert lines == [
        r"Warning: One\x1b ends.",
        "Warning: Two ends.",
        "",
        "Apply would refuse this: 1 of 5 accounts would lose all ice breakers",
        "Apply would refuse this: acme-old is protected: `protect: true` must be lifted before it can delete",
        "",
        "1 account loses its last question: acme-old.",
        "",
        "Carrying this out takes 12 calls.",
    ]


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (QUIET_PLAN, "No changes. Live state matches the files."),
        (replace(PLAN, changes=()), "No changes in the accounts that could be read."),
        (Plan((), unmanaged=3), "No managed accounts in this run."),
    ],
)
def test_a_plan_without_changes_says_so_first(plan: Plan, sentence: str) -> None:
    assert render(plan, "text").splitlines()[0] == sentence


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (REPORT, "Apply: 1 applied, 1 stale, 1 failed, 1 deferred, 5 unchanged. Run 20261123T030911Z-7f3a."),
        (QUIET_REPORT, "Apply: 4 unchanged. Run 20261123T030911Z-7f3a."),
    ],
)
def test_a_report_ends_in_its_totals_and_its_run(report: Report, line: str) -> None:
    assert render(report, "text").splitlines()[-1] == line


@pytest.mark.parametrize("status", Status)
def test_every_status_has_its_line(status: Status) -> None:
    report = Report("r", "", "", (Outcome(Account("acme", "1"), Action.UPDATE, status, 1, "why"),))

    assert render(report, "text").splitlines() == [
        f"{status:10}  update  acme (1)  1 call",
        "    why",
        "",
        f"Apply: 1 {status}, 0 unchanged. Run r.",
    ]
    assert f"{status:10}" in render(report, "text", color=True)


def emptied(count: int) -> tuple[Change, ...]:
    asks = Profile.of({"default": [("Q?", "P")]})
    return tuple(Change(Account(f"shop-{n:04}", str(n)), asks, NOTHING) for n in range(1, count + 1))


@pytest.mark.parametrize(
    ("count", "line"),
    [
        (1, "1 account loses its last question: shop-0001."),
        (2, "2 accounts lose their last question: shop-0001, shop-0002."),
        (
            3_000,
            (
                "3,000 accounts lose their last question: shop-0001, shop-0002, shop-0003, shop-0004, "
                "shop-0005, shop-0006, shop-0007, shop-0008, shop-0009, shop-0010 and 2,990 more."
            ),
        ),
    ],
)
def test_a_plan_of_any_length_is_whole_and_names_who_loses_all_at_its_end(count: int, line: str) -> None:
    lines = render(Plan(emptied(count)), "text").splitlines()

    assert len([each for each in lines if each.startswith("- shop-")]) == count
    assert lines[-3:] == [line, "", f"Plan: 0 to create, 0 to update, {count} to delete, 0 unchanged."]


def test_a_plan_that_empties_nobody_does_not_speak_of_it() -> None:
    assert "last question" not in render(update(("Q?", "P"), ("R?", "P")), "text")


def test_a_name_that_loses_all_does_nothing_to_the_terminal() -> None:
    change = replace(emptied(1)[0], account=Account("a\x1b[2J\nPlan: nothing", "1"))

    assert r"last question: a\x1b[2J\nPlan: nothing." in render(Plan((change,)), "text")


def test_a_report_ends_with_what_did_not_go_well() -> None:
    statuses = [Status.FAILED, Status.APPLIED, Status.UNVERIFIED, Status.ALREADY, Status.DEFERRED]
    outcomes = [Outcome(Account(f"a{n}", "1"), Action.UPDATE, each) for n, each in enumerate(statuses)]

    lines = render(Report("r", "", "", tuple(outcomes)), "text").splitlines()

    assert [line.split()[2] for line in lines[:5]] == ["a1", "a3", "a0", "a2", "a4"]


@pytest.mark.parametrize("width", [40, 44, 60, 80, 120])
@pytest.mark.parametrize("value", [replace(PLAN, changes=(*PLAN.changes, *emptied(12))), REPORT])
def test_nothing_but_the_totals_is_wider_than_the_terminal(value: Plan | Report, width: int) -> None:
    *lines, _ = render(value, "text", width=width).splitlines()

    assert max(map(cell_len, lines)) <= width


def test_on_a_narrow_terminal_an_outcome_takes_two_lines() -> None:
    report = replace(REPORT, outcomes=REPORT.outcomes[:1])

    assert render(report, "text", width=40).splitlines()[:2] == [
        "applied     create  3 calls",
        "    acme-de (17841400000000001)",
    ]
    assert len(render(report, "text", width=80).splitlines()) == 3


def test_a_changed_payload_shows_the_question_once() -> None:
    assert render(update(("Q?", "OLD"), ("Q?", "NEW")), "text").splitlines()[2:5] == [
        "      ~ 1  question    Q?",
        "           payload   - OLD",
        "                     + NEW",
    ]


def test_old_and_new_question_stand_under_each_other() -> None:
    assert render(update(("Old?", "P"), ("New?", "P")), "text").splitlines()[2:5] == [
        "      ~ 1  question  - Old?",
        "                     + New?",
        "           payload     P",
    ]


def test_without_a_width_nothing_is_wrapped() -> None:
    question = "How long does it take? " * 50

    assert f"+ {question.strip()}\n" in render(update(("Q?", "P"), (question, "P")), "text")


@pytest.mark.parametrize("question", ["How long does it take " * 20, "送料はいくらですか" * 20, "x" * 300])
def test_a_long_question_keeps_inside_the_width_and_loses_nothing(question: str) -> None:
    text = render(
        Plan((Change(Account("acme", "1"), NOTHING, Profile.of({"default": [(question, "P")]})),)),
        "text",
        width=60,
    )

    lines = text.splitlines()[2:-3]
    assert len(lines) > 4
    assert all(cell_len(line) <= 60 for line in lines)
    assert all(line.startswith(" " * 23) for line in lines[1:])
    told = "".join(line[23:] for line in lines)
    assert told.replace(" ", "") == question.replace(" ", "")


def test_a_token_that_cannot_be_had_is_told_with_its_reference() -> None:
    account = Account("acme", "1", "env:IG_TOKENS#acme\x1b")
    missing = GraphFailure(FailureKind.CREDENTIAL, "its environment variable is not set")
    expired = GraphFailure(FailureKind.TOKEN, "expired", 190, 463)

    told = render(Plan((), (Unreadable(account, missing),)), "text")

    assert (
        "\n".join(
            [
                "! acme (1)",
                "    credential: its environment variable is not set",
                r"    token: env:IG_TOKENS#acme\x1b",
            ]
        )
        in told
    )
    assert "env:" not in render(Plan((), (Unreadable(account, expired),)), "text")
    for kept in ("json", "markdown", "html"):
        assert "IG_TOKENS" not in render(Plan((), (Unreadable(account, missing),)), kept)


def test_subscriptions_stand_below_the_changes_with_what_is_added() -> None:
    assert (
        render(LACKING, "text")
        == """\
+ acme-de (17841400000000001)
    default
      + 1  question  + Wo ist mein Paket?
           payload   + ORDER_STATUS

+ acme-de (17841400000000001)
    webhooks
      + messages
      + messaging_postbacks

+ acme-old (17841400000000002)
    webhooks
      + messaging_postbacks

Apply would refuse this: acme-old is protected: `protect: true` must be lifted before it can subscribe

Plan: 1 to create, 0 to update, 0 to delete, 1 unchanged, 2 to subscribe.
"""
    )
    assert render(replace(LACKING, changes=(), limits=None), "text").startswith("+ acme-de")


def test_the_outcomes_of_subscriptions_stand_in_line_with_the_others() -> None:
    found = REPORT.outcomes[0], replace(REPORT.outcomes[0], action=Action.SUBSCRIBE, calls=0)

    assert render(replace(REPORT, outcomes=found), "text").splitlines()[:2] == [
        "applied     create     acme-de (17841400000000001)  3 calls",
        "applied     subscribe  acme-de (17841400000000001)  0 calls",
    ]
