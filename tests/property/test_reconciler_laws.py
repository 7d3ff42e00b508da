"""Laws of an apply: its report is true, it touches nothing else, it converges, and it can be taken back."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from icesync import journal
from icesync.model import NOTHING, Account, Api, Desired, Outcome, Plan, Profile, Status
from icesync.planner import plan
from icesync.reconciler import CLEAR_CALLS, READ_BACK_PAUSES, WRITE_CALLS, apply, observe
from tests.support.clock import FakeClock
from tests.support.memory import WINDOW, Fault, MemoryApi, MemoryLog
from tests.support.strategies import profiles

READ_CALLS = 1
NOW = datetime(2026, 11, 23, tzinfo=UTC)
# Two profiles come up often, so that live and desired state share locales, or are the same.
PROFILES = profiles() | st.sampled_from(
    [
        Profile.of({locale: [("A?", "A")] for locale in found})
        for found in (("default",), ("default", "fr_FR"))
    ]
)
# Each example is a whole apply, some of them with a journal on disk.
law = settings(deadline=None, max_examples=60)
FAULTS = st.sampled_from([fault for fault in Fault if fault is not Fault.BUG])


@dataclass(frozen=True)
class World:
    """A fleet, what is live on it when it is planned, and what goes wrong afterwards.

    `moved` is what another hand sets after the plan was made; `strangers` are accounts that the
    fleet does not manage, and accounts in `mixed_up` hold the tokens of such. Each account has a
    `budget` of calls, which may be waited for or not.
    """

    desired: tuple[Desired, ...]
    live: Mapping[str, Profile]
    strangers: Mapping[str, Profile]
    moved: Mapping[str, Profile]
    scripts: Mapping[str, list[Fault]]
    lag: int
    merge: bool
    budget: int | None
    waits: bool
    concurrency: int
    mixed_up: frozenset[str]

    def api(self) -> MemoryApi:
        """The API at the time when the plan is carried out."""
        live = {**self.live, **self.strangers, **self.moved}
        return MemoryApi(
            live,
            self.scripts,
            lag=self.lag,
            merge=self.merge,
            budget=self.budget,
            patience=WINDOW if self.waits else 0.0,
            mixed_up=self.mixed_up,
        )

    def plan(self) -> Plan:
        """The plan that was made before anything moved."""
        return self.planned(MemoryApi(dict(self.live)))

    def planned(self, api: MemoryApi, desired: Iterable[Desired] | None = None) -> Plan:
        wanted = self.desired if desired is None else tuple(desired)
        observing = observe(
            api,
            [each for each in wanted if each.profile is not None],
            clock=FakeClock(),
            concurrency=self.concurrency,
            notify=lambda *_: None,
        )
        return plan(wanted, asyncio.run(observing))

    def carry_out(
        self, found: Plan, api: MemoryApi, log: MemoryLog | journal.Journal, *, fresh: bool = False
    ) -> dict[str, Outcome]:
        """Apply. What another hand has touched is read again first; with `fresh`, nothing is."""
        clock = api.clock
        seen = {change.account.name: clock.monotonic() for change in found.changes}
        applying = apply(
            found,
            api,
            log,
            seen=seen if fresh else {name: at for name, at in seen.items() if name not in self.moved},
            clock=clock,
            concurrency=self.concurrency,
            notify=lambda *_: None,
            stopping=lambda: False,
        )
        return {outcome.account.id: outcome for outcome in asyncio.run(applying)}


@st.composite
def worlds(draw: st.DrawFn) -> World:
    names = [f"acme-{number}" for number in range(draw(st.integers(1, 5)))]
    wanted = {name: draw(st.none() | PROFILES) for name in names}
    managed = [name for name, profile in wanted.items() if profile is not None]
    some = st.sets(st.sampled_from(managed)) if managed else st.just(set())
    return World(
        desired=tuple(Desired(Account(name, name), profile) for name, profile in wanted.items()),
        live={name: draw(PROFILES) for name in names},
        strangers={"stranger": draw(PROFILES)},
        moved={name: draw(PROFILES) for name in sorted(draw(some))},
        scripts={name: draw(st.lists(FAULTS, max_size=8)) for name in names if draw(st.booleans())},
        lag=draw(st.integers(0, len(READ_BACK_PAUSES) - 1)),
        merge=draw(st.booleans()),
        budget=draw(st.none() | st.integers(1, 12)),
        waits=draw(st.booleans()),
        concurrency=draw(st.integers(1, 4)),
        mixed_up=draw(st.just(frozenset()) | st.frozensets(st.sampled_from(names))),
    )


@law
@given(worlds())
def test_the_report_is_true(world: World) -> None:
    api, found = world.api(), world.plan()
    at_first = dict(api.live)

    outcomes = world.carry_out(found, api, MemoryLog())

    assert outcomes.keys() == {change.account.id for change in found.changes}
    for change in found.changes:
        status, live = outcomes[change.account.id].status, api.live.get(change.account.id, NOTHING)
        if status in (Status.APPLIED, Status.ALREADY):
            assert live == change.after
        elif status is not Status.UNVERIFIED:
            assert live == at_first[change.account.id]
        elif not world.scripts.get(change.account.id):
            assert world.budget, "a write that met no fault and has calls enough is no riddle"
            assert world.lag or world.merge, "one that needs no more than its first read-back has enough"
            assert live or not change.after, "and no account is left empty for want of calls"


@law
@given(worlds())
def test_nothing_is_touched_that_the_plan_does_not_change(world: World) -> None:
    api, found = world.api(), world.plan()
    at_first = dict(api.live)
    listed = {change.account.id for change in found.changes}

    world.carry_out(found, api, MemoryLog())

    assert {account for _, account in api.record} <= listed
    assert {name: api.live[name] for name in at_first if name not in listed} == {
        name: profile for name, profile in at_first.items() if name not in listed
    }


@law
@given(worlds())
def test_what_has_moved_since_the_plan_is_not_written(world: World) -> None:
    api, found = world.api(), world.plan()
    stale = {
        change.account.id
        for change in found.changes
        if world.moved.get(change.account.id, change.before) != change.before
    }

    world.carry_out(found, api, MemoryLog())

    assert stale.isdisjoint(api.written)


@law
@given(worlds())
def test_who_holds_a_strangers_token_is_never_written_nor_put_on_record(world: World) -> None:
    api, log = world.api(), MemoryLog()

    outcomes = world.carry_out(world.plan(), api, log)

    assert world.mixed_up.isdisjoint(api.written)
    assert world.mixed_up.isdisjoint(change.account.id for change in log.writes)
    for name in world.mixed_up & outcomes.keys():
        assert outcomes[name].status not in (Status.APPLIED, Status.UNVERIFIED)


@law
@given(worlds())
def test_nobody_is_written_who_was_not_vouched_for(world: World) -> None:
    api = world.api()

    world.carry_out(world.plan(), api, MemoryLog())

    assert set(api.written) <= set(api.vouched)


@law
@given(worlds())
def test_who_waits_for_calls_gets_them_as_far_as_the_budget_reaches_at_all(world: World) -> None:
    needed = READ_CALLS + WRITE_CALLS + len(READ_BACK_PAUSES) - 1 + CLEAR_CALLS * world.merge
    world = replace(
        world,
        mixed_up=frozenset(),
        scripts={},
        moved={},
        waits=True,
        budget=world.budget and world.budget + needed,
    )
    api, found = world.api(), world.plan()
    for change in found.changes:
        asyncio.run(exhaust(api, change.account))

    outcomes = world.carry_out(found, api, MemoryLog(), fresh=True)

    assert {outcome.status for outcome in outcomes.values()} <= {Status.APPLIED}


async def exhaust(api: MemoryApi, account: Account) -> None:
    for _ in range(api.budget or 0):
        await api.get_profile(account)


@law
@given(worlds())
def test_every_write_is_recorded_before_it_is_sent(world: World) -> None:
    api, log = world.api(), MemoryLog()
    log.lines = api.record

    world.carry_out(world.plan(), api, log)

    waiting: dict[str, int] = {}
    for event, account in api.record:
        waiting[account] = waiting.get(account, 0) + {"write": 1, "POST": -1, "DELETE": -1}.get(event, 0)
        assert waiting[account] >= 0


@law
@given(worlds())
def test_a_second_apply_in_a_healthy_world_converges_and_a_third_has_nothing_to_do(world: World) -> None:
    api = world.api()
    world.carry_out(world.plan(), api, MemoryLog())
    api.heal()

    outcomes = world.carry_out(world.planned(api), api, MemoryLog(), fresh=True)

    assert {outcome.status for outcome in outcomes.values()} <= {Status.APPLIED}
    for each in world.desired:
        if each.profile is not None:
            assert api.live.get(each.account.id, NOTHING) == each.profile
    assert world.planned(api).changes == ()


@law
@given(worlds())
def test_what_the_journal_holds_takes_a_run_back(world: World) -> None:
    api, found = world.api(), world.plan()
    at_first = dict(api.live)
    with TemporaryDirectory() as folder:
        with journal.record(Path(folder), command="apply", api=Api(), now=NOW) as log:
            world.carry_out(found, api, log)
        past = journal.find(Path(folder), "last")
    api.heal()

    back = world.planned(api, [Desired(write.account, write.before) for write in past.writes])
    world.carry_out(back, api, MemoryLog(), fresh=True)

    assert api.live == at_first


@law
@given(worlds(), st.integers(0, 12))
def test_a_run_that_is_cut_off_anywhere_can_be_taken_back(world: World, calls: int) -> None:
    """As if the process had been killed: nothing more is sent, and the journal has no end."""
    api, found = world.api(), world.plan()
    at_first = dict(api.live)

    def kill(*_: object) -> None:
        if len([verb for verb, _ in api.record if verb not in ("write", "outcome")]) > calls:
            raise KeyboardInterrupt

    with TemporaryDirectory() as folder:
        with journal.record(Path(folder), command="apply", api=Api(), now=NOW) as log:
            api.before_call = kill
            with suppress(KeyboardInterrupt):
                world.carry_out(found, api, log)
        past = journal.find(Path(folder), "last")
    api.before_call = None
    api.heal()

    back = world.planned(api, [Desired(write.account, write.before) for write in past.writes])
    world.carry_out(back, api, MemoryLog(), fresh=True)

    assert api.live == at_first
