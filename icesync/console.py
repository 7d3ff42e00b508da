"""The terminal: what goes to standard output and standard error, and what a person answers."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from icesync.model import Account
from icesync.safe import visible


@dataclass
class Console:
    """Results go to standard output, everything else to standard error.

    `color` is decided by the command line and NO_COLOR; `verbosity` is -1 for `-q`, 1 for `-v`.
    """

    color: bool = False
    verbosity: int = 0

    @property
    def interactive(self) -> bool:
        """A person can be asked."""
        return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()

    @property
    def width(self) -> int | None:
        """The columns of the terminal that results go to; None where they go elsewhere."""
        return shutil.get_terminal_size().columns if sys.stdout.isatty() else None

    def result(self, text: str) -> None:
        """Write a whole result, which renderers have made safe already."""
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
        sys.stdout.flush()

    def say(self, text: str) -> None:
        """Tell the person something that is not the result; `-q` hides it."""
        if self.verbosity >= 0:
            self._error_line(text)

    def complain(self, text: str) -> None:
        """Tell what went wrong; nothing hides it."""
        self._error_line(text)

    def detail(self, text: str) -> None:
        """Tell what only `-v` wants to know."""
        if self.verbosity > 0:
            self._error_line(text)

    def _error_line(self, text: str) -> None:
        sys.stderr.write("\n".join(visible(line) for line in text.split("\n")) + "\n")
        sys.stderr.flush()

    def agrees(self, question: str) -> bool:
        """Ask on standard error; only a typed `yes` agrees."""
        sys.stderr.write(f"{visible(question)} Only `yes` goes on: ")
        sys.stderr.flush()
        return sys.stdin.readline().strip() == "yes"

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Callable[[Account], None]]:
        """Yield what to call for each account that is done. A bar on a terminal, else nothing."""
        if self.verbosity > 0:
            yield lambda account: self.detail(f"{what} {account.name}")
        elif self.verbosity < 0 or not sys.stderr.isatty() or not total:
            yield lambda account: None
        else:
            from rich.console import Console as Terminal
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            terminal = Terminal(stderr=True, no_color=not self.color)
            with Progress(*columns, console=terminal, transient=True) as bar:
                task = bar.add_task(what, total=total)
                yield lambda account: bar.advance(task)
