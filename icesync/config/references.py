"""Where tokens come from and where refreshed ones go: the references `token` and `sink`. Pure.

No message repeats a reference: somebody may have written the token itself.
"""

import re
from collections.abc import Mapping
from posixpath import normpath
from typing import Final

from icesync.config.grammar import VARIABLE
from icesync.config.problems import Notes
from icesync.config.shapes import text
from icesync.config.source import Data
from icesync.config.variables import Scope, fill

_USUAL_TOKEN: Final = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*(?:#[A-Za-z0-9._-]+)?")
_KEYRING: Final = re.compile(r".*[^/\s].*/[^/]+")
_FILE_AND_COMMAND: Final = {"file": "a path", "command": "a command"}
_TOKEN: Final = {
    "env": "the name of an environment variable: letters, digits and _",
    "keyring": "SERVICE/USER",
    **_FILE_AND_COMMAND,
}
_NO_TOKEN: Final = (
    "token names where the token is, never the token itself: "
    "env:NAME, file:PATH, keyring:SERVICE/USER or command:CMD"
)
_NO_SINK: Final = "sink names where a refreshed token goes, never a token: file:PATH#KEY or command:CMD"


def read_token(notes: Notes, value: Data, scope: Scope) -> str | None:
    """The reference to a token, `${variables}` filled in."""
    reference = _filled(notes, "token", value, scope)
    if reference is not None and not _USUAL_TOKEN.fullmatch(reference):
        _check(notes, "token", reference, _TOKEN, _NO_TOKEN)
    return reference


def read_sink(notes: Notes, value: Data, scope: Scope) -> str | None:
    """The reference to where a refreshed token goes, `${variables}` filled in."""
    reference = _filled(notes, "sink", value, scope)
    if reference is not None:
        _check(notes, "sink", reference, _FILE_AND_COMMAND, _NO_SINK)
    return reference


def sink_place(sink: str) -> tuple[str, str]:
    """Where a sink puts a token: its file or command, and the key in the file. Two that are spelled
    otherwise may be one place."""
    kind, _, rest = sink.partition(":")
    path, _, key = rest.partition("#")
    return (f"file:{normpath(path)}", key) if kind == "file" else (sink, "")


def _filled(notes: Notes, key: str, value: Data, scope: Scope) -> str | None:
    written = text(notes, (key,), value)
    filled = None if written is None else fill(notes, (key,), written, scope, None)
    return None if filled is None else filled.strip()


def _check(notes: Notes, key: str, reference: str, wanted: Mapping[str, str], otherwise: str) -> None:
    scheme, _, rest = reference.partition(":")
    target, sign, name = rest.rpartition("#") if "#" in rest else (rest, "", "")
    if scheme not in wanted:
        fault = otherwise
    elif not reference.isprintable():
        fault = f"a {key} reference is one line of printable text"
    elif sign and not name:
        fault = f"after the # of a {key} reference stands a key"
    elif not _names_something(scheme, target):
        fault = f"{scheme}: wants {wanted[scheme]} after it"
    else:
        return
    notes.error((key,), f"{key}-reference", fault)


def _names_something(scheme: str, target: str) -> bool:
    pattern = {"env": VARIABLE, "keyring": _KEYRING}.get(scheme)
    return bool(pattern.fullmatch(target) if pattern else target.strip())
