"""Carry out the difference: observe many accounts at once, apply a plan, read every write back."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeVar

from icesync.errors import GraphError, JournalError, Throttled
from icesync.graph.governor import Clock
from icesync.model import (
    NOTHING,
    Account,
    Change,
    GraphFailure,
    Observation,
    Outcome,
    Plan,
    Profile,
    Status,
)

FRESH: Final = 60.0
"""Seconds for which an observation may be acted on without reading again."""

READ_BACK_PAUSES: Final = (0.0, 0.5, 1.0)
"""Seconds before each read-back of a write: a read may lag behind (Graph API facts, Requests)."""

T = TypeVar("T")


class ProfileReader(Protocol):
    async def get_profile(self, account: Account) -> Profile: ...


class ProfileWriter(ProfileReader, Protocol):
    async def set_profile(self, account: Account, profile: Profile) -> None: ...


class WriteLog(Protocol):
    """Where a run is recorded. `write` returns when the record is safe; both raise JournalError."""

    def write(self, change: Change) -> None: ...

    def outcome(self, outcome: Outcome) -> None: ...


async def observe(
    reader: ProfileReader,
    accounts: Iterable[Account],
    *,
    clock: Clock,
    concurrency: int,
    notify: Callable[[Account], None],
) -> dict[str, Observation]:
    """Read every account, `concurrency` at a time; the result is keyed by account name.

    An account that cannot be read becomes an observation with its failure; the others go on.
    """
    observed: dict[str, Observation] = {}

    async def look(account: Account) -> None:
        profile: Profile | None = None
        error: GraphFailure | None = None
        try:
            profile = await reader.get_profile(account)
        except GraphError as failed:
            error = failed.failure
        observed[account.name] = Observation(account, profile, error, clock.monotonic())
        notify(account)

    await _each(accounts, look, concurrency)
    return observed


async def apply(
    plan: Plan,
    writer: ProfileWriter,
    log: WriteLog,
    *,
    seen: Mapping[str, float],
    clock: Clock,
    concurrency: int,
    notify: Callable[[Account], None],
    stopping: Callable[[], bool],
) -> tuple[Outcome, ...]:
    """Carry out the plan's changes, `concurrency` accounts at a time; outcomes sorted by name.

    `seen` tells for an account name the clock's second of the observation behind its change; an
    account that is missing there, or was seen over FRESH seconds ago, is read again first. Once
    `stopping()` is true, or the log cannot be kept, no first write of an account is sent any more;
    what is under way is finished.
    """
    outcomes: list[Outcome] = []
    execution = _Execution(writer, log, clock, seen, stopping)

    async def carry_out(change: Change) -> None:
        outcome = await execution.change(change)
        outcomes.append(outcome)
        execution.note(outcome)
        notify(change.account)

    await _each(plan.changes, carry_out, concurrency)
    return tuple(sorted(outcomes, key=lambda outcome: outcome.account.name))


@dataclass(slots=True)
class _Execution:
    """The steps of one account's change, from the stale check to the read-back.

    `unrecorded` says why the log cannot be kept any more, once that is so.
    """

    writer: ProfileWriter
    log: WriteLog
    clock: Clock
    seen: Mapping[str, float]
    stopping: Callable[[], bool]
    unrecorded: str = ""

    async def change(self, change: Change) -> Outcome:
        try:
            if not self._hindrance() and not self._is_fresh(change.account):
                live = await self.writer.get_profile(change.account)
                if live == change.after:
                    return _outcome(change, Status.ALREADY, "live state is as desired already")
                if live != change.before:
                    return _outcome(change, Status.STALE, "live state has changed since the plan was made")
        except GraphError as error:
            return _unwritten(change, error)
        if reason := self._hindrance() or self._record(change):
            return _outcome(change, Status.DEFERRED, reason)
        return await self._write(change)

    def _hindrance(self) -> str:
        """Why no write may be begun; empty while one may."""
        return "interrupted before it was written" if self.stopping() else self.unrecorded

    def note(self, outcome: Outcome) -> None:
        try:
            self.log.outcome(outcome)
        except JournalError as error:
            self.unrecorded = str(error)

    def _record(self, change: Change) -> str:
        """Put the write on record before it is sent; the answer says why that cannot be done."""
        try:
            self.log.write(change)
        except JournalError as error:
            self.unrecorded = str(error)
        return self.unrecorded

    def _is_fresh(self, account: Account) -> bool:
        at = self.seen.get(account.name)
        return at is not None and self.clock.monotonic() - at <= FRESH

    async def _write(self, change: Change) -> Outcome:
        failed = await self._send(change)
        if failed is not None and not failed.may_have_arrived:
            return _unwritten(change, failed)
        perhaps = "perhaps " if failed else ""
        try:
            live = await self._read_back(change)
        except GraphError as error:
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
        return _unwritten(change, failed)

    async def _clear_and_write(self, change: Change, live: Profile) -> Outcome:
        """Where POST merges, locales that had to go are still there: DELETE everything, POST again.

        Both writes are on record before the first is sent, so that nothing but the API itself can
        come between them.
        """
        named = ", ".join(_leftovers(live, change.after))
        clearing = replace(change, before=live, after=NOTHING)
        if reason := self._record(clearing) or self._record(replace(change, before=NOTHING)):
            return _unverified(change, f"written, but {named} could not be removed: {reason}")
        failed = await self._send(clearing)
        if failed is not None and not failed.may_have_arrived:
            return _unverified(change, f"written, but {named} could not be removed", failed.failure)
        failed = await self._send(change) or failed
        try:
            live = await self._read_back(change)
        except GraphError as error:
            detail = f"cleared to remove {named}, and perhaps not written again: apply again"
            return _unverified(change, detail, (failed or error).failure)
        if live == change.after:
            return _outcome(change, Status.APPLIED)
        detail = f"cleared to remove {named}, and nothing is live now: apply again"
        if live:
            detail = f"written, but {named} could not be removed"
        return _unverified(change, detail, failed.failure if failed else None)

    async def _send(self, change: Change) -> GraphError | None:
        try:
            await self.writer.set_profile(change.account, change.after)
        except GraphError as error:
            return error
        return None

    async def _read_back(self, change: Change) -> Profile:
        """The live profile as soon as it is as desired, else as it reads after the last pause."""
        live = NOTHING
        for pause in READ_BACK_PAUSES:
            if pause:
                await self.clock.sleep(pause)
            live = await self.writer.get_profile(change.account)
            if live == change.after:
                break
        return live


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


async def _each(items: Iterable[T], work: Callable[[T], Awaitable[None]], concurrency: int) -> None:
    """Do the work for each item with a bounded number of workers over one iterator.

    When a worker fails no new item is begun, the others finish theirs, and then it raises: what is
    under way may be a write, and no write is cut in half.
    """
    queue = iter(items)

    async def worker() -> None:
        for item in queue:
            done = False
            try:
                await work(item)
                done = True
            finally:
                if not done:
                    deque(queue, maxlen=0)

    for failure in await asyncio.gather(*(worker() for _ in range(concurrency)), return_exceptions=True):
        if failure is not None:
            raise failure
