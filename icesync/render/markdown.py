"""Plans and reports as Markdown, for comments on pull requests and job summaries."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from icesync.diff import edits
from icesync.model import Account, Change, GraphFailure, IceBreaker, Outcome, Plan, Report
from icesync.render.look import Look
from icesync.render.words import (
    SIGNS,
    by_locale,
    cause,
    forecast,
    place,
    plan_totals,
    quiet,
    report_totals,
    wave,
)
from icesync.safe import visible

# Everything that could begin markup, a table cell, a link, a mention, an emoji or a formula.
_ENTITIES: Final = {ord(sign): f"&#{ord(sign)};" for sign in "&<>@|`*_[]()!#~\\:./$\"'"}


def plan(plan: Plan, _: Look) -> str:
    """Every change in full: what is removed too."""
    unreadable = [f"- {_name(found.account)}: {_failure(found.error)}" for found in plan.unreadable]
    return _blocks(
        "## icesync plan",
        quiet(plan),
        f"**Plan: {plan_totals(plan)}.**",
        forecast(plan),
        *(block for change in plan.changes for block in _change(change)),
        *(["### Unreadable", "\n".join(unreadable)] if unreadable else []),
    )


def report(report: Report, _: Look) -> str:
    rows = [_outcome(outcome) for outcome in report.outcomes]
    return _blocks(
        "## icesync apply",
        f"**Apply: {report_totals(report)}.**" + (f" Run {literal(report.run)}." if report.run else ""),
        _table(("Status", "Action", "Account", "Calls", "Detail"), rows) if rows else "",
    )


def literal(text: str) -> str:
    """Outside text that shows as it is and does nothing.

    Entities keep it from being markup. GitHub looks for mentions, references and links once more
    when the markup is done, but not inside `code`.
    """
    return f"<code>{visible(text).translate(_ENTITIES)}</code>"


def _change(change: Change) -> Iterator[str]:
    yield f"### {SIGNS[change.action]} {change.action}: {_name(change.account)}"
    rows = [
        (literal(locale), f"{edit.kind} {place(edit)}", _item(edit.before), _item(edit.after))
        for locale, found in by_locale(edits(change.before, change.after))
        for edit in found
    ]
    yield _table(("Locale", "Edit", "Before: question → payload", "After: question → payload"), rows)


def _item(item: IceBreaker | None) -> str:
    return f"{literal(item.question)} → {literal(item.payload)}" if item else ""


def _outcome(outcome: Outcome) -> tuple[str, ...]:
    detail = [*wave(outcome)] + [literal(outcome.detail)] * bool(outcome.detail)
    error = [_failure(outcome.error)] if outcome.error else []
    return (
        outcome.status,
        outcome.action or "",
        _name(outcome.account),
        str(outcome.calls),
        "; ".join(detail + error),
    )


def _failure(failure: GraphFailure) -> str:
    then = f"; not before {literal(failure.not_before)}" if failure.not_before else ""
    hint = f"; hint: {literal(failure.hint)}" if failure.hint else ""
    trace = f"; trace: {literal(failure.trace)}" if failure.trace else ""
    return f"{cause(failure)}: {literal(failure.message)}{then}{hint}{trace}"


def _name(account: Account) -> str:
    return f"{literal(account.name)} ({literal(account.id)})"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _blocks(*blocks: str) -> str:
    return "\n\n".join(filter(None, blocks)) + "\n"
