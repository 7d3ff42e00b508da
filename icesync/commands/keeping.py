"""What `icesync tokens` does: ask how tokens stand, and refresh those that are due."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from icesync import journal
from icesync.commands import steps
from icesync.commands.options import Output, Scope
from icesync.commands.output import check_outputs, emit
from icesync.config.source import read_mapping
from icesync.connection import Traffic
from icesync.credentials import Credentials, Secret
from icesync.errors import ExitCode, GraphError, IcesyncError, UsageError
from icesync.graph.client import GraphClient
from icesync.graph.protocol import is_facebook
from icesync.model import Account, Api, GraphFailure, Identity, Refresh, RefreshStatus, TokenReport
from icesync.reconciler.ports import Notify, passes_soon
from icesync.reconciler.workers import each
from icesync.refreshing import Exchange
from icesync.render.words import in_a_line
from icesync.runtime import Interruption, Runtime
from icesync.sightings import Sightings
from icesync.tokens import sinks
from icesync.tokens.book import Book
from icesync.tokens.due import Holding, due
from icesync.tokens.judging import state
from icesync.tokens.records import TokenRecord


class Answer(NamedTuple):
    """What the API says of a token: whose it is, as far as that was asked, or why it does not take it."""

    failure: GraphFailure | None = None
    owner: Identity | None = None


Answers = Mapping[str, Answer]
"""By account name."""


class Outcome(NamedTuple):
    """What became of the tokens; not `whole` where the book failed over it, and the report is without it."""

    report: TokenReport
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Keeping:
    """The tokens of these accounts, looked after by this process alone."""

    runtime: Runtime
    scope: Scope
    api: Api
    traffic: Traffic
    root: Path
    accounts: Sequence[Account]

    async def status(self) -> Outcome:
        """How they stand, after the API was asked."""
        with self.runtime.sightings(self.api, self.traffic) as sightings:
            return self._outcome(sightings, await self._answers(sightings))

    def on_record(self) -> Outcome:
        """How they stood when they were seen last."""
        with self.runtime.book(self.api, self.traffic) as book:
            return Outcome(self._report(self._records(book), {}))

    async def refresh(self, interruption: Interruption, older_than: float) -> Outcome:
        """Refresh those that are due. Once it is interrupted no more are begun."""
        runtime = self.runtime
        with runtime.sightings(self.api, self.traffic) as sightings:
            async with self._client(sightings) as client:
                fingerprints, refreshes = await self._held(client)
                sightings.enter(self._now())
                book = sightings.book
                if not book.is_kept:
                    raise IcesyncError(
                        f"{self.traffic.state} keeps nothing, and what is begun must be on record"
                    )
                held = [account for account in self.accounts if account.name in fingerprints]
                holdings, others = due(held, fingerprints, self._records(book), self._now(), older_than)
                refreshes += others
                turns = asyncio.Semaphore(sinks.COMMANDS)
                store = partial(sinks.put, root=self.root, environ=runtime.environ, turns=turns)
                check = partial(sinks.check, root=self.root, environ=runtime.environ)
                exchange = Exchange(client, book, runtime.clock, check, store, self._reread)
                interruption.writing = True
                with runtime.console.progress("refreshing", len(holdings), runtime.clock) as notify:
                    refreshes += await self._work_off(exchange, holdings, interruption, notify)
            return self._outcome(sightings, {}, refreshes)

    async def _work_off(
        self, exchange: Exchange, holdings: Sequence[Holding], interruption: Interruption, notify: Notify
    ) -> list[Refresh]:
        """The first goes alone: what is wrong with its sink may be wrong with all of them."""
        refreshes: list[Refresh] = []

        def hindrance() -> str:
            if interruption.requested:
                return "interrupted: run it again"
            lost = sum(found.status is RefreshStatus.UNSTORED for found in refreshes)
            return "sinks do not take their tokens: mend them, then run it again" if lost else ""

        async def take(holding: Holding) -> None:
            if reason := hindrance():
                refreshes.extend(holding.each(RefreshStatus.NOT_BEGUN, reason))
                return
            refreshes.extend(await exchange.refresh(holding))
            for account in holding.accounts:
                notify(account, None)

        for some in (holdings[:1], holdings[1:]):
            await each(some, take, self.scope.concurrency, self.runtime.clock, lambda: bool(hindrance()))
        return refreshes

    async def _answers(self, sightings: Sightings) -> Answers:
        """What the API says of each token. On graph.facebook.com `/me` is somebody else: nobody is asked."""
        answers: dict[str, Answer] = {}
        asks = not is_facebook(self.api)

        async def ask(account: Account) -> None:
            fingerprint, answer = "", Answer()
            try:
                fingerprint = await client.fingerprint(account)
                if asks:
                    answer = Answer(owner=await client.identity(account))
            except GraphError as error:
                if passes_soon(error):
                    raise
                answer = Answer(error.failure)
            if answer.owner:
                with suppress(IcesyncError):  # a book that fails is told of in the end
                    sightings.keep_identity(fingerprint, answer.owner, self._now())
            if answer.failure or asks:
                answers[account.name] = answer
            notify(account, answer.failure)

        clock = self.runtime.clock
        async with self._client(sightings) as client:
            with self.runtime.console.progress("asking", len(self.accounts), clock) as notify:
                await each(self.accounts, ask, self.scope.concurrency, clock)
        return answers

    async def _held(self, client: GraphClient) -> tuple[Mapping[str, str], list[Refresh]]:
        """Which tokens the accounts hold, and of whom that cannot be told."""
        fingerprints: dict[str, str] = {}
        refreshes: list[Refresh] = []

        async def look(account: Account) -> None:
            try:
                fingerprints[account.name] = await client.fingerprint(account)
            except GraphError as error:
                refreshes.append(Refresh(account, RefreshStatus.FAILED, in_a_line(error.failure)))

        await each(self.accounts, look, self.scope.concurrency, self.runtime.clock)
        return fingerprints, refreshes

    def _outcome(
        self, sightings: Sightings, answers: Answers, refreshes: Iterable[Refresh] | None = None
    ) -> Outcome:
        """The work is done: a book that fails now, on a full disk perhaps, must not hide what came of it."""
        try:
            sightings.enter(self._now())
            return Outcome(self._report(self._records(sightings.book), answers, refreshes))
        except IcesyncError as error:
            self.runtime.console.say(f"note: this is told without what is on record: {error}")
            return Outcome(self._report({}, answers, refreshes), whole=False)

    def _records(self, book: Book) -> Mapping[str, TokenRecord]:
        return book.known({account.identity for account in self.accounts})

    def _report(
        self, records: Mapping[str, TokenRecord], answers: Answers, refreshes: Iterable[Refresh] | None = None
    ) -> TokenReport:
        now, states = self._now(), []
        at_work = refreshes is None and journal.is_locked(self.traffic.state, "refresh")
        for account in sorted(self.accounts, key=lambda account: account.name):
            failure, owner = answers.get(account.name, Answer())
            said = in_a_line(failure) if failure else ""
            record = records.get(account.identity)
            told = state(account, record, now, owner=owner, failure=failure, said=said, at_work=at_work)
            states.append(told)
        if refreshes is None:
            return TokenReport(now, tuple(states))
        return TokenReport(now, tuple(states), tuple(sorted(refreshes, key=lambda each: each.account.name)))

    def _client(self, sightings: Sightings) -> AbstractAsyncContextManager[GraphClient]:
        return self.runtime.client(self.api, self.traffic, root=self.root, sightings=sightings)

    async def _reread(self, account: Account) -> Secret | None:
        """What the account's reference gives now, where it is the sink's place."""
        if not sinks.is_source(account.sink or "", account.token or "", self.root):
            return None
        return await Credentials(self.runtime.environ, self.root, read_mapping).token(account)

    def _now(self) -> float:
        return self.runtime.clock.now().timestamp()


def keeping(runtime: Runtime, scope: Scope, outputs: Sequence[Output]) -> Keeping:
    """The tokens that the command line is about."""
    check_outputs(outputs)
    if scope.dask is not None:
        raise UsageError("tokens are looked after by one machine: this takes no --dask")
    loaded = steps.load(runtime, scope)
    fleet = loaded.fleet
    accounts = [desired.account for desired in steps.chosen(runtime, scope, fleet)]
    return Keeping(runtime, scope, fleet.api, steps.traffic_of(runtime, scope, fleet), loaded.root, accounts)


def status(runtime: Runtime, scope: Scope, outputs: Sequence[Output], *, offline: bool) -> int:
    kept = keeping(runtime, scope, outputs)
    report, whole = kept.on_record() if offline else runtime.run(lambda _: kept.status())
    emit(runtime.console, report, outputs)
    for path in sinks.left({account.sink for account in kept.accounts if account.sink}, kept.root):
        runtime.console.say(f"note: {path} has tokens in it: delete it unless a refresh is at work")
    good = whole and all(found.standing.good for found in report.states)
    return ExitCode.DONE if good else ExitCode.PARTIAL


def refresh(runtime: Runtime, scope: Scope, outputs: Sequence[Output], *, older_than: float) -> int:
    kept = keeping(runtime, scope, outputs)
    if is_facebook(kept.api):
        raise IcesyncError("graph.facebook.com refreshes no tokens: only graph.instagram.com does")
    if not any(account.sink for account in kept.accounts):
        raise IcesyncError(
            "no account of this run has a sink: say where new tokens go, with `sink: file:PATH#KEY` or "
            "`sink: command:CMD`"
        )

    async def work(interruption: Interruption) -> tuple[Outcome, bool]:
        return await kept.refresh(interruption, older_than), interruption.requested

    with journal.locked(kept.traffic.state, "refresh"):
        (report, whole), interrupted = runtime.run(work)
    emit(runtime.console, report, outputs)
    if interrupted:
        return ExitCode.INTERRUPTED
    good = whole and all(found.status.good for found in report.refreshes or ())
    return ExitCode.DONE if good else ExitCode.PARTIAL
