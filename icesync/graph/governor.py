"""How long to wait before a call, per account and for the whole app. Owns every decision not to call.

A throttled account closes its own door, a throttled app closes the door of all (Graph API facts,
section Errors). A closed door is tried once more after the wait that was told; when the wait is
unknown or long, or the second try does not get through either, whatever stands behind the door is
given up for this run: "continuing to make calls will continue to increase your call count".

An API that is not there is not called once for every account: after MOST_UNANSWERED calls in a row,
of whatever accounts, without an answer of the Graph API, the app's door stays closed for the rest
of the run, and every further call raises the last failure as a Transient without being sent. Any
answer, an error too, begins the count anew; a gateway's error page is no answer of the API.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import inf
from typing import Final, Protocol, TypeVar

from icesync.errors import GraphError, Throttled, Transient
from icesync.model import GraphFailure

PATIENCE: Final = 20.0
"""The longest wait, in seconds, that a run sits out; what would take longer is deferred."""

UNTOLD_WAIT: Final = 600.0
"""Seconds until a budget of ten minutes is surely free again, for when nobody says."""

MOST_UNANSWERED: Final = 30
"""Calls in a row without an answer after which nobody is taken to be there."""

LOOK_UP: Final = 1.0
"""Seconds after which whoever waits looks whether the run is being stopped."""

T = TypeVar("T")


class Clock(Protocol):
    """Time as the run sees it; tests bring their own."""

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


@dataclass(slots=True)
class Door:
    """Whether calls may pass. Closed while `closed_by` is set; `until` tells when to try again.
    Once `given_up` is set it never opens again.

    `tries` counts the calls that did not get through since it was last open; `closings` how often
    it ever fell shut: a call remembers that number, and so its answer shows its age.
    """

    closed_by: Throttled | None = None
    until: float = 0.0
    tries: int = 0
    closings: int = 0
    given_up: GraphFailure | None = None

    @property
    def is_open(self) -> bool:
        return self.closed_by is None and self.given_up is None

    def open(self, seen: int) -> None:
        # An answer to a call from before the door fell shut says nothing about the door now.
        if seen == self.closings:
            self.closed_by, self.tries = None, 0

    def close(self, failure: Throttled, seen: int, now: float) -> None:
        # Calls that were under way together when the door fell shut are one closing, not many.
        if self.closed_by is None or seen == self.closings:
            self.closings += 1
            self.tries += 1
        self.closed_by = failure
        self.until = max(self.until, now + (UNTOLD_WAIT if failure.wait is None else failure.wait))

    def miss(self, seen: int) -> None:
        """A call was lost: that opens no door, but a closed one has had its second try."""
        if self.closed_by is not None and seen == self.closings:
            self.tries += 1

    def wait(self, now: float, patience: float = PATIENCE) -> float:
        """Seconds until the next try. Raises Throttled or Transient when there shall be none in this run."""
        if self.given_up is not None:
            raise Transient(self.given_up)
        if self.closed_by is None:
            return 0.0
        remaining = self.until - now
        if self.tries > 1 or remaining > patience:
            raise Throttled(self.closed_by.failure, app_wide=self.closed_by.app_wide, wait=remaining)
        return remaining


class Governor:
    """Lets calls through: one by one until one was answered, and while the app's door is closed.

    Once `stopping()` is true nobody waits at a closed door any more.
    """

    def __init__(self, clock: Clock, stopping: Callable[[], bool] = lambda: False) -> None:
        self._clock = clock
        self._stopping = stopping
        self._app = Door()
        # Only of accounts that were throttled: a fleet has many accounts, and few of those.
        self._accounts: dict[str, Door] = {}
        self._app_is_open = False
        self._scout = asyncio.Lock()
        self._unanswered = 0

    @property
    def has_given_up(self) -> bool:
        """Whether the API is taken to be dead, so that nothing is sent any more."""
        return self._app.given_up is not None

    async def call(self, account: str, send: Callable[[], Awaitable[T]]) -> T:
        """Run `send` when the doors allow it. `account` is a name, and has one call at a time.

        Raises what `send` raises, and Throttled or Transient without a call where none may be made.
        """
        while True:
            try:
                # Before the scout's turn: an account that sits out its own wait holds up no other.
                if account in self._accounts:
                    await self._sit_out(self._accounts[account])
                if not self._app_is_open:
                    async with self._scout:
                        if not self._app_is_open:
                            await self._sit_out(self._app)
                            return await self._ask(account, send)
                return await self._ask(account, send)
            except Throttled as failure:
                door = self._app if failure.app_wide else self._accounts[account]
                self._wait(door)

    async def _sit_out(self, door: Door) -> None:
        while (seconds := self._wait(door)) > 0:
            await self._clock.sleep(min(seconds, LOOK_UP))

    def _wait(self, door: Door) -> float:
        return door.wait(self._clock.monotonic(), -inf if self._stopping() else PATIENCE)

    async def _ask(self, account: str, send: Callable[[], Awaitable[T]]) -> T:
        account_door = self._accounts.get(account, Door())
        app, own = ((door, door.closings) for door in (self._app, account_door))
        try:
            answer = await self._count(send)
        except Throttled as failure:
            if not failure.app_wide:
                self._accounts[account] = account_door
            door, seen = app if failure.app_wide else own
            door.close(failure, seen, self._clock.monotonic())
            raise
        except Transient:
            for door, seen in (app, own):
                door.miss(seen)
            raise
        except GraphError:
            for door, seen in (app, own):
                door.open(seen)
            raise
        else:
            for door, seen in (app, own):
                door.open(seen)
            return answer
        finally:
            self._app_is_open = self._app.is_open

    async def _count(self, send: Callable[[], Awaitable[T]]) -> T:
        """Send, and give the API up when too many calls in a row went without an answer."""
        try:
            answer = await send()
        except GraphError as error:
            # Every error of the Graph API itself has a code (Facts, section Errors).
            answered = not isinstance(error, Transient) or error.failure.code is not None
            self._unanswered = 0 if answered else self._unanswered + 1
            if self._unanswered >= MOST_UNANSWERED:
                self._app.given_up = error.failure
            raise
        self._unanswered = 0
        return answer
