"""The steps that commands are composed of: load, observe, plan, and what an exit code tells of it."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil, isfinite
from pathlib import Path

from icesync import config, planner, revision
from icesync.clock import stamp
from icesync.commands.against import aged, snapshot_for, unknown, untold
from icesync.commands.options import Output, Scope, state_folder
from icesync.config.schema import api_url
from icesync.connection import Traffic
from icesync.console import Console
from icesync.crew import Alone, Archivist, Crew, Scout
from icesync.diagnostics import Severity
from icesync.documents.planfile import desired_digest
from icesync.errors import ConfigError, ExitCode, GraphError, UsageError
from icesync.fleet import select
from icesync.model import (
    Account,
    Budget,
    Desired,
    Fleet,
    Forecast,
    Observation,
    Plan,
    Profile,
    Report,
    Status,
)
from icesync.reconciler import WRITE_CALLS
from icesync.render import words
from icesync.runtime import Runtime
from icesync.safe import visible
from icesync.sharing import shared_tokens
from icesync.tokens.ending import warnings
from icesync.tokens.records import ends


@dataclass(frozen=True, slots=True)
class Survey:
    """A fresh plan, and the clock's second at which each account was seen."""

    plan: Plan
    seen: Mapping[str, float]


def load(runtime: Runtime, scope: Scope) -> config.Loaded:
    """The desired state, with its warnings told and `--api-url` in force."""
    loaded = config.load(scope.config)
    for warning in loaded.warnings:
        runtime.console.say(str(warning))
    fleet = _budgeted(runtime, scope, _redirected(runtime, scope, loaded.fleet))
    return replace(loaded, fleet=fleet, root=loaded.root.absolute())


def _redirected(runtime: Runtime, scope: Scope, fleet: Fleet) -> Fleet:
    """The fleet with `--api-url` in force."""
    named = scope.api_url or runtime.environ.get("ICESYNC_API_URL")
    if not named:
        return fleet
    try:
        url = api_url(named, any_host=True)
    except ValueError as error:
        raise UsageError(f"--api-url: {error}") from None
    return replace(fleet, api=replace(fleet.api, url=url))


def _budgeted(runtime: Runtime, scope: Scope, fleet: Fleet) -> Fleet:
    """The fleet with `--budget` in force."""
    named = scope.budget or runtime.environ.get("ICESYNC_BUDGET")
    try:
        return replace(fleet, budget=Budget.parse(named)) if named else fleet
    except ValueError as error:
        raise UsageError(f"ICESYNC_BUDGET: {error}") from None


def chosen(runtime: Runtime, scope: Scope, fleet: Fleet) -> tuple[Desired, ...]:
    """The accounts that the run is about: selected, and changed since the revision if there is one."""
    accounts, ref = select(fleet.accounts, scope.selection), scope.changed_since
    if ref is None:
        return accounts
    try:
        before = _redirected(runtime, scope, revision.load_at(scope.config, ref, runtime.environ))
    except ConfigError as error:
        first = next(found for found in error.diagnostics if found.severity is Severity.ERROR)
        what = f"the files of {visible(ref)} cannot be used: {first.message}"
        runtime.console.say(f"note: every account counts as changed, because {what}")
        return accounts
    if left := sum(map(scope.selection.admits, revision.gone(before, fleet))):
        what = "account has" if left == 1 else "accounts have"
        runtime.console.say(f"note: {left} {what} left the files since {visible(ref)}, and will not be read")
    return revision.changed(before, replace(fleet, accounts=accounts))


@asynccontextmanager
async def crew(
    runtime: Runtime,
    scope: Scope,
    fleet: Fleet,
    root: Path,
    *,
    waits: bool = False,
    stopping: Callable[[], bool] = lambda: False,
) -> AsyncIterator[Crew]:
    """Who does the work: this process, or with `--dask` the workers of a cluster."""
    traffic = traffic_of(runtime, scope, fleet, waits=waits)
    if scope.dask is None:
        async with runtime.client(fleet.api, traffic, root=root, stopping=stopping) as client:
            yield Alone(client, runtime.clock, scope.concurrency, stopping)
        return
    try:
        from icesync.cluster.connected import crew as cluster_crew
    except ModuleNotFoundError as missing:
        raise UsageError(f"--dask needs more: pip install 'icesync[dask]' ({missing})") from missing
    with runtime.ledger(fleet.api, traffic) as ledger, runtime.sightings(fleet.api, traffic) as sightings:
        async with cluster_crew(
            scope.dask,
            fleet.api,
            traffic,
            clock=runtime.clock,
            root=root,
            ledger=ledger,
            sightings=sightings,
            stopping=stopping,
            say=runtime.console.say,
        ) as workers:
            yield workers


def traffic_of(runtime: Runtime, scope: Scope, fleet: Fleet, *, waits: bool = False) -> Traffic:
    """How the run may use the API."""
    state = state_folder(runtime, scope.config, scope.state_dir)
    return Traffic(state, fleet.budget, scope.concurrency, scope.timeout, scope.max_rps, waits)


