"""Where results go: checked before there is anything to lose, replaced whole or written in place."""

import os
from collections.abc import Iterable
from pathlib import Path

from icesync.commands.options import Output
from icesync.console import Console
from icesync.errors import IcesyncError
from icesync.model import Checkup, Plan, Report, TokenReport
from icesync.render import render


def check_outputs(outputs: Iterable[Output]) -> None:
    """Raise IcesyncError for a file that cannot be written, before anything is done."""
    for output in outputs:
        if output.file is not None:
            check_file(output.file)


def check_file(path: Path) -> None:
    if path.is_dir():
        raise IcesyncError(f"{path} cannot be written: it is a folder")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise IcesyncError(f"{path} cannot be written: no such folder, or no right to write there")


def emit(console: Console, value: Plan | Report | Checkup | TokenReport, outputs: Iterable[Output]) -> None:
    """Render the value into each output. Where a file cannot be written the others still are, and
    then it raises IcesyncError."""
    failed: IcesyncError | None = None
    whole = console.verbosity > 0
    for output in outputs:
        if output.file is None:
            shown = render(
                value,
                output.format,
                color=console.color,
                width=console.width,
                plain=console.is_plain,
                whole=whole,
            )
            console.result(shown)
            continue
        try:
            write_file(output.file, render(value, output.format, whole=whole))
        except IcesyncError as error:
            failed = error
    if failed is not None:
        raise failed


def write_file(path: Path, text: str) -> None:
    """Replace the file whole, so that a full disk leaves the old one as it was; its mode is kept."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if _is_written_in_place(path):
            path.write_text(text, encoding="utf-8")
            return
        try:
            fresh.write_text(text, encoding="utf-8")
            if path.exists():
                fresh.chmod(path.stat().st_mode)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise IcesyncError(f"{path} cannot be written: {error.strerror}") from error


def _is_written_in_place(path: Path) -> bool:
    """A link, a device such as /dev/stdout, or a file in a folder that takes no new one."""
    return (
        path.is_symlink()
        or (path.exists() and not path.is_file())
        or path.absolute().parts[1] in ("dev", "proc")
        or not os.access(path.parent, os.W_OK)
    )
