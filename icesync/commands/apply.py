"""`icesync apply`: make live state what the files say, afresh or by a saved plan."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from icesync.commands import options
from icesync.errors import StalePlan, UsageError
from icesync.fleet import Selection
from icesync.model import Desired, Fleet, Plan, Subscription
from icesync.runtime import Runtime


@click.command()
@options.config_argument
@click.option(
    "--plan",
    "plan_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Carry out exactly this saved plan.",
)
@options.care
@options.scope
@options.outputs
@click.pass_obj
def apply(
    runtime: Runtime,
    scope: options.Scope,
    outputs: Sequence[options.Output],
    plan_path: Path | None,
    care: options.Care,
) -> int:
    """Plan, show, ask, write, read back.

    Only accounts that differ are written. Every write is recorded first, so that `icesync rollback
    last` can take it back.
    """
    from icesync import journal
    from icesync.commands import steps
    from icesync.commands.carry_out import Execution
    from icesync.commands.output import check_outputs

    check_outputs(outputs)
    loaded = steps.load(runtime, scope)
    saved = None
    if plan_path is not None:
        if scope.selection != Selection() or scope.changed_since is not None:
            raise UsageError("a saved plan is carried out whole: select accounts when you make it")
        saved = _saved(plan_path, loaded.fleet)
    state = options.state_folder(runtime, scope.config, scope.state_dir)
    with journal.locked(state):
        return Execution(
            runtime=runtime,
            scope=scope,
            command="apply",
            fleet=loaded.fleet,
            accounts=steps.chosen(runtime, scope, loaded.fleet),
            root=loaded.root,
            state=state,
            care=care,
            outputs=outputs,
            saved=saved,
        ).run()


def _saved(path: Path, fleet: Fleet) -> Plan:
    """The plan in the file, if it still belongs to these files. Raises StalePlan, PlanFileError.

    Tokens and protection are those of the files, and so are the limits: what the plan says of them is
    for people.
    """
    from icesync.commands.show import read_plan
    from icesync.documents import planfile

    plan = read_plan(path)
    if plan.desired != planfile.desired_digest(fleet):
        raise StalePlan(f"{path} was made from other files than these: make a new plan")
    if plan.api != fleet.api:
        raise StalePlan(f"{path} was made against {plan.api.url} {plan.api.version}: make a new plan")
    wanted = {each.account.name: each for each in fleet.accounts if each.is_managed}
    if plan.accounts > len(wanted):
        raise StalePlan(f"{path} counts more accounts than the files have: make a new plan")
    changes = []
    for change in plan.changes:
        desired = wanted.get(change.account.name)
        if desired is None or desired.account.id != change.account.id or desired.profile != change.after:
            raise StalePlan(f"{path} would write something else than the files say: make a new plan")
        changes.append(replace(change, account=desired.account))
    return replace(
        plan, changes=tuple(changes), subscriptions=_subscriptions(plan, wanted, path), limits=None
    )


def _subscriptions(plan: Plan, wanted: Mapping[str, Desired], path: Path) -> tuple[Subscription, ...]:
    """Those of the plan, with the accounts of the files."""
    found = []
    for subscription in plan.subscriptions:
        desired = wanted.get(subscription.account.name)
        if (
            desired is None
            or desired.account.id != subscription.account.id
            or set(subscription.after) != {*subscription.before, *desired.account.webhooks}
        ):
            raise StalePlan(f"{path} would subscribe to something else than the files say: make a new plan")
        found.append(replace(subscription, account=desired.account))
    return tuple(found)
