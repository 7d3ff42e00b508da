"""What commands share of the command line: which files, which accounts, which outputs."""

import functools
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from icesync.errors import UsageError
from icesync.fleet import Selection
from icesync.model import Budget, Limit, Rollout
from icesync.runtime import Runtime

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Value = TypeVar("Value", bound="DataclassInstance")

DEFAULT_CONFIG: Final = "icesync.yaml"
JOB_INDEX: Final = "JOB_COMPLETION_INDEX"


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
    changed_since: str | None
    concurrency: int
    timeout: float
    budget: str | None
    max_rps: float | None
    dask: str | None
    api_url: str | None
    state_dir: Path | None


@dataclass(frozen=True, slots=True)
class Care:
    """How far the person behind a command lets it go, and how carefully it goes ahead.

    `waits`: an account without room for its calls is waited for.
    """

    yes: bool
    max_changes: Limit | None
    max_deletes: Limit | None
    force: bool
    rollout: Rollout
    waits: bool


def _outputs(
    formats: Sequence[str], ctx: click.Context, param: click.Parameter, words: tuple[str, ...]
) -> tuple[Output, ...]:
    """Text goes to standard output where no other output was sent there."""
    found = []
    for word in words:
        name, given, file = word.partition("=")
        if name not in formats:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(formats)}", ctx, param)
        if given and not file:
            raise click.BadParameter(f"{word!r} names no file", ctx, param)
        found.append(Output(name, Path(file) if given else None))
    on_stdout = sum(output.file is None for output in found)
    if on_stdout > 1:
        raise click.BadParameter("only one can go to standard output; give the others a =FILE", ctx, param)
    if (twice := named_twice(output.file for output in found if output.file)) is not None:
        raise click.BadParameter(f"two cannot go to one file, {str(twice)!r}", ctx, param)
    return tuple(found) if on_stdout else (Output("text", None), *found)


def named_twice(files: Iterable[Path]) -> Path | None:
    """A file that stands among these twice, perhaps by another name of its."""
    known: set[str] = set()
    for file in files:
        if (real := os.path.realpath(file)) in known:
            return file
        known.add(real)
    return None


def _shard(ctx: click.Context, param: click.Parameter, word: str | None) -> tuple[int, int] | None:
    if word is None:
        return None
    if automatic := re.fullmatch(r"auto/([1-9][0-9]{0,8})", word):
        return _job_shard(ctx, param, int(automatic[1]))
    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", word)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        message = f"{word!r} is neither I/N with 1 ≤ I ≤ N, such as 2/8, nor auto/N"
        raise click.BadParameter(message, ctx, param)
    return int(found[1]), int(found[2])


def _job_shard(ctx: click.Context, param: click.Parameter, shards: int) -> tuple[int, int]:
    """The shard of this pod of an indexed Kubernetes Job, which counts its pods from 0."""
    runtime: Runtime = ctx.obj
    index = runtime.environ.get(JOB_INDEX)
    if index is None:
        message = f"auto/{shards} needs {JOB_INDEX}: Kubernetes sets it in a Job with completionMode: Indexed"
        raise click.BadParameter(message, ctx, param)
    if not re.fullmatch("[0-9]{1,9}", index) or int(index) >= shards:
        raise click.BadParameter(f"{JOB_INDEX} is {index!r}, no number from 0 to {shards - 1}", ctx, param)
    return int(index) + 1, shards


class Finite(click.FloatRange):
    """A number that can be waited for: `nan` is in no range, and click takes it for one in all."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        if not isfinite(number):
            self.fail(f"{value!r} is no number of use here", param, ctx)
        return number


def _canary(ctx: click.Context, param: click.Parameter, word: str | None) -> Limit | None:
    found = _limit(ctx, param, word)
    if found is not None and not found.value:
        raise click.BadParameter("a first wave of nothing proves nothing", ctx, param)
    return found


def _limit(ctx: click.Context, param: click.Parameter, word: str | None) -> Limit | None:
    try:
        return None if word is None else Limit.parse(word)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


def _budget(ctx: click.Context, param: click.Parameter, word: str | None) -> str | None:
    try:
        if word is not None:
            Budget.parse(word)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None
    return word


config_argument = click.argument(
    "config", type=click.Path(path_type=Path), default=DEFAULT_CONFIG, metavar="[CONFIG]"
)
against_option = click.option(
    "--against",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Plan against this snapshot of `pull --snapshot`: no request is made, no token needed.",
)
state_option = click.option(
    "--state-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where runs are recorded. [env: ICESYNC_STATE_DIR; default: .icesync beside the config]",
)


def state_folder(runtime: Runtime, config: Path, state_dir: Path | None) -> Path:
    """Where runs are recorded: `--state-dir`, else the environment's, else `.icesync` beside the config."""
    if state_dir is None and (named := runtime.environ.get("ICESYNC_STATE_DIR")):
        state_dir = Path(named)
    return state_dir or (config if os.path.isdir(config) else config.parent) / ".icesync"


