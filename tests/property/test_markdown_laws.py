"""Markdown fits wherever it has to, whatever is in it, and tells what it leaves out."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from icesync import guard
from icesync.diff import edits
from icesync.model import Account, Action, Change, EditKind, Plan, Report, Subscription, Unreadable
from icesync.render.markdown import fitted
from tests.support.comment import HEADS, Comment, assert_in_order
from tests.support.samples import hostile_plan, hostile_report
from tests.support.strategies import failures, hostile_texts, limits, plans, profiles, reports

MARKUP = (
    "</details>", "<details>", "</summary></code>", "| a |\n| - |", "\n\n# head\n\n```\n", "`", "\\", "**",
    "@everyone", "a@b.example", "https://evil.example", "#1", "&lt;", "🚚", "é\u0301", "x" * 1001, "-->",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(MARKUP) | hostile_texts(), max_size=3).map("".join)
PROFILES = profiles(words=TEXTS.map(lambda text: text.strip() or "?"))
PAIRS = st.tuples(PROFILES, PROFILES).filter(lambda pair: pair[0] != pair[1])
BOUNDS = st.integers(1_000, 6_000)
few = settings(max_examples=40)


def utf8(text: str) -> int:
    return len(text.encode())


@st.composite
def hostile_plans(draw: st.DrawFn) -> Plan:
    """Plans of a few accounts or of many, with anything in any text."""
    pairs, text, error = draw(st.lists(PAIRS, min_size=1, max_size=3)), draw(TEXTS), draw(failures())
    protected, warned = draw(st.integers(0, 12)), draw(st.integers(0, 40))
    accounts = [
        Account(f"{text} {number:03}", text, protect=number < protected)
        for number in range(draw(st.integers(0, 30)))
    ]
    dead = [Unreadable(Account(f"dead {number}", text), error) for number in range(draw(st.integers(0, 9)))]
    changes = [Change(account, *pairs[number % len(pairs)]) for number, account in enumerate(accounts)]
    warnings = tuple(f"{text} {number:02}" for number in range(warned))
    subscribed = [Subscription(each, (), (text, "~")) for each in accounts[: draw(st.integers(0, 9))]]
    return Plan(
        tuple(changes),
        tuple(dead),
        unchanged=3,
        limits=draw(limits()),
        warnings=warnings,
        subscriptions=tuple(subscribed),
    )


def many_reports() -> st.SearchStrategy[Report]:
    def grown(report: Report, times: int) -> Report:
        return replace(report, outcomes=report.outcomes * times)

    return st.builds(grown, reports(), st.integers(1, 6))


VALUES = hostile_plans() | plans() | many_reports()


def all_of(value: Plan | Report) -> Counter[str]:
    """How much of each kind there is, in the words of the note."""
    return Comment(fitted(value)).shown


@few
@given(VALUES, BOUNDS)
def test_it_is_never_longer_than_it_may_be(value: Plan | Report, bound: int) -> None:
    assert len(fitted(value, most_chars=bound)) <= bound
    assert utf8(fitted(value, most_bytes=bound)) <= bound
    both = fitted(value, most_chars=bound, most_bytes=bound + 500)
    assert (len(both) <= bound, utf8(both) <= bound + 500) == (True, True)


@few
@given(VALUES, BOUNDS)
@example(hostile_plan("</details></summary>\n\n| a |"), 1_500)
@example(hostile_report("<details>"), 1_500)
def test_its_structure_holds(value: Plan | Report, bound: int) -> None:
    comment = Comment(fitted(value, most_chars=bound))

    assert comment.attributes == []
    assert not set(comment.tags) - {
        *("h2", "h3", "p", "strong", "ul", "li", "code", "details", "summary"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    assert comment.tags["details"] == comment.tags["summary"] == len(comment.summaries)
    for row in comment.rows:
        assert len(row.cells) == HEADS.get(row.under, 4)


@few
@given(VALUES, BOUNDS)
def test_what_is_shown_and_what_is_left_out_are_everything(value: Plan | Report, bound: int) -> None:
    text = fitted(value, most_chars=bound)
    comment = Comment(text)

    assert comment.shown + comment.left == +all_of(value)
    assert ("Left out here" in comment.outside) == (text != fitted(value))
    assert ("is in the JSON output" in comment.outside) == (text != fitted(value))


@few
@given(hostile_plans())
def test_what_there_is_is_what_the_plan_says(plan: Plan) -> None:
    kinds = [edit.kind for change in plan.changes for edit in edits(change.before, change.after)]

    assert all_of(plan) == Counter(
        {
            "refusals": len(guard.foreseen(plan)),
            "warnings": len(plan.warnings),
            "deleted accounts": plan.count(Action.DELETE),
            "other changed accounts": plan.count(Action.CREATE) + plan.count(Action.UPDATE),
            "accounts to subscribe": len(plan.subscriptions),
            "removed questions": kinds.count(EditKind.REMOVE),
            "unreadable accounts": len(plan.unreadable),
            "accounts' edits": plan.count(Action.CREATE) + plan.count(Action.UPDATE),
            "accounts where something went wrong": 0,
            "other accounts": 0,
        }
    )


@few
@given(hostile_plans(), BOUNDS)
def test_deletions_are_the_last_to_go(plan: Plan, bound: int) -> None:
    assert_in_order(Comment(fitted(plan, most_chars=bound)), Comment(fitted(plan)))


@few
@given(VALUES, BOUNDS, BOUNDS)
def test_more_room_never_shows_less(value: Plan | Report, bound: int, other: int) -> None:
    small, large = (Comment(fitted(value, most_chars=most)) for most in sorted((bound, other)))

    assert all(small.shown[kind] <= large.shown[kind] for kind in small.shown)
    if fitted(value, most_chars=max(bound, other)) != fitted(value):
        assert {tuple(row.cells) for row in small.rows} <= {tuple(row.cells) for row in large.rows}


@few
@given(VALUES, BOUNDS)
def test_the_same_value_gives_the_same_text(value: Plan | Report, bound: int) -> None:
    assert fitted(value, most_chars=bound) == fitted(value, most_chars=bound)


@pytest.mark.parametrize("make", [hostile_plan, hostile_report])
@few
@given(text=TEXTS, bound=BOUNDS)
def test_no_text_gets_out_of_its_place(make: Callable[[str], Plan | Report], text: str, bound: int) -> None:
    comment = Comment(fitted(make(text), most_chars=bound))

    assert "evil" not in comment.outside
    assert "@" not in comment.outside
    assert "everyone" not in comment.outside
