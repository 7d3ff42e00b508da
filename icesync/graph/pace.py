"""How fast calls may follow each other: the cap of the run, and usage as the API tells it.

Meta tells usage in percent once it is high, and throttles at 100 (Graph API facts, section Limits).
From SLOW_FROM on every percent makes calls slower, at STOP_AT none is begun.
"""

from typing import Final

SLOW_FROM: Final = 75.0
STOP_AT: Final = 95.0
SLOWEST: Final = 1.0
"""Seconds between two calls just below STOP_AT."""


class Pace:
    """When the next call may start. `cap` is the most calls in a second, None for no cap.

    Times are the clock's seconds.
    """

    def __init__(self, cap: float | None = None) -> None:
        self._least = 1 / cap if cap else 0.0
        self._between = self._least
        self._next = 0.0
        self._stopped_until = 0.0

    @property
    def is_slow(self) -> bool:
        """A turn may have to be waited for."""
        return self._between > 0

    def told(self, percent: float, now: float, until_free: float) -> None:
        """The API says how much is used; `until_free` is how long a stop lasts, in seconds."""
        if percent >= STOP_AT:
            self._stopped_until = now + until_free
        share = min(max(percent - SLOW_FROM, 0.0) / (STOP_AT - SLOW_FROM), 1.0)
        self._between = max(self._least, SLOWEST * share**2)

    def stopped(self, now: float) -> float:
        """Seconds for which no call may be begun."""
        return max(0.0, self._stopped_until - now)

    def turns(self, now: float, calls: int = 1) -> list[float]:
        """Take the next turns in a row, and give the seconds at which they come."""
        start = max(now, self._next)
        self._next = start + self._between * calls
        return [start + self._between * number for number in range(calls)]
