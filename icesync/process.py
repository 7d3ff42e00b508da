"""A command of a reference, run to its end. Owns the programs that icesync starts for a token."""

import asyncio
import os
import shlex
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import IO, Final

PATIENCE: Final = 60.0
LARGEST: Final = 16 * 1024 * 1024


class CommandFailed(Exception):
    """Why a command has not done its work. Neither its line nor what it read or printed is in it."""


async def output_of(
    line: str,
    *,
    folder: Path,
    environ: Mapping[str, str],
    patience: float = PATIENCE,
    given: bytes = b"",
    apart: bool = False,
) -> bytes:
    """What a command prints, which has no shell and `patience` seconds.

    It starts in the folder and finds `given`, a few hundred bytes, on its standard input and nothing
    else there. One that is set `apart` is in a session of its own: it cannot ask at the terminal, and
    Ctrl-C there does not reach it. Raises CommandFailed.
    """
    try:
        words = shlex.split(line)
        if not words:
            raise CommandFailed("there is no command")
        async with asyncio.timeout(patience):
            status, printed = await _run(words, folder, environ, given, apart)
    except ValueError as error:
        raise CommandFailed(str(error)) from None
    except TimeoutError:
        raise CommandFailed(f"it gave no answer within {patience:g} s") from None
    except OSError as error:
        raise CommandFailed(str(error.strerror)) from None
    if status:
        raise CommandFailed(f"exit status {status}")
    return printed


async def _run(
    words: Sequence[str], folder: Path, environ: Mapping[str, str], given: bytes, apart: bool
) -> tuple[int, bytes]:
    """Exit status and standard output. The process is gone when this ends, however it ends."""
    async with _output() as (output, end):
        with end, _input(given) as source:
            process = await asyncio.create_subprocess_exec(
                *words,
                cwd=folder,
                env=environ,
                stdin=source,
                stdout=end,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=apart,
            )
        try:
            printed = await _to_the_end(output)
            return await process.wait(), printed
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


@contextmanager
def _input(given: bytes) -> Iterator[IO[bytes]]:
    """What to read it from. All of it is there beforehand: a command need not read, nobody waits."""
    source, end = _pipe()
    with source:
        with end:
            os.set_blocking(end.fileno(), False)
            if given and end.write(given) != len(given):
                raise CommandFailed("it is given too much")
        yield source


@asynccontextmanager
async def _output() -> AsyncIterator[tuple[asyncio.StreamReader, IO[bytes]]]:
    """A reader, and the other end. It is ours rather than the process's, because asyncio waits for a
    killed process until its children, too, have let go of the output."""
    source, end = _pipe()
    reader = asyncio.StreamReader()
    with end:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), source
        )
        try:
            yield reader, end
        finally:
            transport.close()


def _pipe() -> tuple[IO[bytes], IO[bytes]]:
    source, end = os.pipe()
    return os.fdopen(source, "rb", buffering=0), os.fdopen(end, "wb", buffering=0)


async def _to_the_end(output: asyncio.StreamReader) -> bytes:
    try:
        await output.readexactly(LARGEST + 1)
    except asyncio.IncompleteReadError as everything:
        return everything.partial
    raise CommandFailed("it prints too much")
