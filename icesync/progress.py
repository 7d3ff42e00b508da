"""How far a long step has got, as a bar on a terminal or as lines in a CI log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from icesync.model import Account, FailureKind, GraphFailure

EVERY: Final = 10.0
"""Seconds between two lines."""

NARROW: Final = 60
"""Columns; a terminal with fewer has none to spare for a bar."""

_REDRAW: Final = 0.1
_BEAT: Final = 1.0

Notify = Callable[[Account, GraphFailure | None], None]


class Watch(Protocol):
    def monotonic(self) -> float: ...


@dataclass(slots=True)
class Tally:
    """Accounts done, and what became of them. Times are the watch's seconds."""

    total: int
    begun: float
    done: int = 0
    throttled: int = 0
    failed: int = 0

    def count(self, failure: GraphFailure | None) -> None:
        self.done += 1
        if failure is not None:
            throttled = failure.kind is FailureKind.THROTTLED
            self.throttled += throttled
            self.failed += not throttled

    def line(self, what: str, now: float) -> str:
        """Such as `reading: 1200 of 5000 accounts, 96/s, 3 throttled, 1 failed, 39 s left`."""
        rate = self.done / (now - self.begun) if now > self.begun else 0.0
        told = [f"{what}: {self.done} of {self.total} accounts", f"{rate:.0f}/s"]
        if self.throttled:
            told.append(f"{self.throttled} throttled")
        if self.failed:
            told.append(f"{self.failed} failed")
        if rate:
            told.append(f"{(self.total - self.done) / rate:.0f} s left")
        return ", ".join(told)


@contextmanager
def lines(what: str, total: int, watch: Watch, say: Callable[[str], None]) -> Iterator[Notify]:
    """Say a line every EVERY seconds, also while all accounts wait: some CI systems end a silent job."""
    tally = Tally(total, watch.monotonic())
    look = _now_and_then(tally, watch, EVERY, lambda now: say(tally.line(what, now)))
    with _beating(look):
        yield _counting(tally, look)


@contextmanager
def bar(what: str, total: int, watch: Watch, *, color: bool) -> Iterator[Notify]:
    """A bar on standard error, gone when all is done. Where the line beside it is too long it goes on below,
    and where the terminal is narrow the line is there without the bar."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.table import Column

    console = Console(stderr=True, no_color=not color)
    line = TextColumn("{task.description}", markup=False, table_column=Column())
    columns = (line,) if console.width < NARROW else (BarColumn(bar_width=10), line)
    tally = Tally(total, watch.monotonic())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(tally.line(what, tally.begun), total=total)

        def draw(now: float) -> None:
            progress.update(task, completed=tally.done, description=tally.line(what, now))

        yield _counting(tally, _now_and_then(tally, watch, _REDRAW, draw))


def _counting(tally: Tally, look: Callable[[], None]) -> Notify:
    def notify(account: Account, failure: GraphFailure | None) -> None:
        tally.count(failure)
        look()

    return notify


def _now_and_then(
    tally: Tally, watch: Watch, every: float, tell: Callable[[float], None]
) -> Callable[[], None]:
    """What to call as often as one likes: it tells when `every` seconds are over."""
    due = tally.begun + every

    def look() -> None:
        nonlocal due
        now = watch.monotonic()
        if now >= due:
            due = now + every
            tell(now)

    return look


@contextmanager
def _beating(look: Callable[[], None]) -> Iterator[None]:
    """Look every second, where there is an event loop to do that."""
    import asyncio

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        yield
        return

    async def beat() -> None:
        while True:
            await asyncio.sleep(_BEAT)
            look()

    beating = loop.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
