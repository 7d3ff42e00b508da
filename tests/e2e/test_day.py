"""A day of a fleet on a clock that leaps: budgets hold, and no run takes longer than they demand."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from icesync import planner, reconciler
from icesync.connection import Traffic
from icesync.console import Console
from icesync.fleet import Selection, select
from icesync.graph.client import GraphClient
from icesync.graph.governor import LOOK_AGAIN
from icesync.model import (
    USUAL_API,
    USUAL_BUDGET,
    Account,
    Desired,
    FailureKind,
    Outcome,
    Plan,
    Profile,
    Status,
)
from icesync.runtime import Runtime
from icesync.sandbox.world import Fault, World
from tests.support.memory import MemoryLog
from tests.support.simulation import (
    BACK,
    HOUR,
    SLOWEST,
    Arrival,
    Phase,
    SimulatedApi,
    VirtualClock,
    Wire,
    simulate,
    slope,
)

BUSY: Final = 14.5 * HOUR
"""When other programs of the same app begin to use nearly all of its hour; it lasts 45 minutes."""
OTHERS: Final = slope(
    [(BUSY, 74.0), (BUSY + 660, 96.0), (BUSY + 1400, 96.0), (BUSY + 1780, 74.0), (BUSY + 2700, 40.0)]
)
PATIENCE: Final = 30.0


@dataclass
class Job:
    """One run of icesync: its reads, its writes if there were any, and what came of it."""

    name: str
    phases: list[Phase] = field(default_factory=list)
    plan: Plan = field(default_factory=lambda: Plan(()))
    outcomes: Sequence[Outcome] = ()

    @property
    def makespan(self) -> float:
        return self.phases[-1].end - self.phases[0].start

    @property
    def arrivals(self) -> list[Arrival]:
        return [arrival for phase in self.phases for arrival in phase.arrivals]

    def bound(self, api: SimulatedApi) -> float:
        """Of all its reads, then of all its writes: a plan is shown before it is carried out."""
        return sum(phase.bound(api) for phase in self.phases)


class Day:
    """A fleet, its API, and the runs of the day. Each edit asks for another version of an account."""

    def __init__(self, state: Path, size: int) -> None:
        self.jobs: list[Job] = []
        self.size = size
        self.clock = VirtualClock()
        self.api = SimulatedApi(self.clock, 10 * size, lambda at: min(OTHERS(at), 100.0))
        self.rps = size / 1000
        self.concurrency = max(8, size // 1500)
        self._state = state
        self._how = {"clock": self.clock, "concurrency": self.concurrency, "notify": lambda *_: None}
        self._profiles = [Profile.of({"default": [(f"Version {n}?", str(n))]}) for n in range(16)]
        self._versions = [0] * size
        self._tokens = {f"TOKEN_{n}": f"sandbox-{id_of(n)}" for n in range(size)}
        for number in range(size):
            questions = self._profiles[0].as_data()["default"]
            self.api.graph.seed(id_of(number), [{"call_to_actions": questions}])

    def desired(self, numbers: Iterable[int]) -> tuple[Desired, ...]:
        return tuple(
            Desired(Account(f"shop-{n:06}", id_of(n), f"env:TOKEN_{n}"), self._profiles[self._versions[n]])
            for n in numbers
        )

    async def until(self, second: float) -> None:
        await self.clock.sleep(second - self.clock.monotonic())

    async def read(self, name: str, accounts: Sequence[Desired], *, waits: bool = False) -> None:
        """`icesync plan` or `drift`; or `apply --wait` that finds nothing to write."""
        job, wire = Job(name), self._wire()
        traffic = self._traffic(self.rps, waits=waits)
        async with self._runtime(wire).client(USUAL_API, traffic, root=self._state) as client:
            await self._survey(job, accounts, client, wire, self.rps)

    async def edit(self, name: str, numbers: Sequence[int], rps: float = 0.0) -> None:
        """Ask something new of these accounts: `icesync apply --wait`."""
        for number in numbers:
            self._versions[number] += 1
        job, wire, rps = Job(name), self._wire(), rps or self.rps
        traffic = self._traffic(rps, waits=True)
        async with self._runtime(wire).client(USUAL_API, traffic, root=self._state) as client:
            seen = await self._survey(job, self.desired(numbers), client, wire, rps)
            start, made = self.clock.monotonic(), len(wire.arrivals)
            job.outcomes = await reconciler.apply(
                job.plan, client, MemoryLog(), seen=seen, stopping=lambda: False, **self._how
            )
            job.phases.append(Phase(start, self.clock.monotonic(), rps, wire.arrivals[made:]))

    async def _survey(
        self, job: Job, accounts: Sequence[Desired], client: GraphClient, wire: Wire, rps: float
    ) -> dict[str, float]:
        start = self.clock.monotonic()
        observed = await reconciler.observe(client, accounts, **self._how)
        job.plan = planner.plan(accounts, observed)
        job.phases.append(Phase(start, self.clock.monotonic(), rps, wire.arrivals[:]))
        self.jobs.append(job)
        return {name: observation.at for name, observation in observed.items()}

    def _wire(self) -> Wire:
        return Wire(self.api, seed=len(self.jobs))

    def _traffic(self, rps: float, *, waits: bool = False) -> Traffic:
        return Traffic(self._state, USUAL_BUDGET, self.concurrency, PATIENCE, rps, waits)

    def _runtime(self, wire: Wire) -> Runtime:
        return Runtime(
            invoke=lambda line, environ: 0,
            console=Console(verbosity=-1),
            environ=self._tokens,
            clock=self.clock,
            transport=lambda api, connections: wire,
        )


def id_of(number: int) -> str:
    return str(17841400000000000 + number)


async def hourly(day: Day) -> None:
    """Every hour another shard is looked at."""
    for hour in range(24):
        await day.until(hour * HOUR)
        shard = select(day.desired(range(day.size)), Selection(shard=(hour + 1, 24)))
        await day.read(f"drift {hour + 1}/24", shard)


async def at_work(day: Day) -> None:
    """At night everything is planned. In the morning a template changes, before noon a few accounts
    again and again, in the afternoon many while the app has hardly any calls left, and in the evening
    somebody looks at a few accounts once too often."""
    await day.until(2.5 * HOUR)
    await day.read("plan", day.desired(range(day.size)))
    await day.until(9.1 * HOUR)
    await day.edit("template", range(0, day.size, 10))
    await day.until(10.9 * HOUR)
    for number in range(1, 9):
        await day.edit(f"again {number}", range(1, day.size, 50))
    await day.until(BUSY + 30)
    await day.edit("busy", range(min(day.size, 10_000)), max(day.rps, 10.0))
    await day.until(20.1 * HOUR)
    for number in range(1, 12):
        await day.read(f"look {number}", day.desired(range(2, day.size, 25)), waits=True)


async def lived(day: Day) -> Day:
    await asyncio.gather(hourly(day), at_work(day))
    return day


@pytest.fixture(
    scope="module",
    params=[pytest.param(1_000, id="small"), pytest.param(100_000, id="full", marks=pytest.mark.soak)],
)
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Day:
    return simulate(lived(Day(tmp_path_factory.mktemp("state"), request.param)))


def test_no_account_ever_gets_more_calls_than_its_budget_allows(day: Day) -> None:
    assert day.api.exceeded == []


def test_no_run_makes_more_calls_in_a_second_than_it_may(day: Day) -> None:
    assert [job.name for job in day.jobs if any(phase.hurries() for phase in job.phases)] == []


def test_no_run_takes_five_percent_longer_than_budgets_demand(day: Day) -> None:
    ratios = {job.name: job.makespan / job.bound(day.api) for job in day.jobs}
    assert len(ratios) == 46
    # Below 1 where usage changes faster than the turns that were given out already.
    assert {name: ratio for name, ratio in ratios.items() if not 0.95 < ratio <= 1.05} == {}


def test_accounts_that_have_no_calls_left_are_waited_for(day: Day) -> None:
    rates = {job.name: len(job.arrivals) / job.makespan for job in day.jobs if job.name != "busy"}
    waits = [name for name, rate in rates.items() if rate < day.rps / 2]
    assert waits == ["again 4", "again 7", "look 11"]


def test_a_run_that_does_not_wait_tells_when_an_account_can_go(day: Day) -> None:
    refused = [each.error for job in day.jobs for each in job.plan.unreadable]
    assert {error.kind for error in refused} == {FailureKind.THROTTLED}
    assert all(error.not_before for error in refused)


def test_once_the_app_is_told_to_be_nearly_used_up_no_write_begins(day: Day) -> None:
    (busy,) = [job for job in day.jobs if job.name == "busy"]
    over = [each for each in busy.arrivals if day.api.usage(each.at) >= 95]
    late = [each.method for each in over if each.at > over[0].at + BACK + SLOWEST]
    assert "POST" not in late
    looks = (over[-1].at - over[0].at) / LOOK_AGAIN + 1
    assert len(late) <= day.concurrency + looks, "the read-backs of what was begun, and looks at usage"


def test_everything_is_done_with_hardly_a_call_too_many(day: Day) -> None:
    for job in day.jobs:
        changes = len(job.plan.changes)
        assert [outcome.status for outcome in job.outcomes] in ([], [Status.APPLIED] * changes)
        written = Counter(each.account for each in job.arrivals if each.method == "POST")
        assert set(written.values()) <= {1}
        reads = job.plan.accounts - len(job.plan.unreadable)
        # Whose token it is, a read before the write and one after it; and again where a stop came
        # between the two.
        looks = job.makespan / LOOK_AGAIN
        assert len(job.arrivals) <= reads + 4 * len(job.outcomes) + day.concurrency + looks


def test_amid_faults_too_an_apply_that_waits_puts_nothing_off(tmp_path: Path) -> None:
    day = Day(tmp_path, 100)
    day.api.graph.world = World(faults=(Fault("500", 0.1), Fault("lost-answer", 0.02)))

    async def edits() -> None:
        for number in range(1, 9):
            await day.edit(f"edit {number}", range(day.size), rps=10.0)

    simulate(edits())

    assert day.api.exceeded == []
    failures = [
        each.error for job in day.jobs for each in (*job.plan.unreadable, *job.outcomes) if each.error
    ]
    assert [failure for failure in failures if failure.kind is FailureKind.THROTTLED] == []
