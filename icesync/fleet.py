"""Select accounts of a fleet: by name, by label, by shard."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256

from icesync.errors import UsageError
from icesync.model import Account, Desired


@dataclass(frozen=True, slots=True)
class Selection:
    """Which accounts a run is about. Empty means all.

    `only` and `exclude` are globs over names; an account needs one of `labels`; `shard` is
    `(i, n)`, 1-based.
    """

    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    shard: tuple[int, int] | None = None

    def admits(self, account: Account) -> bool:
        return (
            (not self.only or any(fnmatchcase(account.name, glob) for glob in self.only))
            and not any(fnmatchcase(account.name, glob) for glob in self.exclude)
            and (not self.labels or any(label in account.labels for label in self.labels))
            and (self.shard is None or shard_of(account, self.shard[1]) == self.shard[0])
        )


def select(accounts: Sequence[Desired], selection: Selection) -> tuple[Desired, ...]:
    """The accounts that the selection admits, in their order. A name or label that no account of
    the fleet has is an error: a typing mistake must not read as "nothing to do"."""
    for glob in selection.only:
        if not any(fnmatchcase(each.account.name, glob) for each in accounts):
            raise UsageError(f"--only {glob!r} matches no account")
    for label in selection.labels:
        if not any(label in each.account.labels for each in accounts):
            raise UsageError(f"--label {label!r} is on no account")
    return tuple(each for each in accounts if selection.admits(each.account))


def shard_of(account: Account, shards: int) -> int:
    """The account's shard, 1 to `shards`. By id, so that a rename moves no account."""
    return int.from_bytes(sha256(account.identity.encode()).digest()[:8]) % shards + 1
