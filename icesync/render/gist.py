"""What a plan means for the people who write the words: how much of it is seen, and who loses all. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from icesync.diff import edits
from icesync.model import Account, Action, Change, Edit, EditKind, IceBreaker
from icesync.safe import told_apart

NEW, REMOVED, REWORDED, PAYLOAD, MOVED = KINDS = "new", "removed", "reworded", "with a new payload", "moved"
_BY_EDIT: Final = {EditKind.ADD: NEW, EditKind.REMOVE: REMOVED, EditKind.MOVE: MOVED}


class Told(NamedTuple):
    """A change with its edits, which cost too much to be found twice. Where texts of them would look the
    same, they have escapes for what tells them apart."""

    change: Change
    edits: Sequence[Edit]


class Gist(NamedTuple):
    """Accounts that change, locales that change in any of them, questions that do, by what they do."""

    accounts: int
    locales: int
    kinds: Counter[str]
    emptied: tuple[Account, ...]

    def __str__(self) -> str:
        """`42 accounts, 7 locales, 168 questions; 3 accounts lose their last question.`"""
        seen = ", ".join(
            (
                counted(self.accounts, "account"),
                counted(self.locales, "locale"),
                counted(self.kinds.total(), "question"),
            )
        )
        lose = "loses its" if len(self.emptied) == 1 else "lose their"
        lost = f"; {counted(len(self.emptied), 'account')} {lose} last question" if self.emptied else ""
        return f"{seen}{lost}."


def tell(changes: Iterable[Change]) -> list[Told]:
    return [Told(change, _apart(edits(change.before, change.after))) for change in changes]


def _apart(found: Sequence[Edit]) -> Sequence[Edit]:
    texts = {text for edit in found for item in (edit.before, edit.after) if item for text in item}
    if (whole := "".join(texts)).isascii() and whole.isprintable():
        return found
    alike = told_apart(texts)
    if not alike:
        return found
    return [
        replace(edit, before=_reworded(edit.before, alike), after=_reworded(edit.after, alike))
        for edit in found
    ]


def _reworded(item: IceBreaker | None, words: Mapping[str, str]) -> IceBreaker | None:
    return item and IceBreaker(*(words.get(text, text) for text in item))


def gist(changes: Sequence[Told]) -> Gist:
    locales = {edit.locale for told in changes for edit in told.edits}
    kinds = Counter[str]()
    for told in changes:
        kinds.update(tally(told.edits))
    emptied = tuple(each.account for each, _ in changes if each.action is Action.DELETE)
    return Gist(len(changes), len(locales), kinds, emptied)


def tally(found: Iterable[Edit]) -> Counter[str]:
    """How many questions are new, removed, reworded …; one that was reworded and moved counts once."""
    told = {(edit.locale, edit.origin, edit.position): kind(edit) for edit in reversed(list(found))}
    return Counter(told.values())


def kind(edit: Edit) -> str:
    if edit.kind is not EditKind.EDIT or not edit.before or not edit.after:
        return _BY_EDIT.get(edit.kind, REWORDED)
    return PAYLOAD if edit.before.question == edit.after.question else REWORDED


def listed(kinds: Counter[str]) -> str:
    """`2 new, 1 removed`, in the order of KINDS."""
    return ", ".join(f"{number(kinds[each])} {each}" for each in KINDS if kinds[each])


def counted(count: int, noun: str) -> str:
    return f"{number(count)} {noun}{'s' * (count != 1)}"


def number(count: int) -> str:
    """`5,000`"""
    return f"{count:,}"
