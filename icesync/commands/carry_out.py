"""Show a plan, guard it, ask, write, read back, report: what apply and rollback have in common."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from icesync import guard, journal, sharing
from icesync.clock import stamp
from icesync.commands import steps
from icesync.commands.options import Care, Output, Scope
from icesync.commands.output import emit
from icesync.console import Console
from icesync.crew import Crew
from icesync.errors import ExitCode, IcesyncError, JournalError, UsageError
from icesync.model import (
    Account,
    Action,
    Desired,
    FailureKind,
    Fleet,
    Outcome,
    Plan,
    Report,
    Status,
    Unreadable,
)
from icesync.reconciler import WRITE_CALLS
from icesync.render import render, words
from icesync.runtime import Interruption, Runtime


@dataclass(frozen=True, slots=True)
class Execution:
    """One apply or rollback. `saved` is the plan to carry out; without one the accounts are planned
    afresh."""

    runtime: Runtime
    scope: Scope
    command: str
    fleet: Fleet
    accounts: Sequence[Desired]
    root: Path
    state: Path
    care: Care
    outputs: Sequence[Output]
    saved: Plan | None = None

    def run(self) -> int:
        """Do it, print the report, and give the exit code. The state folder must be locked."""
        return self.runtime.run(self._work)

    async def _work(self, interruption: Interruption) -> int:
        runtime, scope = self.runtime, self.scope
        started = runtime.clock.now()
        async with steps.crew(
            runtime,
            scope,
            self.fleet,
            self.root,
            waits=self.care.waits,
            stopping=lambda: interruption.requested,
        ) as crew:
            if self.saved is None:
                found = await steps.survey(
                    runtime, crew, self.fleet, self.accounts, calls=WRITE_CALLS, following=WRITE_CALLS
                )
            else:
                found = steps.Survey(self.saved, {})
            accounts = self._writable(found.plan)
            fingerprints = await crew.fingerprints(accounts)
            found = self._warned(found, accounts, fingerprints)
            self._show(found.plan)
            sharing.check_tokens(accounts, fingerprints)
            self._guard(found.plan)
            if found.plan.differing and not self.care.yes:
                with interruption.lifted():
                    _ask(runtime.console, found.plan)
            run, outcomes = await self._write(crew, found, interruption)
        report = Report(
            run=run,
            started=stamp(started),
            finished=stamp(runtime.clock.now()),
            outcomes=_all_outcomes(outcomes, found.plan, crew.calls),
            unchanged=found.plan.unchanged,
            changes=found.plan.changes,
        )
        code = steps.report_code(report)
        try:
            emit(runtime.console, report, self.outputs)
        except (IcesyncError, OSError) as error:
            # What was written was written: a report that finds no room does not change the outcome.
            runtime.console.complain(f"error: the report cannot be written: {error}")
            code = max(code, ExitCode.PARTIAL)
        return ExitCode.INTERRUPTED if interruption.requested else code

    def _show(self, plan: Plan) -> None:
        console = self.runtime.console
        if any(output == Output("text", None) for output in self.outputs):
            console.result(render(plan, "text", color=console.color, width=console.width) + "\n")
        elif not self.care.yes:
            console.complain(render(plan, "text"))
        else:
            for line in words.warnings(plan):
                console.say(f"note: {line}")

    def _writable(self, plan: Plan) -> Sequence[Account]:
        """The accounts that the run may write: no two of them may hold one token."""
        if self.saved is not None:
            return plan.differing
        return [each.account for each in self.accounts if each.is_managed]

    def _warned(
        self, found: steps.Survey, accounts: Sequence[Account], fingerprints: Mapping[str, str]
    ) -> steps.Survey:
        """With what there is to warn of. A saved plan was looked at as it is."""
        if self.saved is not None:
            return found
        warnings = steps.ending_tokens(
            self.runtime, self.scope, self.fleet, found.plan, accounts, fingerprints
        )
        return replace(found, plan=replace(found.plan, warnings=warnings))

    def _guard(self, plan: Plan) -> None:
        limits = self.fleet.limits
        limits = replace(
            limits,
            max_changes=self.care.max_changes or limits.max_changes,
            max_deletes=self.care.max_deletes or limits.max_deletes,
        )
        guard.check(plan, limits, force=self.care.force)

    async def _write(
        self, crew: Crew, found: steps.Survey, interruption: Interruption
    ) -> tuple[str, tuple[Outcome, ...]]:
        """The run's name and outcomes. A plan without changes makes no run."""
        if not found.plan.writes:
            return "", ()
        clock, console = self.runtime.clock, self.runtime.console
        forecast = found.plan.forecast
        if self.care.waits and forecast is not None and forecast.waiting:
            console.say(f"{forecast.waiting} accounts wait for calls, the last until {forecast.not_before}")
        interruption.writing = True
        with (
            journal.record(self.state, command=self.command, api=self.fleet.api, now=clock.now()) as log,
            console.progress("writing", len(found.plan.writes), clock) as notify,
        ):
            outcomes = await crew.apply(
                found.plan, log, seen=found.seen, notify=notify, rollout=self.care.rollout
            )
            with suppress(JournalError):  # told by the outcomes, when it is not for this line alone
                log.end(stamp(clock.now()))
        return log.run, outcomes


def _ask(console: Console, plan: Plan) -> None:
    if not console.interactive:
        raise UsageError("there is no terminal to ask on: look at the plan, then run it again with --yes")
    count = len(plan.differing)
    if not console.agrees(f"Write {count} account{'s' * (count != 1)}?"):
        raise IcesyncError("as you wish: nothing was written")


def _all_outcomes(outcomes: Sequence[Outcome], plan: Plan, calls: Mapping[str, int]) -> tuple[Outcome, ...]:
    """The outcomes of writes and of accounts that could not be read, by name and action, with the calls
    of each account, told once: for its change where it has one."""
    everything = [*outcomes, *(_unread(unreadable) for unreadable in plan.unreadable)]
    changed = {change.account.name for change in plan.changes}
    return tuple(
        replace(outcome, calls=calls.get(outcome.account.name, 0))
        if outcome.action is not Action.SUBSCRIBE or outcome.account.name not in changed
        else outcome
        for outcome in sorted(everything, key=lambda outcome: (outcome.account.name, outcome.action or ""))
    )


def _unread(unreadable: Unreadable) -> Outcome:
    later = unreadable.error.kind is FailureKind.THROTTLED
    status = Status.DEFERRED if later else Status.FAILED
    return Outcome(unreadable.account, None, status, detail="could not be read", error=unreadable.error)
