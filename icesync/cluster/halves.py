"""The two halves of a run on a cluster, reading and writing: what goes out, and what comes of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, TypeVar

from icesync.clock import Clock
from icesync.cluster import work
from icesync.cluster.grants import READ_GRANT, WRITE_GRANT
from icesync.errors import IcesyncError
from icesync.model import (
    Account,
    Change,
    Desired,
    GraphFailure,
    Observation,
    Outcome,
    Rollout,
    Status,
    Subscription,
    Write,
)
from icesync.reconciler.course import Course
from icesync.reconciler.ports import Notify

Item = TypeVar("Item", Desired, Change, Subscription)
Taken = TypeVar("Taken", Desired, Change, Subscription, contravariant=True)  # an Item that only goes in
Waits = Callable[[Account, GraphFailure | None], bool]
"""Whether an account that failed so shall be tried again in this run."""

_PERHAPS: Final = "perhaps written, by a worker that was lost"


class Half(Protocol[Taken]):
    """Notes an end for every item.

    `hindrance`: why nothing may be handed out any more. `record`: the same, once these are on record.
    `settle` is for the items of a part that came back, but for those that wait. `untold` is for one
    that never did; `begun`: a worker may have begun it. `fail` raises, or leads to a hindrance.
    """

    @property
    def grant(self) -> tuple[int, int]: ...

    def hindrance(self) -> str: ...

    def record(self, items: Sequence[Taken]) -> str: ...

    def errand(self, items: Sequence[Taken]) -> work.Reading | work.Writing: ...

    def taken(self, items: Sequence[Taken]) -> None: ...

    def settle(self, items: Sequence[Taken], result: Any, waits: Waits) -> None: ...

    def untold(self, item: Taken, failure: GraphFailure | None, detail: str, *, begun: bool) -> None: ...

    def fail(self, error: IcesyncError) -> None: ...


@dataclass(slots=True)
class Reading:
    clock: Clock
    notify: Notify
    observed: dict[str, Observation] = field(default_factory=dict)
    grant: tuple[int, int] = READ_GRANT

    def hindrance(self) -> str:
        return ""

    def record(self, items: Sequence[Desired]) -> str:
        return ""

    def errand(self, items: Sequence[Desired]) -> work.Reading:
        return work.Reading(tuple(items))

    def taken(self, items: Sequence[Desired]) -> None:
        pass  # to read twice does no harm

    def settle(self, items: Sequence[Desired], result: work.Seen, waits: Waits) -> None:
        equal = set(result.equal)
        others = {seen.account.name: seen for seen in result.others}
        for desired in items:
            account = desired.account
            profile, subscribed = work.as_desired(desired)
            seen = Observation(account, profile, subscribed=subscribed)
            if account.name not in equal:
                seen = others[account.name]
            if not waits(account, seen.error):
                self._note(account, seen)

    def untold(self, item: Desired, failure: GraphFailure | None, detail: str, *, begun: bool) -> None:
        self._note(item.account, Observation(item.account, None, failure))

    def fail(self, error: IcesyncError) -> None:
        raise error

    def _note(self, account: Account, seen: Observation) -> None:
        self.observed[account.name] = replace(seen, account=account, at=self.clock.monotonic())
        self.notify(account, seen.error)


@dataclass(slots=True)
class Writing:
    """Of changes, or of subscriptions. `lost` names accounts that a worker had which never told what it
    did: nothing that is found there later says that this run has not written them. `heard` gets what comes
    back of each part."""

    course: Course
    heard: Callable[[work.Done], None]
    lost: set[str] = field(default_factory=set)
    grant: tuple[int, int] = WRITE_GRANT

    def hindrance(self) -> str:
        return self.course.hindrance()

    def record(self, items: Sequence[Write]) -> str:
        return self.course.record(*(item for item in items if item.account.name not in self.lost))

    def errand(self, items: Sequence[Write]) -> work.Writing:
        most = self.course.rollout.stop_after
        left = None if most is None else max(most - self.course.failures, 1)
        return work.Writing(tuple(items), Rollout(stop_after=left))

    def taken(self, items: Sequence[Write]) -> None:
        self.lost.update(item.account.name for item in items)

    def settle(self, items: Sequence[Write], result: work.Done, waits: Waits) -> None:
        self.heard(result)
        outcomes = {outcome.account.name: outcome for outcome in result.outcomes}
        for item in items:
            outcome = outcomes[item.account.name]
            if outcome.status is not Status.DEFERRED or not waits(item.account, outcome.error):
                self._note(item, outcome)

    def untold(self, item: Write, failure: GraphFailure | None, detail: str, *, begun: bool) -> None:
        if begun:
            self.taken([item])
        self._note(item, Outcome(item.account, item.action, Status.DEFERRED, detail=detail, error=failure))

    def fail(self, error: IcesyncError) -> None:
        self.course.halted = str(error)

    def _note(self, item: Write, outcome: Outcome) -> None:
        if outcome.status is Status.DEFERRED and outcome.error is None:
            # Its worker was told to stop, but not why.
            outcome = replace(outcome, detail=self.course.hindrance() or outcome.detail)
        if item.account.name in self.lost:
            outcome = _doubted(outcome)
        self.course.note(replace(outcome, account=item.account))


def _doubted(outcome: Outcome) -> Outcome:
    """The outcome of an account that a lost worker may have written before."""
    if outcome.status in (Status.APPLIED, Status.UNVERIFIED):
        return outcome
    if outcome.status is Status.ALREADY:
        return replace(outcome, status=Status.APPLIED, detail="found written after its worker was lost")
    detail = f"{_PERHAPS}; {outcome.detail}" if outcome.detail else _PERHAPS
    return replace(outcome, status=Status.UNVERIFIED, detail=detail)
