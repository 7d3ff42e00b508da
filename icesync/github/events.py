"""What triggered a job. A payload is written by whoever opened the pull request: of all that it says,
only the number, the repositories' ids, the commit, the names of events and whether it is Dependabot's are
read, and no text."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from icesync.errors import IcesyncError
from icesync.github.payload import COMMIT, at

_PULL_REQUEST: Final = re.compile("pull_request(?:_[a-z_]+)?")
# Of a run that follows a run that followed another nobody can tell what the first one was.
_UNMERGED: Final = re.compile("pull_request(?:_[a-z_]+)?|merge_group|workflow_run")
_DEPENDABOT: Final = "dependabot[bot]"
_LARGEST: Final = 2**53


@dataclass(frozen=True, slots=True)
class PullRequest:
    """`head` is the commit that was pushed, empty where the payload names none. From a fork it is
    also when nobody can tell, as with a repository that is gone."""

    number: int
    from_fork: bool
    head: str
    by_dependabot: bool = False

    @property
    def outsider(self) -> str:
        """Who it is whose runs get neither secrets nor a token that writes; empty for all others."""
        return "a fork" if self.from_fork else "Dependabot" if self.by_dependabot else ""


@dataclass(frozen=True, slots=True)
class Event:
    """`unmerged`: what runs may be what a pull request brought along, merged by nobody yet."""

    name: str
    pull_request: PullRequest | None = None
    unmerged: bool = False


def read(name: str, payload: str) -> Event:
    """The event of this name. Raises IcesyncError for a payload that cannot be one of it."""
    if _PULL_REQUEST.fullmatch(name):
        return Event(name, _pull_request(name, _object(name, payload)), unmerged=True)
    if name == "workflow_run":
        first = at(_object(name, payload), "workflow_run", "event")
        return Event(name, unmerged=not isinstance(first, str) or bool(_UNMERGED.match(first)))
    return Event(name, unmerged=name == "merge_group")


def _object(name: str, payload: str) -> Mapping[str, Any]:
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise IcesyncError(f"the payload of this {name} event is no JSON object")
    return found


def _pull_request(name: str, payload: Mapping[str, Any]) -> PullRequest:
    number = at(payload, "pull_request", "number")
    if not _is_count(number):
        raise IcesyncError(f"the payload of this {name} event names no pull request")
    head, base = (at(payload, "pull_request", side, "repo", "id") for side in ("head", "base"))
    commit = at(payload, "pull_request", "head", "sha")
    is_commit = isinstance(commit, str) and COMMIT.fullmatch(commit)
    return PullRequest(
        number,
        from_fork=not (_is_count(head) and head == base),
        head=commit if is_commit else "",
        by_dependabot=at(payload, "pull_request", "user", "login") == _DEPENDABOT,
    )


def _is_count(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and 0 < found < _LARGEST
