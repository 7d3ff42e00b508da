"""What an apply did."""

from dataclasses import dataclass
from enum import StrEnum

from icesync.model.desired import Account, Limit
from icesync.model.planned import Action, Change, GraphFailure


class Status(StrEnum):
    """How the write to one account ended.

    applied: live equals desired, read back. already: it did before. stale: live had moved, not
    written. unverified: written, but the read-back shows something else or nothing. failed: not
    written, or refused. deferred: not now (throttled or interrupted), try later.
    """

    APPLIED = "applied"
    ALREADY = "already"
    STALE = "stale"
    UNVERIFIED = "unverified"
    FAILED = "failed"
    DEFERRED = "deferred"

    @property
    def good(self) -> bool:
        """Live is as desired."""
        return self in (Status.APPLIED, Status.ALREADY)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one account in an apply. `action` is None where the account was unreadable.

    `calls` counts the requests for its profile in this run, retries and reads included.
    `wave` counts from 1 where the apply had a canary, else it is None.
    """

    account: Account
    action: Action | None
    status: Status
    calls: int = 0
    detail: str = ""
    error: GraphFailure | None = None
    wave: int | None = None


@dataclass(frozen=True, slots=True)
class Rollout:
    """How carefully an apply goes ahead.

    `canary`: so many of the changes, or of the subscriptions where there is no change, are the first wave;
    the others follow when each of it is good. `pause` is the time between the two, in seconds. After
    `stop_after` failures none is begun.
    """

    canary: Limit | None = None
    pause: float = 0.0
    stop_after: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What an apply did, sorted by account name. Times are UTC as `2026-11-23T03:09:11Z`.

    `run` names its journal; it is empty where nothing was to be written, so nothing was recorded.
    `changes` are those of the plan that was carried out; a saved report does not keep them.
    """

    run: str
    started: str
    finished: str
    outcomes: tuple[Outcome, ...] = ()
    unchanged: int = 0
    changes: tuple[Change, ...] = ()

    def count(self, status: Status) -> int:
        return sum(outcome.status is status for outcome in self.outcomes)
