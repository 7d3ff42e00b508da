"""How text may look where it is going: with or without colour, how wide."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

STYLES: Final = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}

NARROW: Final = 60
# With fewer cells than these for it, a text is no longer worth folding.
NARROWEST: Final = 10


class Look(NamedTuple):
    """Plain and of any width, unless it is told otherwise. `plain`: where only ASCII can be shown;
    `whole`: what is in order is wanted too."""

    color: bool = False
    width: int | None = None
    plain: bool = False
    whole: bool = False

    @property
    def indent(self) -> int:
        """The columns before an edit; a narrow terminal has better use for them."""
        return 6 if self.width is None or self.width >= NARROW else 2

    def paint(self, text: str, style: str) -> str:
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.color and style and text else text

    def fold(self, text: str, column: int) -> Sequence[str]:
        """The text in lines that fit right of `column`, by the cells that a terminal gives each character."""
        if self.width is None or len(text) * (1 if text.isascii() else 2) <= self.width - column:
            return [text]
        return _folded(text, max(self.width - column, NARROWEST))

    def hang(self, start: str, text: str) -> Iterator[str]:
        """The text after its start; what does not fit goes on below it."""
        first, *rest = self.fold(text, len(start))
        yield start + first
        yield from (" " * len(start) + line for line in rest)


# Accounts of one template say the same in many places.
@lru_cache(maxsize=4096)
def _folded(text: str, room: int) -> Sequence[str]:
    from rich.console import Console
    from rich.text import Text

    return tuple(line.plain.rstrip() for line in Text(text).wrap(Console(width=room), room)) or (text,)
