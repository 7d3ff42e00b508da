"""Markdown for people who decide: what is said, in which order, and what stays when there is little room."""

import re
from dataclasses import replace

import pytest

from icesync import guard
from icesync.model import (
    NOTHING,
    Account,
    Action,
    Against,
    Change,
    Limits,
    Outcome,
    Plan,
    Profile,
    Report,
    Status,
    Unreadable,
)
from icesync.render import render
from icesync.render.markdown import COMMENT_CHARS, SUMMARY_BYTES, fitted, literal
from icesync.render.words import age
from tests.support.comment import Comment, assert_in_order
from tests.support.samples import EXPIRED, LACKING, PLAN, QUIET_PLAN, REPORT

ASKS = Profile.of({"default": [("Where is my order?", "ORDER"), ("When are you open?", "HOURS")]})
LESS = Profile.of({"default": [("Where is my order?", "ORDER")]})
FRENCH = Profile.of({**ASKS.ice_breakers, "fr_FR": [("Où est ma commande ?", "ORDER")]})

LINES = {
    "deleted accounts": r"^\| - delete \|",
    "other changed accounts": r"^\| [+~] \w+ \|",
    "removed questions": r"^\| (everything|a question|the whole locale) \|",
    "unreadable accounts": r"^- ",
    "accounts' edits": r"^<summary>",
}


def account(name: str, number: int) -> Account:
    return Account(f"{name}-{number:05}", str(17841400000000000 + number))


def large_plan(size: int) -> Plan:
    """A plan that creates, updates, reduces and deletes so many accounts each, and cannot read as many."""
    pairs = {"new": (NOTHING, ASKS), "more": (LESS, ASKS), "less": (FRENCH, LESS), "none": (ASKS, NOTHING)}
    changes = [Change(account(name, n), *pair) for name, pair in pairs.items() for n in range(size)]
    dead = [Unreadable(account("dead", n), EXPIRED) for n in range(size)]
    return Plan(tuple(sorted(changes, key=lambda change: change.account.name)), tuple(dead))


def test_the_parts_stand_in_the_order_in_which_they_matter() -> None:
    headings = [line for line in render(PLAN, "markdown").splitlines() if line.startswith("#")]

    assert headings == [
        "## icesync plan",
        "### Why apply would refuse it",
        "### Warnings",
        "### Unreadable",
        "### Changed accounts",
        "### Removed",
        "### Every edit",
    ]


def test_what_is_removed_is_told_in_full_with_all_that_goes_along() -> None:
    changes = (
        Change(Account("gone", "1"), LESS, NOTHING),
        Change(Account("less", "2"), FRENCH, LESS),
    )

    assert Comment(render(Plan(changes), "markdown")).table("Removed") == [
        ["everything", "gone (1)", "default", "Where is my order? → ORDER"],
        ["a question", "less (2)", "default", "When are you open? → HOURS"],
        ["the whole locale", "less (2)", "fr_FR", "Où est ma commande ? → ORDER"],
    ]


def test_everything_else_is_folded_up_by_account() -> None:
    comment = Comment(render(PLAN, "markdown"))

    assert [summary.partition(",")[0] for summary in comment.summaries] == [
        "+ create: acme-de (17841400000000001)",
        "~ update: acme-us (17841400000000003)",
    ]
    assert comment.tags["details"] == 2


def test_many_locales_are_counted_in_the_table_and_named_below() -> None:
    locales = [f"{name}_XX" for name in "abcdef"]
    after = Profile.of({"default": [("Q?", "P")], **{locale: [("Q?", "P")] for locale in locales}})

    comment = Comment(render(Plan((Change(Account("a", "1"), NOTHING, after),)), "markdown"))

    assert comment.table("Changed accounts") == [["+ create", "a (1)", "7 new", "7 locales"]]
    assert [row.cells[0] for row in comment.rows if not row.under][1:] == ["default", *locales]