def outputs_in(*formats: str) -> Callable[..., Any]:
    """An option for `outputs` in these formats."""
    return click.option(
        "-o",
        "--output",
        "outputs",
        callback=functools.partial(_outputs, formats),
        multiple=True,
        metavar="FORMAT[=FILE]",
        help=f"{', '.join(formats[:-1])} or {formats[-1]}; to standard output or =FILE. Repeatable. "
        "[default: text]",
    )


outputs = outputs_in("text", "json", "markdown", "html")


_CARE: Final = (
    click.option("--yes", is_flag=True, help="Do not ask."),
    click.option("--max-changes", callback=_limit, metavar="N|N%", help="So many accounts may change."),
    click.option("--max-deletes", callback=_limit, metavar="N|N%", help="So many may lose everything."),
    click.option("--force", is_flag=True, help="Go past the limits; not past `protect`."),
    click.option(
        "--canary",
        callback=_canary,
        metavar="N|N%",
        help="Write so many of the changes first, and the others only when all of these went well.",
    ),
    click.option("--pause", metavar="SECONDS", type=Finite(0), default=0.0, help="Rest after the canary."),
    click.option(
        "--stop-after-failures",
        "stop_after",
        type=click.IntRange(1),
        metavar="N",
        help="Begin no more writes after so many went wrong.",
    ),
    click.option(
        "--wait", "waits", is_flag=True, help="Wait for accounts that have no calls left, however long."
    ),
)
_SCOPE: Final = (
    click.option("--only", multiple=True, metavar="GLOB", help="Only accounts of this name. Repeatable."),
    click.option("--exclude", multiple=True, metavar="GLOB", help="Not accounts of this name. Repeatable."),
    click.option("--label", "labels", multiple=True, metavar="L", help="Only with this label. Repeatable."),
    click.option(
        "--shard",
        callback=_shard,
        metavar="I/N",
        help="Only the I-th of N parts of the accounts; auto/N in an indexed Kubernetes Job.",
    ),
    click.option("--changed-since", metavar="REF", help="Only what the files ask otherwise than at REF."),
    click.option(
        "--concurrency",
        type=click.IntRange(1, 1024),
        default=32,
        show_default=True,
        help="Calls at once; with --dask for each worker thread.",
    ),
    click.option(
        "--timeout",
        metavar="SECONDS",
        type=Finite(0.1, 600),
        default=30.0,
        show_default=True,
        help="Of a request.",
    ),
    click.option("--max-rps", type=Finite(0, min_open=True), metavar="N", help="Calls a second."),
    click.option(
        "--budget",
        callback=_budget,
        metavar="N/TIME",
        help="Calls an account may get, like 20/10m, or none. [env: ICESYNC_BUDGET; default: 10/10m]",
    ),
    click.option(
        "--dask", metavar="ADDRESS", help="Let the workers of a Dask cluster do it: tcp://HOST:PORT."
    ),
    click.option("--api-url", help="Base URL of the Graph API. [env: ICESYNC_API_URL]"),
    state_option,
)


def care(command: Callable[..., int]) -> Callable[..., int]:
    """Add what every command that writes understands: how far it may go, and how carefully. The
    command gets a `care`."""

    @functools.wraps(command)
    def with_care(*args: Any, **given: Any) -> int:
        given["rollout"] = rollout = _taken(Rollout, given)
        if rollout.pause and rollout.canary is None:
            raise UsageError("--pause rests after the first wave: it needs --canary")
        return command(*args, care=_taken(Care, given), **given)

    return _with(_CARE, with_care)


def scope(command: Callable[..., int]) -> Callable[..., int]:
    """Add what every command that reads live state understands. The command gets a `scope`; one
    that has no CONFIG argument of its own gets `config` from its caller."""

    @functools.wraps(command)
    def with_scope(*args: Any, **given: Any) -> int:
        given["selection"] = _taken(Selection, given)
        return command(*args, scope=_taken(Scope, given), **given)

    return _with(_SCOPE, with_scope)


def _with(options: Sequence[Callable[..., Any]], command: Callable[..., int]) -> Callable[..., int]:
    for option in reversed(options):
        command = option(command)
    return command


def _taken(value: type[Value], given: dict[str, Any]) -> Value:
    """The value, made of those of the given keywords that are its fields; they are taken out."""
    return value(**{field.name: given.pop(field.name) for field in fields(value)})
