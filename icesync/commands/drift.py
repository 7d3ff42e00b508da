"""`icesync drift`: a plan for schedules, which tells by its exit code."""

from collections.abc import Sequence
from pathlib import Path

import click

from icesync.commands import options
from icesync.errors import ExitCode
from icesync.runtime import Runtime


@click.command()
@options.config_argument
@options.against_option
@options.scope
@options.outputs
@click.pass_obj
def drift(
    runtime: Runtime, scope: options.Scope, outputs: Sequence[options.Output], against: Path | None
) -> int:
    """Tell whether live state differs from the files: exit code 2 when it does."""
    from icesync.commands import output, steps

    output.check_outputs(outputs)
    found = steps.plan_now(runtime, scope, against)
    steps.foretell(runtime.console, found, outputs)
    output.emit(runtime.console, found, outputs)
    return steps.plan_code(found, pending=ExitCode.PENDING)
