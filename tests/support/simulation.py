"""A day in a few seconds: an event loop whose time leaps, and a Graph API that counts for itself."""

import asyncio
import json
import selectors
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, NamedTuple, TypeVar

import httpx

from icesync.sandbox.answers import Drop
from icesync.sandbox.api import GraphApi
from icesync.sandbox.call import Call, routed

T = TypeVar("T")

CALLS: Final = 10
WINDOW: Final = 600.0
"""What the API allows an account, CALLS in any WINDOW seconds: written down here once more."""
CALLS_PER_USER: Final = 200
"""What Meta allows an app in an hour for each of its users."""
HOUR: Final = 3600.0
THERE, BACK, SLOWEST = 0.05, 0.1, 1.0
"""Seconds that a request takes to the API at least, its answer back, and a request at most."""


class _Leap(selectors.DefaultSelector):
    """Never waits: where a selector would sleep until the next timer is due, time leaps there."""

    seconds = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("everybody waits, and no timer will wake anybody")
            self.seconds += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on a time of its own, which begins at 0 and costs nothing to wait for."""

    def __init__(self) -> None:
        self._leap = _Leap()
        super().__init__(self._leap)

    def time(self) -> float:
        return self._leap.seconds


class VirtualClock:
    """The clock of icesync over the running loop's time."""

    def __init__(self, start: datetime = datetime(2026, 11, 23, tzinfo=UTC)) -> None:
        self._start = start

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def simulate(work: Coroutine[Any, Any, T]) -> T:
    """Run the work to its end on virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


class Arrival(NamedTuple):
    """A call as the API sees it."""

    at: float
    account: str
    method: str


class SimulatedApi:
    """The sandbox's Graph API for an app with so many users, on virtual time.

    `background` is how much of the app's hour other programs use, in percent; what is used is told
    with every answer. `exceeded` gets every call that was one too many for its account.
    """

    def __init__(
        self, clock: VirtualClock, users: int, background: Callable[[float], float] = lambda at: 0.0
    ) -> None:
        self.graph = GraphApi(clock=clock.monotonic)
        self.exceeded: list[Arrival] = []
        self._clock = clock
        self._hourly = CALLS_PER_USER * users
        self._background = background
        self._all: list[float] = []
        self._of: defaultdict[str, list[float]] = defaultdict(list)

    def answer(self, call: Call) -> httpx.Response:
        """What the call gets that arrives now."""
        now = self._clock.monotonic()
        self._all.append(now)
        if call.endpoint == "profile":
            self._count(now, call)
        answer = self.graph.handle(call)
        if isinstance(answer, Drop):
            raise httpx.ReadError("the connection is gone")
        told = {"x-app-usage": json.dumps({"call_count": self.usage(now)})}
        return httpx.Response(answer.status, headers=told, content=answer.body)

    def _count(self, now: float, call: Call) -> None:
        """A call that the account has a budget of."""
        times = self._of[call.id]
        times.append(now)
        if len(times) > CALLS and now - times[-CALLS - 1] <= WINDOW:
            self.exceeded.append(Arrival(now, call.id, call.method))

    def usage(self, at: float) -> float:
        """How much of the app's hour was used at that second, in percent."""
        own = bisect_right(self._all, at) - bisect_right(self._all, at - HOUR)
        return self._background(at) + 100 * own / self._hourly

    def demanded(self, account: str, start: float, last: float) -> float:
        """Seconds that the account's budget takes at least for the calls that arrived from `start` to
        `last`, after those that it got before."""
        times = self._of[account]
        first, calls = bisect_left(times, start), bisect_right(times, last)
        return earliest(times[:first], calls - first, start) - start


class Wire(httpx.AsyncBaseTransport):
    """One run's way to the API, and its calls in the order in which they arrived."""

    def __init__(self, api: SimulatedApi, seed: int) -> None:
        self.arrivals: list[Arrival] = []
        self._api = api
        self._random = Random(seed)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        is_late = self._random.random() < 0.05
        await asyncio.sleep(SLOWEST if is_late else self._random.uniform(THERE, 3 * THERE))
        token = request.headers["authorization"].removeprefix("Bearer ")
        account = token.removeprefix("sandbox-")
        endpoint, _ = routed(request.url.path) or ("profile", "")
        call = Call(request.method, account, token, request.url.params, await request.aread(), endpoint)
        self.arrivals.append(Arrival(asyncio.get_running_loop().time(), account, request.method))
        try:
            return self._api.answer(call)
        finally:
            await asyncio.sleep(BACK)


@dataclass(frozen=True)
class Phase:
    """All reads of a run, or all its writes with what belongs to them. `rps` is its --max-rps."""

    start: float
    end: float
    rps: float
    arrivals: Sequence[Arrival]

    def bound(self, api: SimulatedApi) -> float:
        """The seconds that its calls take where only budgets, and one call's way, hold them up.

        An account's calls are one piece, because a write is begun only when all that belongs to it
        has room. From the second on at which a piece has room, it and all that have room no sooner
        go at the pace of the app.
        """
        last = {account: at for at, account, _ in self.arrivals}
        pieces = Counter(account for _, account, _ in self.arrivals)
        with_room: Counter[float] = Counter()
        for account, calls in pieces.items():
            with_room[self.start + api.demanded(account, self.start, last[account])] += calls
        end, left = self.start, len(self.arrivals)
        for since in sorted(with_room):
            end = max(end, since + self._paced(api, since, left - 1))
            left -= with_room[since]
        return end - self.start + (THERE + BACK if self.arrivals else 0.0)

    def _paced(self, api: SimulatedApi, start: float, calls: int) -> float:
        return spread(calls, lambda second: allowed(api.usage(start + second), self.rps))

    def hurries(self) -> bool:
        """There are ten seconds in which more calls arrived than its rps can explain. A call may be on
        its way for long, and come late already because the one before it did."""
        most = int(self.rps * (10 + SLOWEST + BACK - THERE)) + 1
        times = [arrival.at for arrival in self.arrivals]
        return any(then - at <= 10 for at, then in zip(times, times[most:], strict=False))


def earliest(spent: Sequence[float], calls: int, start: float) -> float:
    """The first second at which the last of so many calls may arrive, after those that did."""
    times = list(spent[-CALLS:])
    for _ in range(calls):
        times.append(max(start, times[-CALLS] + WINDOW) if len(times) >= CALLS else start)
    return times[-1]


def allowed(percent: float, rps: float) -> float:
    """Calls in a second at this usage of the app: `rps` up to 75 %, then ever less, none from 95 % on."""
    share = (percent - 75) / 20
    return 0.0 if share >= 1 else min(rps, 1 / share**2) if share > 0 else rps


def spread(calls: float, rate: Callable[[float], float]) -> float:
    """The seconds that so many calls take at this rate, which holds for a second each."""
    second = 0.0
    while calls > (now := rate(second)):
        calls -= now
        second += 1
    return second + (calls / now if now else 0.0)


def slope(points: Iterable[tuple[float, float]]) -> Callable[[float], float]:
    """The line through these points, level before the first and after the last."""
    known = sorted(points)

    def value(at: float) -> float:
        place = bisect_right(known, (at, float("inf")))
        (left, low), (right, high) = known[max(place - 1, 0)], known[min(place, len(known) - 1)]
        return low if right <= left else low + (high - low) * (at - left) / (right - left)

    return value
