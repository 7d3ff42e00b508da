"""The command line: global options, the table of commands, and the one place where failures become
messages and exit codes."""

import importlib
import io
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from typing import Any, Final

import click

from icesync import __version__
from icesync.errors import ConfigError, ExitCode, IcesyncError
from icesync.runtime import Runtime

COMMANDS: Final = {
    "validate": "Load and check the files, offline.",
    "plan": "Show what apply would do.",
    "apply": "Make live state what the files say.",
    "drift": "Tell whether live state differs from the files.",
    "doctor": "Tell whether each account is in working order.",
    "show": "Print saved plans or reports again, merged, offline.",
    "pull": "Print live state as YAML.",
    "history": "List past runs, newest first.",
    "rollback": "Go back to what stood before a run.",
    "schema": "Print a JSON Schema.",
    "init": "Write a starter icesync.yaml.",
    "sandbox": "Run the embedded Graph API.",
    "tokens": "Tell how tokens stand, and refresh them.",
    "explain": "Tell what an error means, and who must do what.",
    "github": "Run a command as a step of a GitHub workflow.",
    "demo": "Take the whole tour on an embedded sandbox.",
}


class Commands(click.Group):
    """The table of commands. A command's module is imported when it is called, not to list it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"icesync.commands.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="icesync", message="%(prog)s %(version)s")
@click.option("-v", "--verbose", is_flag=True, help="Tell every account as it is done.")
@click.option("-q", "--quiet", is_flag=True, help="Results and failures only.")
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colour the text output; NO_COLOR is honoured.",
)
@click.pass_obj
def root(runtime: Runtime, verbose: bool, quiet: bool, color: str) -> None:
    """Keep the ice breakers of your Instagram accounts in Git."""
    console = runtime.console
    console.verbosity = -1 if quiet else int(verbose)
    console.ci = runtime.environ.get("CI", "").lower() not in ("", "0", "false")
    plain = runtime.environ.get("NO_COLOR") or runtime.environ.get("TERM") == "dumb"
    wanted = sys.stdout.isatty() and not plain
    console.color = color == "always" or (color == "auto" and wanted)


def main(arguments: Sequence[str] | None = None) -> None:
    """The program `icesync`."""
    # A stream that was closed by the caller takes what is said and says nothing.
    sys.stdout, sys.stderr = sys.stdout or io.StringIO(), sys.stderr or io.StringIO()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character shows its escape; it must not stop a report.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    code = run(sys.argv[1:] if arguments is None else arguments)
    try:
        sys.stdout.flush()
    except OSError:
        _give_up_stdout()
        code = max(code, ExitCode.FAILED)
    sys.exit(code)


def run(arguments: Sequence[str], **world: Any) -> int:
    """Run one command line and return its exit code. `world` replaces fields of the Runtime."""
    runtime = Runtime(invoke=lambda line, environ: run(line, **{**world, "environ": environ}), **world)
    console = runtime.console
    try:
        code = root.main(list(arguments), prog_name="icesync", standalone_mode=False, obj=runtime)
        return code if isinstance(code, int) else ExitCode.DONE
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        console.complain("interrupted")
        return ExitCode.INTERRUPTED
    except ConfigError as error:
        for diagnostic in error.diagnostics:
            console.complain(str(diagnostic))
        console.complain(str(error))
        return error.exit_code
    except IcesyncError as error:
        console.complain(f"error: {error}")
        return error.exit_code
    except BrokenPipeError:
        _give_up_stdout()
        return ExitCode.FAILED
    except OSError as error:
        console.complain(f"error: {error}")
        return ExitCode.FAILED
    except Exception:
        console.complain(f"error: this is a bug in icesync. {_bug_report()}")
        return ExitCode.BUG


def _give_up_stdout() -> None:
    """The reader has gone, `icesync plan | head`, or the disk is full; Python shall not complain of it
    once more when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _bug_report() -> str:
    """Write the traceback into a file that only this user can read, and say where it is."""
    try:
        handle, path = tempfile.mkstemp(prefix="icesync-bug-", suffix=".txt")
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"icesync {__version__}, Python {sys.version}\n\n{traceback.format_exc()}")
    except OSError as error:
        return f"What happened could not be written down: {error.strerror}"
    return f"What happened is in {path}"
