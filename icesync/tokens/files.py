"""A small file with a secret in it, replaced in one step, by one process at a time. Owns the lock
beside it."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from icesync.journal.folder import sync_folder

_PAUSE: Final = 0.02


@contextmanager
def locked(path: Path, patience: float) -> Iterator[None]:
    """Keep others who ask for the lock off this file; the system frees it when a process dies.

    Raises TimeoutError when they need longer than that many seconds. The lock is a file beside, which
    stays: who deleted it would free the one that somebody waits for.
    """
    deadline = time.monotonic() + patience
    with open(_beside(path, "lock"), "ab", opener=_private) as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError from None
                time.sleep(_PAUSE)
        yield


def replace(path: Path, content: bytes) -> None:
    """Give the file this content and the mode 0600; on return that outlives a power loss.

    Whenever the process dies, the path names either what it named before or all of the new content.
    The caller has the lock.
    """
    new = _beside(path, "new")
    new.unlink(missing_ok=True)  # somebody died over it
    try:
        with open(new, "xb", opener=_private) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    sync_folder(path.parent)


def unfinished(path: Path) -> Path | None:
    """What was to take the file's place when a process died over it; it goes with the next `replace`."""
    new = _beside(path, "new")
    return new if os.path.lexists(new) else None


def _beside(path: Path, purpose: str) -> Path:
    return path.with_name(f".{path.name}.{purpose}")


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)
