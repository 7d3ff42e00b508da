"""Comments, summaries and issues: what they say, that they fit, and that no text in them does anything."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from icesync.diagnostics import Diagnostic, Severity, Span
from icesync.github import pages
from icesync.github.pages import Result, Run
from icesync.model import Account, Action, Change, Outcome, Plan, Profile, Report, Status, Subscription

URL = "https://github.example/acme/shops/actions/runs/1"
RUN = Run("c0ffee", URL, artifact=True)
EMPTY = Profile.of({})
HELLO = Profile.of({"default": [("Hello?", "HELLO")]})
MARKDOWN = MarkdownIt("gfm-like", {"linkify": False})
NASTY = [
    "--> <img src=x>",
    "@everyone",
    "[x](https://evil.example)",
    "```",
    "\n# Title",
    "<!--",
    "|",
    "a--b---c-->",
]


def plan(size: int) -> Plan:
    return Plan(tuple(Change(Account(f"shop-{n}", str(n)), EMPTY, HELLO) for n in range(size)))


def mistakes(size: int, text: str = "x") -> tuple[Diagnostic, ...]:
    return tuple(Diagnostic(Span(f"{text}.yaml", n, 1), Severity.ERROR, text, "rule") for n in range(size))


@given(
    st.sampled_from([0, 1, 400]),
    st.integers(0, 3000),
    st.integers(0, 3000),
    st.sampled_from(["x", "é" * 100, "𝔘" * 400, *NASTY]),
)
@settings(max_examples=25)
def test_whatever_there_is_to_say_it_fits(accounts: int, said: int, wrong: int, text: str) -> None:
    value = plan(accounts) if accounts else None
    result = Result("plan", 3, value, (f"error: {text}",) * said, mistakes(wrong, text))
    body = f"{pages.mark('', text[:60])}\n{pages.comment(result, RUN)}"
    assert len(body) <= 60_000
    assert len(pages.summary(result, RUN).encode()) <= 1_000_000
    if value:
        issue = pages.drift_issue(result, value, "icesync.yaml", [], RUN)
        assert len(f"{pages.mark('-drift', text[:60])}\n{issue}") <= 60_000


def test_what_finds_no_room_is_counted() -> None:
    result = Result("validate", 65, None, (), mistakes(3000, "long text " * 20))
    body = pages.comment(result, RUN)
    told = body.count("- <code>")
    assert f"and {3000 - told} more, which are in the log" in body


@pytest.mark.parametrize("text", NASTY)
def test_what_a_command_said_does_nothing_in_a_comment(text: str) -> None:
    result = Result("plan", 1, None, (f"error: {text}",), mistakes(1, text))
    tokens = MARKDOWN.parse(pages.comment(result, RUN))
    inline = [child for token in tokens for child in token.children or ()]
    links = [token.attrGet("href") for token in inline if token.type == "link_open"]
    html = {token.content for token in (*inline, *tokens) if token.type in ("html_inline", "html_block")}
    assert links == [URL]
    assert html <= {"<code>", "</code>", "<!-- -->"}
    assert [token.tag for token in tokens if token.type == "heading_open"] == ["h2"]


@given(st.text(max_size=60) | st.sampled_from(NASTY), st.text(max_size=60))
def test_a_mark_is_one_comment_of_html_and_each_fleets_own(fleet: str, other: str) -> None:
    mark = pages.mark("", fleet)
    assert "\n" not in mark
    assert mark.startswith("<!-- icesync:")
    assert "--" not in mark.removeprefix("<!--").removesuffix("-->")
    assert (mark == pages.mark("", other)) == (fleet == other)


def test_a_name_of_any_length_has_a_short_mark_of_its_own() -> None:
    marks = {pages.mark("", sign * 100_000) for sign in "xyé"}
    assert len(marks) == 3
    assert max(map(len, marks)) < 1000


@pytest.mark.parametrize(("command", "title"), [("show", "plan"), ("drift", "drift"), ("plan", "plan")])
def test_a_page_is_headed_by_the_command_of_the_step(command: str, title: str) -> None:
    page = pages.summary(Result(command, 2, plan(1), (), ()), RUN)
    assert page.startswith(f"## icesync {title}\n")
    assert page.count("## icesync ") == 1


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "the saved plan, snapshot or run cannot be used here"),
        (Report("", "", ""), "live state has changed since the plan was made"),
    ],
)
def test_exit_code_5_is_told_by_what_is_stale(value: Report | None, why: str) -> None:
    result = Result("apply", 5, value, ("error: it is damaged",), ())
    assert f"**Exit code 5: {why}.**\n\n- <code>error&#58; it is damaged</code>" in pages.summary(result, RUN)
    assert pages.failure(result) == f"icesync apply, exit code 5: {why}\nerror: it is damaged"


@pytest.mark.parametrize(("artifact", "place"), [(True, "artifact"), (False, "log")])
def test_what_is_left_out_is_where_it_is_said_to_be(artifact: bool, place: str) -> None:
    page = pages.comment(Result("plan", 2, plan(5000), (), ()), Run("c0ffee", URL, artifact))
    assert f"The whole plan is in the {place} of [this run]({URL})." in page


def test_more_names_than_have_room_leave_the_steps_own_selection_in_the_commands() -> None:
    result = Result("drift", 2, plan(200), (), ())
    chosen = pages.drift_issue(result, plan(200), "icesync.yaml", ["--label=eu", "--shard=1/2"], RUN)
    assert "icesync apply --label=eu --shard=1/2 icesync.yaml\n" in chosen
    assert "icesync pull --label=eu --shard=1/2 icesync.yaml\n" in chosen
    by_name = [f"--only={n:04}-shop" for n in range(5000)]
    assert "icesync apply '--only=…' icesync.yaml\n" in pages.drift_issue(
        result, plan(200), "icesync.yaml", by_name, RUN
    )


def test_a_drift_issue_has_commands_that_a_shell_takes_as_they_are() -> None:
    result = Result("drift", 2, plan(1), (), ())
    body = pages.drift_issue(result, plan(1), "my fleet/$(id).yaml\n```\n", [], RUN)
    assert "icesync apply --only=shop-0 'my fleet/$(id).yaml\\n```\\n'\n" in body
    fences = [token.content for token in MARKDOWN.parse(body) if token.type == "fence"]
    assert len(fences) == 2


def test_names_that_are_as_long_as_a_page_leave_the_page_a_page() -> None:
    names = [f"{'_' * 990}{n:02}" for n in range(30)]
    value = Plan(tuple(Change(Account(name, name), HELLO, EMPTY) for name in sorted(names)))
    result = Result("plan", 2, value, ("error: x" * 100,) * 1000, mistakes(3000))
    body = pages.comment(result, RUN)
    assert body.startswith("## icesync plan\n")
    assert 40_000 < len(body) <= 60_000


def test_a_drift_of_subscriptions_alone_has_nothing_to_adopt() -> None:
    lacking = Subscription(Account("shop-9", "9"), (), ("messages",))
    alone, both = Plan((), subscriptions=(lacking,)), replace(plan(1), subscriptions=(lacking,))

    assert Result("drift", 2, both, (), ()).changes == 2
    told = [
        pages.drift_issue(Result("drift", 2, each, (), ()), each, "icesync.yaml", (), RUN)
        for each in (alone, both)
    ]
    assert "icesync apply --only=shop-9 icesync.yaml" in told[0]
    assert "icesync pull" not in told[0]
    assert "icesync apply --only=shop-0 --only=shop-9 icesync.yaml" in told[1]
    assert "icesync pull icesync.yaml shop-0\n" in told[1]


def test_an_account_counts_once_however_much_was_done_to_it() -> None:
    ends = [
        Outcome(Account("shop", "1"), action, Status.APPLIED) for action in (Action.UPDATE, Action.SUBSCRIBE)
    ]

    assert Result("apply", 0, Report("", "", "", tuple(ends)), (), ()).changes == 1
