"""Laws of subscriptions: nothing is ever unsubscribed, the report is true, and one apply is enough."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from icesync import journal
from icesync.model import Account, Action, Api, Desired, Outcome, Plan, Status
from icesync.planner import plan
from icesync.reconciler import apply, observe
from tests.support.clock import FakeClock
from tests.support.memory import Fault, MemoryApi, MemoryLog
from tests.support.scene import A, B

NOW = datetime(2026, 11, 23, tzinfo=UTC)
FIELDS = st.sets(st.sampled_from(("comments", "messages", "messaging_postbacks"))).map(
    lambda found: tuple(sorted(found))
)
FAULTS = st.sampled_from([fault for fault in Fault if fault is not Fault.BUG])
law = settings(deadline=None, max_examples=60)


@dataclass(frozen=True)
class World:
    """A fleet, what it is subscribed to when it is planned, what it is by the time of the apply, and what
    goes wrong meanwhile. `adds` is what a POST means."""

    desired: tuple[Desired, ...]
    before: Mapping[str, tuple[str, ...]]
    meanwhile: Mapping[str, tuple[str, ...]]
    others: Mapping[str, list[Fault]]
    adds: bool

    def api(self) -> MemoryApi:
        """When the plan is carried out."""
        live = {each.account.id: A for each in self.desired}
        return MemoryApi(
            live, subscribed={**self.before, **self.meanwhile}, others=self.others, adds=self.adds
        )

    def planned(self, api: MemoryApi) -> Plan:
        managed = [each for each in self.desired if each.is_managed]
        observing = observe(api, managed, clock=FakeClock(), concurrency=2, notify=lambda *_: None)
        return plan(self.desired, asyncio.run(observing))

    def plan(self) -> Plan:
        api = MemoryApi({each.account.id: A for each in self.desired}, subscribed=dict(self.before))
        return self.planned(api)

    def carry_out(
        self, found: Plan, api: MemoryApi, log: MemoryLog | journal.Journal
    ) -> Mapping[str, Outcome]:
        """The outcomes of subscriptions, by account id."""
        applying = apply(
            found,
            api,
            log,
            seen={account.name: api.clock.monotonic() for account in found.differing},
            clock=api.clock,
            concurrency=2,
            notify=lambda *_: None,
            stopping=lambda: False,
        )
        outcomes = asyncio.run(applying)
        return {each.account.id: each for each in outcomes if each.action is Action.SUBSCRIBE}


@st.composite
def worlds(draw: st.DrawFn) -> World:
    names = [f"acme-{number}" for number in range(draw(st.integers(1, 4)))]
    profiles = st.sampled_from((None, A, B))
    return World(
        tuple(Desired(Account(name, name, webhooks=draw(FIELDS)), draw(profiles)) for name in names),
        before={name: draw(FIELDS) for name in names},
        meanwhile={name: draw(FIELDS) for name in names if draw(st.booleans())},
        others={name: draw(st.lists(FAULTS, max_size=6)) for name in names},
        adds=draw(st.booleans()),
    )


@law
@given(worlds())
def test_nothing_is_ever_unsubscribed_and_nothing_is_added_that_nobody_asked_for(world: World) -> None:
    api = world.api()
    before = {name: set(fields) for name, fields in api.subscribed.items()}

    world.carry_out(world.plan(), api, MemoryLog())

    for each in world.desired:
        live, had = set(api.subscribed.get(each.account.id, ())), before.get(each.account.id, set())
        assert had <= live <= had | set(each.account.webhooks)


@law
@given(worlds())
def test_the_report_is_true(world: World) -> None:
    api, found = world.api(), world.plan()
    before = dict(api.subscribed)

    outcomes = world.carry_out(found, api, MemoryLog())

    assert outcomes.keys() == {each.account.id for each in found.subscriptions}
    for name, outcome in outcomes.items():
        if outcome.status in (Status.APPLIED, Status.ALREADY):
            assert set(api.subscribed[name]) >= set(outcome.account.webhooks)
        elif outcome.status is not Status.UNVERIFIED:
            assert api.subscribed.get(name) == before.get(name)
        assert outcome.status is not Status.STALE
        assert world.others[name] or outcome.status in (Status.APPLIED, Status.ALREADY)


@law
@given(worlds())
def test_after_an_apply_the_plan_is_empty_under_both_meanings_of_a_post(world: World) -> None:
    api, found = world.api(), world.plan()
    world.carry_out(found, api, MemoryLog())
    api.heal()
    world.carry_out(world.planned(api), api, MemoryLog())

    assert world.planned(api).writes == ()


@law
@given(worlds())
def test_every_subscription_is_recorded_before_it_is_sent(world: World) -> None:
    api, log = world.api(), MemoryLog()
    log.lines = api.record

    world.carry_out(world.plan(), api, log)

    waiting: dict[str, int] = {}
    for event, account in api.record:
        waiting[account] = waiting.get(account, 0) + {"write": 1, "POST": -1, "SUBSCRIBE": -1}.get(event, 0)
        assert waiting[account] >= 0


@law
@given(worlds())
def test_the_journal_tells_a_rollback_how_many_stay_and_takes_none_of_them_back(world: World) -> None:
    api, found = world.api(), world.plan()
    with TemporaryDirectory() as folder:
        with journal.record(Path(folder), command="apply", api=Api(), now=NOW) as log:
            outcomes = world.carry_out(found, api, log)
        past = journal.find(Path(folder), "last")

    perhaps = [each for each in outcomes.values() if each.status in (Status.APPLIED, Status.UNVERIFIED)]
    assert past.subscribed == len(perhaps)
    assert {write.account.id for write in past.writes} == {change.account.id for change in found.changes}
