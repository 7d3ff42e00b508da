"""What a page says beyond one sample: its headlines, the order of its parts, and what it leaves out."""

import re
from dataclasses import replace

import pytest

from icesync.model import (
    NOTHING,
    Account,
    Action,
    Against,
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
from icesync.render import html, render
from icesync.render.look import Look
from tests.support.samples import EXPIRED, LACKING, PLAN, QUIET_PLAN, QUIET_REPORT, REPORT

ONE = Profile.of({"default": [("Where is my order?", "ORDER")]})
TWO = Profile.of({"default": [("Where is my order?", "ORDER"), ("Any jobs?", "JOBS")]})


def changes(action: Action, count: int, before: Profile, after: Profile) -> tuple[Change, ...]:
    return tuple(Change(Account(f"{action}-{number}", str(number)), before, after) for number in range(count))


def accounts(page: str) -> list[str]:
    """The names of the accounts that are drawn, in the order of the page."""
    return re.findall('<bdi class="account">([^<]*)</bdi>', page)


def kinds(page: str) -> list[str]:
    return re.findall('<h2 id="kind-([a-z]+)">', page)


def article(page: str, name: str) -> str:
    """What the page draws for an account."""
    (found,) = [each for each in page.split("<article")[1:] if f'<bdi class="account">{name}</bdi>' in each]
    return found.partition("</article>")[0]


def screens(drawn: str) -> str:
    return drawn[drawn.find('<div class="sights">') :]


@pytest.mark.parametrize(
    ("value", "headline"),
    [
        (PLAN, "3 accounts would change"),
        (QUIET_PLAN, "No changes. Live state matches the files."),
        (Plan((), unmanaged=3), "No managed accounts in this run."),
        (REPORT, "3 of 4 accounts not done"),
        (replace(REPORT, outcomes=REPORT.outcomes[:1]), "1 account done"),
        (QUIET_REPORT, "Nothing was to be written"),
    ],
)
def test_the_headline_and_the_title_say_what_it_comes_to(value: Plan | Report, headline: str) -> None:
    page = render(value, "html")

    assert f"<h1>{headline}</h1>" in page
    assert re.search(f"<title>icesync (plan|report): {re.escape(headline)}</title>", page)


def test_what_needs_eyes_stands_first() -> None:
    assert kinds(render(PLAN, "html")) == ["delete", "update", "create", "unreadable"]
    assert kinds(render(REPORT, "html")) == ["failed", "stale", "deferred", "applied"]


def test_there_is_nothing_to_filter_by_where_nothing_is_listed() -> None:
    for quiet in (QUIET_PLAN, QUIET_REPORT):
        assert "<form" not in render(quiet, "html")


def test_locales_and_labels_that_can_be_chosen_are_those_of_the_changes() -> None:
    page = render(PLAN, "html")

    assert re.findall('<option value="([^"]+)">([^<]*)</option>', page) == [
        ("eu", "eu (1)"),
        ("default", "default (3)"),
        ("he_IL", "he_IL (1)"),
    ]


def test_a_plan_tells_its_calls_and_the_age_of_its_snapshot() -> None:
    against = Against("2026-11-20T03:09:11Z", 3 * 86400)
    page = render(replace(PLAN, forecast=Forecast(12), against=against), "html")

    assert "Carrying this out takes 12 calls." in page
    assert "Planned against a snapshot of 2026-11-20T03:09:11Z, 3 days old." in page


def test_a_failure_tells_its_cause_its_hint_its_time_and_its_trace() -> None:
    failure = GraphFailure(
        FailureKind.THROTTLED, "too many", 4, None, "Abc", "Wait for it.", "2026-11-23T04:00:00Z"
    )
    outcome = Outcome(Account("acme", "1"), Action.UPDATE, Status.DEFERRED, 2, "", failure, wave=2)
    for page in (
        render(Plan((), (Unreadable(Account("acme", "1"), failure),)), "html"),
        render(Report("r", "", "", (outcome,)), "html"),
    ):
        told = re.sub("<[^>]+>", "", page[page.index("<article") :])
        for text in ("throttled 4: too many", "Wait for it.", "2026-11-23T04:00:00Z", "Abc"):
            assert text in told
    assert "update, 2 calls, wave 2" in page


def test_what_apply_would_refuse_is_counted_and_the_first_reasons_are_told() -> None:
    gone = changes(Action.DELETE, 25, ONE, NOTHING)
    protected = tuple(replace(each, account=replace(each.account, protect=True)) for each in gone)

    page = render(Plan(protected, limits=Limits()), "html")

    callout = page[page.index("Apply would refuse this:") :].partition("</div>")[0]
    assert callout.count("<li") == 20
    assert "25 of 25 accounts would lose all ice breakers" in callout
    assert "And 6 more" in callout
    assert "Apply would refuse this" not in render(Plan(protected), "html")


def test_many_accounts_that_lose_everything_are_counted_and_some_are_named() -> None:
    page = render(Plan(changes(Action.DELETE, 25, ONE, NOTHING)), "html")

    assert "25 accounts, 1 locale, 25 questions; 25 accounts lose their last question." in page
    assert "and 5 more" in page


def test_a_page_of_limited_size_leaves_out_what_loses_nothing_first() -> None:
    plan = Plan(
        (
            *changes(Action.CREATE, 100, NOTHING, TWO),
            *changes(Action.DELETE, 100, TWO, NOTHING),
            *changes(Action.UPDATE, 100, TWO, ONE),
        ),
        (Unreadable(Account("dead", "9"), EXPIRED),),
    )
    whole = render(plan, "html")
    assert "leaves out" not in whole
    assert len(accounts(whole)) == 301

    page = html.plan(plan, Look(), most=180_000)

    drawn = accounts(page)
    assert len([name for name in drawn if name.startswith("delete")]) == 100
    assert 0 < len([name for name in drawn if name.startswith("update")]) < 100
    assert not [name for name in drawn if name.startswith("create")]
    assert "dead" in drawn
    assert f"this page leaves out {301 - len(drawn)} accounts" in page
    assert "<code>-o json</code>" in page
    for change in plan.changes:
        assert f"{change.action} <bdi>{change.account.name}</bdi>" in page or change.account.name in drawn
    assert len(page) < len(whole)


def test_one_change_of_great_size_does_not_push_out_the_others() -> None:
    huge = Profile.of({"default": [("long " * 40_000, "P")]})
    plan = Plan((Change(Account("huge", "0"), huge, NOTHING), *changes(Action.CREATE, 3, NOTHING, ONE)))

    page = html.plan(plan, Look(), most=100_000)

    assert accounts(page) == ["create-0", "create-1", "create-2"]
    assert "delete <bdi>huge</bdi>" in page
    assert "leaves out 1 account," in page


def test_a_report_of_limited_size_keeps_what_went_wrong() -> None:
    outcomes = [Outcome(Account(f"good-{n}", str(n)), Action.UPDATE, Status.APPLIED) for n in range(90)]
    outcomes += [Outcome(Account(f"bad-{n}", str(n)), Action.UPDATE, Status.FAILED) for n in range(90)]

    page = html.report(Report("r", "", "", tuple(outcomes)), Look(), most=70_000)

    drawn = accounts(page)
    assert len([name for name in drawn if name.startswith("bad")]) == 90
    assert 0 < len([name for name in drawn if name.startswith("good")]) < 90
    assert "applied <bdi>good-89</bdi>" in page


def test_an_escape_stays_in_one_piece_where_text_runs_to_the_left() -> None:
    question = 'איפה\u202e "<זה>\u200b?\u200f'
    plan = Plan((Change(Account("acme", "1"), NOTHING, Profile.of({"default": [(question, "P")]})),))

    expected = r"איפה<bdi>\u202e</bdi> &#34;&lt;זה&gt;<bdi>\u200b</bdi>?" + "\u200f</p>"
    assert expected in render(plan, "html")


def carried_out(report: Report) -> Report:
    """The report as the run itself knows it."""
    return replace(report, changes=PLAN.changes)


def test_a_run_shows_under_each_outcome_the_screens_that_its_plan_showed() -> None:
    planned, done = render(PLAN, "html"), render(carried_out(REPORT), "html")

    for change in PLAN.changes:
        card, outcome = (article(page, change.account.name) for page in (planned, done))
        assert screens(card)
        assert screens(outcome).replace("<figcaption>Wanted", "<figcaption>After") == screens(card)
    assert 'class="sights"' not in article(done, "acme-fr"), "it was not read"
    for option in ("default (3)", "he_IL (1)"):
        assert f"{option}</option>" in done
    assert "update, 2 calls; 1 new, 1 removed, 1 reworded, 1 with a new payload, 1 moved" in done


def test_only_what_was_done_is_called_after() -> None:
    done = render(carried_out(REPORT), "html")

    assert "<figcaption>After" in article(done, "acme-de")
    for name in ("acme-old", "acme-us"):
        assert "<figcaption>Wanted" in article(done, name)
        assert "<figcaption>After" not in article(done, name)


def test_a_saved_report_says_that_it_keeps_no_screens_where_there_were_any() -> None:
    told = "A saved report keeps no chat screens"

    assert told in render(REPORT, "html")
    for report in (carried_out(REPORT), QUIET_REPORT, replace(REPORT, outcomes=REPORT.outcomes[1:2])):
        assert told not in render(report, "html")


def test_screens_count_for_the_size_of_a_report() -> None:
    made = changes(Action.UPDATE, 90, ONE, TWO)
    outcomes = tuple(Outcome(each.account, each.action, Status.APPLIED) for each in made)
    report = Report("r", "", "", outcomes, changes=made)

    page = html.report(report, Look(), most=100_000)

    assert 0 < len(accounts(page)) < 90
    assert f"this page leaves out {90 - len(accounts(page))} accounts" in page
    assert len(accounts(html.report(replace(report, changes=()), Look(), most=100_000))) == 90


def test_large_counts_are_written_alike_all_over_the_page() -> None:
    made = changes(Action.CREATE, 1_234, NOTHING, ONE)
    plan = Plan(made, limits=Limits(Limit(5)), forecast=Forecast(3_702, 1_234))
    outcomes = tuple(Outcome(each.account, each.action, Status.FAILED) for each in made)

    for page in (render(plan, "html"), render(Report("r", "", "", outcomes, 5_678), "html")):
        told = re.sub(
            "<style>.*?</style>|<article.*?</article>|<script>.*?</script>", "", page, flags=re.DOTALL
        )
        assert "1,234" in told
        assert not re.search(r"(?<!\d)(1234|3702|5678|1214)(?!\d)", told)


def test_the_names_of_what_is_left_out_have_a_bound_too() -> None:
    count = html.MOST_NAMES + 50
    plan = Plan(changes(Action.CREATE, count, NOTHING, ONE))

    page = html.plan(plan, Look(), most=40_000)

    left_out = count - len(accounts(page))
    assert f"this page leaves out {left_out:,} accounts" in page
    assert page.count("<li>create ") == html.MOST_NAMES
    assert f"<p>And {left_out - html.MOST_NAMES} accounts more.</p>" in page


def test_subscriptions_are_cards_with_the_fields_that_are_added() -> None:
    page = render(LACKING, "html")

    assert page.count('data-kind="subscribe"') == 2
    assert "<p>Webhooks that are added: <code>messages</code>, <code>messaging_postbacks</code></p>" in page
    assert "<dt>to subscribe</dt><dd>2</dd>" in page
    assert "subscribe</span> 2 accounts: webhook fields are added" in page
    assert "2 accounts would change" in page
    assert "to subscribe" not in render(PLAN, "html")
