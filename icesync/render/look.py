"""How text may look where it is going: with or without colour, how wide."""

from typing import Final, NamedTuple

STYLES: Final = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}


class Look(NamedTuple):
    """Plain and of any width, unless it is told otherwise."""

    color: bool = False
    width: int | None = None

    def paint(self, text: str, style: str) -> str:
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.color and style and text else text

    def fold(self, text: str, column: int) -> list[str]:
        """The text in lines that fit right of `column`, by the cells that a terminal gives each character."""
        if self.width is None or len(text) * (1 if text.isascii() else 2) <= self.width - column:
            return [text]
        from rich.console import Console
        from rich.text import Text

        room = max(self.width - column, 20)
        return [line.plain.rstrip() for line in Text(text).wrap(Console(width=room), room)] or [text]
