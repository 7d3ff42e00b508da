"""What a drift issue remembers from one night to the next, and that it fits."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from icesync.github import pages, sightings
from icesync.github.pages import Result, Run
from icesync.model import Account, Change, FailureKind, GraphFailure, Plan, Profile, Unreadable

RUN = Run("c0ffee", "https://github.example/acme/shops/actions/runs/1", artifact=True)
EMPTY = Profile.of({})
HELLO = Profile.of({"default": [("Hello?", "HELLO")]})
FAILURE = GraphFailure(FailureKind.TRANSIENT, "down")
SINCE = "**Could not be checked since 2026-11-{:02}T03:09:11Z: "


def night(day: int, differ: str = "", unreadable: str = "") -> Plan:
    """A plan of that day, in which these accounts differ and those cannot be read."""
    return Plan(
        tuple(Change(Account(name, "1"), EMPTY, HELLO) for name in sorted(differ.split())),
        tuple(Unreadable(Account(name, "1"), FAILURE) for name in sorted(unreadable.split())),
        created=f"2026-11-{day:02}T03:09:11Z",
    )


def told(old: str, plan: Plan, fleet: str = "shops") -> sightings.Text:
    result = Result("drift", 2, plan, (), ())

    def page(chars: int) -> str:
        return pages.drift_issue(result, plan, "icesync.yaml", [], RUN, chars)

    return sightings.write(old, plan, fleet, page, RUN)


def after(*nights: Plan) -> str:
    body = ""
    for plan in nights:
        body = told(body, plan).body
    return body


def test_an_account_that_was_read_again_is_no_longer_among_those_that_were_not() -> None:
    body = after(night(1, "a b c"), night(2, "", "a b"), night(3, "b", "a"))
    assert body.count("Could not be checked since") == 1
    assert f"{SINCE.format(1)}<code>a</code>.**" in body
    assert "icesync apply --only=b icesync.yaml" in body.partition("Could not be checked")[0]
    assert "Could not be checked" not in after(night(1, "a b c"), night(2, "", "a b"), night(3, "b", "c"))


def test_each_account_is_told_of_as_it_was_last_seen() -> None:
    body = after(night(1, "a"), night(2, "b", "a"), night(3, "c", "a b"), night(4, "", "a b c"))
    assert [body.count(SINCE.format(day)) for day in (1, 2, 3, 4)] == [1, 1, 1, 0]
    assert body.index(SINCE.format(3)) < body.index(SINCE.format(2)) < body.index(SINCE.format(1))


@pytest.mark.parametrize("last", [night(3, "b", "a c"), night(3, "", "a"), night(3, "", "x")])
def test_to_write_it_twice_changes_nothing(last: Plan) -> None:
    body = after(night(1, "a c"), night(2, "c", "a"), last)
    assert told(body, last).body == body


def test_an_issue_that_somebody_edited_on_github_is_understood() -> None:
    body = after(night(1, "a")).replace("\n", "\r\n")
    assert SINCE.format(1) in told(body, night(2, "", "a")).body


@pytest.mark.parametrize(
    "body",
    [
        "",
        "Drift!",
        "<!-- icesync-seen:2026-11-01T03:09:11Z a -->\nno end",
        "<!-- icesync-seen:@everyone a -->\nx\n<!-- icesync-seen:end -->",
        "> <!-- icesync-seen:2026-11-01T03:09:11Z a -->\nx\n<!-- icesync-seen:end -->",
    ],
)
def test_what_it_does_not_remember_it_does_not_make_up(body: str) -> None:
    text = told(body, night(2, "", "a"))
    assert "some accounts may differ" in text.title
    assert text.body.startswith("No account that could be read differs, but not all could be read")
    assert "Could not be checked" not in text.body


@settings(max_examples=25)
@given(st.text(min_size=1, max_size=20) | st.sampled_from(["a--b", "-->", "a b", "é", "%2D", "x\n<!--"]))
def test_any_name_is_remembered_and_does_nothing(name: str) -> None:
    one, other = (
        Plan((Change(Account(name, "1"), EMPTY, HELLO),), created="2026-11-01T03:09:11Z"),
        Plan((), (Unreadable(Account(name, "1"), FAILURE),), created="2026-11-02T03:09:11Z"),
    )
    body = after(one, other)
    assert SINCE.format(1) in body
    html = [token.content for token in MarkdownIt("commonmark").parse(body) if token.type == "html_block"]
    comments = [found for found in html if found.startswith("<!--")]
    assert len(comments) == 2
    assert all("--" not in found.strip()[4:-3] for found in comments)


@pytest.mark.parametrize(
    ("first", "second", "length"), [(1, 0, 3), (2000, 0, 90), (30, 600, 3), (600, 600, 90)]
)
def test_however_much_there_is_to_remember_it_fits(first: int, second: int, length: int) -> None:
    names = [f"{n:04}-{'x' * length}" for n in range(10_000)]
    one, other = " ".join(names[:first]), " ".join(names[5000 : 5000 + second])
    mark = pages.mark("-drift", "x" * 500)
    bodies = [after(night(1, one)), after(night(1, one), night(2, other, one))]
    bodies.append(told(bodies[-1], night(3, "", f"{one} {other}")).body)
    assert all(len(f"{mark}\n{body}") <= 65_000 for body in bodies)
    assert SINCE.format(1) in bodies[1]
    assert "This is what was seen then" in bodies[2]
    if not second:
        assert bodies[0].strip() in bodies[1]
        assert bodies[0].strip() in bodies[2]


def test_what_has_no_room_leaves_the_run_that_saw_it() -> None:
    many, others = (" ".join(f"{sign}{n:04}" for n in range(3000)) for sign in "ab")
    body = after(night(1, many), night(2, others, many))
    below = body.partition(SINCE.format(1))[2]
    assert "What was seen then is too long to stand here beside the rest." in below
    assert f"Seen by [this run]({RUN.url})" in below
    assert re.search(r"</code> and \d+ more\.\*\*", body)


@pytest.mark.parametrize(("differ", "who"), [("a b c", "3 accounts differ"), ("a", "1 account differs")])
def test_a_title_is_one_that_github_takes(differ: str, who: str) -> None:
    title = told("", night(1, differ), "x\n" * 500).title
    assert title.startswith(f"icesync: {who} from the files (x")
    assert len(title) <= 256
    assert "\n" not in title
