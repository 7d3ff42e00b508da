"""A refreshed token handed to its sink: a file that keeps it, or a command that puts it elsewhere."""

import asyncio
import os
import re
import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final

from icesync.credentials import Secret, content
from icesync.errors import CredentialError
from icesync.process import PATIENCE, CommandFailed, output_of
from icesync.tokens.files import locked, replace, unfinished
from icesync.tokens.texts import with_entry, with_token

_FILE: Final = re.compile(r"(.+?)(?:#([^#\s]+))?", re.DOTALL)
_YAML: Final = (".yaml", ".yml")

COMMANDS: Final = 4
"""How many commands of sinks go at once: each of them may be a client of one small service."""


async def check(sink: str, *, root: Path, environ: Mapping[str, str]) -> None:
    """Look whether the sink could take a token, and hand it none. Raises CredentialError, as `put` does."""
    kind, _, rest = sink.partition(":")
    if kind == "command":
        await asyncio.to_thread(_check_command, rest, root, environ)
    elif kind == "file" and (found := _FILE.fullmatch(rest)):
        await asyncio.to_thread(_check_file, root / found[1], found[2])


async def put(
    sink: str,
    secret: Secret,
    *,
    root: Path,
    environ: Mapping[str, str],
    patience: float = PATIENCE,
    turns: asyncio.Semaphore | None = None,
) -> None:
    """Hand the token over; on return the sink has it.

    `file:PATH#KEY` puts it under a key of a JSON or YAML mapping, `file:PATH` keeps nothing else. The file
    is there before or made, its mode is 0600 in the end, a symbolic link stays one, and whatever happens
    its content is the old one or the new one. `command:CMD ARG…` has no shell and finds the token, with
    nothing after it, on its standard input. Paths and commands start at `root`; others that hold the lock
    of the file, and a command, have `patience` seconds; a command waits for its turn first.

    Raises CredentialError, with neither token nor sink in its message. A file is written to the end even
    where the caller is cancelled.
    """
    kind, _, rest = sink.partition(":")
    if kind == "command":
        async with turns or nullcontext():
            await _to_command(rest, secret, root, environ, patience)
    elif kind == "file" and (found := _FILE.fullmatch(rest)):
        await asyncio.to_thread(_into_file, root / found[1], found[2], secret, patience)
    else:
        raise CredentialError("its sink is no reference: write file:PATH#KEY or command:CMD")


def is_source(sink: str, token: str, root: Path) -> bool:
    """What the sink takes is what the token's reference gives: the same file and key, or the entry of the
    keyring that its command sets. The sink has worked."""
    if token.startswith("keyring:"):
        kind, _, line = sink.partition(":")
        words = shlex.split(line) if kind == "command" else []
        return words[:2] == ["keyring", "set"] and token == f"keyring:{'/'.join(words[2:])}"
    ours, theirs = _FILE.fullmatch(sink.removeprefix("file:")), _FILE.fullmatch(token.removeprefix("file:"))
    if not (sink.startswith("file:") and token.startswith("file:") and ours and theirs):
        return False
    return root / ours[1] == root / theirs[1] and ours[2] == theirs[2]


def left(sinks: Iterable[str], root: Path) -> Sequence[Path]:
    """Files with tokens in them that somebody left who was killed, or is at work on now."""
    matches = (_FILE.fullmatch(sink.removeprefix("file:")) for sink in sinks if sink.startswith("file:"))
    named = {found[1] for found in matches if found and "\0" not in found[1]}
    paths = {Path(os.path.realpath(root / name)) for name in named}
    return sorted(filter(None, map(unfinished, paths)))


async def _to_command(
    line: str, secret: Secret, root: Path, environ: Mapping[str, str], patience: float
) -> None:
    given = secret.reveal().encode()
    try:
        # Nobody else has the token: Ctrl-C, which a terminal sends to its whole group, must not reach it.
        await output_of(line, folder=root, environ=environ, patience=patience, given=given, apart=True)
    except CommandFailed as failed:
        raise CredentialError(f"the command of its sink: {failed}") from None


def _check_command(line: str, root: Path, environ: Mapping[str, str]) -> None:
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise CredentialError(f"the command of its sink: {error}") from None
    program = words[0] if words else ""
    if "/" in program:
        program = str(root / program)
    if not program or shutil.which(program, path=environ.get("PATH", os.defpath)) is None:
        raise CredentialError("the command of its sink: there is no such program")


def _check_file(path: Path, key: str | None) -> None:
    with _telling():
        target = Path(os.path.realpath(path))
        _changed(target, key, "a token")
        if not os.access(target.parent, os.W_OK | os.X_OK):
            raise CredentialError("the file of its sink: no such folder, or no right to write there")


def _into_file(path: Path, key: str | None, secret: Secret, patience: float) -> None:
    with _telling():
        # Behind a symbolic link, so that who comes by another one waits for the same lock.
        target = Path(os.path.realpath(path))
        with locked(target, patience):
            replace(target, _changed(target, key, secret.reveal()).encode())


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise CredentialError("the file of its sink: another process does not let go of its lock") from None
    except OSError as error:
        raise CredentialError(f"the file of its sink: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CredentialError("the file of its sink is not UTF-8 text") from None
    except ValueError as error:
        raise CredentialError(f"the file of its sink: {error}") from None


def _changed(target: Path, key: str | None, token: str) -> str:
    try:
        text = content(target).decode("utf-8-sig")
    except FileNotFoundError:
        text = ""
    if key is None:
        return with_token(text, token)
    return with_entry(text, key, token, is_yaml=target.suffix in _YAML)
