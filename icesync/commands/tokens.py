"""`icesync tokens`: how the tokens of a fleet stand, and new ones in time."""

import re
from collections.abc import Sequence
from typing import Final

import click

from icesync.commands import options
from icesync.runtime import Runtime

_SECONDS: Final = {"d": 86400.0, "h": 3600.0}


def _span(ctx: click.Context, param: click.Parameter, word: str | None) -> float:
    found = re.fullmatch("([0-9]{1,5})([dh])", word or "0d")
    if not found:
        raise click.BadParameter(f"{word!r} is no time such as 30d or 36h", ctx, param)
    return int(found[1]) * _SECONDS[found[2]]


@click.group()
def tokens() -> None:
    """Look after the tokens of the accounts: how they stand, and new ones in time.

    What is known of a token, never the token itself, is kept in the state folder.
    """


@tokens.command()
@click.option("--offline", is_flag=True, help="Tell what is on record: look no token up, ask nobody.")
@options.config_argument
@options.scope
@options.outputs_in("text", "json")
@click.pass_obj
def status(runtime: Runtime, scope: options.Scope, outputs: Sequence[options.Output], offline: bool) -> int:
    """Tell each token's age, the days that are left of it, its last refresh, and what is wrong with it.

    The API is asked whether they work; that costs no call of an account's budget. Exit code 3 when
    somebody must look at one.
    """
    from icesync.commands import keeping

    return keeping.status(runtime, scope, outputs, offline=offline)


@tokens.command()
@click.option(
    "--older-than",
    callback=_span,
    metavar="TIME",
    help="Leave tokens that are known to be younger, like 30d or 36h. [default: 24h, the least]",
)
@options.config_argument
@options.scope
@options.outputs_in("text", "json")
@click.pass_obj
def refresh(
    runtime: Runtime, scope: options.Scope, outputs: Sequence[options.Output], older_than: float
) -> int:
    """Refresh the tokens of accounts with a `sink`, prove each new one, and hand it to its sink.

    Exit code 3 when somebody must look at one, 1 when no account has a sink. Ctrl-C finishes those
    that are under way.
    """
    from icesync.commands import keeping

    return keeping.refresh(runtime, scope, outputs, older_than=older_than)
