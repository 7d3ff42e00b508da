"""The words that a step and its runner speak: workflow commands on standard output, values in files.

The runner looks for commands in every line that a step prints, so what a command prints of its own
stands between `quiet` and `loud`. How they are escaped and read: GitHub's manual, "Workflow
commands", and ActionCommand.cs of actions/runner.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from icesync.diagnostics import Diagnostic, Severity
from icesync.safe import visible

MOST_OF_A_KIND: Final = {Severity.ERROR: 10, Severity.WARNING: 9}
"""GitHub shows ten errors and ten warnings of one step, and drops what comes after. The tenth warning is
the step's own, should it have to tell why there is no comment."""

_DATA: Final = {ord("%"): "%25", ord("\r"): "%0D", ord("\n"): "%0A"}
_PROPERTY: Final = {**_DATA, ord(":"): "%3A", ord(","): "%2C"}


def command(name: str, message: str = "", /, **properties: str) -> str:
    """One command in one line, whatever the message and the properties hold."""
    told = ",".join(f"{key}={value.translate(_PROPERTY)}" for key, value in properties.items())
    return f"::{name}{' ' * bool(told)}{told}::{message.translate(_DATA)}"


def remark(kind: str, message: str) -> str:
    """An annotation of no file: `error`, `warning` or `notice`."""
    return command(kind, _readable(message), title="icesync")


def annotations(diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    """An annotation for each diagnostic, as many of a kind as GitHub shows."""
    told: Counter[Severity] = Counter()
    for found in diagnostics:
        told[found.severity] += 1
        if told[found.severity] <= MOST_OF_A_KIND[found.severity]:
            yield command(
                found.severity,
                _readable(found.message),
                file=visible(found.span.file),
                line=str(found.span.line),
                col=str(found.span.column),
                title=visible(f"icesync: {found.rule}"),
            )


def quiet(token: str) -> str:
    """From here on no line is a command, until the same token is said aloud."""
    return command("stop-commands", token)


def loud(token: str) -> str:
    return command(token)


def output(name: str, value: str, delimiter: str) -> str:
    """The lines of GITHUB_OUTPUT for one value. The delimiter must be one that nobody could foresee."""
    if delimiter in value:
        raise ValueError("the delimiter stands in the value")
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def _readable(message: str) -> str:
    return "\n".join(map(visible, message.split("\n")))
