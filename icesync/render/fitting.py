"""Drafts of documents that may be too long, and how they are made to fit.

A draft is made of blocks, and of sections of items. It is fitted by leaving whole items out, the last
in rank first, and by nothing else: so more room never shows less.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple

Measure = Callable[[str], int]
"""The length of a text; that of two texts together is the sum of theirs."""

GAP: Final = "\n\n"
END: Final = "\n"


class Section(NamedTuple):
    """What stands before the first of its items, and between any two. Without items it is not there."""

    opening: str
    glue: str = "\n"


class Item(NamedTuple):
    """What is shown whole or not at all. `kind` is what it counts as; the lower its rank, the longer it
    stays."""

    section: Section
    kind: str
    rank: tuple[int, int]
    text: str


@dataclass(frozen=True, slots=True)
class Draft:
    """`head` is there always. Items stand in the order of the document, section by section."""

    head: Sequence[str]
    items: Sequence[Item]

    def text(self, note: str = "", keep: frozenset[int] | None = None) -> str:
        """The document: with all items, or with the note below the head and these items."""
        kept = [item for number, item in enumerate(self.items) if keep is None or number in keep]
        body = [
            section.glue.join([section.opening, *(item.text for item in items)])
            for section, items in groupby(kept, key=lambda item: item.section)
        ]
        return GAP.join([*self.head, *[note] * bool(note), *body]) + END

    def ranked(self) -> list[int]:
        """The numbers of the items, the ones that stay longest first."""
        return sorted(range(len(self.items)), key=lambda number: self.items[number].rank)

    def fitting(self, ranked: Sequence[int], measure: Measure, room: int) -> int:
        """How many items, of the first in rank, fit into so much room."""
        opened: set[Section] = set()
        for count, item in enumerate(self.items[number] for number in ranked):
            start = "" if item.section in opened else GAP + item.section.opening
            room -= measure(start + item.section.glue + item.text)
            if room < 0:
                return count
            opened.add(item.section)
        return len(ranked)

    def counts(self, left: Sequence[int] | None = None) -> Mapping[str, int]:
        """How many items of each kind there are, or are among these; kinds in the order of the document."""
        numbers = range(len(self.items)) if left is None else left
        return Counter(self.items[number].kind for number in numbers)


Bound = tuple[Measure, int]


def within(text: str, bounds: Sequence[Bound]) -> bool:
    return all(measure(text) <= most for measure, most in bounds)


def fit(draft: Draft, bounds: Sequence[Bound], note: Callable[[Mapping[str, int]], str]) -> str:
    """The draft with its note and with as many items as fit.

    `note` tells how many of each kind are left out; it must never be longer for fewer of them.
    Raises ValueError where not even the head fits.
    """
    bare = draft.text(note(draft.counts()), frozenset())
    if not within(bare, bounds):
        raise ValueError(f"not even what is left of it without any details fits: {len(bare)} characters")
    ranked = draft.ranked()
    count = min(draft.fitting(ranked, measure, most - measure(bare)) for measure, most in bounds)
    return draft.text(note(draft.counts(ranked[count:])), frozenset(ranked[:count]))
