"""Plans and reports as text for a person at a terminal."""

from collections.abc import Iterable, Iterator
from typing import Final

from icesync.model import (
    Account,
    Change,
    Edit,
    EditKind,
    FailureKind,
    GraphFailure,
    Outcome,
    Plan,
    Report,
    Status,
    Subscription,
    Unreadable,
)
from icesync.render.gist import tell
from icesync.render.look import Look
from icesync.render.words import (
    MARKS,
    SIGNS,
    against,
    by_locale,
    cause,
    emptied,
    forecast,
    place,
    plan_totals,
    quiet,
    refusals,
    report_totals,
    warnings,
    wave,
)
from icesync.safe import visible

# What a line of a report takes beside the name.
OTHERS: Final = len("unverified  update    10 calls")
COLORS: Final = {"+": "green", "-": "red", "~": "yellow", ">": "yellow", " ": ""}
STATUS_COLORS: Final = {
    Status.APPLIED: "green",
    Status.ALREADY: "dim",
    Status.STALE: "yellow",
    Status.UNVERIFIED: "yellow",
    Status.FAILED: "red",
    Status.DEFERRED: "yellow",
}
_INDENT: Final = 4


def plan(plan: Plan, look: Look) -> str:
    """Changed and unreadable accounts only, however many. What must not scroll by unseen stands at the end;
    the last line is the `Plan:` line."""
    blocks = [
        quiet(plan),
        *("\n".join(_change(change, look)) for change in plan.changes),
        *("\n".join(_subscription(found, look)) for found in plan.subscriptions),
        *("\n".join(_unreadable(found, look)) for found in plan.unreadable),
        against(plan),
        "\n".join(_sentences(warnings(plan), "yellow", look)),
        "\n".join(_sentences(refusals(plan), "red", look)),
        "\n".join(_sentences([emptied(plan)], "red", look)),
        forecast(plan),
        look.paint(f"Plan: {plan_totals(plan)}.", "bold"),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def report(report: Report, look: Look) -> str:
    """A line for each outcome, or two where it is narrow, with its error below: what is not good last, just
    before the `Apply:` line."""
    width = max((len(_name(outcome.account)) for outcome in report.outcomes), default=0)
    if look.width is not None and width + OTHERS > look.width:
        width = 0
    outcomes = sorted(report.outcomes, key=lambda outcome: not outcome.status.good)
    actions = max((len(outcome.action or "") for outcome in outcomes), default=0)
    lines = [line for outcome in outcomes for line in _outcome(outcome, width, max(actions, 6), look)]
    run = f" Run {visible(report.run)}." if report.run else ""
    totals = look.paint(f"Apply: {report_totals(report)}.{run}", "bold")
    return "\n".join([*lines, *[""] * bool(lines), totals]) + "\n"


def _change(change: Change, look: Look) -> Iterator[str]:
    sign = SIGNS[change.action]
    yield f"{look.paint(sign, COLORS[sign])} {look.paint(_name(change.account), 'bold')}"
    ((_, told),) = tell([change])
    width = max(len(place(edit)) for edit in told)
    for locale, found in by_locale(told):
        yield f"{'':{min(look.indent, 4)}}{visible(locale)}"
        for edit in found:
            yield from _edit(edit, width, look)


def _edit(edit: Edit, width: int, look: Look) -> Iterator[str]:
    mark = MARKS[edit.kind]
    margin = f"{'':{look.indent}}{look.paint(mark, COLORS[mark])} {place(edit):{width}}"
    column = look.indent + 2 + width
    for label in ("question", "payload"):
        for sign, text in _sides(edit, label):
            start = f"{margin}  {label:8}  {look.paint(sign, COLORS[sign])} "
            yield from _lines(start, column + 14, text, COLORS[sign], look)
            margin, label = " " * column, ""


def _sides(edit: Edit, label: str) -> list[tuple[str, str]]:
    """Old and new, each with its sign; where they are the same, or were told by an edit: one, without."""
    old, new = ([getattr(item, label)] if item else [] for item in (edit.before, edit.after))
    if old == new or edit.kind is EditKind.MOVE:
        return [(" ", text) for text in new]
    return [("-", text) for text in old] + [("+", text) for text in new]


def _subscription(found: Subscription, look: Look) -> Iterator[str]:
    sign = SIGNS[found.action]
    yield f"{look.paint(sign, COLORS[sign])} {look.paint(_name(found.account), 'bold')}"
    yield f"{'':{min(look.indent, 4)}}webhooks"
    for field in found.added:
        start = f"{'':{look.indent}}{look.paint(sign, COLORS[sign])} "
        yield from _lines(start, look.indent + 2, field, COLORS[sign], look)


def _unreadable(found: Unreadable, look: Look) -> Iterator[str]:
    yield f"{look.paint('!', 'red')} {look.paint(_name(found.account), 'bold')}"
    yield from _failure(found.account, found.error, look)


def _outcome(outcome: Outcome, width: int, actions: int, look: Look) -> Iterator[str]:
    status = look.paint(f"{outcome.status:10}", STATUS_COLORS[outcome.status])
    calls = f"{outcome.calls} call{'s' * (outcome.calls != 1)}"
    name = _name(outcome.account)
    beside = [f"{name:{width}}"] * bool(width)
    yield "  ".join([status, f"{outcome.action or '':{actions}}", *beside, calls, *wave(outcome)])
    if not beside:
        yield f"    {name}"
    if outcome.detail:
        yield from _lines("    ", 4, outcome.detail, "", look)
    if outcome.error:
        yield from _failure(outcome.account, outcome.error, look)


def _failure(account: Account, failure: GraphFailure, look: Look) -> Iterator[str]:
    start = f"    {cause(failure)}: "
    yield from _lines(start, len(start), failure.message, "red", look)
    if failure.kind is FailureKind.CREDENTIAL and account.token:
        # For the person at the terminal; files that are kept hold no reference.
        yield from _lines("    token: ", 11, account.token, "", look)
    if failure.not_before:
        yield from _lines("    not before: ", 16, failure.not_before, "", look)
    if failure.hint:
        yield from _lines("    hint: ", 10, failure.hint, "", look)
    if failure.trace:
        yield from _lines("    trace: ", 11, failure.trace, "dim", look)


def _sentences(found: Iterable[str], style: str, look: Look) -> Iterator[str]:
    """Each begins a line; what does not fit goes on below it."""
    for sentence in found:
        first, *rest = look.fold(sentence, _INDENT)
        yield look.paint(first, style)
        yield from (" " * _INDENT + look.paint(line, style) for line in rest)


def _lines(start: str, column: int, text: str, style: str, look: Look) -> Iterator[str]:
    """Outside text after `start`, which takes `column` cells; what does not fit goes on below it."""
    first, *rest = look.fold(visible(text), column)
    yield start + look.paint(first, style)
    for line in rest:
        yield " " * column + look.paint(line, style)


def _name(account: Account) -> str:
    return f"{visible(account.name)} ({visible(account.id)})"