async def look(
    runtime: Runtime, crew: Scout, accounts: Sequence[Desired], *, following: int = 0
) -> dict[str, Observation]:
    """Read the live state of these accounts, those that have room for so many following calls too."""
    with runtime.console.progress("reading", len(accounts), runtime.clock) as notify:
        return await crew.observe(accounts, notify, following=following)


async def survey(
    runtime: Runtime, crew: Scout, fleet: Fleet, accounts: Sequence[Desired], *, calls: int, following: int
) -> Survey:
    """Read the managed ones of these accounts and plan them. Each change will cost so many calls, and
    so many of them follow at once."""
    managed = [each for each in accounts if each.is_managed]
    observed = await look(runtime, crew, managed, following=following)
    plan = replace(
        planner.plan(accounts, observed),
        api=fleet.api,
        created=stamp(runtime.clock.now()),
        desired=desired_digest(fleet),
    )
    seen = {change.account.name: observed[change.account.name].at for change in plan.changes}
    return Survey(replace(plan, forecast=_forecast(runtime, crew, plan, calls)), seen)


def _forecast(runtime: Runtime, crew: Scout, plan: Plan, calls: int) -> Forecast | None:
    """What the changes of the plan cost, and how many accounts have no room for it now."""
    if not plan.changes:
        return None
    try:
        waits = [wait for change in plan.changes if (wait := crew.room(change.account, calls))]
    except GraphError:
        return None  # the accounts of which nobody can count the calls have told so themselves
    then = None
    if waits and isfinite(max(waits)):
        then = stamp(runtime.clock.now() + timedelta(seconds=ceil(max(waits))))
    return Forecast(calls * len(plan.changes), len(waits), then)


def plan_now(runtime: Runtime, scope: Scope, against: Path | None, *, absent: Profile | None = None) -> Plan:
    """Load, select, observe, plan: what `plan` and `drift` have in common. A snapshot in the file
    `against` stands for live state, where there is one. Of accounts that are not in it `absent` is taken
    for live, with a warning; None makes them unreadable."""
    loaded = load(runtime, scope)
    fleet = loaded.fleet
    snapshot = None if against is None else snapshot_for(fleet, scope, against, runtime.clock.now())
    accounts = chosen(runtime, scope, fleet)

    async def plan_with(scout: Scout) -> Plan:
        # Whoever carries it out later reads each account again first.
        found = await survey(runtime, scout, fleet, accounts, calls=WRITE_CALLS + 1, following=0)
        managed = [each.account for each in accounts if each.is_managed]
        fingerprints = await scout.fingerprints(managed)
        warnings = {
            *shared_tokens(managed, fingerprints),
            *ending_tokens(runtime, scope, fleet, found.plan, managed, fingerprints),
        }
        return replace(found.plan, limits=fleet.limits, warnings=tuple(sorted(warnings)))

    async def work(_: object) -> Plan:
        if snapshot is not None:
            plan = await plan_with(Archivist(snapshot, absent))
            told = {*plan.warnings, *untold(snapshot, accounts, plan.unreadable)}
            told.update([] if absent is None else unknown(snapshot, accounts))
            age = aged(snapshot, runtime.clock.now())
            return replace(plan, against=age, warnings=tuple(sorted(told)))
        async with crew(runtime, scope, fleet, loaded.root) as workers:
            return await plan_with(workers)

    return runtime.run(work)


def ending_tokens(
    runtime: Runtime,
    scope: Scope,
    fleet: Fleet,
    plan: Plan,
    accounts: Sequence[Account],
    fingerprints: Mapping[str, str],
) -> tuple[str, ...]:
    """What there is to warn of, as far as the state folder knows these tokens of the plan's accounts."""
    if not fingerprints:
        return ()
    unread = {found.account.name for found in plan.unreadable}
    with runtime.book(fleet.api, traffic_of(runtime, scope, fleet)) as book:
        known = book.known({account.identity for account in accounts})
    found = {
        account.name: ends(known[account.identity])
        for account in accounts
        if account.identity in known and known[account.identity].fingerprint == fingerprints.get(account.name)
    }
    return warnings(found, runtime.clock.now().timestamp(), working=found.keys() - unread)


def foretell(console: Console, plan: Plan, outputs: Sequence[Output]) -> None:
    """Say what people must know before they decide, where no text on standard output does."""
    if Output("text", None) not in outputs:
        for line in words.warnings(plan):
            console.say(line)
        for line in filter(None, [words.against(plan), *words.refusals(plan)]):
            console.say(f"note: {line}")


def plan_code(plan: Plan, *, pending: ExitCode = ExitCode.DONE) -> ExitCode:
    """The exit code of a plan; `pending` is the one for changes."""
    return max(
        pending if plan.differing else ExitCode.DONE,
        ExitCode.PARTIAL if plan.unreadable else ExitCode.DONE,
    )


def report_code(report: Report) -> ExitCode:
    unfinished = (Status.UNVERIFIED, Status.FAILED, Status.DEFERRED)
    if report.count(Status.STALE):
        return ExitCode.STALE
    return ExitCode.PARTIAL if any(report.count(status) for status in unfinished) else ExitCode.DONE
