"""Random fleets through random worlds, over real HTTP: what a report says is what is live."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icesync import journal, planner, reconciler
from icesync.connection import Traffic
from icesync.model import Account, Api, Budget, Desired, Outcome, Plan, Profile, Status
from icesync.runtime import Runtime
from icesync.sandbox.server import Running, running
from icesync.sandbox.world import Fault, World
from tests.support.clock import FakeClock
from tests.support.desk import listed
from tests.support.strategies import profiles

FAULTS = ("500", "html", "reset", "truncated", "transient", "throttle-app", "lost-answer")
NUMBERS = count(1)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running() as started:
        yield started


worlds = st.builds(
    World,
    shape=st.sampled_from(("wrapped", "manual", "flat")),
    post=st.sampled_from(("replace", "merge")),
    lag=st.integers(0, 3),
    trim=st.booleans(),
    success=st.sampled_from(("true", "string", "result")),
    budget=st.none() | st.integers(1, 12),
    faults=st.lists(
        st.builds(Fault, st.sampled_from(FAULTS), st.sampled_from((0.1, 0.3, 0.6))), max_size=2
    ).map(tuple),
    seed=st.integers(0, 1000),
)
budgets = st.none() | st.builds(Budget, st.integers(1, 12), st.just(600))
fleets = st.lists(st.tuples(profiles(), profiles()), min_size=1, max_size=4)


@dataclass
class Trial:
    """A fleet of accounts that no other trial uses, with what is live and what is wanted. Between two
    applies old calls are forgotten."""

    sandbox: Running
    folder: Path
    accounts: list[Account]
    wanted: list[Profile]
    budget: Budget | None
    clock: FakeClock = field(default_factory=FakeClock)

    async def apply(self, desired: list[Profile]) -> tuple[Plan, tuple[Outcome, ...], journal.Run | None]:
        clock = self.clock
        clock.seconds += 1000
        environ = {f"T{account.id}": f"sandbox-{account.id}" for account in self.accounts}
        runtime = Runtime(invoke=lambda line, environ: 0, environ=environ, clock=clock)
        fleet = [Desired(account, wanted) for account, wanted in zip(self.accounts, desired, strict=True)]
        api = Api(self.sandbox.url)
        traffic = Traffic(self.folder, self.budget, concurrency=3, timeout=10)
        async with runtime.client(api, traffic, root=self.folder) as client:
            seen = await reconciler.observe(client, fleet, clock=clock, concurrency=3, notify=lambda *_: None)
            plan = planner.plan(fleet, seen)
            with journal.record(self.folder, command="apply", api=api, now=clock.now()) as log:
                outcomes = await reconciler.apply(
                    plan,
                    client,
                    log,
                    seen={name: found.at for name, found in seen.items()},
                    clock=clock,
                    concurrency=3,
                    notify=lambda *_: None,
                    stopping=lambda: False,
                )
        return plan, outcomes, journal.find(self.folder, log.run)

    def live(self, account: Account) -> Profile:
        entries = self.sandbox.api.profiles.get(account.id, [])
        return Profile.of(
            {
                entry["locale"]: [(each["question"], each["payload"]) for each in entry["call_to_actions"]]
                for entry in entries
            }
        )


@given(world=worlds, fleet=fleets, budget=budgets)
@settings(max_examples=60, deadline=None)
def test_a_report_is_true_and_a_healthy_world_converges(
    sandbox: Running, world: World, fleet: list[tuple[Profile, Profile]], budget: Budget | None
) -> None:
    with TemporaryDirectory() as folder:
        accounts = []
        for before, _ in fleet:
            identity = str(50_000_000 + next(NUMBERS))
            accounts.append(Account(f"shop-{identity}", identity, f"env:T{identity}"))
            sandbox.api.seed(identity, listed(before.ice_breakers))
        bystander = str(90_000_000 + next(NUMBERS))
        sandbox.api.seed(bystander, listed({"default": [("Mine?", "MINE")]}))
        trial = Trial(sandbox, Path(folder), accounts, [wanted for _, wanted in fleet], budget)
        anyio.run(_hold, trial, world, [before for before, _ in fleet])
        assert bystander not in {account for _, account in sandbox.api.calls}
        assert sandbox.api.profiles[bystander] == listed({"default": [("Mine?", "MINE")]})


async def _hold(trial: Trial, world: World, before: list[Profile]) -> None:
    trial.sandbox.api.world = world
    try:
        plan, outcomes, run = await trial.apply(trial.wanted)
    finally:
        trial.sandbox.api.world = World()
    if trial.budget:
        calls = Counter(account for _, account in trial.sandbox.api.calls)
        assert all(calls[account.id] <= trial.budget.calls for account in trial.accounts)
        trial.budget = None
    stood = {account.name: profile for account, profile in zip(trial.accounts, before, strict=True)}
    wanted = {account.name: profile for account, profile in zip(trial.accounts, trial.wanted, strict=True)}
    told = {outcome.account.name: outcome for outcome in outcomes}
    unreadable = {found.account.name for found in plan.unreadable}
    written = {change.account.name for change in run.writes} if run else set()
    for account in trial.accounts:
        name, live = account.name, trial.live(account)
        outcome = told.get(name)
        if outcome is None:
            assert name in unreadable or stood[name] == wanted[name]
            assert live == stood[name], "what was not planned was not touched"
        elif outcome.status in (Status.APPLIED, Status.ALREADY):
            assert live == wanted[name]
        else:
            assert outcome.error is not None or outcome.detail
            assert outcome.status is Status.UNVERIFIED or live == stood[name]
        if live != stood[name]:
            assert name in written, "every write is in the journal"

    _, outcomes, _ = await trial.apply(trial.wanted)
    assert {outcome.status for outcome in outcomes} <= {Status.APPLIED}
    assert [trial.live(account) for account in trial.accounts] == trial.wanted

    restored = {change.account.name: change.before for change in run.writes} if run else {}
    await trial.apply([restored.get(account.name, wanted[account.name]) for account in trial.accounts])
    for account in trial.accounts:
        if account.name in restored:
            assert trial.live(account) == stood[account.name], "rollback(apply(x)) = x"
