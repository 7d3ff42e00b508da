"""From a credential (a reference in a file) to a token (the secret). Owns subprocesses.

A reference is `env:NAME`, `file:PATH` or `command:CMD ARG…`; with `#KEY` at its end the value is a
JSON or YAML mapping, and KEY is looked up in it.
"""

import asyncio
import os
import re
import shlex
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from stat import S_ISREG
from typing import IO, Final

from icesync.errors import CredentialError
from icesync.model import Account

COMMAND_TIMEOUT: Final = 60.0
_LARGEST: Final = 16 * 1024 * 1024
_KEYED: Final = re.compile(r"((?:env|file|command):.+?)(?:#([^#\s]+))?", re.DOTALL)


class Secret:
    """A token. It shows itself to nobody but the one who calls `reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def scrub(self, text: str) -> str:
        """The text with the token masked wherever it stands."""
        return text.replace(self._value, "***")

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


class Credentials:
    """Looks tokens up, each source once a run.

    Relative paths and commands start at `root`; a command has `patience` seconds. `read_mapping`
    turns text into a mapping, or None where it is not one. Every failure is a CredentialError that
    shows neither a value nor the reference, because its message goes into plans and reports.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        root: Path,
        read_mapping: Callable[[str], Mapping[str, str] | None],
        *,
        patience: float = COMMAND_TIMEOUT,
    ) -> None:
        # A copy, because `os.environ` itself raises for a name that no encoding knows.
        self._environ = dict(environ)
        self._root = root
        self._read_mapping = read_mapping
        self._patience = patience
        self._values: dict[str, asyncio.Future[str]] = {}
        self._mappings: dict[str, Mapping[str, str] | None] = {}
        self._sources = {"env": self._env, "file": self._file, "command": self._command}

    async def token(self, account: Account) -> Secret:
        """The account's token. Raises CredentialError."""
        if account.token is None:
            raise CredentialError(
                "the files have no token for it: add `token: env:NAME` to the account or to `defaults`"
            )
        reference = _KEYED.fullmatch(account.token)
        if reference is None:
            raise CredentialError("its token is no reference: write env:NAME, file:PATH or command:CMD")
        source, key = reference.groups()
        value = await self._once(source)
        if key:
            value = self._look_up(source, value, key)
        value = value.strip()
        if not value:
            raise CredentialError("the place that its token reference names is empty")
        if not (value.isascii() and value.isprintable()) or " " in value:
            raise CredentialError("what its token reference names holds characters that no token has")
        return Secret(value)

    def _look_up(self, source: str, value: str, key: str) -> str:
        if source not in self._mappings:
            self._mappings[source] = self._read_mapping(value)
        mapping = self._mappings[source]
        if mapping is None:
            raise CredentialError("its token reference ends in #KEY, but names no JSON or YAML mapping")
        if key not in mapping:
            raise CredentialError("the mapping that its token reference names has no text under that key")
        return mapping[key]

    async def _once(self, source: str) -> str:
        if source not in self._values:
            kind, _, rest = source.partition(":")
            self._values[source] = asyncio.ensure_future(self._sources[kind](rest))
        return await asyncio.shield(self._values[source])

    async def _env(self, name: str) -> str:
        if name not in self._environ:
            raise CredentialError("the environment variable of its token reference is not set")
        return self._environ[name]

    async def _file(self, path: str) -> str:
        try:
            return _content(self._root / path).decode()
        except OSError as error:
            raise CredentialError(f"the file of its token reference: {error.strerror}") from None
        except UnicodeDecodeError:
            raise CredentialError("the file of its token reference is not UTF-8 text") from None
        except ValueError as error:
            raise CredentialError(f"the file of its token reference: {error}") from None

    async def _command(self, line: str) -> str:
        """The command's standard output. What it prints may hold the secret, so a failure tells
        its exit status and nothing else."""
        try:
            words = shlex.split(line)
            if not words:
                raise CredentialError("its token reference names no command")
            async with asyncio.timeout(self._patience):
                status, output = await self._run(words)
            if status:
                raise CredentialError(f"the command of its token reference: exit status {status}")
            return output.decode()
        except UnicodeDecodeError:
            raise CredentialError("the command of its token reference prints no UTF-8 text") from None
        except ValueError as error:
            raise CredentialError(f"the command of its token reference: {error}") from None
        except TimeoutError:
            raise CredentialError(
                f"the command of its token reference gave no answer within {self._patience:g} s"
            ) from None
        except OSError as error:
            raise CredentialError(f"the command of its token reference: {error.strerror}") from None

    async def _run(self, words: Sequence[str]) -> tuple[int, bytes]:
        """Exit status and standard output. The process is gone when this ends, however it ends."""
        async with _pipe() as (output, end):
            with end:
                process = await asyncio.create_subprocess_exec(
                    *words, cwd=self._root, env=self._environ, stdin=DEVNULL, stdout=end, stderr=DEVNULL
                )
            try:
                printed = await _to_the_end(output)
                return await process.wait(), printed
            finally:
                if process.returncode is None:
                    with suppress(ProcessLookupError):
                        process.kill()
                    await process.wait()


def _content(path: Path) -> bytes:
    """What a regular file holds. Anything else could wait for a writer, or never end."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not S_ISREG(os.fstat(file.fileno()).st_mode):
            raise CredentialError("what its token reference names is no regular file")
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise CredentialError("the file of its token reference is too large")
    return content


@asynccontextmanager
async def _pipe() -> AsyncIterator[tuple[asyncio.StreamReader, IO[bytes]]]:
    """A reader, and the other end. It is ours rather than the process's, because asyncio waits for a
    killed process until its children, too, have let go of the output."""
    source, end = (os.fdopen(number, mode) for number, mode in zip(os.pipe(), ("rb", "wb"), strict=True))
    reader = asyncio.StreamReader()
    with end:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), source
        )
        try:
            yield reader, end
        finally:
            transport.close()


async def _to_the_end(output: asyncio.StreamReader) -> bytes:
    try:
        await output.readexactly(_LARGEST + 1)
    except asyncio.IncompleteReadError as everything:
        return everything.partial
    raise CredentialError("the command of its token reference prints too much")
