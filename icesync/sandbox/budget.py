"""How much an account has called: the window of ten minutes, and what the API tells about it."""

import json
from collections import defaultdict, deque
from collections.abc import Callable
from math import ceil
from typing import Final

WINDOW: Final = 600.0  # seconds; graph-api.md, "Limits"
_TELL_ABOVE: Final = 75  # percent


class Budget:
    """Counts every call, refused ones too: whoever hammers a closed door keeps it closed."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._calls: dict[str, deque[float]] = defaultdict(deque)

    def spend(self, account: str) -> None:
        calls, now = self._calls[account], self._clock()
        calls.append(now)
        while calls[0] <= now - WINDOW:
            calls.popleft()

    def overdrawn(self, account: str, allowed: int) -> bool:
        return len(self._calls[account]) > allowed

    def headers(self, account: str, allowed: int) -> dict[str, str]:
        """The usage header, which the API sends only where usage is high."""
        calls = self._calls[account]
        percent = min(100, len(calls) * 100 // allowed)
        if percent <= _TELL_ABOVE:
            return {}
        usage = {
            "type": "messenger",
            "call_count": percent,
            "total_cputime": 1,
            "total_time": 1,
            "estimated_time_to_regain_access": self._minutes_closed(account, allowed),
        }
        return {"x-business-use-case-usage": json.dumps({account: [usage]})}

    def _minutes_closed(self, account: str, allowed: int) -> int:
        if not self.overdrawn(account, allowed):
            return 0
        opens = self._calls[account][-allowed] + WINDOW
        return ceil((opens - self._clock()) / 60)
