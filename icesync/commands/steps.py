"""The steps that commands are composed of: load, observe, plan, and what an exit code tells of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from icesync import config, guard, planner
from icesync.commands.options import Scope
from icesync.config.schema import api_url
from icesync.console import Console
from icesync.documents.planfile import desired_digest
from icesync.errors import ExitCode, Refused, UsageError
from icesync.fleet import select
from icesync.graph.client import GraphClient
from icesync.model import Desired, Fleet, Limits, Observation, Plan, Report, Status
from icesync.reconciler import observe
from icesync.runtime import Runtime


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
    named = scope.api_url or runtime.environ.get("ICESYNC_API_URL")
    if not named:
        return loaded
    try:
        url = api_url(named, any_host=True)
    except ValueError as error:
        raise UsageError(f"--api-url: {error}") from None
    return replace(loaded, fleet=replace(loaded.fleet, api=replace(loaded.fleet.api, url=url)))


async def look(
    runtime: Runtime, client: GraphClient, accounts: Sequence[Desired], concurrency: int
) -> dict[str, Observation]:
    """Read the live state of these accounts."""
    with runtime.console.progress("reading", len(accounts)) as notify:
        return await observe(
            client,
            (each.account for each in accounts),
            clock=runtime.clock,
            concurrency=concurrency,
            notify=notify,
        )


async def survey(
    runtime: Runtime, client: GraphClient, fleet: Fleet, accounts: Sequence[Desired], concurrency: int
) -> Survey:
    """Read the managed ones of these accounts and plan them."""
    managed = [each for each in accounts if each.profile is not None]
    observed = await look(runtime, client, managed, concurrency)
    plan = replace(
        planner.plan(accounts, observed),
        api=fleet.api,
        created=f"{runtime.clock.now():%Y-%m-%dT%H:%M:%SZ}",
        desired=desired_digest(fleet),
    )
    return Survey(plan, {name: seen.at for name, seen in observed.items()})


def plan_now(runtime: Runtime, scope: Scope) -> tuple[Plan, Limits]:
    """Load, select, observe, plan: what `plan` and `drift` have in common."""
    loaded = load(runtime, scope)
    accounts = select(loaded.fleet.accounts, scope.selection)

    async def work(_: object) -> Plan:
        async with runtime.client(
            loaded.fleet.api, root=loaded.root, concurrency=scope.concurrency, patience=scope.timeout
        ) as client:
            return (await survey(runtime, client, loaded.fleet, accounts, scope.concurrency)).plan

    return runtime.run(work), loaded.fleet.limits


def foretell(console: Console, plan: Plan, limits: Limits) -> None:
    """Say what apply would refuse, without refusing."""
    try:
        guard.check(plan, limits)
    except Refused as refusal:
        for reason in refusal.reasons:
            console.say(f"note: apply would refuse this: {reason}")


def plan_code(plan: Plan, *, pending: ExitCode = ExitCode.DONE) -> ExitCode:
    """The exit code of a plan; `pending` is the one for changes."""
    return max(
        pending if plan.changes else ExitCode.DONE,
        ExitCode.PARTIAL if plan.unreadable else ExitCode.DONE,
    )


def report_code(report: Report) -> ExitCode:
    unfinished = (Status.UNVERIFIED, Status.FAILED, Status.DEFERRED)
    if report.count(Status.STALE):
        return ExitCode.STALE
    return ExitCode.PARTIAL if any(report.count(status) for status in unfinished) else ExitCode.DONE
