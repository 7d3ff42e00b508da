"""Who reads and writes the accounts of a run: this process, or others in its place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from icesync.graph.client import GraphClient
from icesync.graph.governor import Clock
from icesync.model import Account, Desired, Observation, Outcome, Plan, Rollout
from icesync.reconciler import WriteLog, apply, observe
from icesync.reconciler.ports import Notify


class Crew(Protocol):
    """Carries out both halves of a run, as `reconciler.observe` and `reconciler.apply` promise it."""

    @property
    def calls(self) -> Mapping[str, int]:
        """The requests so far, by account name."""

    def room(self, account: Account, calls: int) -> float:
        """Seconds until the account's budget has room for so many calls; infinite where it never has."""

    async def observe(self, accounts: Sequence[Desired], notify: Notify) -> dict[str, Observation]: ...

    async def apply(
        self, plan: Plan, log: WriteLog, *, seen: Mapping[str, float], notify: Notify, rollout: Rollout
    ) -> tuple[Outcome, ...]: ...


@dataclass(frozen=True, slots=True)
class Alone:
    """This process does it all."""

    client: GraphClient
    clock: Clock
    concurrency: int
    stopping: Callable[[], bool] = lambda: False

    @property
    def calls(self) -> Mapping[str, int]:
        return self.client.calls

    def room(self, account: Account, calls: int) -> float:
        return self.client.room(account, calls)

    async def observe(self, accounts: Sequence[Desired], notify: Notify) -> dict[str, Observation]:
        return await observe(
            self.client, accounts, clock=self.clock, concurrency=self.concurrency, notify=notify
        )

    async def apply(
        self, plan: Plan, log: WriteLog, *, seen: Mapping[str, float], notify: Notify, rollout: Rollout
    ) -> tuple[Outcome, ...]:
        return await apply(
            plan,
            self.client,
            log,
            seen=seen,
            clock=self.clock,
            concurrency=self.concurrency,
            notify=notify,
            stopping=self.stopping,
            rollout=rollout,
        )
