"""Whether a call may be made now, per account and for the whole app. Owns every decision not to call.

An account has a budget of calls, which the ledger keeps; usage that the API tells slows calls down
and stops them before Meta does. A throttled account closes its own door, a throttled app closes the
door of all (Graph API facts, section Errors). A closed door is tried once more after the wait that
was told; when the wait is unknown or long, or the second try does not get through either, whatever
stands behind the door is given up for this run: "continuing to make calls will continue to increase
your call count". Who has to wait for itself alone is told so, and keeps nobody up meanwhile; who
has to wait with all others waits here.

An API that is not there is not called once for every account: after MOST_UNANSWERED calls in a row,
of whatever accounts, without an answer of the Graph API, the app's door stays closed for the rest
of the run, and every further call raises the last failure as a Transient without being sent. Any
answer, an error too, begins the count anew; a gateway's error page is no answer of the API.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from math import ceil, inf, isfinite
from typing import Final, TypeVar

from icesync.clock import LOOK_UP, Clock, stamp
from icesync.errors import GraphError, Throttled, Transient
from icesync.graph.allowance import Allowance
from icesync.graph.catalogue import cases
from icesync.graph.door import PATIENCE, UNTOLD_WAIT, Door
from icesync.graph.ledger import Ledger
from icesync.graph.pace import SLOW_FROM, Pace
from icesync.graph.usage import Usage
from icesync.model import Account, GraphFailure

MOST_UNANSWERED: Final = 30
"""Calls in a row without an answer after which nobody is taken to be there; more where many are
under way, because one blip of the network loses all of those together."""

LOOK_AGAIN: Final = 60.0
"""Seconds after which one call looks whether the app, stopped near its limit, may go on."""

T = TypeVar("T")


class _FellShut(Exception):
    """A door is closed now. `called`: it was this call that came back throttled."""

    def __init__(self, *, called: bool) -> None:
        super().__init__()
        self.called = called


class Governor:
    """Lets calls through: one by one until one was answered, and while the app's door is closed.

    Without a `ledger` accounts have no budget. `max_rps` caps the calls in a second; `concurrency` is
    how many may be under way, and so be lost, together. What would wait longer than `patience`
    seconds is given up for this run. Once `stopping()` is true nobody waits any more.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        ledger: Ledger | None = None,
        max_rps: float | None = None,
        concurrency: int = 1,
        patience: float = PATIENCE,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._clock = clock
        self._allowance = Allowance(ledger, lambda: clock.now().timestamp())
        self._patience = patience
        self._stopping = stopping
        self._app = Door()
        self._pace = Pace(max_rps)
        # Only of accounts that were throttled or told to be near it: a fleet has few of those.
        self._accounts: dict[str, Door] = {}
        self._paces: dict[str, Pace] = {}
        self._turns: dict[str, list[float]] = {}
        self._most_unanswered = max(MOST_UNANSWERED, 4 * concurrency)
        self._app_is_open = False
        self._scout = asyncio.Lock()
        self._unanswered = 0

    @property
    def has_given_up(self) -> bool:
        """Whether the API is taken to be dead, so that nothing is sent any more."""
        return self._app.given_up is not None

    async def call(
        self, account: Account, send: Callable[[], Awaitable[T]], *, again: bool = False, counts: bool = True
    ) -> T:
        """Run `send` when doors, pace and budget allow it. An account has one call at a time.

        A call takes one of those that the account holds; one that is made `again` does not, and one
        that does not count leaves the account's budget alone. Raises what `send` raises, and Throttled
        or Transient without a call where none may be made.
        """
        key = account.identity
        while True:
            self._check_door(key)
            self._check_app()
            try:
                if not self._app_is_open:
                    async with self._scout:
                        if not self._app_is_open:
                            await self._sit_out(self._app)
                            return await self._ask(key, send, again, counts)
                return await self._ask(key, send, again, counts)
            except _FellShut as fell:
                # What is held pays for each call once; otherwise a read-back would be left without.
                again = again or fell.called

    def hold(self, account: Account, calls: int) -> None:
        """Keep so many calls of the account's budget, or so many more, for what is to begin. Raises
        Throttled."""
        key = account.identity
        self._check_door(key)
        self._check_app()
        self._check_usage(key)
        self._refuse_until(self._allowance.hold(key, calls), calls)

    def release(self, account: Account) -> None:
        """Give back what the account holds."""
        self._turns.pop(account.identity, None)
        self._allowance.release(account.identity)

    async def turn(self, account: Account, calls: int) -> None:
        """Wait for the turn of so many calls in a row, which the account makes next. Raises Throttled
        when the run is stopped before it comes."""
        turns = self._pace.turns(self._clock.monotonic(), calls)
        await self._wait_until(turns[0], ends=False)
        self._turns[account.identity] = turns

    def room(self, account: Account, calls: int) -> float:
        """Seconds until so many calls fit into the account's budget, and usage stops nothing;
        infinite where they never do."""
        now, key = self._clock.monotonic(), account.identity
        paces = [pace for pace in (self._pace, self._paces.get(key)) if pace is not None]
        return max(self._allowance.room(key, calls), *(pace.stopped(now) for pace in paces))

    def told(self, account: Account, usage: Usage) -> None:
        """What an answer to this account's call says of usage."""
        now, key = self._clock.monotonic(), account.identity
        self._pace.told(usage.app, now, LOOK_AGAIN)
        if usage.account >= SLOW_FROM:
            self._paces.setdefault(key, Pace()).told(usage.account, now, usage.regain or UNTOLD_WAIT)
        else:
            self._paces.pop(key, None)

    async def _sit_out(self, door: Door) -> None:
        while (seconds := self._wait(door)) > 0:
            await self._clock.sleep(min(seconds, LOOK_UP))

    def _wait(self, door: Door) -> float:
        try:
            return door.wait(self._clock.monotonic(), -inf if self._stopping() else self._patience)
        except Throttled as failure:
            raise self._dated(failure) from None

    def _check_door(self, key: str) -> None:
        """Raise Throttled where the account's own door is closed."""
        door = self._accounts.get(key)
        if door is not None and (seconds := self._wait(door)) > 0 and door.closed_by is not None:
            raise self._later(door.closed_by.failure, seconds)

    def _check_app(self) -> None:
        """Raise Throttled where the app's door is closed for long: others may then have to look again at
        what they know."""
        seconds = self._wait(self._app)
        if seconds > PATIENCE and self._app.closed_by is not None:
            raise self._later(self._app.closed_by.failure, seconds)

    def _check_usage(self, key: str) -> None:
        """Raise Throttled where usage has stopped the app or the account."""
        now = self._clock.monotonic()
        for pace, whose in ((self._pace, "the app"), (self._paces.get(key), "the account")):
            if pace is not None and (seconds := pace.stopped(now)) > 0:
                message = f"{whose} has used nearly all the calls that Meta allows it"
                raise self._later(cases.NEAR_LIMIT.failure(message), seconds)

    def _refuse_until(self, seconds: float, calls: int = 1) -> None:
        """Raise Throttled when the account's budget has no room for these calls for so many seconds."""
        if not seconds:
            return
        budget = f"its budget of {self._allowance.budget} calls"
        if isfinite(seconds):
            failure = cases.NO_ROOM.failure(f"{budget} has no room for this now")
        else:
            message = f"{budget} never has room for the {calls} that this takes"
            failure = cases.TOO_SMALL.failure(message)
        raise self._later(failure, seconds)

    def _later(self, failure: GraphFailure, seconds: float) -> Throttled:
        again = seconds <= self._patience and isfinite(seconds) and not self._stopping()
        return self._dated(Throttled(failure, app_wide=False, wait=seconds, again=again))

    def _dated(self, throttled: Throttled) -> Throttled:
        """The same, with the time at which it can go."""
        if throttled.wait is not None and isfinite(throttled.wait):
            then = self._clock.now() + timedelta(seconds=ceil(throttled.wait))
            throttled.failure = replace(throttled.failure, not_before=stamp(then))
        return throttled

    async def _begin(self, key: str, again: bool, counts: bool) -> None:
        """Wait for the turn, and enter the call. After the first of what is held, the others may pass
        a stop: they end what was begun."""
        holds = counts and self._allowance.holds(key) and not again
        ends = holds and self._allowance.has_begun(key)
        # Before the turn: who may not call at all must neither wait for one nor use one up.
        if not ends:
            self._check_usage(key)
        if counts and not holds and self._pace.is_slow:
            self._refuse_until(self._allowance.room(key, 1))
        if await self._waited_for_turn(key, ends=ends) and not ends:
            self._check_usage(key)
        if counts:
            self._refuse_until(self._allowance.spend(key) if holds else self._allowance.take(key))

    async def _waited_for_turn(self, key: str, *, ends: bool) -> bool:
        """Take the next turn, or the one that is kept for the account. Raises _FellShut when the app's
        door closes while it is waited for, and Throttled when the run is stopped meanwhile."""
        now, closings = self._clock.monotonic(), self._app.closings
        kept = self._turns.get(key) or self._pace.turns(now)
        at = kept.pop(0)
        if key in self._paces:
            at = max(at, *self._paces[key].turns(now))
        await self._wait_until(at, ends=ends)
        if self._app.closings != closings or self._app.given_up is not None:
            raise _FellShut(called=False)
        return at > now

    async def _wait_until(self, at: float, *, ends: bool) -> None:
        """Wait; also while the run is being stopped, when what comes ends what was begun."""
        while (seconds := at - self._clock.monotonic()) > 0:
            if self._stopping() and not ends:
                failure = cases.NO_TURN.failure("interrupted before its turn came")
                raise Throttled(failure, app_wide=False, wait=None)
            await self._clock.sleep(min(seconds, LOOK_UP))

    async def _ask(self, account: str, send: Callable[[], Awaitable[T]], again: bool, counts: bool) -> T:
        await self._begin(account, again, counts)
        own = self._accounts.get(account)
        seen, own_seen = self._app.closings, own.closings if own else 0
        try:
            answer = await self._count(send)
        except Throttled as failure:
            if failure.app_wide:
                self._app.close(failure, seen, self._clock.monotonic())
            else:
                own = self._accounts.setdefault(account, Door())
                own.close(failure, own_seen, self._clock.monotonic())
            raise _FellShut(called=True) from failure
        except Transient:
            self._app.miss(seen)
            if own:
                own.miss(own_seen)
            raise
        except GraphError:
            self._opened(own, seen, own_seen)
            raise
        else:
            self._opened(own, seen, own_seen)
            return answer
        finally:
            self._app_is_open = self._app.is_open and not self._pace.stopped(self._clock.monotonic())

    def _opened(self, own: Door | None, seen: int, own_seen: int) -> None:
        """The API has answered a call that was made when the doors had fallen shut so often."""
        self._app.open(seen)
        if own:
            own.open(own_seen)

    async def _count(self, send: Callable[[], Awaitable[T]]) -> T:
        """Send, and give the API up when too many calls in a row went without an answer."""
        try:
            answer = await send()
        except GraphError as error:
            # Every error of the Graph API itself has a code (Facts, section Errors).
            answered = not isinstance(error, Transient) or error.failure.code is not None
            self._unanswered = 0 if answered else self._unanswered + 1
            if self._unanswered >= self._most_unanswered:
                self._app.given_up = error.failure
            raise
        self._unanswered = 0
        return answer
