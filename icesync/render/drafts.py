"""What Markdown says of a plan and of a report, as drafts: which blocks and rows there are, in what rank."""

from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from typing import Final

from icesync import guard
from icesync.model import (
    Account,
    Action,
    EditKind,
    IceBreaker,
    Outcome,
    Plan,
    Report,
    Subscription,
    Unreadable,
)
from icesync.render import words
from icesync.render.fitting import GAP, Draft, Item, Section
from icesync.render.gist import Told, counted, gist, listed, tally, tell

Say = Callable[[str], str]
"""How a text from outside is shown, harmless and in one line."""


class Rank(IntEnum):
    """The lower, the longer an item stays. Reasons and warnings beyond the first few are FURTHER ones."""

    REFUSED, WARNED, DELETED, REDUCED, LOST_WITH_ACCOUNT, LOST, UNREADABLE, FURTHER, CHANGED, EDITS = range(
        10
    )


class ReportRank(IntEnum):
    TROUBLE, DELETED, FINE = range(3)


def _opening(title: str, *heads: str) -> str:
    return "\n".join([f"### {title}\n", _row(*heads), _row(*["---"] * len(heads))])


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


EDIT_HEADS: Final = ("Locale", "Edit", "Before: question → payload", "After: question → payload")
REFUSALS: Final = Section("### Why apply would refuse it\n")
WARNINGS: Final = Section("### Warnings\n")
UNREADABLE: Final = Section("### Unreadable\n")
CHANGES: Final = Section(_opening("Changed accounts", "Change", "Account", "Questions", "Locales"))
SUBSCRIPTIONS: Final = Section(_opening("Webhooks", "Change", "Account", "Fields that are added"))
REMOVALS: Final = Section(_opening("Removed", "What", "Account", "Locale", "Question → payload"))
EDITS: Final = Section("### Every edit", GAP)
OUTCOMES: Final = Section(_opening("Accounts", "Status", "Action", "Account", "Calls", "Detail"))

_FEW: Final = 5
# So many reasons matter more than any row; hundreds of protected accounts shall not push out what they lose.
_FIRST: Final = 20


def plan(plan: Plan, say: Say) -> Draft:
    changes, refusals = tell(plan.changes), guard.foreseen(plan)
    head = [
        "## icesync plan",
        words.quiet(plan),
        f"**Plan: {words.plan_totals(plan)}.**" + (f" {gist(changes)}" if changes else ""),
        "**Apply would refuse this.**" if refusals else "",
        words.against(plan),
        words.forecast(plan),
    ]
    items = [
        *_sentences(refusals, REFUSALS, "refusals", Rank.REFUSED, say),
        *_sentences(plan.warnings, WARNINGS, "warnings", Rank.WARNED, say),
        *(_unreadable(found, say) for found in plan.unreadable),
        *(_change(told, say) for told in changes),
        *(_subscription(found, say) for found in plan.subscriptions),
        *(item for told in changes for item in _removals(told, say)),
        *(_edits(told, say) for told in changes if told.change.action is not Action.DELETE),
    ]
    return Draft([block for block in head if block], items)


def report(report: Report, say: Say) -> Draft:
    run = f" Run {say(report.run)}." if report.run else ""
    head = ["## icesync apply", f"**Apply: {words.report_totals(report)}.**{run}"]
    outcomes = sorted(report.outcomes, key=lambda outcome: outcome.status.good)
    return Draft(head, [_outcome(outcome, say) for outcome in outcomes])


def _sentences(found: Iterable[str], section: Section, kind: str, rank: Rank, say: Say) -> Iterator[Item]:
    for number, sentence in enumerate(found):
        yield Item(section, kind, (rank if number < _FIRST else Rank.FURTHER, number), f"- {say(sentence)}")


def _unreadable(found: Unreadable, say: Say) -> Item:
    text = f"- {_name(found.account, say)}: {words.in_a_line(found.error, say)}"
    return Item(UNREADABLE, "unreadable accounts", (Rank.UNREADABLE, 0), text)


def _change(told: Told, say: Say) -> Item:
    """The row of an account."""
    (change, edits), action = told, told.change.action
    locales = list(dict.fromkeys(edit.locale for edit in edits))
    row = _row(
        f"{words.SIGNS[action]} {action}",
        _name(change.account, say),
        listed(tally(edits)),
        ", ".join(map(say, locales)) if len(locales) <= _FEW else counted(len(locales), "locale"),
    )
    if action is Action.DELETE:
        return Item(CHANGES, "deleted accounts", (Rank.DELETED, 0), row)
    reduced = any(edit.kind is EditKind.REMOVE for edit in edits)
    return Item(CHANGES, "other changed accounts", (Rank.REDUCED if reduced else Rank.CHANGED, 0), row)


def _subscription(found: Subscription, say: Say) -> Item:
    what = f"{words.SIGNS[found.action]} {found.action}"
    row = _row(what, _name(found.account, say), ", ".join(map(say, found.added)))
    return Item(SUBSCRIPTIONS, "accounts to subscribe", (Rank.CHANGED, 1), row)


def _removals(told: Told, say: Say) -> Iterator[Item]:
    """A row for each question that goes, with what goes along with it."""
    change, edits = told
    gone = change.action is Action.DELETE
    rank = Rank.LOST_WITH_ACCOUNT if gone else Rank.LOST
    for edit in edits:
        if edit.kind is EditKind.REMOVE:
            what = "the whole locale" if edit.locale not in change.after.ice_breakers else "a question"
            row = _row(
                "everything" if gone else what,
                _name(change.account, say),
                say(edit.locale),
                _item(edit.before, say),
            )
            yield Item(REMOVALS, "removed questions", (rank, 0), row)


def _edits(told: Told, say: Say) -> Item:
    """Everything that differs on an account, folded up."""
    (change, edits), action = told, told.change.action
    summary = f"{words.SIGNS[action]} {action}: {_name(change.account, say)}, {listed(tally(edits))}"
    rows = [
        _row(
            say(edit.locale),
            f"{edit.kind} {words.place(edit)}",
            _item(edit.before, say),
            _item(edit.after, say),
        )
        for edit in edits
    ]
    table = "\n".join([_row(*EDIT_HEADS), _row(*["---"] * len(EDIT_HEADS)), *rows])
    text = GAP.join([f"<details>\n<summary>{summary}</summary>", table, "</details>"])
    return Item(EDITS, "accounts' edits", (Rank.EDITS, len(text)), text)


def _outcome(outcome: Outcome, say: Say) -> Item:
    detail = [*words.wave(outcome)] + [say(outcome.detail)] * bool(outcome.detail)
    error = [words.in_a_line(outcome.error, say)] if outcome.error else []
    row = _row(
        outcome.status,
        outcome.action or "",
        _name(outcome.account, say),
        str(outcome.calls),
        "; ".join(detail + error),
    )
    if not outcome.status.good:
        return Item(OUTCOMES, "accounts where something went wrong", (ReportRank.TROUBLE, 0), row)
    if outcome.action is Action.DELETE:
        return Item(OUTCOMES, "deleted accounts", (ReportRank.DELETED, 0), row)
    return Item(OUTCOMES, "other accounts", (ReportRank.FINE, 0), row)


def _item(item: IceBreaker | None, say: Say) -> str:
    return f"{say(item.question)} → {say(item.payload)}" if item else ""


def _name(account: Account, say: Say) -> str:
    return f"{say(account.name)} ({say(account.id)})"
