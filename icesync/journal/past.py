"""What the journals of past runs tell: a summary of each, and what stood before one of them.

Lines at the end of a journal that are no events were never on disk as a whole, so nothing was sent
for them; such a line before a good one is damage.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from icesync.errors import JournalError
from icesync.journal.folder import names
from icesync.journal.writing import FORMAT
from icesync.model import Account, Api, Change, Profile, Status

# What is read of each kind of event, besides its profiles and its API.
_TEXTS: Final = {
    "run": ("format", "started", "command"),
    "write": ("account", "id"),
    "outcome": ("account", "status"),
    "subscribe": ("account",),
    "subscribed": ("account", "status"),
    "end": ("finished",),
}

# A cluster's writes are on record before they are handed out, and these turned out not to be sent. Of
# an account that was, in this run, no outcome says so: see `Course.doubted` and its like in `cluster`.
_UNSENT: Final = (Status.STALE, Status.ALREADY)
_NOT_SUBSCRIBED: Final = (Status.ALREADY, Status.FAILED, Status.DEFERRED)


@dataclass(frozen=True, slots=True)
class Run:
    """What the journal of one run tells. `writes` has one change for each account that may have
    been written: its `before` is what stood there when the run began. `subscribed` counts the accounts
    that it has perhaps subscribed to webhooks."""

    name: str
    started: str
    command: str
    api: Api
    writes: tuple[Change, ...] = ()
    statuses: Mapping[str, int] = field(default_factory=dict)
    finished: str | None = None
    subscribed: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in a few words. `written` counts the accounts that may have been written, `subscribed` those
    that may have been subscribed; `statuses` are of the former, `subscriptions` of the latter. Of a
    damaged journal only the name is known."""

    name: str
    started: str = ""
    command: str = ""
    statuses: Mapping[str, int] = field(default_factory=dict)
    written: int = 0
    finished: str | None = None
    damaged: bool = False
    subscriptions: Mapping[str, int] = field(default_factory=dict)
    subscribed: int = 0


def runs(state: Path) -> Iterator[Summary]:
    """Every run in the state folder, newest first, each read when it is asked for."""
    for name in names(state):
        try:
            yield _summary(name, _events(state, name))
        except JournalError:
            yield Summary(name, damaged=True)


def find(state: Path, name: str) -> Run:
    """The run of that name; `last` is the newest. Raises JournalError."""
    known = names(state)
    if name == "last":
        if not known:
            raise JournalError(f"there is no run in {state}")
        name = known[0]
    if name not in known:
        raise JournalError(f"there is no run {name!r} in {state}: `icesync history` lists them")
    # Twice from the disk rather than once into memory: every event holds two whole profiles.
    told = _summary(name, _events(state, name))
    unsent = {event["account"] for event in _events(state, name) if _says_unsent(event)}
    writes: dict[str, Change] = {}
    api = Api()
    for event in _events(state, name):
        if event["event"] == "run":
            api = Api(event["api"]["url"], event["api"]["version"])
        elif event["event"] == "write" and event["account"] not in unsent and event["account"] not in writes:
            writes[event["account"]] = _change(event)
    return Run(
        name,
        told.started,
        told.command,
        api,
        tuple(writes.values()),
        told.statuses,
        told.finished,
        told.subscribed,
    )


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
    unsent: set[str] = set()
    statuses: Counter[str] = Counter()
    subscribing: set[str] = set()
    subscriptions: Counter[str] = Counter()
    finished = None
    for event in events:
        match event["event"]:
            case "run":
                started, command = event["started"], event["command"]
            case "write":
                accounts.add(event["account"])
            case "outcome":
                statuses[event["status"]] += 1
                unsent.update([event["account"]] if _says_unsent(event) else [])
            case "subscribe":
                subscribing.add(event["account"])
            case "subscribed":
                subscriptions[event["status"]] += 1
                subscribing -= {event["account"]} if event["status"] in _NOT_SUBSCRIBED else set()
            case "end":
                finished = event["finished"]
    return Summary(
        name,
        started,
        command,
        statuses,
        len(accounts - unsent),
        finished,
        subscriptions=subscriptions,
        subscribed=len(subscribing),
    )


def _says_unsent(event: Mapping[str, Any]) -> bool:
    """The account of this outcome was not written, though a write of it may be on record."""
    return event["event"] == "outcome" and event["status"] in _UNSENT


def _change(write: Mapping[str, Any]) -> Change:
    account = Account(write["account"], write["id"])
    return Change(account, Profile.from_data(write["before"]), Profile.from_data(write["after"]))
