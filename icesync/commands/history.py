"""`icesync history`: past runs, newest first."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from icesync.commands import options
from icesync.runtime import Runtime

if TYPE_CHECKING:
    from icesync.journal import Summary


@click.command()
@options.config_argument
@options.state_option
@click.pass_obj
def history(runtime: Runtime, config: Path, state_dir: Path | None) -> int:
    """List past runs, newest first, as `icesync rollback` takes them."""
    from icesync import journal

    rows = [_row(run) for run in journal.runs(options.state_folder(runtime, config, state_dir))]
    if not rows:
        runtime.console.say("No runs yet.")
        return 0
    runtime.console.result(_table([("RUN", "STARTED", "COMMAND", "OUTCOMES"), *rows]))
    return 0


def _row(run: "Summary") -> tuple[str, str, str, str]:
    if run.damaged:
        return run.name, "", "", "damaged, cannot be rolled back"
    told = [f"{count} {status}" for status, count in sorted(run.statuses.items())]
    told += [
        f"{count} subscription{'s' * (count != 1)} {status}"
        for status, count in sorted(run.subscriptions.items())
    ]
    if run.finished is None:
        told.append(f"cut off, {run.written} perhaps written")
        told += [f"{run.subscribed} perhaps subscribed"] * bool(run.subscribed)
    return run.name, run.started, run.command, ", ".join(told)


def _table(rows: Sequence[Sequence[str]]) -> str:
    from icesync.safe import visible

    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        visible("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        for row in rows
    )
