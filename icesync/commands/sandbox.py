"""`icesync sandbox`: the embedded Graph API, until Ctrl-C."""

from pathlib import Path
from typing import get_args

import click

from icesync.sandbox.world import Fault, Post, Shape, Success, World, parse_fault


class FaultType(click.ParamType[Fault]):
    name = "KIND[:RATE]"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Fault:
        try:
            return parse_fault(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command("sandbox", short_help="Run the embedded Graph API on this machine, until Ctrl-C.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1; 0 takes a free one."
)
@click.option(
    "--state",
    "state_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep what is set in this file, over restarts.",
)
@click.option("--shape", type=click.Choice(get_args(Shape)), default="wrapped", help="How a read shows it.")
@click.option(
    "--post", type=click.Choice(get_args(Post)), default="replace", help="What a POST does to locales."
)
@click.option("--lag", type=click.IntRange(0), default=0, help="Reads after a write that see the old value.")
@click.option("--trim", is_flag=True, help="Store texts in NFC, without blanks at their ends.")
@click.option(
    "--success", type=click.Choice(get_args(Success)), default="true", help="How a write is confirmed."
)
@click.option("--budget", type=click.IntRange(1), help="Calls per account in 10 minutes, then error 613.")
@click.option("--latency", type=click.IntRange(0, 60_000), default=0, help="Milliseconds before each answer.")
@click.option(
    "--fault", "faults", type=FaultType(), multiple=True, help="Goes wrong at this rate; repeatable."
)
@click.option("--seed", type=int, default=0, help="Which calls the faults strike.")
def sandbox(
    port: int,
    state_path: Path | None,
    shape: Shape,
    post: Post,
    lag: int,
    trim: bool,
    success: Success,
    budget: int | None,
    latency: int,
    faults: tuple[Fault, ...],
    seed: int,
) -> None:
    """Play the Graph API on 127.0.0.1, until Ctrl-C.

    The first line of output is its URL. Token sandbox-ID belongs to account ID. Options make it
    behave as Meta's servers might: KIND is 500, html, reset, truncated, transient, throttle-app or
    lost-answer, RATE a number from 0 to 1.
    """
    from icesync.sandbox.errors import CannotStart
    from icesync.sandbox.server import serve

    world = World(shape, post, lag, trim, success, budget, latency, faults, seed)
    try:
        serve(world, port=port, state_path=state_path, announce=_announce)
    except CannotStart as error:
        raise click.ClickException(str(error)) from error


def _announce(url: str) -> None:
    from icesync.sandbox.guide import guide

    click.echo(url)
    click.echo(guide(url), err=True, nl=False)
