"""Text from outside made harmless and plain to see: no control character reaches a terminal, a page or a
comment, and no character hides."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Final
from unicodedata import category, name

# Characters that could script a terminal, reorder or break its lines, or not be written as UTF-8. The C0
# controls are missing here, because JSON itself escapes them.
HARMFUL: Final = "\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
# Those without ink: Unicode's Default_Ignorable_Code_Point and annotation marks, and the empty braille cell.
_INKLESS: Final = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_SUSPECTS: Final = f"\x00-\x1f{HARMFUL}{_INKLESS}"
# Blanks that look like the blank.
_BLANKS: Final = "\xa0\u2000-\u200a\u202f\u205f"

_PICTURES: Final = (
    "\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_HAN: Final = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# From Arabic to Sinhala, Myanmar, Khmer, Mongolian: a joiner changes the form of the letter before it.
_JOINED: Final = "\u0620-\u0dff\u1000-\u109f\u1780-\u17b3\u17b6-\u17ff\u1820-\u18af\ufb50-\ufdff\ufe70-\ufefc"
# Thai and Lao, Myanmar, Khmer: they write no blanks, and tell where a line may break.
_UNSPACED: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17b3\u17b6-\u17ff"
_LEFTWARD: Final = (
    "\u0590-\u0619\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
)
_DIRECTION: Final = "\u061c\u200e\u200f"

# The ways in which one without ink does its job, so that it is kept.
_AT_WORK: Final = "|".join(
    (
        f"(?<=[{_PICTURES}])[\ufe0e\ufe0f]",
        "(?<=[#*0-9])\ufe0f(?=\u20e3)",
        f"(?:(?<=[{_PICTURES}])|(?<=[{_PICTURES}]\ufe0f))\u200d(?=[{_PICTURES}])",
        "(?<=\U0001f3f4)[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f",
        f"(?<=[{_HAN}])[\ufe00-\ufe02\U000e0100-\U000e01ef]",
        f"(?<=[{_JOINED}])[\u200c\u200d]",
        f"(?<=[{_UNSPACED}])\u200b",
    )
)
_SUSPECT: Final = re.compile(f"[{_SUSPECTS}]")
_LEFTWARD_LETTER: Final = re.compile(f"[{_LEFTWARD}]")
# Where there are letters that run to the left, a single mark of direction is at work too.
_JUDGED: Final = {
    False: re.compile(f"(?P<kept>{_AT_WORK})|[{_SUSPECTS}]"),
    True: re.compile(f"(?P<kept>{_AT_WORK}|(?<![{_DIRECTION}])[{_DIRECTION}])|[{_SUSPECTS}]"),
}
_INK: Final = re.compile(f"[^\\s{_SUSPECTS}]")
_WITHOUT_INK: Final = re.compile(f"[{_INKLESS}]")
_LIKE_A_BLANK: Final = re.compile(f"[{_BLANKS}]")
_TOLD_APART: Final = re.compile(f"[\\\\{_SUSPECTS}{_BLANKS}]")
_SHORT: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\\": r"\\"}

ESCAPE: Final = re.compile(r"\\(?:[nrt\\]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
"""Finds what `visible` writes in the place of a character, or what somebody typed that looks like it."""


def visible(text: str) -> str:
    r"""The text with everything that could script a terminal, or hides, as an escape: `\n`, `\x1b`, `\u202e`.

    That is C0 and C1 controls, DEL, line separators, what overrides the direction of text, lone
    surrogates, which could not even be printed, and characters without ink, but for those that do
    their job: joiners and selectors in emoji, joiners behind letters that join, breaks between words
    that have no blanks, marks of direction where letters run to the left.
    """
    if not _SUSPECT.search(text):
        return text
    pieces, end = [], 0
    for found in _out_of_place(text):
        pieces += [text[end : found.start()], _escape(found)]
        end = found.end()
    return "".join([*pieces, text[end:]])


def has_ink(text: str) -> bool:
    """Whether there is anything to see."""
    return _INK.search(text) is not None


def hidden(text: str) -> str:
    """The first character without ink, or that reorders the text, which does no job where it is; empty
    where there is none."""
    if text.isascii() or not _SUSPECT.search(text):
        return ""
    return next((found[0] for found in _out_of_place(text) if category(found[0]) not in ("Cc", "Cs")), "")


def called(sign: str) -> str:
    """A character by its number and its name: `U+200B ZERO WIDTH SPACE`."""
    return f"U+{ord(sign):04X} {name(sign, '')}".rstrip()


def told_apart(texts: Collection[str]) -> Mapping[str, str]:
    """Those of these texts, each once, that would look like another one, with escapes for all that tells
    them apart: what is without ink or like a blank, and backslashes."""
    looks = {text: _look(text) for text in texts}
    times = Counter(looks.values())
    return {text: _TOLD_APART.sub(_escape, text) for text, look in looks.items() if times[look] > 1}


def _look(text: str) -> str:
    return _LIKE_A_BLANK.sub(" ", _WITHOUT_INK.sub("", visible(text)))


def _out_of_place(text: str) -> Iterator[re.Match[str]]:
    judged = _JUDGED[_LEFTWARD_LETTER.search(text) is not None]
    return (found for found in judged.finditer(text) if found["kept"] is None)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if short := _SHORT.get(found[0]):
        return short
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
