"""`icesync pull`: live state as YAML."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from icesync.clock import stamp
from icesync.commands import options
from icesync.errors import ConfigError, ExitCode, IcesyncError, UsageError
from icesync.model import NOTHING, Api, Desired, Observation, Snapshot
from icesync.runtime import Runtime


class PullArguments(click.Command):
    """`[CONFIG] [NAME…]`: the first word is the config when it ends in .yaml or .yml or is a folder
    with an icesync.yaml, else a name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        words: tuple[str, ...] = ctx.params.pop("words")
        is_config = bool(words) and (
            words[0].endswith((".yaml", ".yml"))
            or os.path.exists(os.path.join(words[0], options.DEFAULT_CONFIG))
        )
        ctx.params["config"] = Path(words[0] if is_config else options.DEFAULT_CONFIG)
        ctx.params["names"] = words[1:] if is_config else words
        return rest


@click.command(cls=PullArguments)
@click.argument("words", nargs=-1, metavar="[CONFIG] [NAME]...")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option(
    "--snapshot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep live state as JSON for `plan --against FILE`; YAML is then written to -o only.",
)
@options.scope
@click.pass_obj
def pull(
    runtime: Runtime,
    scope: options.Scope,
    names: Sequence[str],
    output: Path | None,
    snapshot: Path | None,
) -> int:
    """Print live state as YAML, on standard output or into FILE.

    Every account of the files is read, unmanaged ones too: this is how an account is adopted.
    Planning the result finds no changes. A snapshot holds no tokens and no references to any.
    """
    from icesync.commands import steps
    from icesync.commands.output import check_file

    files = [file for file in (output, snapshot) if file is not None]
    if options.named_twice(files):
        raise UsageError("--output and --snapshot cannot go to one file")
    for file in files:
        check_file(file)
    loaded = steps.load(runtime, scope)
    known = {each.account.name for each in loaded.fleet.accounts}
    if unknown := sorted(set(names) - known):
        raise UsageError(f"no account is named {', '.join(unknown)}")
    if names:
        selection = replace(scope.selection, only=(*scope.selection.only, *names))
        scope = replace(scope, selection=selection)
    accounts = steps.chosen(runtime, scope, loaded.fleet)

    async def work(_: object) -> dict[str, Observation]:
        async with steps.crew(runtime, scope, loaded.fleet, loaded.root) as crew:
            return await steps.look(runtime, crew, [_asked(each, snapshot is not None) for each in accounts])

    began = stamp(runtime.clock.now())
    observed = runtime.run(work)
    code = _tell_unreadable(runtime, observed)
    seen = _as_seen(accounts, observed)
    if accounts and not seen:
        raise IcesyncError("no account could be read, so nothing is pulled")
    if snapshot is not None:
        _keep(runtime, snapshot, Snapshot(began, _by_name(observed), loaded.fleet.api))
        if output is None:
            return code
    return max(code, _write_yaml(runtime, output, seen, loaded.fleet.api))


def _asked(desired: Desired, whole: bool) -> Desired:
    """What is read: the profile always, and subscriptions for a snapshot alone."""
    account = desired.account if whole else replace(desired.account, webhooks=())
    return Desired(account, desired.profile or NOTHING)


def _by_name(observed: dict[str, Observation]) -> tuple[Observation, ...]:
    return tuple(observed[name] for name in sorted(observed))


def _keep(runtime: Runtime, path: Path, snapshot: Snapshot) -> None:
    from icesync.commands.output import write_file
    from icesync.documents import snapshotfile

    write_file(path, snapshotfile.dumps(snapshot))
    count = len(snapshot.observations)
    what = f"{count} account{'s' * (count != 1)}"
    runtime.console.say(f"{path}: a snapshot of {what}, taken at {snapshot.created}")


def _write_yaml(runtime: Runtime, output: Path | None, seen: Sequence[Desired], api: Api) -> ExitCode:
    from icesync.commands.output import write_file
    from icesync.config.dump import to_yaml

    text = to_yaml(seen, api)
    if output is None:
        runtime.console.result(text)
    else:
        write_file(output, text)
    return _tell_invalid(runtime, text)


def _as_seen(accounts: Sequence[Desired], observed: dict[str, Observation]) -> list[Desired]:
    return [
        replace(each, profile=seen.profile)
        for each in accounts
        if (seen := observed[each.account.name]).error is None
    ]


def _tell_invalid(runtime: Runtime, text: str) -> ExitCode:
    """Live state may hold what no file may ask for, such as a locale without the default one."""
    from icesync.config import load

    with TemporaryDirectory(prefix="icesync-pull-") as folder:
        path = Path(folder) / options.DEFAULT_CONFIG
        path.write_text(text, encoding="utf-8")
        try:
            load(path)
        except ConfigError as error:
            for found in error.diagnostics:
                what = (
                    f"error: what is live cannot stand in a file, see line {found.span.line}: {found.message}"
                )
                runtime.console.complain(what)
            return ExitCode.PARTIAL
    return ExitCode.DONE


def _tell_unreadable(runtime: Runtime, observed: dict[str, Observation]) -> ExitCode:
    from icesync.render.words import in_a_line

    failed = {name: seen.error for name, seen in sorted(observed.items()) if seen.error is not None}
    for name, error in failed.items():
        runtime.console.complain(f"error: {name} is left out, it could not be read: {in_a_line(error)}")
    return ExitCode.PARTIAL if failed else ExitCode.DONE
