"""What each account may still call: its budget, and what it holds of it for what is under way."""

from collections.abc import Callable
from contextlib import suppress

from icesync.errors import GraphError, IcesyncError
from icesync.graph.catalogue import cases
from icesync.graph.ledger import Ledger
from icesync.model import Budget


class Allowance:
    """Accounts are known by their identity; `now` gives seconds since 1970. Without a ledger there is
    no budget. Waits are in seconds, infinite where something never fits.

    A ledger that cannot be used any more is a failure of each account that needs it, and is not asked
    again: to wait for it stops everything else. What was begun is brought to its end all the same:
    what it holds has been entered before.
    """

    def __init__(self, ledger: Ledger | None, now: Callable[[], float]) -> None:
        self._ledger = ledger
        self._now = now
        self._held: dict[str, int] = {}
        self._begun: set[str] = set()
        self._broken: IcesyncError | None = None

    @property
    def budget(self) -> Budget | None:
        return self._ledger.budget if self._ledger else None

    def hold(self, account: str, calls: int) -> float:
        """Keep so many calls, or so many more, and give 0; or none, and give the wait until they fit."""
        wait = self._asked(lambda ledger: ledger.hold(account, calls, self._now()))
        if not wait:
            self._held[account] = self._held.get(account, 0) + calls
            self._begun.discard(account)
        return wait

    def release(self, account: str) -> None:
        """Give back what is held."""
        self._begun.discard(account)
        if self._held.pop(account, 0) and self._ledger is not None and not self._broken:
            with suppress(IcesyncError):
                self._ledger.release(account)

    def room(self, account: str, calls: int) -> float:
        """The wait until so many calls fit."""
        return self._asked(lambda ledger: ledger.wait(account, calls, self._now()))

    def holds(self, account: str) -> bool:
        return bool(self._held.get(account))

    def has_begun(self, account: str) -> bool:
        """What is held was begun to be used, so that the next call brings something to its end."""
        return account in self._begun

    def take(self, account: str) -> float:
        """Enter a call that is made now and give 0; or not, and give the wait."""
        return self._asked(lambda ledger: ledger.take(account, self._now()))

    def spend(self, account: str) -> float:
        """Make one of the calls that are held now, as `take`."""
        self._held[account] -= 1
        self._begun.add(account)
        if self._ledger is not None and not self._broken:
            with suppress(IcesyncError):
                return self._ledger.spend(account, self._now())
        return 0.0

    def _asked(self, question: Callable[[Ledger], float]) -> float:
        if self._ledger is None:
            return 0.0
        try:
            if self._broken is None:
                return question(self._ledger)
        except IcesyncError as error:
            self._broken = error
        raise GraphError(cases.UNCOUNTED.failure(str(self._broken))) from self._broken
