"""`icesync show`: saved plans or reports again, merged into one, in any format, offline."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import click

from icesync.commands import options
from icesync.errors import ExitCode, IcesyncError, PlanFileError, UsageError
from icesync.model import Plan, Report, Snapshot
from icesync.runtime import Runtime

Value = TypeVar("Value")

# A pipe with a name in these is one that this process was given, with its writer: /dev/stdin, <(a command).
_DEVICES: Final = ("dev", "proc")


@click.command()
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="FILE...")
@options.outputs
@click.pass_obj
def show(runtime: Runtime, files: Sequence[Path], outputs: Sequence[options.Output]) -> int:
    """Print saved plans or reports again, offline.

    Several plans, such as those of shards, become one plan, which `icesync apply --plan` takes;
    several reports become one report.
    """
    from icesync.commands import output
    from icesync.documents import merge
    from icesync.documents.planfile import MAX_BYTES

    _check_distinct(files)
    found = merge.merged({str(path): _read(path, _plan_or_report, MAX_BYTES) for path in files})
    output.emit(runtime.console, found, outputs)
    return ExitCode.DONE


def read_plan(path: Path) -> Plan:
    """The plan in a file. Raises PlanFileError for what is no plan."""
    from icesync.documents import planfile

    return _read(path, planfile.loads, planfile.MAX_BYTES)


def read_snapshot(path: Path) -> Snapshot:
    """The snapshot in a file. Raises PlanFileError for what is no snapshot."""
    from icesync.documents import snapshotfile

    return _read(path, snapshotfile.loads, snapshotfile.MAX_BYTES)


def _check_distinct(files: Sequence[Path]) -> None:
    ((path, times),) = Counter(path.resolve() for path in files).most_common(1)
    if times > 1:
        raise UsageError(f"{path} is named {times} times: its accounts would count as often")


def _plan_or_report(text: str) -> Plan | Report:
    from icesync.documents import planfile, reportfile, strict

    readers: dict[str, Callable[..., Plan | Report]] = {
        planfile.FORMAT: planfile.from_document,
        reportfile.FORMAT: reportfile.from_document,
    }
    document = strict.read(text, *readers)
    return readers[document["format"]](document)


def _read(path: Path, loads: Callable[[str], Value], most: int) -> Value:
    """What `loads` finds in the file. Raises PlanFileError, which names the file, for what it is not."""
    if path.is_fifo() and path.absolute().parts[1] not in _DEVICES:
        raise IcesyncError(f"{path} cannot be read: it is a pipe, which may never have a writer")
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise IcesyncError(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > most:
        raise PlanFileError(f"{path} is no saved document: it is larger than {most} bytes")
    try:
        return loads(content.decode())
    except UnicodeDecodeError as error:
        raise PlanFileError(f"{path} is no saved document: it is not UTF-8 text") from error
    except PlanFileError as error:
        raise PlanFileError(f"{path}: {error}") from error
