"""A crew of Dask workers: a run is handed out in parts, and their results are put together."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from icesync.clock import Clock
from icesync.cluster import work
from icesync.cluster.grants import NO_GRANT, READ_GRANT, WRITE_GRANT, Grants
from icesync.cluster.halves import Half, Item, Reading, Writing
from icesync.cluster.taking import MOST_DEATHS, HandsOut, Taking
from icesync.connection import Traffic
from icesync.errors import IcesyncError
from icesync.model import (
    Account,
    Change,
    Desired,
    GraphFailure,
    Observation,
    Outcome,
    Plan,
    Rollout,
    Subscription,
)
from icesync.reconciler import SUBSCRIBE_CALLS, WriteLog
from icesync.reconciler.course import Course
from icesync.reconciler.ports import Notify
from icesync.reconciler.workers import each
from icesync.sightings import Sightings

PART: Final = (50, 1000)
"""The fewest and the most accounts that are handed out together."""

AHEAD: Final = 2
"""Parts that are out for each slot, so that a worker has its next when it is through with one. Where a
few failures shall stop the run, or the calls in a second are capped, it is one."""

SLOW_PART: Final = 60.0
"""Seconds that a part takes about, where the calls in a second are capped."""


@dataclass(slots=True)
class DaskCrew:
    """Hands a run out to `slots` workers at once; each account is in one part at a time.

    A part whose worker dies is handed out again: its accounts are read again before they are written,
    and every write was on record before. Once `stopping()` is true no part is handed out any more,
    and writes that are under way are finished. `say` gets each note of the workers once.
    """

    workers: HandsOut
    grants: Grants
    clock: Clock
    slots: int
    traffic: Traffic
    sightings: Sightings
    stopping: Callable[[], bool] = lambda: False
    say: Callable[[str], None] = lambda note: None
    calls: Counter[str] = field(default_factory=Counter)
    _said: set[str] = field(default_factory=set)

    def room(self, account: Account, calls: int) -> float:
        return self.grants.governor.room(account, max(calls, WRITE_GRANT[0]))

    async def observe(
        self, accounts: Sequence[Desired], notify: Notify, *, following: int = 0
    ) -> dict[str, Observation]:
        least, most = READ_GRANT
        least = max(least, WRITE_GRANT[0]) if following else least

        def note(account: Account, failure: GraphFailure | None) -> None:
            self.sightings.told(account, failure)
            notify(account, failure)

        half = Reading(self.clock, note, grant=(least, max(least, most)))
        await self._work_off(half, accounts, AHEAD)
        return half.observed

    async def fingerprints(self, accounts: Sequence[Account]) -> Mapping[str, str]:
        found: dict[str, str] = {}

        async def ask(part: Sequence[Account]) -> None:
            for _ in range(MOST_DEATHS):
                told = await self.workers.hand_out(work.Comparing(tuple(part)), {})
                if isinstance(told, work.Compared):
                    found.update(told.fingerprints)
                    for account in part:
                        if account.name in told.fingerprints:
                            self.sightings.holds(account, told.fingerprints[account.name])
                if not isinstance(told, work.Taken):
                    return

        size, at_once, _ = self._split(len(accounts), 1, AHEAD)
        parts = (accounts[start : start + size] for start in range(0, len(accounts), size))
        await each(parts, ask, at_once, self.clock)
        return found

    async def apply(
        self, plan: Plan, log: WriteLog, *, seen: Mapping[str, float], notify: Notify, rollout: Rollout
    ) -> tuple[Outcome, ...]:
        course = Course(log, self.clock, self.stopping, notify, rollout)
        half = Writing(course, self._heard)
        ahead = AHEAD if rollout.stop_after is None else 1

        async def carry_out(wave: Sequence[Change]) -> None:
            await self._work_off(half, wave, ahead)

        async def subscribe(found: Sequence[Subscription]) -> None:
            await self._work_off(Writing(course, self._heard, grant=NO_GRANT), found, ahead)

        return await course.run(plan, carry_out, subscribe)

    def _heard(self, done: work.Done) -> None:
        """Say and keep what a worker learned of tokens. That they cannot be kept costs questions."""
        for note in done.notes:
            if note not in self._said:
                self._said.add(note)
                self.say(note)
        now = self.clock.now().timestamp()
        with suppress(IcesyncError):
            for fingerprint, identity in done.identities.items():
                self.sightings.keep_identity(fingerprint, identity, now)

    async def _work_off(self, half: Half[Item], items: Sequence[Item], ahead: int) -> None:
        size, at_once, cap = self._split(len(items), half.grant[0] or SUBSCRIBE_CALLS, ahead)
        taking = Taking(half, self.workers, self.grants, self.calls, cap, self.traffic.waits)

        async def take(part: list[Item]) -> None:
            await taking.to_its_end(part)

        parts = (list(items[start : start + size]) for start in range(0, len(items), size))
        await each(parts, take, at_once, self.clock, lambda: bool(half.hindrance()))

    def _split(self, items: int, calls: int, ahead: int) -> tuple[int, int, float | None]:
        """How many items make a part, how many parts are out at once, and the cap for each of these.

        Enough parts that no worker is idle for long, and none dearer to hand out than to do.
        """
        fewest, most = PART
        size = min(max(ceil(items / (4 * self.slots)), fewest), most)
        if self.traffic.max_rps is None:
            return size, ahead * self.slots, None
        at_once = max(min(self.slots, ceil(items / size)), 1)
        cap = self.traffic.max_rps / at_once
        return min(size, max(int(cap * SLOW_PART / calls), 1)), at_once, cap
