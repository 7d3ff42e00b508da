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
from tests.support.samples import PLAN, QUIET_PLAN, QUIET_REPORT, REPORT


def update(before: tuple[str, str], after: tuple[str, str]) -> Plan:
    profiles = (Profile.of({"default": [item]}) for item in (before, after))
    return Plan((Change(Account("acme", "1"), *profiles),))


@pytest.mark.parametrize(
    ("plan", "line"),
    [
        (replace(PLAN, unreadable=()), "Plan: 1 to create, 1 to update, 1 to delete, 1 unchanged."),
        (PLAN, "Plan: 1 to create, 1 to update, 1 to delete, 1 unchanged, 1 unreadable."),
        (QUIET_PLAN, "Plan: 0 to create, 0 to update, 0 to delete, 4 unchanged."),
    ],
)
def test_a_plan_ends_in_its_totals(plan: Plan, line: str) -> None:
    assert render(plan, "text").splitlines()[-1] == line


def test_what_people_must_know_stands_just_before_the_cost_and_the_totals() -> None:
    plan = replace(PLAN, forecast=Forecast(12), warnings=("One\x1b ends.", "Two ends."))

    lines = [line.partition(",")[0] for line in render(plan, "text").splitlines()[-9:-2]]

    assert lines == [
        r"Warning: One\x1b ends.",
        "Warning: Two ends.",
        "",
        "Apply would refuse this: 1 of 5 accounts would lose all ice breakers",
        "Apply would refuse this: acme-old is protected: `protect: true` must be lifted before it can delete",
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
