"""The state folder: where it is, what is in it, and the lock that keeps applies apart. Owns fcntl."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from icesync.errors import JournalError

RUN_NAME: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4,}")


@contextmanager
def locked(state: Path, what: str = "apply") -> Iterator[None]:
    """Keep other applies, or others of what it is, off this state folder. The system frees the lock when
    a process dies."""
    try:
        make_state(state)
        lock = _lock(state, what).open("a")
    except OSError as error:
        raise cannot_be_kept(error) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JournalError(
                f"another {what} is at work on {state}: wait for it to end, or name another --state-dir"
            ) from None
        except OSError as error:
            raise cannot_be_kept(error) from error
        yield


def is_locked(state: Path, what: str) -> bool:
    """Somebody is at work on this state folder; nothing is made or kept to find that out."""
    try:
        with _lock(state, what).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _lock(state: Path, what: str) -> Path:
    return state / ("lock" if what == "apply" else f"{what}.lock")


def names(state: Path) -> list[str]:
    """The names of all runs, newest first."""
    found = (path for path in (state / "runs").glob("*.jsonl") if RUN_NAME.fullmatch(path.stem))
    return sorted((path.stem for path in found if path.is_file()), reverse=True)


def make_state(state: Path) -> None:
    """Make the state folder, as one that Git leaves alone."""
    if not state.is_dir():
        make(state)
        # What stood on accounts is nothing to commit by accident, and no pull request may bring journals.
        (state / ".gitignore").write_text("*\n", encoding="utf-8")


def make(folder: Path) -> None:
    """Make the folder and those above it; on return they outlive a power loss."""
    if not folder.is_dir():
        make(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def cannot_be_kept(error: OSError) -> JournalError:
    return JournalError(f"the run cannot be recorded, so nothing more is written: {error}")
