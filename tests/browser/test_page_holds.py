"""What the page withstands in a real browser: hostile texts, smuggled markup, and the rules of axe-core."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Request, expect

from icesync.model import Account, Action, Change, Outcome, Plan, Report, Status, Unreadable
from icesync.render import html, render
from icesync.render.look import Look
from tests.browser.conftest import Open
from tests.support.crowd import many
from tests.support.samples import (
    DEAD,
    EXPIRED,
    LIVE,
    OLD,
    PLAN,
    QUIET_PLAN,
    TIMEOUT,
    WANTED,
    hostile_plan,
    hostile_run,
)
from tests.unit.test_safe import HOSTILE

RUNNING = (
    "</script><script>document.title = 'owned'</script>",
    "</style><style>* { display: none }</style>",
    "<base href=//evil.example><meta http-equiv=refresh content='0;url=//evil.example'>",
    "\" autofocus onfocus=\"document.title = 'owned'",
    "<svg><animate onbegin=\"document.title = 'owned'\" attributeName=x></svg>",
)
# Everything that the policy names, once.
SMUGGLED = """
<script>document.title = 'owned'</script>
<script src='http://127.0.0.1:9/x.js'></script>
<style>h1 { display: none }</style>
<link rel=stylesheet href='http://127.0.0.1:9/x.css'>
<img src='http://127.0.0.1:9/x.png' onerror="document.title = 'owned'">
<iframe src='http://127.0.0.1:9/'></iframe>
<p style='position: fixed; inset: 0' id=over>over</p>
<form action='http://127.0.0.1:9/'><button>Go</button></form>
"""

REPORTED = Report(
    "20261123T030911Z-7f3a",
    "2026-11-23T03:09:11Z",
    "2026-11-23T03:09:14Z",
    tuple(
        Outcome(Account(f"acme-{status}", "1", labels=("eu",)), Action.UPDATE, status, 2, "why", TIMEOUT, 1)
        for status in Status
    ),
    changes=tuple(Change(Account(f"acme-{status}", "1"), LIVE, WANTED) for status in Status),
)
PLANNED = Plan((*PLAN.changes, Change(DEAD, WANTED, LIVE)), (Unreadable(OLD, EXPIRED),), unmanaged=1)


def plan_of(texts: Sequence[str]) -> Plan:
    made = [hostile_plan(text) for text in texts]
    return Plan(
        tuple(change for plan in made for change in plan.changes),
        tuple(found for plan in made for found in plan.unreadable),
    )


def report_of(texts: Sequence[str]) -> Report:
    made = [hostile_run(text) for text in texts]
    return Report(
        "r",
        "",
        "",
        tuple(outcome for report in made for outcome in report.outcomes),
        changes=tuple(change for report in made for change in report.changes),
    )


@pytest.mark.parametrize("make", [plan_of, report_of])
def test_no_text_runs_or_loads_or_hides_anything(
    open_page: Open, make: Callable[[Sequence[str]], Plan | Report]
) -> None:
    texts = [*HOSTILE, *RUNNING]
    page, same = (
        open_page(make(texts)),
        open_page(make([f"harmless {number}" for number in range(len(texts))])),
    )

    # An escape has a bare bdi around it, and harmless texts have no escapes.
    elements = "[...document.querySelectorAll('*:not(.phone bdi)')].map((each) => each.localName).join()"
    assert page.evaluate(elements) == same.evaluate(elements)
    assert page.title() == same.title()
    page.get_by_label("Account", exact=True).fill("autofocus onfocus")
    expect(page.get_by_role("status")).to_have_text(re.compile(r"^[12] of \d+ accounts on this page"))


def test_the_policy_stops_what_would_slip_in(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(render(PLAN, "html").replace("<main", f"{SMUGGLED}<main", 1), encoding="utf-8")
    sent: list[str] = []
    refused: list[str] = []

    def note(request: Request) -> None:
        # The browser tells of requests that the policy stops too; they fail before they are sent.
        (refused if request.failure == "csp" else sent).append(request.url)

    with browser.new_context() as context:
        page = context.new_page()
        page.on("requestfinished", note)
        page.on("requestfailed", note)
        page.goto(file.as_uri())

        assert page.title() == "icesync plan: 3 accounts would change"
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.locator("#over").evaluate("(node) => getComputedStyle(node).position") == "static"
        with page.expect_console_message(lambda message: "form-action 'none'" in message.text):
            page.get_by_role("button", name="Go").click(no_wait_after=True)
    assert sent == [file.as_uri()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "content",
    [PLANNED, QUIET_PLAN, REPORTED, html.plan(many(60), Look(), most=60_000)],
    ids=["plan", "quiet", "report", "left-out"],
)
def test_axe_finds_nothing_to_mend(
    open_page: Open, axe: str, content: Plan | Report | str, scheme: str
) -> None:
    page = open_page(content, color_scheme=scheme, viewport={"width": 1280, "height": 6000})
    page.evaluate(axe)

    found = page.evaluate("axe.run(document)")

    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
    assert {each["id"] for each in found["passes"]} >= {"color-contrast", "document-title", "region"}
