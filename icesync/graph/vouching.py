"""Whose token an account holds: asked before its first write, so that none goes to another account."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from secrets import token_bytes
from typing import Final, Protocol

from icesync.clock import Clock
from icesync.credentials import Secret
from icesync.errors import IcesyncError, InvalidRequest
from icesync.graph import standing
from icesync.graph.catalogue import cases
from icesync.graph.protocol import is_facebook
from icesync.model import Account, Api, GraphFailure, Identity
from icesync.sharing import belongs_to

KEY_BYTES: Final = 32


class Identities(Protocol):
    """Whose tokens are known, and who wants to know how they fare. A token is named by its fingerprint
    with `key`; times are seconds since 1970. What is too old to be relied on is not known any more.

    `identity` and `keep_identity` may raise IcesyncError.
    """

    @property
    def key(self) -> bytes: ...

    def identity(self, fingerprint: str, now: float) -> Identity | None: ...

    def keep_identity(self, fingerprint: str, identity: Identity, now: float) -> None: ...

    def holds(self, account: Account, fingerprint: str) -> None:
        """This is the account's own token."""

    def heard(self, account: Account, fingerprint: str, failure: GraphFailure | None) -> None:
        """The API took a token from this account, or says why not."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known in memory, for this run alone."""

    key: bytes = field(default_factory=partial(token_bytes, KEY_BYTES))
    known: dict[str, Identity] = field(default_factory=dict)

    def identity(self, fingerprint: str, now: float) -> Identity | None:
        return self.known.get(fingerprint)

    def keep_identity(self, fingerprint: str, identity: Identity, now: float) -> None:
        self.known[fingerprint] = identity

    def holds(self, account: Account, fingerprint: str) -> None:
        pass

    def heard(self, account: Account, fingerprint: str, failure: GraphFailure | None) -> None:
        pass


class Vouching:
    """Which accounts may be written, as far as whose token they hold can tell.

    An API that does not offer the question is asked once; `say` is told of that, and of an answer that
    tells nothing, once. Where it has told whose one token is, another of which it does not is refused,
    and so is one that is no user's.
    On graph.facebook.com `/me` is somebody else, so it is not asked there; and an account that calls
    itself `me` has no id to compare. Where identities cannot be kept, that costs questions and nothing
    else.
    """

    def __init__(self, api: Api, identities: Identities, clock: Clock, say: Callable[[str], None]) -> None:
        self._api = api
        self._identities = identities
        self._clock = clock
        self._say = say
        self._is_offered = not is_facebook(api)
        self._is_answered = self._has_told = self._has_said = False
        self._first = asyncio.Lock()
        self._passed: set[str] = set()

    @property
    def key(self) -> bytes:
        return self._identities.key

    def concerns(self, account: Account) -> bool:
        """Something is left to be checked before the account may be written."""
        return self._is_offered and account.id != "me" and account.identity not in self._passed

    def holds(self, account: Account, secret: Secret) -> None:
        """This is the account's own token."""
        self._identities.holds(account, secret.fingerprint(self.key))

    def heard(self, account: Account, secret: Secret, failure: GraphFailure | None) -> None:
        """The API took this token from the account, or says why not."""
        self._identities.heard(account, secret.fingerprint(self.key), failure)

    def knows(self, fingerprint: str) -> bool:
        """Whose token this is need not be asked."""
        return self._known(fingerprint) is not None

    async def check(self, account: Account, fingerprint: str, ask: Callable[[], Awaitable[Identity]]) -> None:
        """Raises InvalidRequest where the token is another account's, and what `ask` raises unless that
        says no more than that the API does not tell, and it has told nobody in this run."""
        owner = self._known(fingerprint)
        if owner is None:
            owner = await self._asked(fingerprint, ask)
        if owner is not None and owner.user_id != account.id:
            raise InvalidRequest(_mistaken(account, owner))
        self._passed.add(account.identity)

    async def _asked(self, fingerprint: str, ask: Callable[[], Awaitable[Identity]]) -> Identity | None:
        """Whose token it is; None where the API does not tell. One by one, until there was an answer."""
        if not self._is_answered:
            async with self._first:
                if not self._is_answered:
                    return await self._answer(fingerprint, ask)
        return await self._answer(fingerprint, ask)

    async def _answer(self, fingerprint: str, ask: Callable[[], Awaitable[Identity]]) -> Identity | None:
        if not self._is_offered:
            return None
        try:
            owner = await ask()
        except InvalidRequest as error:
            if self._has_told or standing.is_nobodys(error.failure):
                raise
            if standing.is_not_offered(error.failure):
                self._is_offered = False
            self._tell()
            return None
        finally:
            self._is_answered = True
        self._has_told = True
        with suppress(IcesyncError):
            self._identities.keep_identity(fingerprint, owner, self._now())
        return owner

    def _known(self, fingerprint: str) -> Identity | None:
        try:
            return self._identities.identity(fingerprint, self._now())
        except IcesyncError:
            return None

    def _tell(self) -> None:
        if not self._has_said:
            self._has_said = True
            self._say(
                f"note: {self._api.url} does not tell whose token it gets: tokens are used without being"
                " compared with the ids of their accounts"
            )

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _mistaken(account: Account, owner: Identity) -> GraphFailure:
    return cases.OTHER_ACCOUNT.failure(f"{belongs_to(owner, account)}: nothing was written")
