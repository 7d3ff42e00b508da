"""`icesync show`: a saved plan again, in any format, offline."""

from collections.abc import Sequence
from pathlib import Path

import click

from icesync.commands import options
from icesync.errors import ExitCode, IcesyncError, PlanFileError
from icesync.model import Plan
from icesync.runtime import Runtime


@click.command()
@click.argument("plan", type=click.Path(path_type=Path))
@options.outputs
@click.pass_obj
def show(runtime: Runtime, plan: Path, outputs: Sequence[options.Output]) -> int:
    """Print a saved plan again, offline."""
    from icesync.commands import output

    output.emit(runtime.console, read_plan(plan), outputs)
    return ExitCode.DONE


def read_plan(path: Path) -> Plan:
    """The plan in a file. Raises PlanFileError for what is no plan."""
    from icesync.documents import planfile

    try:
        with path.open("rb") as file:
            content = file.read(planfile.MAX_BYTES + 1)
        text = content.decode()
    except OSError as error:
        raise IcesyncError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PlanFileError(f"{path} is no plan file: it is not UTF-8 text") from error
    if len(content) > planfile.MAX_BYTES:
        raise PlanFileError(f"{path} is no plan file: it is larger than {planfile.MAX_BYTES} bytes")
    try:
        return planfile.loads(text)
    except PlanFileError as error:
        raise PlanFileError(f"{path}: {error}") from error
