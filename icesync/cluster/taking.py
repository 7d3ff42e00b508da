"""A part in hand: calls are granted, it goes out, and each of its items comes to an end or has to wait."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Generic, Protocol

from icesync.cluster import work
from icesync.cluster.grants import Grants
from icesync.cluster.halves import Half, Item
from icesync.cluster.workers import Lost, Unfit
from icesync.errors import IcesyncError, Throttled
from icesync.graph.catalogue import cases
from icesync.model import Account, GraphFailure

MOST_DEATHS: Final = 3
"""Workers that may die of a part before it is given up."""

_DEADLY: Final = cases.WORKER_LOST.failure(f"{MOST_DEATHS} workers have died of it")
_LATER: Final = cases.NO_TURN.failure("not all of the part can go now")


Result = work.Seen | work.Done | work.Compared | work.Taken | Lost


class HandsOut(Protocol):
    """Gives a part to a worker, and what became of it; raises IcesyncError. See `Workers`."""

    async def hand_out(
        self,
        errand: work.Errand,
        grants: Mapping[str, int],
        *,
        max_rps: float | None = None,
        hindrance: Callable[[], object] = lambda: "",
    ) -> Result: ...


@dataclass(slots=True)
class Taking(Generic[Item]):
    """How the parts of one half of a run are taken in hand. `calls` counts those that were made;
    `cap` is the most in a second for each part. `waits`: who has no room for its calls at the API is
    tried once more when it has."""

    half: Half[Item]
    workers: HandsOut
    grants: Grants
    calls: Counter[str]
    cap: float | None
    waits: bool
    waited: set[str] = field(default_factory=set)

    async def to_its_end(self, part: list[Item]) -> None:
        """Raises Throttled where some items have to wait: those are left in the part."""
        going: Sequence[Item] = part
        later: dict[str, float] = {}
        for _ in range(MOST_DEATHS):
            granted = self._granted(going, later)
            going = [item for item in going if item.account.name in granted]
            if not going or await self._done(going, granted, later):
                break
        else:
            for item in going:
                self.half.untold(item, _DEADLY, "", begun=True)
        part[:] = [item for item in part if item.account.name in later]
        if part:
            raise Throttled(_LATER, app_wide=False, wait=max(later.values()), again=True)

    def _granted(self, items: Sequence[Item], later: dict[str, float]) -> dict[str, int]:
        """The calls that each item gets, by name. Who gets none has its end, or waits."""
        granted = {}
        for item in items:
            try:
                granted[item.account.name] = self.grants.give(item.account, self.half.grant)
            except Throttled as throttled:
                if throttled.again:
                    later[item.account.name] = throttled.wait or 0.0
                else:
                    self.half.untold(item, throttled.failure, "", begun=False)
        return granted

    async def _done(self, items: Sequence[Item], granted: Mapping[str, int], later: dict[str, float]) -> bool:
        """Whether that is all; else a worker has died of it, and it shall be tried again."""
        error = None
        try:
            result = await self._result(items, granted)
        except IcesyncError as failed:
            error, result = failed, Lost(not isinstance(failed, Unfit), detail=str(failed))
        made = _made(result, granted)
        self.grants.settle((item.account for item in items), made)
        self.calls.update(made)
        if error is not None:
            self.half.fail(error)
        match result:
            case work.Taken():
                self.half.taken(items)
                return False
            case Lost():
                for item in items:
                    self.half.untold(item, result.failure, result.detail, begun=result.begun)
            case work.Seen() | work.Done():
                self.half.settle(items, result, lambda who, failure: self._waits(who, failure, later))
        return True

    async def _result(self, items: Sequence[Item], granted: Mapping[str, int]) -> Result:
        if reason := self.half.hindrance() or self.half.record(items):
            return Lost(False, detail=reason)
        result = await self.workers.hand_out(
            self.half.errand(items), granted, max_rps=self.cap, hindrance=self.half.hindrance
        )
        if isinstance(result, Lost) and not result.begun and (reason := self.half.hindrance()):
            return Lost(False, detail=reason)
        return result

    def _waits(self, account: Account, failure: GraphFailure | None, later: dict[str, float]) -> bool:
        """Whether the account is tried again; at most once, since the API knows better than we do."""
        if not self.waits or failure is None or failure.not_before is None or account.name in self.waited:
            return False
        self.waited.add(account.name)
        seconds = datetime.fromisoformat(failure.not_before) - self.grants.clock.now()
        later[account.name] = max(seconds.total_seconds(), 0.0)
        return True


def _made(result: Result, granted: Mapping[str, int]) -> Mapping[str, int]:
    """The calls that were made, by account name: what nobody has told of counts as it was granted."""
    if isinstance(result, work.Taken):
        return granted
    if isinstance(result, Lost):
        return granted if result.begun else {}
    return result.calls if isinstance(result, work.Seen | work.Done) else {}
