"""Text from outside made harmless: no control character reaches a terminal, a page or a comment."""

import re
from typing import Final

# Characters that could script a terminal, reorder or break its lines, or not be written as UTF-8. The C0
# controls are missing here, because JSON itself escapes them.
HARMFUL: Final = "\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_UNSAFE = re.compile(f"[\x00-\x1f{HARMFUL}]")
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str) -> str:
    r"""The text with everything that could script a terminal as a visible escape: `\n`, `\x1b`, `\u202e`.

    That is C0 and C1 controls, DEL, line separators, what overrides the direction of text, and
    lone surrogates, which could not even be printed.
    """
    return _UNSAFE.sub(lambda found: _SHORT.get(found[0]) or _escape(ord(found[0])), text)


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
