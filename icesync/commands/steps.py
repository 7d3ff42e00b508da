"""The steps that commands are composed of: load, observe and plan, print."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from icesync import config, guard, planner
from icesync.commands.options import Output, Scope
from icesync.config.schema import api_url
from icesync.console import Console
from icesync.documents.planfile import desired_digest
from icesync.errors import IcesyncError, Refused, UsageError
from icesync.fleet import select
from icesync.graph.client import GraphClient
from icesync.model import Desired, Fleet, Limits, Observation, Plan, Report, Status
from icesync.reconciler import observe
from icesync.render import render
from icesync.runtime import Runtime

DONE, CHANGES_PENDING, PARTIAL, STALE, INTERRUPTED = 0, 2, 3, 5, 130


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
    if scope.api_url is None:
        return loaded
    try:
        url = api_url(scope.api_url, any_host=True)
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
    managed = [each for each in accounts if each.managed]
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


def emit(console: Console, value: Plan | Report, outputs: Iterable[Output]) -> None:
    """Render the value into each output. Raises IcesyncError where a file cannot be written."""
    for output in outputs:
        if output.file is None:
            console.result(render(value, output.format, color=console.color))
        else:
            write_file(output.file, render(value, output.format))


def write_file(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise IcesyncError(f"{path} cannot be written: {error.strerror}") from error


def plan_code(plan: Plan, *, pending: int = DONE) -> int:
    """The exit code of a plan; `pending` is the one for changes."""
    return max(pending if plan.changes else DONE, PARTIAL if plan.unreadable else DONE)


def report_code(report: Report) -> int:
    unfinished = (Status.UNVERIFIED, Status.FAILED, Status.DEFERRED)
    if report.count(Status.STALE):
        return STALE
    return PARTIAL if any(report.count(status) for status in unfinished) else DONE
