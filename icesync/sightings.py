"""What a run sees of tokens, for the book: which account holds which, and what the API says of them."""

from math import inf
from typing import Final

from icesync.model import Account, FailureKind, GraphFailure, Identity
from icesync.render.words import in_a_line
from icesync.tokens.book import Book

_LONGEST: Final = 1000
"""Characters of what the API says that are kept: it could say anything."""


class Sightings:
    """Remembered while the run goes on, and entered in the book at its end, however that comes.

    The run began at the time `since`. Whose tokens they are goes into the book at once, for
    `graph.vouching`.
    """

    def __init__(self, book: Book, since: float = inf) -> None:
        self.book = book
        self._since = since
        self._held: dict[str, str] = {}
        self._entered: set[str] = set()
        self._alive: set[str] = set()
        self._dead: dict[str, GraphFailure] = {}

    @property
    def key(self) -> bytes:
        return self.book.key

    def identity(self, fingerprint: str, now: float) -> Identity | None:
        return self.book.identity(fingerprint, now)

    def keep_identity(self, fingerprint: str, identity: Identity, now: float) -> None:
        self.book.keep_identity(fingerprint, identity, now)

    def holds(self, account: Account, fingerprint: str) -> None:
        """The account's reference names this token."""
        self._held[account.identity] = fingerprint

    def heard(self, account: Account, fingerprint: str, failure: GraphFailure | None) -> None:
        """The API took this token, or says why not. Of one that the account does not hold nothing is kept."""
        if self._held.get(account.identity) == fingerprint:
            self.told(account, failure)

    def told(self, account: Account, failure: GraphFailure | None) -> None:
        """The same of whatever token the account holds."""
        if failure is None:
            self._alive.add(account.identity)
            self._dead.pop(account.identity, None)
        elif failure.kind is FailureKind.TOKEN:
            self._dead[account.identity] = failure
            self._alive.discard(account.identity)

    def enter(self, now: float) -> None:
        """Put all of it into the book. What an account holds is put there once, so that a token which
        takes its place later stays. Raises IcesyncError."""
        fresh = {account: held for account, held in self._held.items() if account not in self._entered}
        self.book.saw(fresh.items(), now, since=self._since)
        self._entered |= fresh.keys()
        for account, failure in self._dead.items():
            if account in self._held:
                self.book.died(account, self._held[account], in_a_line(failure)[:_LONGEST], now)
        self.book.works(self._held[account] for account in self._alive if account in self._held)
