"""Where something stands in a file and what is to be said about it, as data."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Span(NamedTuple):
    """A place in a file. Line and column count from 1, the column in characters."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Diagnostic(NamedTuple):
    """One thing to say about one place. `str()` gives the line that people and editors read."""

    span: Span
    severity: Severity
    message: str
    rule: str

    def __str__(self) -> str:
        return f"{self.span}: {self.severity}: {self.message} [{self.rule}]"


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sort by file and place, and say the same thing about the same place only once."""
    return tuple(sorted(set(diagnostics)))
