"""`icesync history`: past runs, newest first."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from icesync.commands import options
from icesync.runtime import Runtime

if TYPE_CHECKING:
    from icesync.journal import Run


@click.command()
@options.config_argument
@options.state_option
@click.pass_obj
def history(runtime: Runtime, config: Path, state_dir: Path | None) -> int:
    """List past runs, newest first, as `icesync rollback` takes them."""
    from icesync import journal

    found = journal.runs(options.state_folder(config, state_dir))
    if not found:
        runtime.console.say("No runs yet.")
        return 0
    runtime.console.result(_table([("RUN", "STARTED", "COMMAND", "OUTCOMES"), *map(_row, found)]))
    return 0


def _row(run: "Run") -> tuple[str, str, str, str]:
    told = [f"{count} {status}" for status, count in sorted(run.statuses.items())]
    if run.finished is None:
        told.append(f"cut off, {len(run.writes)} perhaps written")
    return run.name, run.started, run.command, ", ".join(told)


def _table(rows: Sequence[Sequence[str]]) -> str:
    from icesync.safe import visible

    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        visible("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        for row in rows
    )
