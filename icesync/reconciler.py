"""Carry out the difference: observe many accounts at once, apply a plan, read every write back."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeVar

from icesync.errors import GraphError, Throttled
from icesync.model import Account, Change, GraphFailure, Observation, Outcome, Plan, Profile, Status

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
    """Where a run is recorded. `write` returns when the record is safe."""

    def write(self, change: Change) -> None: ...

    def outcome(self, outcome: Outcome) -> None: ...


class Clock(Protocol):
    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


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
    `stopping()` is true no account is begun any more; those under way are finished.
    """
    outcomes: list[Outcome] = []
    account_run = _AccountRun(writer, log, clock, seen)

    async def carry_out(change: Change) -> None:
        if stopping():
            outcome = _outcome(change, Status.DEFERRED, "interrupted before it was written")
        else:
            outcome = await account_run.change(change)
        log.outcome(outcome)
        outcomes.append(outcome)
        notify(change.account)

    await _each(plan.changes, carry_out, concurrency)
    return tuple(sorted(outcomes, key=lambda outcome: outcome.account.name))


@dataclass(frozen=True, slots=True)
class _AccountRun:
    """The steps of one account's change, from the stale check to the read-back."""

    writer: ProfileWriter
    log: WriteLog
    clock: Clock
    seen: Mapping[str, float]

    async def change(self, change: Change) -> Outcome:
        try:
            if not self._is_fresh(change.account):
                live = await self.writer.get_profile(change.account)
                if live == change.after:
                    return _outcome(change, Status.ALREADY, "live state is as desired already")
                if live != change.before:
                    return _outcome(change, Status.STALE, "live state has changed since the plan was made")
        except GraphError as error:
            return _unwritten(change, error)
        return await self._write(change)

    def _is_fresh(self, account: Account) -> bool:
        at = self.seen.get(account.name)
        return at is not None and self.clock.monotonic() - at <= FRESH

    async def _write(self, change: Change) -> Outcome:
        failed = await self._send(change)
        if failed is not None and not failed.may_have_arrived:
            return _unwritten(change, failed)
        try:
            live = await self._read_back(change)
            if _has_leftovers(live, change.after) and failed is None:
                # The API kept locales that had to go: clear everything, then write again.
                failed = await self._send(replace(change, before=live, after=Profile({})))
                if failed is None or failed.may_have_arrived:
                    # Perhaps nothing is live any more, and nobody wants that.
                    failed = await self._send(change) or failed
                live = await self._read_back(change)
        except GraphError as error:
            detail = "perhaps written" if failed else "written"
            cause = (failed or error).failure
            return _outcome(change, Status.UNVERIFIED, f"{detail}, but it could not be read back", cause)
        if live == change.after:
            return _outcome(change, Status.APPLIED)
        if failed is not None and live == change.before:
            return _unwritten(change, failed)
        detail = f"{'perhaps ' if failed else ''}written, but live state still reads differently"
        return _outcome(change, Status.UNVERIFIED, detail, failed.failure if failed else None)

    async def _send(self, change: Change) -> GraphError | None:
        self.log.write(change)
        try:
            await self.writer.set_profile(change.account, change.after)
        except GraphError as error:
            return error
        return None

    async def _read_back(self, change: Change) -> Profile:
        """The live profile as soon as it is as desired, else as it reads after the last pause."""
        live = Profile({})
        for pause in READ_BACK_PAUSES:
            if pause:
                await self.clock.sleep(pause)
            live = await self.writer.get_profile(change.account)
            if live == change.after:
                break
        return live


def _has_leftovers(live: Profile, wanted: Profile) -> bool:
    """Everything wanted is live, and more locales than that."""
    shared = {locale: live.ice_breakers.get(locale) for locale in wanted.ice_breakers}
    return bool(wanted) and live != wanted and shared == wanted.ice_breakers


def _unwritten(change: Change, error: GraphError) -> Outcome:
    status = Status.DEFERRED if isinstance(error, Throttled) else Status.FAILED
    return _outcome(change, status, error=error.failure)


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
