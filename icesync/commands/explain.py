"""`icesync explain`: what an error means, whether it passes, and who must do what."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from icesync.errors import ExitCode, IcesyncError, UsageError
from icesync.runtime import Runtime

if TYPE_CHECKING:
    from icesync.graph.catalogue import Entry


@click.command()
@click.argument("error", required=False, metavar="[CODE[/SUBCODE]]")
@click.option(
    "-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@click.pass_obj
def explain(runtime: Runtime, error: str | None, form: str) -> int:
    """Tell what an error of the API means, offline; without an argument, all that are known.

    An error is named as plans and reports do: `190/463`, `613`, `80002`, or a kind of failure such as
    `credential`; the whole table shows the other words.
    """
    from icesync.graph import catalogue
    from icesync.render import explained
    from icesync.render.look import Look

    entries = catalogue.ALL if error is None else _found(runtime, error)
    look = Look(runtime.console.color, runtime.console.width)
    if form == "json":
        runtime.console.result(explained.document(entries))
    else:
        runtime.console.result((explained.table if error is None else explained.text)(entries, look))
    return ExitCode.DONE


def _found(runtime: Runtime, error: str) -> "Sequence[Entry]":
    """What the catalogue says of it. Raises UsageError for what can be no error at all, and
    IcesyncError for a code that nobody knows."""
    from icesync.config.phrases import did_you_mean, shown
    from icesync.graph import catalogue

    if entries := catalogue.explain(error):
        if "/" in error and "/" not in entries[0].name:
            runtime.console.say(f"note: {error} is not known, only its code is: icesync goes by that")
        return entries
    if catalogue.is_code(error):
        raise IcesyncError(
            f"{error} is no error that icesync knows. Unless the API calls it transient, or sends it with "
            "HTTP 429 or 5xx, it counts as invalid and is not tried again: see `icesync explain invalid`"
        )
    near = did_you_mean(error.lower(), [entry.name for entry in catalogue.ALL])
    raise UsageError(f"{shown(error)} is no CODE, CODE/SUBCODE or word that `icesync explain` lists{near}")
