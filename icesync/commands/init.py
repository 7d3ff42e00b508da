"""`icesync init`: a commented starter file."""

from importlib.resources import files
from pathlib import Path

import click

from icesync.commands import options
from icesync.errors import IcesyncError
from icesync.runtime import Runtime


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.pass_obj
def init(runtime: Runtime, folder: Path) -> int:
    """Write a commented starter icesync.yaml into DIR. Never overwrites one."""
    from icesync.commands.output import write_file

    path = folder / options.DEFAULT_CONFIG
    starter = files("icesync.commands").joinpath("starter.yaml").read_text(encoding="utf-8")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.touch(exist_ok=False)
        write_file(path, starter)
    except FileExistsError:
        raise IcesyncError(f"{path} is there already; it was left as it is") from None
    except OSError as error:
        raise IcesyncError(f"{path} cannot be written: {error.strerror}") from error
    runtime.console.result(f"{path} is written. Fill in your accounts, then run: icesync validate {path}")
    return 0
