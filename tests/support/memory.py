"""An API in memory for the reconciler: what is set, what goes wrong next, and a record of what was done."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import inf
from typing import Any, Final

from icesync.errors import GraphError, InvalidRequest, JournalError, Throttled, Transient
from icesync.model import (
    NOTHING,
    Account,
    Change,
    FailureKind,
    GraphFailure,
    Outcome,
    Profile,
    Subscription,
    Write,
)
from tests.support.clock import FakeClock

WINDOW: Final = 600.0
"""Seconds for which a call counts against an account's budget."""

SHUT_FOR: Final = 5.0
"""Seconds for which a door stays shut."""


class Fault(Enum):
    """How a call ends. Only a write whose answer is LOST takes effect; at a SHUT door none is sent."""

    NONE = "none"
    REFUSED = "refused"
    THROTTLED = "throttled"
    DROPPED = "dropped"
    LOST = "lost"
    SHUT = "shut"
    BUG = "bug"


class Bug(Exception):
    """What nobody expects of an API."""


@dataclass
class MemoryApi:
    """A ProfileWriter over a dict by account id.

    Each call to an account takes the next fault of its script, and none when that has run out. After
    a write, `lag` reads still see what they saw before it. `merge`: a write keeps the locales that it
    does not name. `before_call` runs before each call takes effect, and may wait. `budget` is how
    many calls an account may get in WINDOW seconds of `clock`; who has to wait longer for it than
    `patience` is told not to. Accounts in `mixed_up` hold a stranger's token; `vouched` are those that
    were asked for. Calls for what is `subscribed` cost no budget and take their faults of `others`; with
    `adds` the fields that are sent join those that there are, else they replace them.
    """

    live: dict[str, Profile] = field(default_factory=dict)
    scripts: Mapping[str, Iterable[Fault]] = field(default_factory=dict)
    lag: int = 0
    merge: bool = False
    before_call: Callable[[str, Account], Any] | None = None
    record: list[tuple[str, str]] = field(default_factory=list)
    budget: int | None = None
    clock: FakeClock = field(default_factory=FakeClock)
    patience: float = 20.0
    mixed_up: Collection[str] = ()
    vouched: list[str] = field(default_factory=list)
    subscribed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    others: Mapping[str, Iterable[Fault]] = field(default_factory=dict)
    adds: bool = False

    def __post_init__(self) -> None:
        self._scripts = {account: iter(script) for account, script in self.scripts.items()}
        self._others = {account: iter(script) for account, script in self.others.items()}
        self._lagging: dict[str, tuple[Profile, int]] = {}
        self._calls: dict[str, list[float]] = {}
        self._held: dict[str, int] = {}

    def heal(self) -> None:
        """From now on nothing goes wrong."""
        self._scripts, self._others, self._lagging = {}, {}, {}
        self.lag, self.merge, self.budget, self.mixed_up = 0, False, None, ()

    @property
    def written(self) -> list[str]:
        """The account of every write of a profile that was sent, in order."""
        return [account for verb, account in self.record if verb in ("POST", "DELETE")]

    async def get_profile(self, account: Account) -> Profile:
        await self._begin("GET", account)
        old, reads = self._lagging.pop(account.id, (NOTHING, 0))
        if reads > 1:
            self._lagging[account.id] = (old, reads - 1)
        return old if reads else self.live.get(account.id, NOTHING)

    async def set_profile(self, account: Account, profile: Profile) -> None:
        lost = await self._begin("POST" if profile else "DELETE", account)
        before = self.live.get(account.id, NOTHING)
        kept = before.ice_breakers if self.merge and profile else {}
        self.live[account.id] = Profile.of({**kept, **profile.ice_breakers})
        if self.lag:
            seen, _ = self._lagging.get(account.id, (before, 0))
            self._lagging[account.id] = (seen, self.lag)
        if lost:
            raise lost

    async def subscriptions(self, account: Account) -> tuple[str, ...]:
        await self._begin("LOOK", account)
        return tuple(sorted(self.subscribed.get(account.id, ())))

    async def subscribe(self, account: Account, fields: Sequence[str]) -> None:
        lost = await self._begin("SUBSCRIBE", account)
        kept = self.subscribed.get(account.id, ()) if self.adds else ()
        self.subscribed[account.id] = tuple({*kept, *fields})
        if lost:
            raise lost

    async def vouch(self, account: Account) -> None:
        """Costs none of the account's calls."""
        self.vouched.append(account.id)
        await asyncio.sleep(0)
        if account.id in self.mixed_up:
            raise InvalidRequest(GraphFailure(FailureKind.INVALID, "its token belongs to a stranger"))

    def hold(self, account: Account, calls: int) -> None:
        self._check_budget(account, calls)
        self._held[account.id] = self._held.get(account.id, 0) + calls

    async def turn(self, account: Account, calls: int) -> None:
        """It is everybody's turn always."""

    def release(self, account: Account) -> None:
        self._held.pop(account.id, None)

    @property
    def held(self) -> int:
        """Calls that are kept for what comes."""
        return sum(self._held.values())

    def used(self, account: str) -> int:
        """How many calls of this account count now."""
        return sum(at > self.clock.monotonic() - WINDOW for at in self._calls.get(account, []))

    def _check_budget(self, account: Account, calls: int) -> None:
        if self.budget is None:
            return
        used, made = self.used(account.id), self._calls.get(account.id, [])
        too_many = used + self._held.get(account.id, 0) + calls - self.budget
        if too_many > 0:
            oldest = made[len(made) - used :]
            wait = oldest[too_many - 1] + WINDOW - self.clock.monotonic() if too_many <= used else inf
            failure = GraphFailure(FailureKind.THROTTLED, "no room")
            raise Throttled(failure, app_wide=False, wait=wait, again=wait <= min(self.patience, WINDOW))

    def _spend(self, account: Account) -> None:
        if self._held.get(account.id):
            self._held[account.id] -= 1
        else:
            self._check_budget(account, 1)
        self._calls.setdefault(account.id, []).append(self.clock.monotonic())

    async def _begin(self, verb: str, account: Account) -> GraphError | None:
        """Raise what strikes the call, or give what shall be raised once a write took effect."""
        is_aside = verb in ("LOOK", "SUBSCRIBE")
        scripts = self._others if is_aside else self._scripts
        fault = next(scripts.get(account.id, iter(())), Fault.NONE)
        if fault is not Fault.SHUT:
            if not is_aside:
                self._spend(account)
            self.record.append((verb, account.id))
            await asyncio.sleep(0)
            if self.before_call is not None and (waiting := self.before_call(verb, account)):
                await waiting
        failure = error(fault)
        if failure is None or (fault is Fault.LOST and verb not in ("GET", "LOOK")):
            return failure
        raise failure


