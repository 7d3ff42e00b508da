"""`icesync sandbox`: the embedded Graph API, until Ctrl-C."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args

import click

from icesync.sandbox.call import Endpoint
from icesync.sandbox.facts import parse_subscribed, parse_token
from icesync.sandbox.tokens import ORDINARY, Token, told
from icesync.sandbox.world import (
    Apps,
    Identity,
    Ids,
    Post,
    Rotate,
    Shape,
    Subscribe,
    Success,
    World,
    parse_fault,
)

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any] | click.Command)


class Parsed(click.ParamType[T], Generic[T]):
    """A value that a function reads, whose ValueError tells the user what is wrong."""

    def __init__(self, name: str, parse: Callable[[str], T]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> T:
        try:
            return self._parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _one_of(option: str, names: object, default: str | None, words: str) -> Callable[[Command], Command]:
    return click.option(option, type=click.Choice(get_args(names)), default=default, help=words)


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
@_one_of("--shape", Shape, "wrapped", "How a read shows it.")
@_one_of("--post", Post, "replace", "What a POST does to locales.")
@click.option("--lag", type=click.IntRange(0), default=0, help="Reads after a write that see the old value.")
@click.option("--trim", is_flag=True, help="Store texts in NFC, without blanks at their ends.")
@_one_of("--success", Success, "true", "How a write is confirmed.")
@click.option("--budget", type=click.IntRange(1), help="Calls per account in 10 minutes, then error 613.")
@click.option("--latency", type=click.IntRange(0, 60_000), default=0, help="Milliseconds before each answer.")
@_one_of("--slow", Endpoint, None, "The endpoint that alone has this latency.")
@click.option(
    "--fault",
    "faults",
    type=Parsed("KIND[:RATE][@ENDPOINT]", parse_fault),
    multiple=True,
    help="Goes wrong at this rate; repeatable.",
)
@click.option("--seed", type=int, default=0, help="Which calls the faults strike.")
@click.option(
    "--token",
    "facts",
    type=Parsed("ID=FACT", parse_token),
    multiple=True,
    help="What is true of token sandbox-ID; repeatable.",
)
@_one_of("--rotate", Rotate, "keep", "What a refresh does: same text, a new one, or the old dies too.")
@_one_of("--identity", Identity, "flat", "How /me answers: flat, in data[0], without user_id, or not at all.")
@_one_of("--ids", Ids, "checked", "Whether a path must name the account of its token.")
@click.option(
    "--subscribed",
    type=Parsed("ID=FIELDS", parse_subscribed),
    multiple=True,
    help="Webhook fields of an account, with commas; repeatable.",
)
@_one_of("--subscribe", Subscribe, "replace", "What a POST does to webhook fields.")
@_one_of("--apps", Apps, "own", "Whose webhook fields a GET tells: this app's, or another's too.")
def sandbox(
    port: int,
    state_path: Path | None,
    facts: tuple[tuple[str, str], ...],
    subscribed: tuple[tuple[str, tuple[str, ...]], ...],
    **world: Any,
) -> None:
    """Play the Graph API on 127.0.0.1, until Ctrl-C.

    The first line of output is its URL. Token sandbox-ID belongs to account ID. Options make it
    behave as Meta's servers might: KIND is 500, html, reset, truncated, transient, throttle-app or
    lost-answer, RATE a number from 0 to 1, ENDPOINT profile, identity, subscriptions or refresh.

    A token is 10 days old, lives for ever and may do everything, unless a FACT says otherwise: expired,
    checkpointed, revoked, password, invalid, age:12h, ends:3d, lacks:PERMISSION, app for one that is no
    user's, or of:ID for one that belongs to another account.
    """
    from icesync.sandbox.errors import CannotStart
    from icesync.sandbox.server import serve

    tokens: dict[str, Token] = {}
    for account, fact in facts:
        tokens[account] = told(tokens.get(account, ORDINARY), fact)
    try:
        serve(
            World(**world),
            port=port,
            state_path=state_path,
            announce=_announce,
            tokens=tokens,
            subscribed=dict(subscribed),
        )
    except CannotStart as error:
        raise click.ClickException(str(error)) from error


def _announce(url: str) -> None:
    from icesync.sandbox.guide import guide

    click.echo(url)
    click.echo(guide(url), err=True, nl=False)
