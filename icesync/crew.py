"""Who reads and writes the accounts of a run: this process, or others in its place."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Protocol

from icesync.clock import Clock
from icesync.errors import GraphError
from icesync.graph.catalogue import cases
from icesync.graph.client import GraphClient
from icesync.model import (
    Account,
    Desired,
    Observation,
    Outcome,
    Plan,
    Profile,
    Rollout,
    Snapshot,
)
from icesync.reconciler import WriteLog, apply, observe
from icesync.reconciler.ports import Notify
from icesync.reconciler.workers import each

NOT_KEPT: Final = cases.NOT_KEPT.failure("it is not in the snapshot, so nobody knows what is live")


class Scout(Protocol):
    """Carries out the half of a run that reads, as `reconciler.observe` promises it."""

    def room(self, account: Account, calls: int) -> float:
        """Seconds until the account's budget has room for so many calls; infinite where it never has."""

    async def observe(
        self, accounts: Sequence[Desired], notify: Notify, *, following: int = 0
    ) -> dict[str, Observation]:
        """Read the accounts that have room for so many following calls as well; what could only be
        read would use up the calls that a write needs, again and again."""

    async def fingerprints(self, accounts: Sequence[Account]) -> Mapping[str, str]:
        """What tells the accounts' tokens from each other, by account name; nothing of an account whose
        token cannot be had. No request is made."""


class Crew(Scout, Protocol):
    """Carries out both halves of a run, as `reconciler.observe` and `reconciler.apply` promise it."""

    @property
    def calls(self) -> Mapping[str, int]:
        """The requests so far, by account name."""

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

    async def observe(
        self, accounts: Sequence[Desired], notify: Notify, *, following: int = 0
    ) -> dict[str, Observation]:
        reader = _Provident(self.client, 1 + following) if following else self.client
        return await observe(reader, accounts, clock=self.clock, concurrency=self.concurrency, notify=notify)

    async def fingerprints(self, accounts: Iterable[Account]) -> Mapping[str, str]:
        found = {}

        async def look(account: Account) -> None:
            with suppress(GraphError):
                found[account.name] = await self.client.fingerprint(account)

        await each(accounts, look, self.concurrency, self.clock)
        return found

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


@dataclass(frozen=True, slots=True)
class _Provident:
    """Reads an account only when all of its calls have room."""

    client: GraphClient
    calls: int

    async def subscriptions(self, account: Account) -> tuple[str, ...]:
        return await self.client.subscriptions(account)

    async def get_profile(self, account: Account) -> Profile:
        self.client.hold(account, self.calls)
        try:
            return await self.client.get_profile(account)
        finally:
            self.client.release(account)


@dataclass(frozen=True, slots=True)
class Archivist:
    """Tells what a snapshot says of the accounts, and calls nobody. An account is known by its identity.

    `absent` is what is taken for live on an account that is not in it; None makes it unreadable.
    """

    snapshot: Snapshot
    absent: Profile | None = None

    def room(self, account: Account, calls: int) -> float:
        """None was counted, so there is room."""
        return 0.0

    async def observe(
        self, accounts: Sequence[Desired], notify: Notify, *, following: int = 0
    ) -> dict[str, Observation]:
        kept = {seen.account.identity: seen for seen in self.snapshot.observations}
        error = NOT_KEPT if self.absent is None else None
        found = {}
        for account in (desired.account for desired in accounts):
            then = kept.get(account.identity, Observation(account, self.absent, error))
            found[account.name] = replace(then, account=account)
            notify(account, then.error)
        return found

    async def fingerprints(self, accounts: Sequence[Account]) -> Mapping[str, str]:
        """Nobody is called, so no token is looked up."""
        return {}
