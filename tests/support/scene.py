"""An apply on an API in memory, with everything around it that can be told to go wrong."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from icesync.model import Account, Change, Outcome, Plan, Profile, Rollout, Subscription
from icesync.reconciler import apply
from tests.support.clock import FakeClock
from tests.support.memory import Fault, MemoryApi, MemoryLog

ACME: Final = Account("acme", "1")
A: Final = Profile.of({"default": [("A?", "A")]})
B: Final = Profile.of({"default": [("B?", "B")]})
C: Final = Profile.of({"default": [("C?", "C")]})
A_FR: Final = Profile.of({"default": [("A?", "A")], "fr_FR": [("A ?", "A")]})
B_FR: Final = Profile.of({"default": [("B?", "B")], "fr_FR": [("A ?", "A")]})


def never() -> bool:
    return False


@dataclass
class Scene:
    """An apply on account number 1, or on the `changes` that are given; fresh unless `seen` says else."""

    api: MemoryApi
    changes: tuple[Change, ...] = (Change(ACME, A, B),)
    seen: Mapping[str, float] | None = None
    clock: FakeClock = field(default_factory=FakeClock)
    log: MemoryLog = field(default_factory=MemoryLog)
    stopping: Callable[[], bool] = never
    concurrency: int = 4
    rollout: Rollout | None = None
    notified: list[str] = field(default_factory=list)
    subscriptions: tuple[Subscription, ...] = ()

    def __post_init__(self) -> None:
        self.api.clock = self.clock

    async def apply(self) -> tuple[Outcome, ...]:
        plan = Plan(self.changes, subscriptions=self.subscriptions)
        fresh = {account.name: self.clock.monotonic() for account in plan.differing}
        return await asyncio.wait_for(
            apply(
                plan,
                self.api,
                self.log,
                seen=fresh if self.seen is None else self.seen,
                clock=self.clock,
                concurrency=self.concurrency,
                notify=lambda account, _: self.notified.append(account.name),
                rollout=self.rollout,
                stopping=self.stopping,
            ),
            10,
        )

    async def outcome(self) -> Outcome:
        (outcome,) = await self.apply()
        return outcome

    @property
    def verbs(self) -> str:
        return " ".join(verb for verb, _ in self.api.record)


def scene(
    *script: Fault,
    live: Profile = A,
    lag: int = 0,
    merge: bool = False,
    budget: int | None = None,
    **more: Any,
) -> Scene:
    return Scene(MemoryApi({"1": live}, {"1": script}, lag=lag, merge=merge, budget=budget), **more)


def fleet(size: int, before: Profile = A, after: Profile = B) -> tuple[Change, ...]:
    return tuple(Change(Account(f"acme-{n}", str(n)), before, after) for n in range(size))
