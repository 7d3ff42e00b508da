"""`icesync validate`: load and check, offline, without tokens."""

from pathlib import Path

import click

from icesync.commands import options
from icesync.runtime import Runtime


@click.command()
@options.config_argument
@click.pass_obj
def validate(runtime: Runtime, config: Path) -> int:
    """Load and check the files, offline and without tokens.

    Every mistake is told in one run, as file:line:column. Exit code 65 when there is one.
    """
    from icesync.config import load

    loaded = load(config)
    for warning in loaded.warnings:
        runtime.console.complain(str(warning))
    accounts = len(loaded.fleet.accounts)
    managed = sum(each.is_managed for each in loaded.fleet.accounts)
    warnings = len(loaded.warnings)
    runtime.console.result(
        f"{config} is valid: {_count(accounts, 'account')}, {managed} managed, {_count(warnings, 'warning')}."
    )
    return 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
