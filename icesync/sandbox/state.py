"""The sandbox's memory on disk: one JSON file, replaced as a whole."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from icesync.sandbox.answers import Refusal
from icesync.sandbox.errors import CannotStart
from icesync.sandbox.memory import Memory
from icesync.sandbox.rules import decoded, ice_breakers
from icesync.sandbox.shapes import listed
from icesync.sandbox.subscriptions import FIELDS

_FORMAT: Final = "icesync.sandbox/1"


def load(path: Path) -> Memory:
    """What was kept. A file that does not exist yet is made, so that bad paths show at once."""
    try:
        if not path.exists():
            save(path, Memory())
        content = path.read_bytes()
    except OSError as error:
        raise CannotStart(f"the state file {path} cannot be used: {error.strerror}") from error
    try:
        return _memory(decoded(content))
    except (ValueError, Refusal) as error:
        raise CannotStart(
            f"the state file {path} is broken: {error}; mend it, or delete it to start with nothing set"
        ) from error


def save(path: Path, memory: Memory) -> None:
    """Replace the file; a reader sees the old state or the new one, never half of it."""
    document = {
        "format": _FORMAT,
        "profiles": {account: listed(memory.profiles[account]) for account in sorted(memory.profiles)},
        "subscribed": {account: list(memory.subscribed[account]) for account in sorted(memory.subscribed)},
        "refreshed": {account: memory.refreshed[account] for account in sorted(memory.refreshed)},
    }
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(json.dumps(document, indent=1), encoding="utf-8")
    fresh.replace(path)


def _memory(document: object) -> Memory:
    match document:
        case {"format": found, "profiles": dict(profiles), **rest} if found == _FORMAT:
            return Memory(
                {account: ice_breakers(entries) for account, entries in profiles.items()},
                {account: _fields(names) for account, names in _table(rest, "subscribed")},
                {account: _times(times) for account, times in _table(rest, "refreshed")},
            )
        case _:
            raise ValueError(f"it is not of the format {_FORMAT}")


def _table(document: Mapping[object, object], name: str) -> Iterable[tuple[str, object]]:
    """A part that files of earlier versions do not have."""
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise ValueError(f"{name} must be an object")
    return table.items()


def _fields(names: object) -> Sequence[str]:
    if not isinstance(names, list) or not FIELDS.issuperset(map(str, names)):
        raise ValueError(f"{names!r} is no list of webhook fields")
    return tuple(names)


def _times(times: object) -> dict[int, float]:
    match times:
        case dict() if all(isinstance(at, int | float) for at in times.values()):
            return {int(number): at for number, at in times.items()}
        case _:
            raise ValueError(f"{times!r} does not tell when tokens were refreshed")
