"""What triggered a job. A payload is written by whoever opened the pull request: of all that it says,
only the number, the repositories' ids, the commit and the names of events are read, and no text."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from icesync.errors import IcesyncError

_PULL_REQUEST: Final = re.compile("pull_request(?:_[a-z_]+)?")
_COMMIT: Final = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_LARGEST: Final = 2**53


@dataclass(frozen=True, slots=True)
class PullRequest:
    """`head` is the commit that was pushed, empty where the payload names none. From a fork it is
    also when nobody can tell, as with a repository that is gone."""

    number: int
    from_fork: bool
    head: str


@dataclass(frozen=True, slots=True)
class Event:
    """`asked_for_by_one`: what runs may be what a pull request brought along, merged by nobody yet."""

    name: str
    pull_request: PullRequest | None = None
    asked_for_by_one: bool = False


def read(name: str, payload: str) -> Event:
    """The event of this name. Raises IcesyncError for a payload that cannot be one of it."""
    if _PULL_REQUEST.fullmatch(name):
        return Event(name, _pull_request(name, _object(name, payload)), asked_for_by_one=True)
    if name == "workflow_run":
        first = _at(_object(name, payload), "workflow_run", "event")
        return Event(name, asked_for_by_one=not isinstance(first, str) or bool(_PULL_REQUEST.match(first)))
    return Event(name)


def _object(name: str, payload: str) -> Mapping[str, Any]:
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise IcesyncError(f"the payload of this {name} event is no JSON object")
    return found


def _pull_request(name: str, payload: Mapping[str, Any]) -> PullRequest:
    number = _at(payload, "pull_request", "number")
    if not _is_count(number):
        raise IcesyncError(f"the payload of this {name} event names no pull request")
    head, base = (_at(payload, "pull_request", side, "repo", "id") for side in ("head", "base"))
    commit = _at(payload, "pull_request", "head", "sha")
    is_commit = isinstance(commit, str) and _COMMIT.fullmatch(commit)
    return PullRequest(number, not (_is_count(head) and head == base), commit if is_commit else "")


def _is_count(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and 0 < found < _LARGEST


def _at(data: Any, *trail: str) -> Any:
    """What stands at the end of the trail; None where it leads nowhere."""
    for key in trail:
        data = data.get(key) if isinstance(data, dict) else None
    return data
