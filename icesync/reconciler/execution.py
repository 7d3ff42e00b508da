"""One account's change, step by step, from the stale check to the read-back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import Final, TypeVar

from icesync.clock import Clock
from icesync.errors import GraphError, Throttled
from icesync.graph.catalogue import cases
from icesync.graph.door import PATIENCE
from icesync.model import NOTHING, Account, Change, GraphFailure, Outcome, Profile, Status
from icesync.reconciler.course import Course
from icesync.reconciler.ports import ProfileWriter, passes_soon

FRESH: Final = 60.0
"""Seconds for which an observation may be acted on without reading again."""

READ_BACK_PAUSES: Final = (0.0, 0.5, 1.0)
"""Seconds before each read-back of a write: a read may lag behind (Graph API facts, Requests)."""

WRITE_CALLS: Final = 2
"""A write and its read-back: it is not begun where the account's budget has room for one of them only."""

CLEAR_CALLS: Final = 3
"""A DELETE, the write again, and its read-back."""

AGAIN_CALLS: Final = WRITE_CALLS + len(READ_BACK_PAUSES)
"""To look again, write again, and read back as often as that may take."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Execution:
    """The steps of one account's change, from the stale check to the read-back."""

    writer: ProfileWriter
    course: Course
    clock: Clock
    seen: Mapping[str, float]

    async def change(self, change: Change) -> Outcome:
        """Raises Throttled where the change shall be tried again soon."""
        if reason := self.course.hindrance():
            return self._put_off(change, reason)
        at = self._seen(change.account)
        fresh = self._is_fresh(at)
        calls = self.course.doubted.get(change.account.name, WRITE_CALLS + (not fresh))
        try:
            self.writer.hold(change.account, calls)
            await self.writer.turn(change.account, calls)
            if not fresh:
                live = await self.writer.get_profile(change.account)
                at = self.clock.monotonic()
                if live != change.before:
                    return self._moved(change, live)
                self.writer.hold(change.account, 0)  # to read is not to begin: a stop still bars the write
            await self.writer.vouch(change.account)
            if not self._is_fresh(at):
                raise _outdated()
            if reason := self.course.hindrance() or self.course.record(change):
                return _outcome(change, Status.DEFERRED, reason)
            return await self._write(change)
        except GraphError as error:
            if passes_soon(error) and not self.course.hindrance():
                raise
            if change.account.name in self.course.doubted:
                return self._put_off(change, "", error)
            return _unwritten(change, error)
        finally:
            self.writer.release(change.account)

    def _moved(self, change: Change, live: Profile) -> Outcome:
        """Live state is not as it was planned from. A write of this run that was taken for lost may
        have come in late: then it was this run that did it, and a rollback must know."""
        late = change.account.name in self.course.doubted
        if live == change.after:
            detail = "live state is as desired already"
            return _outcome(change, Status.APPLIED) if late else _outcome(change, Status.ALREADY, detail)
        if late:
            return _unverified(change, "perhaps written, but live state reads differently now")
        return _outcome(change, Status.STALE, "live state has changed since the plan was made")

    def _put_off(self, change: Change, reason: str, error: GraphError | None = None) -> Outcome:
        """It is not gone on with in this run."""
        failure = error.failure if error else None
        if change.account.name in self.course.doubted:
            detail = f"perhaps written, but it was not read back{reason and ': '}{reason}"
            return _unverified(change, detail, failure)
        return _outcome(change, Status.DEFERRED, reason, failure)

    def _seen(self, account: Account) -> float:
        """The second of the observation that may be acted on; long ago where there is none."""
        return -inf if account.name in self.course.doubted else self.seen.get(account.name, -inf)

    def _is_fresh(self, at: float) -> bool:
        return self.clock.monotonic() - at <= FRESH

    async def _write(self, change: Change) -> Outcome:
        failed = await self._send(change)
        if failed is not None and not failed.may_have_arrived:
            raise failed
        perhaps = "perhaps " if failed else ""
        try:
            live = await self._read_back(change)
        except GraphError as error:
            if passes_soon(error) and not self.course.hindrance():
                self.course.doubted.setdefault(change.account.name, AGAIN_CALLS)
                raise
            detail = f"{perhaps}written, but it could not be read back"
            return _unverified(change, detail, (failed or error).failure)
        if live == change.after:
            return _outcome(change, Status.APPLIED)
        if failed is None and _leftovers(live, change.after):
            return await self._clear_and_write(change, live)
        if failed is None or live != change.before:
            cause = failed.failure if failed else None
            return _unverified(change, f"{perhaps}written, but live state still reads differently", cause)
        if failed.answer_lost:
            return _unverified(
                change, "no answer to the write, and live state reads as before", failed.failure
            )
        if passes_soon(failed):
            self.course.doubted.setdefault(change.account.name, AGAIN_CALLS)
        raise failed

    async def _clear_and_write(self, change: Change, live: Profile) -> Outcome:
        """Where POST merges, locales that had to go are still there: DELETE everything, POST again.

        Both writes are on record before the first is sent, so that nothing but the API itself can
        come between them.
        """
        named = ", ".join(_leftovers(live, change.after))
        whole = AGAIN_CALLS + CLEAR_CALLS
        try:
            if self.course.doubted.get(change.account.name) != whole:
                self.writer.hold(change.account, CLEAR_CALLS)
        except Throttled as refused:
            if passes_soon(refused) and not self.course.hindrance():
                self.course.doubted[change.account.name] = whole
                raise
            return _unverified(change, f"written, but {named} could not be removed", refused.failure)
        clearing = replace(change, before=live, after=NOTHING)
        if reason := self.course.record(clearing) or self.course.record(replace(change, before=NOTHING)):
            return _unverified(change, f"written, but {named} could not be removed: {reason}")
        failed = await self._send(clearing)
        if failed is not None and not failed.may_have_arrived:
            return _unverified(change, f"written, but {named} could not be removed", failed.failure)
        failed = await self._send(change, begun=True) or failed
        try:
            live = await self._read_back(change, patience=inf)
        except GraphError as error:
            detail = f"cleared to remove {named}, and perhaps not written again: apply again"
            return _unverified(change, detail, (failed or error).failure)
        if live == change.after:
            return _outcome(change, Status.APPLIED)
        detail = f"cleared to remove {named}, and nothing is live now: apply again"
        if live:
            detail = f"written, but {named} could not be removed"
        return _unverified(change, detail, failed.failure if failed else None)

    async def _send(self, change: Change, *, begun: bool = False) -> GraphError | None:
        """Write; where that is the second half of something, however long it has to wait."""
        try:
            write = partial(self.writer.set_profile, change.account, change.after)
            await (self._in_place(write, inf) if begun else write())
        except GraphError as error:
            return error
        return None

    async def _read_back(self, change: Change, *, patience: float = PATIENCE) -> Profile:
        """The live profile as soon as it is as desired, else as it reads after the last pause that
        the account's budget has room for, where a run that may wait sits out up to `patience` seconds."""
        live: Profile | None = None
        for pause in READ_BACK_PAUSES:
            if pause:
                await self.clock.sleep(pause)
            try:
                live = await self._in_place(partial(self.writer.get_profile, change.account), patience)
            except Throttled as throttled:
                if live is None or passes_soon(throttled):
                    raise
                return live
            if live == change.after:
                return live
        return live or NOTHING

    async def _in_place(self, call: Callable[[], Awaitable[T]], patience: float) -> T:
        """Make the call, and sit out a wait of up to so many seconds: a write that was begun is brought
        to its end, but nobody else shall stand behind it for long."""
        while True:
            try:
                return await call()
            except Throttled as throttled:
                wait = throttled.wait or 0.0
                if not passes_soon(throttled) or wait > patience or self.course.stopping():
                    raise
                await self.course.rest(wait, self.course.stopping)


def _outdated() -> Throttled:
    """The observation has grown old while the change waited: read again, at once."""
    failure = cases.NO_TURN.failure("its turn came too late")
    return Throttled(failure, app_wide=False, wait=0.0, again=True)


def _leftovers(live: Profile, wanted: Profile) -> list[str]:
    """The locales that are live beside everything that is wanted; none where something is amiss."""
    shared = {locale: live.ice_breakers.get(locale) for locale in wanted.ice_breakers}
    if not wanted or shared != wanted.ice_breakers:
        return []
    return [locale for locale in live.ice_breakers if locale not in shared]


def _unwritten(change: Change, error: GraphError) -> Outcome:
    status = Status.DEFERRED if isinstance(error, Throttled) else Status.FAILED
    return _outcome(change, status, error=error.failure)


def _unverified(change: Change, detail: str, error: GraphFailure | None = None) -> Outcome:
    return _outcome(change, Status.UNVERIFIED, detail, error)


def _outcome(change: Change, status: Status, detail: str = "", error: GraphFailure | None = None) -> Outcome:
    return Outcome(change.account, change.action, status, detail=detail, error=error)
