"""What a crew of workers hands out, what it makes of what comes back, and of what does not."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from itertools import repeat
from math import inf
from pathlib import Path

import pytest

from icesync import reconciler
from icesync.cluster import work
from icesync.cluster.crew import DaskCrew
from icesync.cluster.grants import READ_GRANT, WRITE_GRANT, Grants
from icesync.cluster.taking import MOST_DEATHS
from icesync.cluster.workers import Lost, Unfit, lost
from icesync.connection import Traffic
from icesync.errors import IcesyncError
from icesync.graph.door import PATIENCE
from icesync.graph.governor import Governor
from icesync.graph.ledger import Ledger
from icesync.model import (
    NOTHING,
    Account,
    Budget,
    Change,
    Desired,
    FailureKind,
    GraphFailure,
    Identity,
    Limit,
    Outcome,
    Plan,
    Profile,
    Rollout,
    Status,
    Subscription,
)
from icesync.sightings import Sightings
from icesync.tokens.book import Book
from tests.support.clock import FakeClock
from tests.support.memory import Fault, MemoryApi, MemoryLog
from tests.support.scene import A, B, C, fleet

pytestmark = pytest.mark.anyio

BUDGET = Budget(10, 600)
TOLD = "2026-11-23T03:10:11Z"  # a minute after the clock's beginning


class Fate(Enum):
    """What becomes of a part. A worker that DIES does half of it before, and tells of none."""

    WELL = "well"
    DIES = "dies"
    LOST = "lost"
    NEVER_BEGUN = "never begun"
    UNFIT = "unfit"
    BROKEN = "broken"
    THROTTLED = "throttled"


@dataclass
class Hands:
    """Does the parts here and now, on an API in memory; each meets the next of its fates."""

    api: MemoryApi
    fates: Iterator[Fate] = field(default_factory=lambda: repeat(Fate.WELL))
    parts: list[list[str]] = field(default_factory=list)
    grants: list[Mapping[str, int]] = field(default_factory=list)
    caps: list[float | None] = field(default_factory=list)
    stops: list[int | None] = field(default_factory=list)
    out: int = 0
    most_out: int = 0
    between: Callable[[], object] = lambda: None

    async def hand_out(
        self,
        errand: work.Errand,
        grants: Mapping[str, int],
        *,
        max_rps: float | None = None,
        hindrance: Callable[[], object] = lambda: "",
    ) -> work.Answer | Lost:
        if isinstance(errand, work.Comparing):
            return self._compared(next(self.fates, Fate.WELL), errand)
        self.parts.append([item.account.name for item in errand.items])
        self.grants.append(dict(grants))
        self.caps.append(max_rps)
        self.out += 1
        self.most_out = max(self.out, self.most_out)
        try:
            return await self._met(next(self.fates, Fate.WELL), errand)
        finally:
            self.out -= 1
            self.between()

    def _compared(self, fate: Fate, errand: work.Comparing) -> work.Answer | Lost:
        self.parts.append([account.name for account in errand.accounts])
        match fate:
            case Fate.DIES:
                return work.Taken()
            case Fate.LOST:
                return lost("the cluster is gone", begun=True)
            case _:
                return work.Compared({account.name: f"of {account.id}" for account in errand.accounts})

    async def _met(
        self, fate: Fate, errand: work.Reading | work.Writing
    ) -> work.Seen | work.Done | work.Taken | Lost:
        match fate:
            case Fate.WELL:
                return await self._done(errand)
            case Fate.DIES:
                await self._done(replace(errand, items=errand.items[: len(errand.items) // 2]))
                return work.Taken()
            case Fate.LOST:
                return lost("the cluster is gone", begun=True)
            case Fate.NEVER_BEGUN:
                return lost("nobody took it", begun=False)
            case Fate.UNFIT:
                raise Unfit("a worker has icesync 0")
            case Fate.BROKEN:
                raise IcesyncError("no certificates")
            case Fate.THROTTLED:
                failure = GraphFailure(FailureKind.THROTTLED, "told to wait", 613, not_before=TOLD)
                assert isinstance(errand, work.Writing)
                outcomes = (
                    Outcome(item.account, item.action, Status.DEFERRED, error=failure)
                    for item in errand.items
                )
                return work.Done(tuple(outcomes), {})

    async def _done(self, errand: work.Reading | work.Writing) -> work.Seen | work.Done:
        before = self._made()
        clock = FakeClock()
        if isinstance(errand, work.Reading):
            found = await reconciler.observe(
                self.api, errand.items, clock=clock, concurrency=1, notify=lambda *_: None
            )
            wanted = {item.account.name: work.as_desired(item) for item in errand.items}
            equal = tuple(
                name
                for name, seen in found.items()
                if not seen.error and (seen.profile, seen.subscribed) == wanted[name]
            )
            others = tuple(seen for name, seen in found.items() if name not in equal)
            return work.Seen(equal, others, self._calls(errand, before))
        self.stops.append(errand.rollout.stop_after)
        outcomes = await reconciler.apply(
            errand.plan,
            self.api,
            MemoryLog(),
            seen={},
            clock=clock,
            concurrency=1,
            notify=lambda *_: None,
            stopping=lambda: False,
            rollout=errand.rollout,
        )
        owners = {f"of {item.account.id}": Identity(item.account.id, "shop") for item in errand.items}
        return work.Done(outcomes, self._calls(errand, before), owners, ("note: one", "note: two"))

    def _made(self) -> Counter[str]:
        return Counter(account for verb, account in self.api.record if verb not in ("LOOK", "SUBSCRIBE"))

    def _calls(self, errand: work.Reading | work.Writing, before: Mapping[str, int]) -> dict[str, int]:
        made = self._made()
        made.subtract(before)
        return {item.account.name: made[item.account.id] for item in errand.items}


@dataclass
class Site:
    """A crew at work on accounts that read A and shall read B."""

    hands: Hands
    clock: FakeClock
    ledger: Ledger
    book: Book
    traffic: Traffic
    slots: int = 2
    log: MemoryLog = field(default_factory=MemoryLog)
    told: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    stopped: bool = False
    has_budget: bool = True

    @property
    def api(self) -> MemoryApi:
        return self.hands.api

    def crew(self) -> DaskCrew:
        patience = inf if self.traffic.waits else PATIENCE
        ledger = self.ledger if self.has_budget else None
        grants = Grants(Governor(self.clock, ledger=ledger, patience=patience), ledger, self.clock)
        sightings = Sightings(self.book)
        return DaskCrew(
            self.hands,
            grants,
            self.clock,
            self.slots,
            self.traffic,
            sightings,
            lambda: self.stopped,
            self.said.append,
        )

    async def apply(self, changes: tuple[Change, ...], rollout: Rollout | None = None) -> dict[str, Outcome]:
        for change in changes:
            self.api.live.setdefault(change.account.id, change.before)
        outcomes = await self.crew().apply(
            Plan(changes), self.log, seen={}, notify=self.note, rollout=rollout or Rollout()
        )
        assert [each.account.name for each in outcomes] == sorted(each.account.name for each in changes)
        return {each.account.name: each for each in outcomes}

    def note(self, account: Account, failure: GraphFailure | None) -> None:
        self.told.append(account.name)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    clock = FakeClock()
    with closing(Ledger(None, BUDGET, "host")) as ledger, closing(Book(None)) as book:
        yield Site(Hands(MemoryApi()), clock, ledger, book, Traffic(tmp_path, BUDGET, 1, 30.0))


def fated(site: Site, *fates: Fate) -> None:
    site.hands.fates = iter(fates)


def statuses(outcomes: Mapping[str, Outcome]) -> Counter[Status]:
    return Counter(outcome.status for outcome in outcomes.values())


def desired(size: int, profile: Profile | None = B) -> list[Desired]:
    return [Desired(Account(f"acme-{n}", str(n)), profile) for n in range(size)]


async def test_every_account_is_in_one_part_and_seen_once(site: Site) -> None:
    site.api.live = {str(n): (A, B, NOTHING)[n % 3] for n in range(500)}

    found = await site.crew().observe(desired(500), site.note)

    assert {name: seen.profile for name, seen in found.items()} == {
        f"acme-{n}": (A, B, NOTHING)[n % 3] for n in range(500)
    }
    assert sorted(name for part in site.hands.parts for name in part) == sorted(site.told) == sorted(found)
    assert len(site.hands.parts) == 8, "four for each of two workers"
    assert site.hands.most_out == 4, "each worker has one, and its next"


async def test_a_huge_fleet_goes_out_in_parts_of_bounded_size(site: Site) -> None:
    await site.crew().observe(desired(10_000), site.note)

    assert {len(part) for part in site.hands.parts} == {1000}


async def test_what_could_not_be_read_is_told_whether_it_is_managed_or_not(site: Site) -> None:
    site.hands.api = MemoryApi({"0": A, "1": A}, {"1": repeat(Fault.REFUSED)})

    for profile in (B, None):
        found = await site.crew().observe(desired(2, profile), site.note)

        assert (found["acme-0"].profile, found["acme-0"].error) == (A, None)
        assert found["acme-1"].profile is None
        assert found["acme-1"].error
        assert found["acme-1"].error.kind is FailureKind.INVALID


@pytest.mark.parametrize("fate", [Fate.LOST, Fate.NEVER_BEGUN])
async def test_a_part_that_is_lost_is_unreadable_and_the_others_go_on(site: Site, fate: Fate) -> None:
    fated(site, Fate.WELL, fate)

    found = await site.crew().observe(desired(150), site.note)

    assert Counter(seen.error is None for seen in found.values()) == {True: 100, False: 50}
    assert {seen.error.kind for seen in found.values() if seen.error} == {FailureKind.TRANSIENT}


@pytest.mark.parametrize("fate", [Fate.UNFIT, Fate.BROKEN])
async def test_workers_that_cannot_read_end_a_plan(site: Site, fate: Fate) -> None:
    fated(site, fate)

    with pytest.raises(IcesyncError):
        await site.crew().observe(desired(3), site.note)


@pytest.mark.parametrize("deaths", range(1, MOST_DEATHS))
async def test_what_a_worker_died_of_is_done_by_another(site: Site, deaths: int) -> None:
    fated(site, *[Fate.DIES] * deaths)
    site.has_budget = False  # which two deaths would use up

    outcomes = await site.apply(fleet(40))

    assert statuses(outcomes) == {Status.APPLIED: 40}
    assert all(live == B for live in site.api.live.values())
    assert Counter(site.api.written) == {str(n): 1 for n in range(40)}, "no account was written twice"
    assert len(site.log.writes) == 40, "and none is twice on record"
    found = [name for name, outcome in outcomes.items() if outcome.detail]
    assert len(found) == 20
    assert {outcomes[name].detail for name in found} == {"found written after its worker was lost"}


async def test_a_part_that_kills_every_worker_is_given_up(site: Site) -> None:
    site.hands.fates = repeat(Fate.DIES)
    site.has_budget = False

    seen = (await site.crew().observe(desired(1), site.note))["acme-0"]
    outcome = (await site.apply(fleet(1)))["acme-0"]

    assert len(site.hands.parts) == 2 * MOST_DEATHS
    assert outcome.status is Status.UNVERIFIED
    for error in (seen.error, outcome.error):
        assert error
        assert error.message == f"{MOST_DEATHS} workers have died of it"


async def test_who_has_no_calls_left_after_a_worker_died_is_not_called_unwritten(site: Site) -> None:
    fated(site, Fate.DIES, Fate.DIES)

    outcome = (await site.apply(fleet(1)))["acme-0"]

    assert outcome.status is Status.UNVERIFIED
    assert outcome.error
    assert outcome.error.not_before == "2026-11-23T03:19:13Z"


@pytest.mark.parametrize(
    ("live", "status"),
    [(B, Status.APPLIED), (A, Status.APPLIED), (C, Status.UNVERIFIED), (NOTHING, Status.UNVERIFIED)],
)
async def test_what_stands_on_an_account_that_a_dead_worker_had_may_be_its_work(
    site: Site, live: Profile, status: Status
) -> None:
    fated(site, Fate.DIES)  # half of one is none: the account is as it was
    changes = fleet(1)
    site.api.live["0"] = live

    outcome = (await site.apply(changes))["acme-0"]

    assert outcome.status is status
    assert (status is Status.UNVERIFIED) == outcome.detail.startswith("perhaps written, by a worker")


async def test_nobody_died_so_what_is_there_already_was_not_written_by_this_run(site: Site) -> None:
    site.api.live.update({"0": B, "1": C})

    outcomes = await site.apply(fleet(3))

    assert [outcomes[f"acme-{n}"].status for n in range(3)] == [Status.ALREADY, Status.STALE, Status.APPLIED]
    assert {change.account.id for change in site.log.writes} == {"0", "1", "2"}


async def test_an_account_that_a_lost_worker_had_and_that_fails_now_is_not_called_unwritten(
    site: Site,
) -> None:
    site.hands.api = MemoryApi(scripts={"0": repeat(Fault.REFUSED)})
    fated(site, Fate.DIES)

    outcome = (await site.apply(fleet(1)))["acme-0"]

    assert outcome.status is Status.UNVERIFIED
    assert outcome.error
    assert outcome.error.kind is FailureKind.INVALID


@pytest.mark.parametrize(
    ("fate", "status", "calls"),
    [
        (Fate.LOST, Status.UNVERIFIED, WRITE_GRANT[1]),
        (Fate.NEVER_BEGUN, Status.DEFERRED, 0),
        (Fate.UNFIT, Status.DEFERRED, 0),
        (Fate.BROKEN, Status.UNVERIFIED, WRITE_GRANT[1]),
    ],
)
async def test_a_part_without_a_result_is_told_as_what_it_may_be(
    site: Site, fate: Fate, status: Status, calls: int
) -> None:
    fated(site, fate)

    outcomes = await site.apply(fleet(1))

    assert outcomes["acme-0"].status is status
    now = site.clock.now().timestamp()
    assert site.ledger.wait("0", BUDGET.calls - calls, now) == 0
    assert site.ledger.wait("0", BUDGET.calls - calls + 1, now) > 0


@pytest.mark.parametrize("fate", [Fate.UNFIT, Fate.BROKEN])
async def test_workers_that_cannot_write_end_an_apply_which_reports_what_it_did(
    site: Site, fate: Fate
) -> None:
    site.slots = 1
    fated(site, Fate.WELL, fate)

    outcomes = await site.apply(fleet(200), Rollout(stop_after=1))

    assert statuses(outcomes)[Status.APPLIED] == 50
    assert statuses(outcomes)[Status.DEFERRED] >= 100
    assert len(site.hands.parts) == 2


async def test_every_write_is_on_record_before_it_is_handed_out(site: Site) -> None:
    recorded: list[int] = []
    site.hands.between = lambda: recorded.append(len(site.log.writes))
    site.slots = 1

    await site.apply(fleet(200), Rollout(stop_after=1))

    assert recorded == [50, 100, 150, 200]


async def test_what_cannot_be_recorded_is_not_handed_out(site: Site) -> None:
    site.log.full = 60

    outcomes = await site.apply(fleet(200))

    assert len(site.hands.parts) <= 1
    assert statuses(outcomes)[Status.DEFERRED] >= 150
    assert len(site.api.written) <= 50


async def test_an_interrupt_hands_nothing_out_any_more(site: Site) -> None:
    def stop() -> None:
        site.stopped = True

    site.hands.between = stop
    site.slots = 1

    outcomes = await site.apply(fleet(400))

    assert len(site.hands.parts) == 2, "which were out when it came"
    assert statuses(outcomes) == {Status.APPLIED: 200, Status.DEFERRED: 200}
    assert {each.detail for each in outcomes.values() if each.detail} == {"interrupted before it was written"}
    assert len(site.log.writes) == 200


async def test_failures_count_over_all_parts(site: Site) -> None:
    site.hands.api = MemoryApi(scripts={str(n): repeat(Fault.REFUSED) for n in (10, 60, 61, 62)})
    site.slots = 1

    outcomes = await site.apply(fleet(200), Rollout(stop_after=3))

    assert site.hands.stops[0] == 3
    assert statuses(outcomes)[Status.FAILED] == 3
    assert statuses(outcomes)[Status.DEFERRED] >= 50
    assert {each.detail for each in outcomes.values() if each.status is Status.DEFERRED} == {
        "not begun: stopped after 3 failures"
    }


async def test_the_others_follow_a_canary_only_when_it_went_well(site: Site) -> None:
    rollout = Rollout(canary=Limit(2), pause=5.0)
    well = await site.apply(fleet(60), rollout)
    assert [len(part) for part in site.hands.parts] == [2, 50, 8]
    assert Counter(outcome.wave for outcome in well.values()) == {1: 2, 2: 58}
    assert sum(site.clock.slept) == 5

    site.hands.api = MemoryApi(scripts={"0": repeat(Fault.REFUSED)})
    badly = await site.apply(fleet(60), rollout)
    assert statuses(badly) == {Status.APPLIED: 1, Status.FAILED: 1, Status.DEFERRED: 58}


async def test_who_has_no_room_for_a_write_is_left_out_and_nowhere_on_record(site: Site) -> None:
    for _ in range(BUDGET.calls - WRITE_GRANT[0] + 1):
        site.ledger.take("1", site.clock.now().timestamp())

    outcomes = await site.apply(fleet(3))

    assert outcomes["acme-1"].status is Status.DEFERRED
    assert outcomes["acme-1"].error
    assert outcomes["acme-1"].error.not_before == "2026-11-23T03:19:13Z"
    assert {change.account.name for change in site.log.writes} == {"acme-0", "acme-2"}
    assert "acme-1" not in site.hands.parts[0]


async def test_who_has_no_room_is_waited_for_and_keeps_nobody_up(site: Site) -> None:
    site.traffic = replace(site.traffic, waits=True)
    for _ in range(BUDGET.calls):
        site.ledger.take("1", site.clock.now().timestamp())

    outcomes = await site.apply(fleet(3))

    assert statuses(outcomes) == {Status.APPLIED: 3}
    assert site.hands.parts == [["acme-0", "acme-2"], ["acme-1"]]
    assert 600 <= site.clock.seconds < 610


async def test_whom_the_api_tells_to_wait_is_tried_again_once(site: Site) -> None:
    site.traffic = replace(site.traffic, waits=True)
    fated(site, Fate.THROTTLED)
    assert statuses(await site.apply(fleet(2))) == {Status.APPLIED: 2}
    assert timedelta(seconds=60) <= site.clock.now() - site.clock.start < timedelta(seconds=70)

    site.hands.fates = repeat(Fate.THROTTLED)
    site.hands.parts.clear()
    assert statuses(await site.apply(fleet(2, after=C))) == {Status.DEFERRED: 2}
    assert len(site.hands.parts) == 2


async def test_without_wait_nobody_is_waited_for(site: Site) -> None:
    fated(site, Fate.THROTTLED)

    assert statuses(await site.apply(fleet(2))) == {Status.DEFERRED: 2}
    assert site.clock.slept == []


@pytest.mark.parametrize(("size", "at_once"), [(10, 1), (100, 2), (1000, 4)])
async def test_a_cap_on_calls_is_shared_out_among_the_parts_that_are_out(
    site: Site, size: int, at_once: int
) -> None:
    site.slots = 4
    site.traffic = replace(site.traffic, max_rps=8.0)

    await site.crew().observe(desired(size), site.note)

    assert site.hands.most_out <= at_once
    assert set(site.hands.caps) == {8.0 / at_once}
    slow = [len(part) * at_once / 8.0 for part in site.hands.parts]
    assert max(slow) <= 60, "so that none is out for longer than its calls can be held"


async def test_a_plan_foretells_that_a_write_on_a_cluster_is_read_first(site: Site) -> None:
    account = Account("acme", "1")
    for _ in range(BUDGET.calls - WRITE_GRANT[0] + 1):
        site.ledger.take("1", site.clock.now().timestamp())

    assert site.crew().room(account, reconciler.WRITE_CALLS) > 0
    assert READ_GRANT[0] < reconciler.WRITE_CALLS < WRITE_GRANT[0]


async def test_calls_are_summed_up_over_both_halves(site: Site) -> None:
    crew = site.crew()
    site.api.live = {"0": A}

    await crew.observe(desired(1), site.note)
    await crew.apply(Plan(fleet(1)), site.log, seen={}, notify=site.note, rollout=Rollout())

    assert crew.calls == {"acme-0": 4}


async def test_fingerprints_are_told_by_all_parts_and_cost_no_calls(site: Site) -> None:
    accounts = [each.account for each in desired(120)]

    found = await site.crew().fingerprints(accounts)

    assert found == {account.name: f"of {account.id}" for account in accounts}
    assert sorted(map(len, site.hands.parts)) == [20, 50, 50]
    assert all(site.ledger.wait(account.identity, BUDGET.calls, 0.0) == 0.0 for account in accounts)


async def test_the_book_of_tokens_learns_what_workers_tell(site: Site) -> None:
    crew = site.crew()
    accounts = [each.account for each in desired(2)]
    await crew.fingerprints(accounts)
    crew.sightings.told(accounts[1], GraphFailure(FailureKind.TOKEN, "expired", 190, 463))
    crew.sightings.enter(1.0)
    known = site.book.known([account.id for account in accounts])
    assert {name: record.fingerprint for name, record in known.items()} == {"0": "of 0", "1": "of 1"}
    assert [known[name].dead is not None for name in "01"] == [False, True]

    await crew.observe(desired(2), site.note)
    crew.sightings.enter(2.0)

    assert site.book.known(["1"])["1"].dead is None, "it was read"


async def test_fingerprints_whose_worker_died_are_asked_for_again(site: Site) -> None:
    fated(site, Fate.DIES, Fate.DIES)

    assert await site.crew().fingerprints([each.account for each in desired(2)])
    assert len(site.hands.parts) == 3


@pytest.mark.parametrize(("fates", "asked"), [((Fate.LOST,), 1), ((Fate.DIES,) * MOST_DEATHS, MOST_DEATHS)])
async def test_fingerprints_that_never_come_are_not_known(
    site: Site, fates: tuple[Fate, ...], asked: int
) -> None:
    fated(site, *fates)

    assert await site.crew().fingerprints([each.account for each in desired(2)]) == {}
    assert len(site.hands.parts) == asked


WANTED = ("messages", "messaging_postbacks")


def lacking(size: int) -> tuple[Subscription, ...]:
    return tuple(Subscription(Account(f"acme-{n}", str(n), webhooks=WANTED), (), WANTED) for n in range(size))


async def test_subscriptions_are_read_and_what_is_exactly_as_desired_is_a_name_alone(site: Site) -> None:
    site.hands.api = MemoryApi(
        {"0": B, "1": B, "2": A},
        subscribed={"0": WANTED, "1": (*WANTED, "comments"), "2": WANTED},
    )
    asked = [Desired(replace(each.account, webhooks=WANTED), B) for each in desired(4)]
    asked.append(Desired(Account("acme-5", "0", webhooks=WANTED), None))

    found = await site.crew().observe(asked, site.note)

    assert {name: (seen.profile, seen.subscribed) for name, seen in found.items()} == {
        "acme-0": (B, WANTED),
        "acme-1": (B, ("comments", *WANTED)),
        "acme-2": (A, WANTED),
        "acme-3": (NOTHING, ()),
        "acme-5": (None, WANTED),
    }


@pytest.mark.parametrize("rps", [None, 5.0])
async def test_changes_are_handed_out_first_and_subscriptions_cost_no_budget(
    site: Site, rps: float | None
) -> None:
    site.traffic = replace(site.traffic, max_rps=rps)
    site.api.live["0"] = A
    both = Plan(fleet(1), subscriptions=lacking(2))

    outcomes = await site.crew().apply(both, site.log, seen={}, notify=site.note, rollout=Rollout())

    assert [(each.account.name, each.action, each.status) for each in outcomes] == [
        ("acme-0", "subscribe", Status.APPLIED),
        ("acme-0", "update", Status.APPLIED),
        ("acme-1", "subscribe", Status.APPLIED),
    ]
    assert [part[0] for part in site.hands.parts] == ["acme-0", "acme-0"]
    assert [set(grant.values()) for grant in site.hands.grants] == [{WRITE_GRANT[1]}, {0}]
    assert [len(site.log.writes), len(site.log.subscriptions)] == [1, 2]


@pytest.mark.parametrize(
    ("fates", "status"),
    [
        ([Fate.DIES], Status.APPLIED),
        ([Fate.DIES] * MOST_DEATHS, Status.UNVERIFIED),
        ([Fate.LOST], Status.UNVERIFIED),
        ([Fate.NEVER_BEGUN], Status.DEFERRED),
        ([Fate.UNFIT], Status.DEFERRED),
    ],
)
async def test_a_part_of_subscriptions_whose_worker_is_lost_does_no_harm(
    site: Site, fates: list[Fate], status: Status
) -> None:
    fated(site, *fates)
    plan = Plan((), subscriptions=lacking(4))

    outcomes = await site.crew().apply(plan, site.log, seen={}, notify=site.note, rollout=Rollout())

    assert {each.status for each in outcomes} == {status}
    assert len(site.log.subscriptions) == 4, "on record once"


async def test_whose_tokens_the_workers_hold_is_kept_and_each_of_their_notes_is_said_once(site: Site) -> None:
    await site.apply(fleet(300))

    assert len(site.hands.parts) > 1
    assert site.said == ["note: one", "note: two"]
    now = site.clock.now().timestamp()
    known = [site.book.identity(f"of {number}", now) for number in range(300)]
    assert known == [Identity(str(number), "shop") for number in range(300)]
