"""Time as the machine tells it."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The clock of every run but those of tests."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        import asyncio  # here, because `--help` has no use for it

        await asyncio.sleep(seconds)
