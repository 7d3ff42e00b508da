"""How an apply goes on: in which waves, until when, and what is on record of it."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import TypeVar

from icesync.clock import LOOK_UP, Clock
from icesync.errors import JournalError
from icesync.model import (
    Change,
    FailureKind,
    GraphFailure,
    Limit,
    Outcome,
    Plan,
    Rollout,
    Status,
    Subscription,
    Write,
)
from icesync.reconciler.ports import Notify, WriteLog

Item = TypeVar("Item")


@dataclass(slots=True)
class Course:
    """The way through a plan. `halted` says why no write is begun any more, once that
    is so; what is under way is finished. `doubted` names accounts that were perhaps written in this
    run and are to be looked at again, each with the calls that it shall have together then."""

    log: WriteLog
    clock: Clock
    stopping: Callable[[], bool]
    notify: Notify
    rollout: Rollout
    outcomes: list[Outcome] = field(default_factory=list)
    failures: int = 0
    halted: str = ""
    doubted: dict[str, int] = field(default_factory=dict)
    wave: int | None = None

    async def run(
        self,
        plan: Plan,
        carry_out: Callable[[Sequence[Change]], Awaitable[None]],
        subscribe: Callable[[Sequence[Subscription]], Awaitable[None]],
    ) -> tuple[Outcome, ...]:
        """Carry the changes out wave by wave, then the subscriptions; `carry_out` and `subscribe` note an
        outcome for each. Sorted by name, then by action.

        An account that could not be read has failed already, unless it only has to wait.
        """
        self._failed(sum(each.error.kind is not FailureKind.THROTTLED for each in plan.unreadable))
        for wave, part in _waves(plan.changes, self.rollout.canary):
            self.wave = wave
            if self.outcomes:
                await self._go_on()
            await carry_out(part)
        if plan.subscriptions and self.wave == 1:
            await self._go_on()  # the first wave was the only one
        # With changes ahead of them it is these that a canary is about.
        canary = None if plan.changes else self.rollout.canary
        for wave, those in _waves(plan.subscriptions, canary):
            self.wave = wave
            if wave == 2:
                await self._go_on()
            await subscribe(those)
        return tuple(sorted(self.outcomes, key=lambda found: (found.account.name, found.action or "")))

    def hindrance(self) -> str:
        """Why no write may be begun; empty while one may."""
        return "interrupted before it was written" if self.stopping() else self.halted

    def record(self, *writes: Write) -> str:
        """Put writes on record before they are sent; the answer says why that cannot be done."""
        try:
            self.log.write(*writes)
        except JournalError as error:
            self.halted = str(error)
            return self.halted
        return ""

    def note(self, outcome: Outcome) -> None:
        """What became of one write."""
        self.outcomes.append(replace(outcome, wave=self.wave))
        self._failed(outcome.status in (Status.FAILED, Status.UNVERIFIED))
        try:
            self.log.outcome(outcome)
        except JournalError as error:
            self.halted = str(error)
        self.notify(outcome.account, outcome.error or _blemish(outcome))

    async def rest(self, seconds: float, cut_short: Callable[[], object]) -> None:
        """Sleep, and look now and then whether that shall end."""
        while seconds > 0 and not cut_short():
            await self.clock.sleep(min(seconds, LOOK_UP))
            seconds -= LOOK_UP

    def _failed(self, count: int) -> None:
        """Halt when so many more are too many."""
        self.failures += count
        if self.rollout.stop_after is not None and self.failures >= self.rollout.stop_after:
            failures = f"{self.failures} failure{'s' * (self.failures != 1)}"
            self.halted = self.halted or f"not begun: stopped after {failures}"

    async def _go_on(self) -> None:
        """Halt when the wave before was not good, else pause."""
        bad = sum(not outcome.status.good for outcome in self.outcomes)
        if bad and not self.halted:
            self.halted = f"not begun: {bad} of the first wave did not end well"
        await self.rest(self.rollout.pause, self.hindrance)


def _blemish(outcome: Outcome) -> GraphFailure | None:
    """What is not as it should be, although no call has failed."""
    bad = outcome.status in (Status.UNVERIFIED, Status.STALE)
    return GraphFailure(FailureKind.INVALID, outcome.detail) if bad else None


def _waves(writes: Sequence[Item], canary: Limit | None) -> Iterator[tuple[int | None, Sequence[Item]]]:
    """The writes in their waves, each with its number from 1; without a canary all are one of none.
    A wave without changes is none: nobody pauses for it."""
    if canary is None:
        yield None, writes
        return
    first = ceil(len(writes) * canary.value / 100) if canary.percent else canary.value
    for number, wave in enumerate((writes[:first], writes[first:]), 1):
        if wave:
            yield number, wave
