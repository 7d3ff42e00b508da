"""Time: how a run sees it, as the machine tells it, and how it is written down."""

import time
from datetime import UTC, datetime
from typing import Final, Protocol

LOOK_UP: Final = 1.0
"""Seconds after which whoever waits looks whether the run is being stopped."""


class Clock(Protocol):
    """Time as the run sees it; tests bring their own. `now` is in UTC."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The clock of every run but those of tests."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        import asyncio  # here, because `--help` has no use for it

        await asyncio.sleep(seconds)


def stamp(moment: datetime) -> str:
    """A moment in UTC as plans, reports and journals have it: `2026-11-23T03:09:11Z`."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def stamp_of(seconds: float) -> str:
    """The same for seconds since 1970."""
    return stamp(datetime.fromtimestamp(seconds, UTC))
