"""`icesync rollback`: a plan back to what stood before a run, then as apply."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from icesync.commands import options
from icesync.errors import StalePlan, UsageError
from icesync.fleet import select
from icesync.model import Desired, Fleet
from icesync.runtime import Runtime

if TYPE_CHECKING:
    from icesync import journal


@click.command()
@click.argument("run")
@options.config_argument
@options.care
@options.scope
@options.outputs
@click.pass_obj
def rollback(
    runtime: Runtime,
    run: str,
    scope: options.Scope,
    outputs: Sequence[options.Output],
    care: options.Care,
) -> int:
    """Go back to what stood before RUN; `last` is the newest.

    Every account that the run wrote, or may have written, is planned back, shown, and written as
    apply does. Exit codes are those of apply.
    """
    from icesync import journal
    from icesync.commands import steps
    from icesync.commands.carry_out import Execution
    from icesync.commands.output import check_outputs

    check_outputs(outputs)
    if scope.changed_since is not None:
        raise UsageError("a rollback is about what its run wrote: it takes no --changed-since")
    loaded = steps.load(runtime, scope)
    state = options.state_folder(runtime, scope.config, scope.state_dir)
    with journal.locked(state):
        past = journal.find(state, run)
        if past.writes and past.api.url != loaded.fleet.api.url:
            raise StalePlan(f"run {past.name} was made against {past.api.url}, not {loaded.fleet.api.url}")
        what = "Back to what stood before run" if past.writes else "Nothing was written by run"
        runtime.console.say(f"{what} {past.name}.")
        if past.subscribed:
            what = "1 subscription" if past.subscribed == 1 else f"{past.subscribed} subscriptions"
            runtime.console.say(f"note: nothing is ever unsubscribed, so {what} of that run will stay")
        return Execution(
            runtime=runtime,
            scope=scope,
            command=f"rollback {past.name}",
            fleet=loaded.fleet,
            accounts=select(_before(past, loaded.fleet), scope.selection),
            root=loaded.root,
            state=state,
            care=care,
            outputs=outputs,
        ).run()


def _before(past: "journal.Run", fleet: Fleet) -> list[Desired]:
    """What stood before the run, as desired state. An account is known by its id, also under a new
    name; one that has left the files has no token here, and so it is told as unreadable. Subscriptions
    are none of it."""
    known = {each.account.identity: replace(each.account, webhooks=()) for each in fleet.accounts}
    return [Desired(known.get(write.account.identity, write.account), write.before) for write in past.writes]
