"""`icesync plan`: read live state, print what apply would do. Never writes."""

from collections.abc import Sequence
from pathlib import Path

import click

from icesync.commands import options
from icesync.errors import ExitCode
from icesync.model import NOTHING
from icesync.runtime import Runtime


@click.command()
@options.config_argument
@options.against_option
@options.scope
@options.outputs
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes.")
@click.pass_obj
def plan(
    runtime: Runtime,
    scope: options.Scope,
    outputs: Sequence[options.Output],
    against: Path | None,
    detailed_exitcode: bool,
) -> int:
    """Show what apply would do.

    CONFIG is the root file or its folder. `-o json=FILE` saves the plan for `apply --plan FILE`.
    """
    from icesync.commands import output, steps

    output.check_outputs(outputs)
    found = steps.plan_now(runtime, scope, against, absent=NOTHING)
    steps.foretell(runtime.console, found, outputs)
    output.emit(runtime.console, found, outputs)
    return steps.plan_code(found, pending=ExitCode.PENDING if detailed_exitcode else ExitCode.DONE)