def error(fault: Fault) -> GraphError | None:
    """What a client raises for this fault, as far as a reconciler can tell."""
    match fault:
        case Fault.NONE:
            return None
        case Fault.REFUSED:
            return InvalidRequest(GraphFailure(FailureKind.INVALID, "refused", 100))
        case Fault.THROTTLED:
            failure = GraphFailure(FailureKind.THROTTLED, "throttled", 613)
            return Throttled(failure, app_wide=False, wait=None)
        case Fault.SHUT:
            shut = GraphFailure(FailureKind.THROTTLED, "shut", 613)
            return Throttled(shut, app_wide=False, wait=SHUT_FOR, again=True)
        case Fault.DROPPED | Fault.LOST:
            unanswered = Transient(GraphFailure(FailureKind.TRANSIENT, f"no answer: {fault.value}"))
            unanswered.may_have_arrived = unanswered.answer_lost = True
            return unanswered
        case Fault.BUG:
            raise Bug


@dataclass
class MemoryLog:
    """A WriteLog that writes into a list, which may be the record of a MemoryApi too.

    It fails from line number `full` on.
    """

    lines: list[tuple[str, str]] = field(default_factory=list)
    writes: list[Change] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    full: int | None = None

    def write(self, *writes: Write) -> None:
        for write in writes:
            self._keep("write", write.account)
            if isinstance(write, Change):
                self.writes.append(write)
            else:
                self.subscriptions.append(write)

    def outcome(self, outcome: Outcome) -> None:
        self._keep("outcome", outcome.account)
        self.outcomes.append(outcome)

    def _keep(self, event: str, account: Account) -> None:
        if self.full is not None and len(self.lines) >= self.full:
            raise JournalError("no room")
        self.lines.append((event, account.id))
