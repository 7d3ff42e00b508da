"""What the reconciler needs of others: readers, writers, a log, and somebody who wants to know."""

from collections.abc import Callable, Sequence
from typing import Protocol

from icesync.errors import GraphError, Throttled
from icesync.model import Account, GraphFailure, Identity, Outcome, Profile, Write

Notify = Callable[[Account, GraphFailure | None], None]


class ProfileReader(Protocol):
    """`subscriptions` are the webhook fields that the account is subscribed to, sorted."""

    async def get_profile(self, account: Account) -> Profile: ...

    async def subscriptions(self, account: Account) -> tuple[str, ...]: ...


class ProfileWriter(ProfileReader, Protocol):
    """`vouch` returns when nothing is known that speaks against writing the account: asked once a run, it
    raises InvalidRequest where the account's token is another's. `hold` keeps so many calls of the
    account's budget, or so many more, for what is to begin, or raises Throttled. `turn` waits until so
    many in a row may be made. `release` gives back what was not used. `subscribe` may put the fields in
    the place of those that there are, so it wants all of them."""

    async def set_profile(self, account: Account, profile: Profile) -> None: ...

    async def subscribe(self, account: Account, fields: Sequence[str]) -> None: ...

    async def vouch(self, account: Account) -> None: ...

    def hold(self, account: Account, calls: int) -> None: ...

    async def turn(self, account: Account, calls: int) -> None: ...

    def release(self, account: Account) -> None: ...


class Witness(Protocol):
    """Knows how accounts stand; only `probe`, which returns when the profile can be read, costs one of the
    account's calls, and never more. `hold` and `release` are a ProfileWriter's."""

    async def fingerprint(self, account: Account) -> str: ...

    async def identity(self, account: Account) -> Identity: ...

    async def subscriptions(self, account: Account) -> tuple[str, ...]: ...

    async def probe(self, account: Account) -> None: ...

    def hold(self, account: Account, calls: int) -> None: ...

    def release(self, account: Account) -> None: ...


class WriteLog(Protocol):
    """Where a run is recorded. `write` returns when the records are safe; both raise JournalError."""

    def write(self, *writes: Write) -> None: ...

    def outcome(self, outcome: Outcome) -> None: ...


def passes_soon(error: GraphError) -> bool:
    """It can be tried again in this run. A write that may have arrived is read back first."""
    return isinstance(error, Throttled) and error.again
