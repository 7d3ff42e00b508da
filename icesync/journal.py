"""The state folder: a write-ahead journal for each run, and the lock that keeps applies apart.

`STATE/runs/RUN.jsonl` holds one JSON object a line: `run` (once, first), `write` (before each
request that changes something, on disk before it is sent), `outcome`, and `end`. A run without its
`end` was cut off; its writes may all have been sent.
"""

import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from icesync.errors import JournalError
from icesync.model import Account, Api, Change, Outcome, Profile

FORMAT: Final = "icesync.journal/1"
_RUN_NAME: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{4,}")


@dataclass(frozen=True, slots=True)
class Run:
    """What the journal of one run tells. `writes` has one change for each account that may have
    been written: its `before` is what stood there when the run began."""

    name: str
    started: str
    command: str
    api: Api
    writes: tuple[Change, ...] = ()
    statuses: Mapping[str, int] = field(default_factory=dict)
    finished: str | None = None


class Journal:
    """The journal of the run that is under way. Raises JournalError when a line cannot be kept."""

    def __init__(self, run: str, file: IO[str]) -> None:
        self.run = run
        self._file = file

    def write(self, change: Change) -> None:
        """Record a write; on return it is on disk, and the request may be sent."""
        self._append(
            {
                "event": "write",
                "account": change.account.name,
                "id": change.account.id,
                "action": change.action.value,
                "before": _document(change.before),
                "after": _document(change.after),
            }
        )
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _cannot_be_kept(error) from error

    def outcome(self, outcome: Outcome) -> None:
        self._append({"event": "outcome", "account": outcome.account.name, "status": outcome.status.value})

    def end(self, finished: str) -> None:
        self._append({"event": "end", "finished": finished})

    def _append(self, line: Mapping[str, Any]) -> None:
        try:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
        except OSError as error:
            raise _cannot_be_kept(error) from error


@contextmanager
def record(state: Path, *, command: str, api: Api, now: datetime) -> Iterator[Journal]:
    """Open the journal of a new run in the state folder, which is made when it is not there."""
    folder = state / "runs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        name, file = _create(folder, now)
        _sync_folder(folder)
    except OSError as error:
        raise _cannot_be_kept(error) from error
    try:
        journal = Journal(name, file)
        journal._append(
            {
                "event": "run",
                "format": FORMAT,
                "run": name,
                "started": f"{now:%Y-%m-%dT%H:%M:%SZ}",
                "command": command,
                "api": {"url": api.url, "version": api.version},
            }
        )
        yield journal
    finally:
        # Every line was flushed; what closing could complain about has been told already.
        with suppress(OSError):
            file.close()


def _create(folder: Path, now: datetime) -> tuple[str, IO[str]]:
    """A new journal, whose name sorts after those of earlier runs, even in the same second."""
    part = now.microsecond * 0x10000 // 1_000_000
    while True:
        name = f"{now:%Y%m%dT%H%M%SZ}-{part:04x}"
        try:
            return name, (folder / f"{name}.jsonl").open("x", encoding="utf-8")
        except FileExistsError:
            part += 1


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Keep other applies off this state folder. The system frees the lock when a process dies."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = (state / "lock").open("a")
    except OSError as error:
        raise _cannot_be_kept(error) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JournalError(
                f"another apply is at work on {state}: wait for it to end, or name another --state-dir"
            ) from None
        except OSError as error:
            raise _cannot_be_kept(error) from error
        yield


def runs(state: Path) -> list[Run]:
    """Every run in the state folder, newest first."""
    found = (path for path in (state / "runs").glob("*.jsonl") if _RUN_NAME.fullmatch(path.stem))
    return [_read(path) for path in sorted(found, key=lambda path: path.name, reverse=True)]


def find(state: Path, name: str) -> Run:
    """The run of that name; `last` is the newest. Raises JournalError."""
    if name == "last":
        names = [path.stem for path in (state / "runs").glob("*.jsonl") if _RUN_NAME.fullmatch(path.stem)]
        if not names:
            raise JournalError(f"there is no run in {state}")
        name = max(names)
    path = state / "runs" / f"{name}.jsonl"
    if not _RUN_NAME.fullmatch(name) or not path.is_file():
        raise JournalError(f"there is no run {name!r} in {state}: `icesync history` lists them")
    return _read(path)


def _read(path: Path) -> Run:
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror}") from error
    if lines and not lines[-1].endswith(b"\n"):
        # A line that a crash cut short was not on disk, so its request was never sent.
        del lines[-1]
    try:
        return _run(path.stem, [json.loads(line) for line in lines])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise JournalError(f"{path} is damaged") from error


def _run(name: str, events: list[dict[str, Any]]) -> Run:
    if not events:
        return Run(name, "", "", Api())
    head = events[0]
    if head["format"] != FORMAT:
        raise ValueError(f"the format is not {FORMAT}")
    writes: dict[str, Change] = {}
    statuses: dict[str, int] = {}
    finished = None
    for event in events[1:]:
        match event["event"]:
            case "write":
                account = Account(event["account"], event["id"])
                change = Change(account, _profile(event["before"]), _profile(event["after"]))
                writes.setdefault(account.name, change)
            case "outcome":
                statuses[event["status"]] = statuses.get(event["status"], 0) + 1
            case "end":
                finished = event["finished"]
    return Run(
        name, head["started"], head["command"], Api(**head["api"]), tuple(writes.values()), statuses, finished
    )


def _document(profile: Profile) -> dict[str, list[dict[str, str]]]:
    return {
        locale: [question._asdict() for question in questions]
        for locale, questions in profile.ice_breakers.items()
    }


def _profile(document: Mapping[str, list[dict[str, str]]]) -> Profile:
    return Profile.of(
        {
            locale: [(entry["question"], entry["payload"]) for entry in entries]
            for locale, entries in document.items()
        }
    )


def _cannot_be_kept(error: OSError) -> JournalError:
    return JournalError(f"the run cannot be recorded, so nothing more is written: {error}")
