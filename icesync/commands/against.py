"""A snapshot in the place of live state: whether it belongs to these files, and how old it is."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from icesync.clock import stamp
from icesync.commands.options import Scope
from icesync.commands.show import read_snapshot
from icesync.errors import PlanFileError, StalePlan, UsageError
from icesync.model import Against, Desired, Fleet, Snapshot, Unreadable

# Two machines may be as far apart about what time it is.
_SKEW: Final = timedelta(minutes=5)
# Of more accounts than these there is one warning, which names so many.
_FEW: Final = 10
_UNKNOWN: Final = (
    "not in the snapshot: what is live on {} is not known, and all {} questions are shown as new"
)


def snapshot_for(fleet: Fleet, scope: Scope, path: Path, now: datetime) -> Snapshot:
    """The snapshot in the file, if it was taken where this fleet lives, and not in the future.

    Raises UsageError, StalePlan, PlanFileError.
    """
    if scope.dask is not None:
        raise UsageError("--against makes no request, so there is nothing for --dask to do")
    found = read_snapshot(path)
    if found.api.url != fleet.api.url:
        there, here = found.api.url, fleet.api.url
        raise StalePlan(f"{path} was taken from {there}, but this run is about {here}: take a new snapshot")
    try:
        ahead = _time(found) - now
    except ValueError:
        raise PlanFileError(f"{path}: damaged at created: there is no {found.created}") from None
    if ahead > _SKEW:
        message = (
            f"{path}: it was taken at {found.created}, and now is {stamp(now)}: nobody can tell its age;"
        )
        raise PlanFileError(f"{message} set the clock right, or take a new snapshot")
    return found


def aged(snapshot: Snapshot, now: datetime) -> Against:
    """What a plan says of its snapshot. One from a clock a little ahead of ours is new."""
    return Against(snapshot.created, max(int((now - _time(snapshot)).total_seconds()), 0))


def unknown(snapshot: Snapshot, accounts: Iterable[Desired]) -> list[str]:
    """What to say of managed accounts that are not in the snapshot, where they are planned as if nothing
    were live on them."""
    kept = {each.account.identity for each in snapshot.observations}
    managed = (each.account for each in accounts if each.profile is not None)
    names = sorted(account.name for account in managed if account.identity not in kept)
    if len(names) <= _FEW:
        return [f"{name} is {_UNKNOWN.format('it', 'its')}" for name in names]
    some, more = ", ".join(names[:_FEW]), len(names) - _FEW
    return [f"{len(names):,} accounts are {_UNKNOWN.format('them', 'their')}: {some} and {more:,} more"]


def untold(snapshot: Snapshot, accounts: Iterable[Desired], unreadable: Iterable[Unreadable]) -> list[str]:
    """What to say of subscriptions that are asked for and that the snapshot does not know."""
    known = {seen.account.identity for seen in snapshot.observations if seen.subscribed is not None}
    known.update(found.account.identity for found in unreadable)
    count = sum(bool(each.account.webhooks) and each.account.identity not in known for each in accounts)
    if not count:
        return []
    who = "1 account" if count == 1 else f"{count:,} accounts"
    return [f"the snapshot does not know the subscriptions of {who}, so none is planned there"]


def _time(snapshot: Snapshot) -> datetime:
    return datetime.strptime(snapshot.created, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
