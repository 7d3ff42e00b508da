"""What a worker does with its part of a run: look up the tokens, read or write, and tell."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from distributed import Client, Event, get_client, get_worker
from distributed.protocol.pickle import loads

from icesync import __version__, connection
from icesync.clock import SystemClock
from icesync.crew import Alone
from icesync.graph.ledger import Ledger
from icesync.graph.vouching import Remembered
from icesync.model import (
    Account,
    Api,
    Change,
    Desired,
    GraphFailure,
    Identity,
    Observation,
    Outcome,
    Plan,
    Profile,
    Rollout,
    Subscription,
    Write,
)

LOOK: Final = 1.0
"""Seconds after which a worker looks whether its part is still wanted, and the command line how it goes."""


@dataclass(frozen=True, slots=True)
class Job:
    """What all parts of a run have in common. `stop` names the event that ends them early; references
    to tokens start at `root`, and `key` is that of their fingerprints."""

    stop: str
    api: Api
    root: Path
    traffic: connection.Traffic
    key: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """Read these accounts."""

    items: tuple[Desired, ...]


@dataclass(frozen=True, slots=True)
class Writing:
    """Write these accounts, each read again first. The command line has every write on record.

    No account is in it twice."""

    items: tuple[Write, ...]
    rollout: Rollout

    @property
    def plan(self) -> Plan:
        return Plan(
            tuple(each for each in self.items if isinstance(each, Change)),
            subscriptions=tuple(each for each in self.items if isinstance(each, Subscription)),
        )


@dataclass(frozen=True, slots=True)
class Comparing:
    """Tell the fingerprints of these accounts' tokens, which stay with the workers."""

    accounts: tuple[Account, ...]


Errand = Reading | Writing | Comparing


@dataclass(frozen=True, slots=True)
class Part:
    """What is handed out together.

    `claim` names this try of it: the cluster hands a part on by itself when its worker dies, but who
    comes second cannot know what the first has done, and leaves it to the command line to go on.
    `grants` are the calls that each account may get, by name; they bind where there is a budget.
    """

    claim: str
    job: Job
    errand: Errand
    grants: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """Which accounts are as desired, by name, and what was observed on the others."""

    equal: tuple[str, ...]
    others: tuple[Observation, ...]
    calls: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Done:
    """`identities`: whose tokens the API told, by fingerprint. `notes` are for people."""

    outcomes: tuple[Outcome, ...]
    calls: Mapping[str, int]
    identities: Mapping[str, Identity] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """Fingerprints by account name, of the tokens that could be had."""

    fingerprints: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody has begun this before, and died of it; what became of it is not known."""


@dataclass(frozen=True, slots=True)
class Unbegun:
    """It was not wanted any more when its turn came."""


Answer = Seen | Done | Compared | Taken
Result = Answer | Unbegun


class WrongVersion(Exception):
    """The worker has another icesync than the command line."""


def version() -> str:
    """Which icesync is here."""
    return __version__


def run(version: str, sealed: bytes) -> Result:
    """Do a part, in a thread of a worker. It comes sealed, a pickle inside a pickle: only the same
    icesync can read it, and the scheduler need not.
    """
    if version != __version__:
        raise WrongVersion(__version__)
    part: Part = loads(sealed)
    scheduler = get_client()
    claim = Event(part.claim, client=scheduler)
    if claim.is_set():
        return Taken()
    # First the claim, then a look whether to go on; the command line does it the other way round, and
    # so at least one of the two sees what the other has done.
    claim.set()
    is_wanted = partial(_is_wanted, part, scheduler, get_worker().address)
    return asyncio.run(do(part, is_wanted)) if is_wanted() else Unbegun()


def _is_wanted(part: Part, scheduler: Client, address: str) -> bool:
    """Whether the part shall go on: the command line is there and says so, and so is the cluster."""
    try:
        if Event(part.job.stop, client=scheduler).is_set():
            return False
        # By whatever name the scheduler knows this worker.
        return any(part.claim in claims for claims in scheduler.processing([address]).values())
    except (OSError, KeyError):
        return False


async def do(part: Part, is_wanted: Callable[[], bool]) -> Result:
    """The part's result. Once it is recalled reads are dropped, and writes under way are finished."""
    clock, stopping = SystemClock(), asyncio.Event()
    if cap := part.job.traffic.max_rps:
        await clock.sleep(1 / cap)  # because nobody here knows when the last call of the part before was
    memory, notes = Remembered(part.job.key), list[str]()
    async with _alone(part, clock, stopping, memory, notes.append) as crew:
        work = asyncio.create_task(_carried_out(crew, part.errand))
        recalled = asyncio.create_task(_recalled(is_wanted))
        await asyncio.wait((work, recalled), return_when=asyncio.FIRST_COMPLETED)
        recalled.cancel()
        if not work.done():
            stopping.set()
            if not isinstance(part.errand, Writing):
                work.cancel()
        await asyncio.wait((work, recalled))
        if work.cancelled():
            return Unbegun()
        told = work.result()
        return replace(told, identities=memory.known, notes=tuple(notes)) if isinstance(told, Done) else told


