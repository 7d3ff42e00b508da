"""`icesync show`: a saved plan again, in any format, offline."""

from collections.abc import Sequence
from pathlib import Path

import click

from icesync.commands import options
from icesync.errors import PlanFileError
from icesync.model import Plan
from icesync.runtime import Runtime


@click.command()
@click.argument("plan", type=click.Path(path_type=Path))
@options.outputs
@click.pass_obj
def show(runtime: Runtime, plan: Path, outputs: Sequence[options.Output]) -> int:
    """Print a saved plan again, offline."""
    from icesync.commands import steps

    steps.emit(runtime.console, read_plan(plan), outputs)
    return steps.DONE


def read_plan(path: Path) -> Plan:
    """The plan in a file. Raises PlanFileError."""
    from icesync.documents import planfile

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PlanFileError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PlanFileError(f"{path} is no plan file: it is not UTF-8 text") from error
    try:
        return planfile.loads(text)
    except PlanFileError as error:
        raise PlanFileError(f"{path}: {error}") from error
