"""The terminal: what goes to standard output and standard error, and what a person answers."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from icesync import progress
from icesync.safe import visible


@dataclass
class Console:
    """Results go to standard output, everything else to standard error.

    `color` is decided by the command line and NO_COLOR; `verbosity` is -1 for `-q`, 1 for `-v`; `ci`
    is true where a log is kept of what a person would see pass by.
    """

    color: bool = False
    verbosity: int = 0
    ci: bool = False

    @property
    def interactive(self) -> bool:
        """A person can be asked."""
        return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()

    @property
    def width(self) -> int | None:
        """The columns of the terminal that results go to; None where they go elsewhere."""
        return shutil.get_terminal_size().columns if sys.stdout.isatty() else None

    @property
    def is_plain(self) -> bool:
        """Results go where no other characters than those of ASCII can be shown."""
        try:
            "✓✗≤".encode(sys.stdout.encoding or "utf-8")
        except UnicodeEncodeError:
            return True
        return False

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
    def progress(self, what: str, total: int, watch: progress.Watch) -> Iterator[progress.Notify]:
        """Yield what to call for each account that is done: a bar on a terminal, lines in CI."""
        if self.verbosity > 0:
            yield lambda account, failure: self.detail(f"{what} {account.name}")
        elif self.verbosity < 0 or not total or not (self.ci or sys.stderr.isatty()):
            yield lambda account, failure: None
        elif self.ci:
            with progress.lines(what, total, watch, self.say) as notify:
                yield notify
        else:
            with progress.bar(what, total, watch, color=self.color) as notify:
                yield notify