async def _recalled(is_wanted: Callable[[], bool]) -> None:
    """Return when the part is not wanted any more."""
    wanted = True
    while wanted:
        await asyncio.sleep(LOOK)
        wanted = await asyncio.to_thread(is_wanted)


async def _carried_out(crew: Alone, errand: Errand) -> Seen | Done | Compared:
    match errand:
        case Reading():
            return await _read(crew, errand)
        case Writing():
            return await _write(crew, errand)
        case Comparing():
            return Compared(await crew.fingerprints(errand.accounts))


async def _read(crew: Alone, errand: Reading) -> Seen:
    observed = await crew.observe(errand.items, _nobody)
    wanted = {each.account.name: as_desired(each) for each in errand.items}
    equal = {
        name
        for name, seen in observed.items()
        if not seen.error and (seen.profile, seen.subscribed) == wanted[name]
    }
    others = tuple(seen for name, seen in observed.items() if name not in equal)
    return Seen(tuple(equal), others, dict(crew.calls))


def as_desired(desired: Desired) -> tuple[Profile | None, tuple[str, ...] | None]:
    """The profile and the subscriptions of an account that has what it shall, and not more."""
    return desired.profile, desired.account.webhooks or None


async def _write(crew: Alone, errand: Writing) -> Done:
    outcomes = await crew.apply(
        errand.plan, _KeptElsewhere(), seen={}, notify=_nobody, rollout=errand.rollout
    )
    return Done(outcomes, dict(crew.calls))


class _KeptElsewhere:
    """The command line has put every write on record before it handed it out."""

    def write(self, *writes: Write) -> None:
        pass

    def outcome(self, outcome: Outcome) -> None:
        pass


def _nobody(account: Account, failure: GraphFailure | None) -> None:
    pass


@asynccontextmanager
async def _alone(
    part: Part, clock: SystemClock, stopping: asyncio.Event, memory: Remembered, say: Callable[[str], None]
) -> AsyncIterator[Alone]:
    """This process's way to the API, with the tokens that it finds here."""
    traffic = part.job.traffic
    with ExitStack() as closed_at_the_end:
        ledger = None
        if traffic.budget is not None:
            ledger = Ledger(None, traffic.budget, urlsplit(part.job.api.url).netloc)
            closed_at_the_end.enter_context(closing(ledger))
            _enter_what_is_not_granted(ledger, part, clock.now().timestamp())
        async with connection.client(
            part.job.api,
            traffic,
            environ=os.environ,
            clock=clock,
            transport=connection.network(part.job.api, traffic.concurrency),
            root=part.job.root,
            ledger=ledger,
            stopping=stopping.is_set,
            identities=memory,
            say=say,
        ) as client:
            yield Alone(client, clock, traffic.concurrency, stopping.is_set)


def _enter_what_is_not_granted(ledger: Ledger, part: Part, now: float) -> None:
    if isinstance(part.errand, Comparing):
        return  # it makes no call
    for item in part.errand.items:
        for _ in range(ledger.budget.calls - part.grants[item.account.name]):
            ledger.take(item.account.identity, now)