def test_a_quiet_plan_has_no_empty_parts() -> None:
    assert render(QUIET_PLAN, "markdown") == (
        "## icesync plan\n\nNo changes. Live state matches the files.\n\n"
        "**Plan: 0 to create, 0 to update, 0 to delete, 4 unchanged.**\n"
    )


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_a_plan_says_which_snapshot_stood_for_live_state(form: str) -> None:
    plan = replace(QUIET_PLAN, against=Against("2026-11-23T03:09:11Z", 3 * 3600 + 59))

    assert "Planned against a snapshot of 2026-11-23T03:09:11Z, 3 hours old." in render(plan, form)
    assert "snapshot" not in render(QUIET_PLAN, form)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (5_400, "90 minutes"),
        (7_200, "2 hours"),
        (172_799, "47 hours"),
        (172_800, "2 days"),
        (86_400 * 400, "400 days"),
    ],
)
def test_an_age_is_told_as_people_tell_it(seconds: int, words: str) -> None:
    assert age(seconds) == words


@pytest.mark.parametrize("text", ["mail@evil.example", "mailto:a@b.example", "xmpp:a@b.example", "@@a@b.c"])
def test_no_address_stands_in_one_piece_of_text(text: str) -> None:
    """GFM would make a link of it, also inside the tag `<code>`."""
    shown = literal(text)

    assert shown.count("&#64;") == shown.count("<!-- -->&#64;") == text.count("@")
    assert Comment(shown).notes == [text]


def test_a_plan_that_fits_a_job_summary_is_told_whole() -> None:
    comment = Comment(render(large_plan(30), "markdown"))

    assert comment.left == {}
    assert +comment.shown == {
        "deleted accounts": 30,
        "other changed accounts": 90,
        "removed questions": 120,
        "unreadable accounts": 30,
        "accounts' edits": 90,
    }


def test_a_job_summary_takes_what_fits_of_a_plan_of_any_size() -> None:
    """What is in it is counted by its lines: to parse a million bytes takes seconds."""
    size = 1_000

    text = render(large_plan(size), "markdown")

    assert SUMMARY_BYTES - 1_000 < len(text.encode()) <= SUMMARY_BYTES
    assert f"Plan: {size} to create, {2 * size} to update, {size} to delete, 0 unchanged" in text
    (note,) = [line for line in text.splitlines() if line.startswith("**Left out here: ")]
    assert "deleted accounts" not in note
    left = {
        kind: int(count.replace(",", ""))
        for count, kind in re.findall(r"([\d,]+) of [\d,]+ ([a-z ']+)", note)
    }
    shown = {kind: len(re.findall(line, text, re.MULTILINE)) for kind, line in LINES.items()}
    assert {kind: count + left.get(kind, 0) for kind, count in shown.items()} == {
        "deleted accounts": size,
        "other changed accounts": 3 * size,
        "removed questions": 4 * size,
        "unreadable accounts": size,
        "accounts' edits": 3 * size,
    }


def test_a_comment_of_a_large_plan_names_every_deletion_and_says_what_is_missing() -> None:
    plan = large_plan(150)

    text = fitted(plan, most_chars=COMMENT_CHARS, whole_at="the artifact `plan`")
    comment = Comment(text)

    assert COMMENT_CHARS - 1_000 < len(text) <= COMMENT_CHARS
    assert comment.shown["deleted accounts"] == 150
    assert comment.shown["other changed accounts"] >= 150, "those that lose something"
    assert comment.shown["accounts' edits"] == 0
    assert comment.left["accounts' edits"] == 450
    assert text.count("The whole plan is in the artifact `plan`.") == 1


@pytest.mark.parametrize("bound", range(1_000, 30_000, 1_000))
def test_with_less_room_the_parts_go_in_their_order(bound: int) -> None:
    plan = large_plan(20)

    assert_in_order(Comment(fitted(plan, most_chars=bound)), Comment(fitted(plan)))


