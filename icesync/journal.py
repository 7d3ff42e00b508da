"""The state folder: a write-ahead journal for each run, and the lock that keeps applies apart.

`STATE/runs/RUN.jsonl` holds one JSON object a line: `run` (once, first), `write` (before each
request that changes something, on disk before it is sent), `outcome`, and `end`. A run without its
`end` was cut off; its writes may all have been sent. Lines at the end that are no events were never
on disk as a whole, so nothing was sent for them; such a line before a good one is damage.
"""

import fcntl
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from icesync.errors import JournalError
from icesync.model import Account, Api, Change, Outcome, Profile

FORMAT: Final = "icesync.journal/1"
_RUN_NAME: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4,}")
# What is read of each kind of event, besides its profiles and its API.
_TEXTS: Final = {
    "run": ("format", "started", "command"),
    "write": ("account", "id"),
    "outcome": ("status",),
    "end": ("finished",),
}


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


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in a few words. `written` counts the accounts that may have been written. Of a damaged
    journal only the name is known."""

    name: str
    started: str = ""
    command: str = ""
    statuses: Mapping[str, int] = field(default_factory=dict)
    written: int = 0
    finished: str | None = None
    damaged: bool = False


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
                "before": change.before.as_data(),
                "after": change.after.as_data(),
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
    try:
        _make_state(state)
        _make(state / "runs")
        name, file = _create(state, now)
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


def _create(state: Path, now: datetime) -> tuple[str, IO[str]]:
    """A new journal. Its name sorts after those of earlier runs, even when the clock has stepped back."""
    name = f"{now:%Y%m%dT%H%M%SZ}-{now.microsecond * 0x10000 // 1_000_000:04x}"
    newest = max(_names(state), default="")
    if name <= newest:
        name = _successor(newest)
    file = (state / "runs" / f"{name}.jsonl").open("x", encoding="utf-8")
    try:
        _sync_folder(state / "runs")
    except OSError:
        file.close()
        raise
    return name, file


def _successor(name: str) -> str:
    """The next name in the order of text: `…-00ff`, `…-0100`; and `…-ffff`, `…-ffff0`."""
    stamp, _, part = name.partition("-")
    return f"{stamp}-{int(part, 16) + 1:0{len(part)}x}" if part.strip("f") else f"{name}0"


def _make_state(state: Path) -> None:
    """Make the state folder, as one that Git leaves alone."""
    if not state.is_dir():
        _make(state)
        # What stood on accounts is nothing to commit by accident, and no pull request may bring journals.
        (state / ".gitignore").write_text("*\n", encoding="utf-8")


def _make(folder: Path) -> None:
    """Make the folder and those above it; on return they outlive a power loss."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


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
        _make_state(state)
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


def runs(state: Path) -> Iterator[Summary]:
    """Every run in the state folder, newest first, each read when it is asked for."""
    for name in _names(state):
        try:
            yield _summary(name, _events(state, name))
        except JournalError:
            yield Summary(name, damaged=True)


def find(state: Path, name: str) -> Run:
    """The run of that name; `last` is the newest. Raises JournalError."""
    names = _names(state)
    if name == "last":
        if not names:
            raise JournalError(f"there is no run in {state}")
        name = names[0]
    if name not in names:
        raise JournalError(f"there is no run {name!r} in {state}: `icesync history` lists them")
    events = list(_events(state, name))
    told = _summary(name, events)
    writes: dict[str, Change] = {}
    for event in events:
        if event["event"] == "write":
            writes.setdefault(event["account"], _change(event))
    api = Api(events[0]["api"]["url"], events[0]["api"]["version"]) if events else Api()
    return Run(name, told.started, told.command, api, tuple(writes.values()), told.statuses, told.finished)


def _names(state: Path) -> list[str]:
    """The names of all runs, newest first."""
    found = (path for path in (state / "runs").glob("*.jsonl") if _RUN_NAME.fullmatch(path.stem))
    return sorted((path.stem for path in found if path.is_file()), reverse=True)


def _events(state: Path, name: str) -> Iterator[dict[str, Any]]:
    """The events in a journal, one by one, each in the shape of its kind. Raises JournalError."""
    path = state / "runs" / f"{name}.jsonl"
    sound = True
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file):
                event = _parsed(line)
                if event is None:
                    sound = False
                elif sound and _has_its_shape(event, first=number == 0):
                    yield event
                else:
                    raise JournalError(f"{path} is damaged (line {number + 1})")
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror}") from error


def _parsed(line: bytes) -> dict[str, Any] | None:
    """The object in the line; None where it was cut short or is none."""
    try:
        event = json.loads(line) if line.endswith(b"\n") else None
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def _has_its_shape(event: Mapping[str, Any], *, first: bool) -> bool:
    """Whether all that is read of an event is there, of the right type. Later versions may add to it."""
    kind = event.get("event")
    if not isinstance(kind, str) or (kind == "run") != first or not _has_texts(event, *_TEXTS.get(kind, ())):
        return False
    if first:
        return event["format"] == FORMAT and _has_texts(event.get("api"), "url", "version")
    return kind != "write" or (_is_profile(event.get("before")) and _is_profile(event.get("after")))


def _has_texts(data: object, *keys: str) -> bool:
    return isinstance(data, dict) and all(isinstance(data.get(key), str) for key in keys)


def _is_profile(data: object) -> bool:
    return isinstance(data, dict) and all(
        isinstance(entries, list) and all(_has_texts(entry, "question", "payload") for entry in entries)
        for entries in data.values()
    )


def _summary(name: str, events: Iterable[Mapping[str, Any]]) -> Summary:
    started = command = ""
    accounts: set[str] = set()
    statuses: Counter[str] = Counter()
    finished = None
    for event in events:
        match event["event"]:
            case "run":
                started, command = event["started"], event["command"]
            case "write":
                accounts.add(event["account"])
            case "outcome":
                statuses[event["status"]] += 1
            case "end":
                finished = event["finished"]
    return Summary(name, started, command, statuses, len(accounts), finished)


def _change(write: Mapping[str, Any]) -> Change:
    account = Account(write["account"], write["id"])
    return Change(account, Profile.from_data(write["before"]), Profile.from_data(write["after"]))


def _cannot_be_kept(error: OSError) -> JournalError:
    return JournalError(f"the run cannot be recorded, so nothing more is written: {error}")
