"""Which words of a text changed. Pure; it also tells apart scripts that write no blanks between words."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple, TypeAlias
from unicodedata import category

from icesync.safe import ESCAPE

# So many words of a side are compared one by one; of a longer text only its two ends are. It bounds the cost.
MOST: Final = 120
# With less than this part in common it is another sentence, and reads best as one.
ENOUGH: Final = 0.3

# Thai to Myanmar, Khmer, Han with kana, and the rarer Han: their letters stand alone.
_UNSPACED: Final = (
    (0x0E00, 0x109F),
    (0x1780, 0x17FF),
    (0x2E80, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
    (0x20000, 0x3FFFF),
)
_JOINER: Final = "\u200d"
_SIGN_OR_ESCAPE: Final = re.compile(f"{ESCAPE.pattern}|.", re.DOTALL)
_WORD, _BLANK, _FLAG, _SIGN, _GLUE = "word", "blank", "flag", "sign", "glue"


class Run(NamedTuple):
    """A stretch of text that changed, or that did not."""

    text: str
    changed: bool


Runs: TypeAlias = tuple[Run, ...]


def plain(text: str) -> Runs:
    """A text of which nothing changed."""
    return (Run(text, False),)


@lru_cache(maxsize=4096)
def words(before: str, after: str) -> tuple[Runs, Runs]:
    """Both texts in runs, those marked that the other does not have. Joined they are the texts again."""
    if before == after:
        return plain(before), plain(after)
    old, new = tokens(before), tokens(after)
    same_old: set[int] = set()
    same_new: set[int] = set()
    for start, other, size in _in_common(old, new):
        same_old.update(range(start, start + size))
        same_new.update(range(other, other + size))
    kept = sum(len(old[number].strip()) for number in same_old)
    if kept < ENOUGH * max(len(before), len(after)):
        return _runs(old, frozenset()), _runs(new, frozenset())
    return _runs(old, same_old), _runs(new, same_new)


def tokens(text: str) -> list[str]:
    """The text in words, blanks and signs; where a script writes no blanks, in letters with their marks. An
    escape is a sign."""
    found: list[str] = []
    last = ""
    for sign in _SIGN_OR_ESCAPE.findall(text):
        kind = _kind(sign)
        joins = kind == _GLUE or (kind == last and kind not in (_SIGN, _GLUE))
        if found and (joins or found[-1].endswith(_JOINER)):
            found[-1] += sign
        else:
            found.append(sign)
            last = kind
    return found


@lru_cache(maxsize=4096)
def _kind(sign: str) -> str:
    if len(sign) > 1:
        return _SIGN
    if sign.isspace():
        return _BLANK
    # Joiners, selectors, and marks of direction belong to what stands before them.
    if "\U0001f3fb" <= sign <= "\U0001f3ff" or category(sign) in ("Mn", "Mc", "Me", "Cf"):
        return _GLUE
    if "\U0001f1e6" <= sign <= "\U0001f1ff":
        return _FLAG
    unspaced = any(low <= ord(sign) <= high for low, high in _UNSPACED)
    return _WORD if sign.isalnum() and not unspaced else _SIGN


def _in_common(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """What both have: where in each, and how many words. Blanks alone between two changes are none."""
    shorter = min(len(old), len(new))
    head = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    rest = shorter - head
    tail = next((n for n in range(rest) if old[-1 - n] != new[-1 - n]), rest)
    yield 0, 0, head
    yield len(old) - tail, len(new) - tail, tail
    middle, other = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(middle) <= MOST and len(other) <= MOST:
        for block in SequenceMatcher(None, middle, other, autojunk=False).get_matching_blocks():
            if any(each.strip() for each in middle[block.a : block.a + block.size]):
                yield head + block.a, head + block.b, block.size


def _runs(found: Sequence[str], same: set[int] | frozenset[int]) -> Runs:
    numbered = groupby(range(len(found)), key=lambda number: number not in same)
    return tuple(Run("".join(found[number] for number in some), changed) for changed, some in numbered)