def test_what_apply_would_refuse_and_warnings_outlast_every_row() -> None:
    plan = replace(large_plan(50), limits=Limits(), warnings=("One token ends.",))

    text = fitted(plan, most_chars=1_200)
    comment = Comment(text)

    assert "**Apply would refuse this.**" in text
    assert comment.listed("Why apply would refuse it") == guard.foreseen(plan)
    assert comment.listed("Warnings") == ["One token ends."]
    assert comment.shown["deleted accounts"] < 50


def test_hundreds_of_protected_accounts_do_not_push_out_what_they_lose() -> None:
    gone = [Change(replace(account("gone", number), protect=True), ASKS, NOTHING) for number in range(300)]

    comment = Comment(fitted(Plan(tuple(gone), limits=Limits()), most_chars=COMMENT_CHARS))

    assert comment.shown["refusals"] == 20
    assert comment.left["refusals"] == 281
    assert comment.shown["deleted accounts"] == 300
    assert comment.listed("Why apply would refuse it")[0].startswith("300 of 300 accounts would lose all")


def test_one_account_of_many_pages_does_not_hide_what_the_others_do() -> None:
    pages = Profile.of({locale: [("Q" * 900, "P" * 900)] * 4 for locale in ("default", "fr_FR", "he_IL")})
    small = [Change(account("shop", n), NOTHING, ASKS) for n in range(20)]

    comment = Comment(
        fitted(Plan((Change(Account("a", "1"), NOTHING, pages), *small)), most_chars=COMMENT_CHARS // 3)
    )

    assert comment.left == {"accounts' edits": 1}
    assert [summary for summary in comment.summaries if "shop" not in summary] == []


def test_the_note_is_said_before_anything_else_is_shown() -> None:
    blocks = fitted(large_plan(50), most_chars=5_000).split("\n\n")

    assert blocks[2].startswith("**Left out here: ")
    assert blocks[2].endswith("** The whole plan is in the JSON output (`-o json`).")


def test_a_text_longer_than_the_api_takes_gives_way_to_its_length() -> None:
    long = replace(EXPIRED, message="why " * 5_000)
    plan = replace(PLAN, unreadable=(Unreadable(Account("acme-fr", "4"), long),))

    text = fitted(plan, most_chars=6_000)

    assert "token 190/463: (a text of 20,000 characters); hint" in text
    assert "**Left out here: texts of more than 1,000 characters.** The whole plan" in text
    assert "why why" in fitted(plan, most_chars=60_000)


def test_a_report_shows_first_and_last_what_went_wrong() -> None:
    fine = [Outcome(account("fine", n), Action.UPDATE, Status.APPLIED, 3) for n in range(300)]
    gone = [Outcome(account("gone", n), Action.DELETE, Status.APPLIED, 3) for n in range(300)]
    bad = [Outcome(account("some", n), Action.UPDATE, Status.FAILED, 3, "", EXPIRED) for n in range(10)]
    report = Report("run", "", "", (*fine, *gone, *bad))

    comment = Comment(fitted(report, most_chars=20_000))

    assert [cells[0] for cells in comment.table("Accounts")][:10] == ["failed"] * 10
    assert comment.left == {
        "deleted accounts": 300 - comment.shown["deleted accounts"],
        "other accounts": 300,
    }
    assert comment.shown["deleted accounts"] > 100
    assert "The whole report is in" in comment.outside


def test_without_a_bound_it_is_whole() -> None:
    assert Comment(fitted(large_plan(150))).shown["accounts' edits"] == 450


@pytest.mark.parametrize("value", [PLAN, REPORT])
def test_where_not_even_the_totals_fit_it_says_so(value: Plan | Report) -> None:
    with pytest.raises(ValueError, match="not even"):
        fitted(value, most_chars=100)


def test_subscriptions_have_a_table_of_their_own() -> None:
    comment = Comment(render(LACKING, "markdown"))

    assert comment.table("Webhooks") == [
        ["+ subscribe", "acme-de (17841400000000001)", "messages, messaging_postbacks"],
        ["+ subscribe", "acme-old (17841400000000002)", "messaging_postbacks"],
    ]
    assert "1 unchanged, 2 to subscribe." in comment.outside
