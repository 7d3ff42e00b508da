"""Comments that were probably meant as text: YAML cuts an unquoted `Where is order #5?` at the blank."""

import re
from collections.abc import Iterator
from typing import Final

_COMMENT: Final = re.compile(r" #(?=[^\s#])[^\n]*")
_UNQUOTED: Final = re.compile(r"[ -]*question:[ ]+[^\s\"'|>&*!{\[#][^#]*")


def cut_questions(text: str) -> Iterator[int]:
    """Where an unquoted question ends at a `#` that is glued to the word after it."""
    for found in _COMMENT.finditer(text):
        begin = text.rfind("\n", 0, found.start()) + 1
        if _UNQUOTED.fullmatch(text, begin, found.start()):
            yield found.start() + 1
