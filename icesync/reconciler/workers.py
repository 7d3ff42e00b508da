"""A bounded number of workers over one iterator."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from heapq import heappop, heappush
from itertools import count
from typing import Generic, TypeVar

from icesync.clock import LOOK_UP, Clock
from icesync.errors import Throttled

T = TypeVar("T")


async def each(
    items: Iterable[T],
    work: Callable[[T], Awaitable[None]],
    concurrency: int,
    clock: Clock,
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Do the work for each item, `concurrency` at a time.

    Work that raises Throttled is done again after its wait, and others meanwhile; at once when
    `stopping()` is true. When a worker fails no new item is begun, the others finish theirs, and then
    it raises: what is under way may be a write, and no write is cut in half.
    """
    queue = _Queue(items, clock, stopping)

    async def worker() -> None:
        while (item := await queue.next()) is not None:
            done = False
            try:
                await work(item)
                done = True
            except Throttled as throttled:
                queue.put_back(item, throttled.wait or 0.0)
                done = True
            finally:
                if not done:
                    queue.clear()

    for failure in await asyncio.gather(*(worker() for _ in range(concurrency)), return_exceptions=True):
        if failure is not None:
            raise failure


class _Queue(Generic[T]):
    """What is still to be done: what has waited long enough first, then what was not begun yet."""

    def __init__(self, items: Iterable[T], clock: Clock, stopping: Callable[[], bool]) -> None:
        self._items = iter(items)
        self._clock = clock
        self._stopping = stopping
        self._later: list[tuple[float, int, T]] = []
        self._order = count()

    async def next(self) -> T | None:
        """The next item, as soon as there is one; None at the end."""
        while True:
            if self._later and self._wait() <= 0:
                return heappop(self._later)[-1]
            item = next(self._items, None)
            if item is not None or not self._later:
                return item
            await self._clock.sleep(min(self._wait(), LOOK_UP))

    def put_back(self, item: T, seconds: float) -> None:
        heappush(self._later, (self._clock.monotonic() + seconds, next(self._order), item))

    def clear(self) -> None:
        self._items = iter(())
        self._later.clear()

    def _wait(self) -> float:
        return -1.0 if self._stopping() else self._later[0][0] - self._clock.monotonic()
