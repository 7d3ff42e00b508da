"""Plans and reports as one self-contained HTML page: no network, one style sheet, one script that filters."""

import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from icesync import guard
from icesync.model import (
    CHANGES,
    Account,
    Action,
    EditKind,
    Outcome,
    Plan,
    Report,
    Status,
    Subscription,
    Unreadable,
)
from icesync.render import gist, locales, words
from icesync.render.gist import Told
from icesync.render.look import Look
from icesync.render.screens import card
from icesync.safe import ESCAPE, visible

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

# What a browser still opens at once; past it the page names what it leaves out.
MOST_BYTES: Final = 20_000_000
# With less room than this nothing more is drawn, only to be thrown away.
_FULL: Final = 32_000
# So many names of what is left out stand under a heading.
MOST_NAMES: Final = 10_000
UNREADABLE: Final = "unreadable"
_ESCAPES: Final = re.compile(f"({ESCAPE.pattern})")
# What each kind means, in the order of the page: what needs eyes comes first.
KINDS: Final[Mapping[str, str]] = {
    Action.DELETE: "all questions go",
    Action.UPDATE: "some questions change",
    Action.CREATE: "the first questions come",
    Action.SUBSCRIBE: "webhook fields are added",
    UNREADABLE: "live state is unknown, nothing will be written",
    Status.FAILED: "not written, or refused",
    Status.UNVERIFIED: "written, but it does not read back as it should",
    Status.STALE: "live had moved since the plan was made, not written",
    Status.DEFERRED: "not now, try later",
    Status.APPLIED: "written and read back",
    Status.ALREADY: "live was as desired before",
}


class CarriedOut(NamedTuple):
    """What became of an account, and what the run was to make of it, where that is known."""

    outcome: Outcome
    told: Told | None


class Entry(NamedTuple):
    """One account on the page. Those of a low rank are drawn first, so they are the last to be left out."""

    kind: str
    account: Account
    value: Told | CarriedOut | Subscription | Unreadable
    rank: int


_TEMPLATES: Final[Mapping[type, str]] = {
    Told: "card.html.j2",
    CarriedOut: "outcome.html.j2",
    Subscription: "subscription.html.j2",
    Unreadable: "unreadable.html.j2",
}


class Section(NamedTuple):
    """The entries of one kind: as drawn, and those that are only named."""

    kind: str
    drawn: Sequence[str]
    left_out: Sequence[Account]

    @property
    def size(self) -> int:
        return len(self.drawn) + len(self.left_out)


def plan(plan: Plan, _: Look, *, most: int = MOST_BYTES) -> str:
    """Every change as chat screens before and after, up to `most` bytes; removals are left out last."""
    changes = gist.tell(plan.changes)
    entries = [Entry(each.change.action, each.change.account, each, _rank(each)) for each in changes]
    entries += [Entry(each.action, each.account, each, 2) for each in plan.subscriptions]
    entries += [Entry(UNREADABLE, found.account, found, 0) for found in plan.unreadable]
    totals = {f"to {action}": plan.count(action) for action in (Action.DELETE, Action.UPDATE, Action.CREATE)}
    totals |= {"to subscribe": len(plan.subscriptions)} if plan.subscriptions else {}
    totals |= {UNREADABLE: len(plan.unreadable), "unchanged": plan.unchanged}
    totals |= {"unmanaged": plan.unmanaged} if plan.unmanaged else {}
    told, refusals = gist.gist(changes), guard.foreseen(plan)
    return _page(
        "plan.html.j2",
        entries,
        most,
        plan=plan,
        totals=totals,
        changed=_locales(changes),
        told=told,
        refusals=refusals,
    )


def report(report: Report, _: Look, *, most: int = MOST_BYTES) -> str:
    """Every outcome, with its screens where the report knows the changes, up to `most` bytes; those that
    went well are left out first."""
    changes = gist.tell(report.changes)
    by_name = {told.change.account.name: told for told in changes}
    entries = [
        Entry(
            each.status,
            each.account,
            CarriedOut(each, by_name.get(each.account.name) if each.action in CHANGES else None),
            each.status.good,
        )
        for each in report.outcomes
    ]
    totals = {kind: count for kind in Status if (count := report.count(kind))}
    return _page(
        "report.html.j2",
        entries,
        most,
        report=report,
        totals=totals | {"unchanged": report.unchanged},
        changed=_locales(changes),
        accounts=len({each.account.name for each in report.outcomes}),
        troubles=len({each.account.name for each in report.outcomes if not each.status.good}),
        bare=not changes and any(each.action in CHANGES for each in report.outcomes),
    )


def _locales(changes: Sequence[Told]) -> Counter[str]:
    """How many accounts change in each locale."""
    return Counter(locale for each in changes for locale in {edit.locale for edit in each.edits})


def _rank(told: Told) -> int:
    """Deletes before other removals, and these before the rest."""
    if told.change.action is Action.DELETE:
        return 0
    return 2 - any(edit.kind is EditKind.REMOVE for edit in told.edits)


def _page(template: str, entries: list[Entry], most: int, **values: object) -> str:
    environment = _environment()
    # The page admits its one style sheet and its one script by their hashes, and nothing else of any kind.
    seals = {name: _seal(environment.get_template(f"page.{name}").render()) for name in ("css", "js")}
    sections = _sections(entries, most)
    labels = Counter(label for entry in entries for label in entry.account.labels)
    left_out = sum(len(section.left_out) for section in sections)
    return environment.get_template(template).render(
        seals=seals, sections=sections, labels=labels, left_out=left_out, **values
    )


def _seal(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


def _sections(entries: list[Entry], most: int) -> list[Section]:
    drawn = dict(_fitting(entries, most))
    by_kind: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for number, entry in enumerate(entries):
        by_kind[entry.kind].append(number)
    return [
        Section(
            kind,
            [drawn[number] for number in numbers if number in drawn],
            [entries[number].account for number in numbers if number not in drawn],
        )
        for kind, numbers in by_kind.items()
        if numbers
    ]


def _fitting(entries: list[Entry], room: int) -> Iterator[tuple[int, str]]:
    """The numbers of the entries that fit into so many bytes, drawn."""
    for number, entry in sorted(enumerate(entries), key=lambda each: each[1].rank):
        text = _draw(number, entry.value)
        if (size := len(text.encode())) <= room:
            room -= size
            yield number, text
        if room < _FULL:
            return


def _draw(number: int, value: Told | CarriedOut | Subscription | Unreadable) -> str:
    return _environment().get_template(_TEMPLATES[type(value)]).render(number=number, item=value)


def _isolated(text: str) -> "Markup":
    """A visible text for the page. In one that runs to the left its escapes would be torn to pieces."""
    from markupsafe import Markup, escape

    if "\\" not in text:
        return escape(text)
    parts = enumerate(_ESCAPES.split(text))
    return Markup("").join(Markup("<bdi>{}</bdi>").format(part) if odd % 2 else part for odd, part in parts)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("icesync.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_harmless,
        auto_reload=False,
    )
    environment.globals.update(words=words, locales=locales, gist=gist, card_of=card, isolated=_isolated)
    environment.globals.update(KINDS=KINDS, MOST_NAMES=MOST_NAMES)
    return environment


def _harmless(value: object) -> object:
    return visible(value) if type(value) is str else value
