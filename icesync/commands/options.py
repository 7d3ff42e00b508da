"""What commands share of the command line: which files, which accounts, which outputs."""

import functools
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from icesync.fleet import Selection
from icesync.model import Limit
from icesync.runtime import Runtime

DEFAULT_CONFIG: Final = "icesync.yaml"


@dataclass(frozen=True, slots=True)
class Output:
    """One `-o FORMAT[=FILE]`. No file means standard output."""

    format: str
    file: Path | None


@dataclass(frozen=True, slots=True)
class Scope:
    """What a command that reads live state was asked to look at, and how."""

    config: Path
    selection: Selection
    concurrency: int
    timeout: float
    api_url: str | None
    state_dir: Path | None


def _outputs(ctx: click.Context, param: click.Parameter, words: tuple[str, ...]) -> tuple[Output, ...]:
    """Text goes to standard output where no other output was sent there."""
    from icesync.render import FORMATS

    found = []
    for word in words:
        name, given, file = word.partition("=")
        if name not in FORMATS:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(FORMATS)}", ctx, param)
        if given and not file:
            raise click.BadParameter(f"{word!r} names no file", ctx, param)
        found.append(Output(name, Path(file) if given else None))
    on_stdout = sum(output.file is None for output in found)
    if on_stdout > 1:
        raise click.BadParameter("only one can go to standard output; give the others a =FILE", ctx, param)
    return tuple(found) if on_stdout else (Output("text", None), *found)


def _shard(ctx: click.Context, param: click.Parameter, word: str | None) -> tuple[int, int] | None:
    if word is None:
        return None
    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", word)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise click.BadParameter(f"{word!r} is not I/N with 1 ≤ I ≤ N, such as 2/8", ctx, param)
    return int(found[1]), int(found[2])


def _limit(ctx: click.Context, param: click.Parameter, word: str | None) -> Limit | None:
    try:
        return None if word is None else Limit.parse(word)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


config_argument = click.argument(
    "config", type=click.Path(path_type=Path), default=DEFAULT_CONFIG, metavar="[CONFIG]"
)
state_option = click.option(
    "--state-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where runs are recorded. [env: ICESYNC_STATE_DIR; default: .icesync beside the config]",
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


def state_folder(runtime: Runtime, config: Path, state_dir: Path | None) -> Path:
    """Where runs are recorded: `--state-dir`, else the environment's, else `.icesync` beside the config."""
    if state_dir is None and (named := runtime.environ.get("ICESYNC_STATE_DIR")):
        state_dir = Path(named)
    return state_dir or (config if os.path.isdir(config) else config.parent) / ".icesync"


outputs = click.option(
    "-o",
    "--output",
    "outputs",
    callback=_outputs,
    multiple=True,
    metavar="FORMAT[=FILE]",
    help="text, json, markdown or html; to standard output or =FILE. Repeatable. [default: text]",
)


def limits(command: Callable[..., int]) -> Callable[..., int]:
    """Add what moves the guard: `--max-changes`, `--max-deletes`, `--force`."""
    for option in (
        click.option("--force", is_flag=True, help="Go past the limits; not past `protect`."),
        click.option("--max-deletes", callback=_limit, metavar="N|N%", help="So many may lose everything."),
        click.option("--max-changes", callback=_limit, metavar="N|N%", help="So many accounts may change."),
    ):
        command = option(command)
    return command


def scope(command: Callable[..., int]) -> Callable[..., int]:
    """Add what every command that reads live state understands. The command gets a `scope`; one
    that has no CONFIG argument of its own gets `config` from its caller."""

    @click.option("--only", multiple=True, metavar="GLOB", help="Only accounts of this name. Repeatable.")
    @click.option("--exclude", multiple=True, metavar="GLOB", help="Not accounts of this name. Repeatable.")
    @click.option("--label", "labels", multiple=True, metavar="L", help="Only with this label. Repeatable.")
    @click.option("--shard", callback=_shard, metavar="I/N", help="Only the I-th of N parts of the accounts.")
    @click.option("--concurrency", type=click.IntRange(1, 1024), default=16, show_default=True)
    @click.option(
        "--timeout",
        metavar="SECONDS",
        type=click.FloatRange(0.1, 600),
        default=30.0,
        show_default=True,
        help="Of a request.",
    )
    @click.option("--api-url", help="Base URL of the Graph API. [env: ICESYNC_API_URL]")
    @state_option
    @functools.wraps(command)
    def with_scope(
        *args: Any,
        config: Path,
        only: tuple[str, ...],
        exclude: tuple[str, ...],
        labels: tuple[str, ...],
        shard: tuple[int, int] | None,
        concurrency: int,
        timeout: float,
        api_url: str | None,
        state_dir: Path | None,
        **kwargs: Any,
    ) -> int:
        selection = Selection(only, exclude, labels, shard)
        chosen = Scope(config, selection, concurrency, timeout, api_url, state_dir)
        return command(*args, scope=chosen, **kwargs)

    return with_scope
