"""One token in another's place: ask for it, prove it, hand it to its sink, and say what is left where
that is cut short."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Protocol

from icesync.clock import Clock
from icesync.credentials import Refreshed, Secret
from icesync.errors import CredentialError, GraphError, IcesyncError, InvalidRequest, Throttled, TokenError
from icesync.model import Account, GraphFailure, Identity, Refresh, RefreshStatus
from icesync.reconciler.ports import passes_soon
from icesync.render.words import in_a_line
from icesync.tokens.book import Book
from icesync.tokens.due import Holding
from icesync.tokens.judging import AGAIN, NEW_ONE

LONGEST: Final = 366 * 86400
"""Seconds that a token may be said to live: the API could say anything."""

_ASK_AGAIN: Final = (5.0, 10.0, 20.0, 30.0)
"""Seconds between the questions whether the new token or the old one works, while nobody answers."""

_STORE_AGAIN: Final = (5.0, 30.0)
"""Seconds after which a sink that failed is tried again."""

_TOMORROW: Final = (
    "The API refreshes no token in its first 24 hours. If this one is as new, or was just refreshed, run it "
    "again tomorrow."
)


class Renews(Protocol):
    """What the client does for a token. `identity` asks with the account's own, unless one is given."""

    async def identity(self, account: Account, secret: Secret | None = None) -> Identity: ...

    async def refresh(self, account: Account) -> Refreshed: ...


class _Old(NamedTuple):
    """What became of the old token; `works` is None where that is not known."""

    works: bool | None
    told: str


class _Doubt(NamedTuple):
    """What speaks against the new token. Of one that is `bad` more is known than that nobody answered."""

    bad: bool
    told: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """Refreshes tokens. From the request to the sink it is one piece, which nobody may cancel.

    `check` looks whether a sink could take a token, and `store` hands it one. `reread` looks an account's
    reference up anew, or gives None where that tells nothing of the sink. All raise CredentialError. The
    book must know the old token.
    """

    client: Renews
    book: Book
    clock: Clock
    check: Callable[[str], Awaitable[None]]
    store: Callable[[str, Secret], Awaitable[None]]
    reread: Callable[[Account], Awaitable[Secret | None]]

    async def refresh(self, holding: Holding) -> list[Refresh]:
        """What became of it, for each of its accounts. Raises Throttled where it shall be tried again."""
        try:
            status, told = await self._refreshed(holding)
        except Throttled as throttled:
            if passes_soon(throttled):
                raise
            status, told = RefreshStatus.FAILED, in_a_line(throttled.failure)
        except TokenError as error:
            status, told = RefreshStatus.DEAD, in_a_line(error.failure)
        except GraphError as error:
            status, told = RefreshStatus.FAILED, in_a_line(error.failure)
        return holding.each(status, told)

    async def _refreshed(self, holding: Holding) -> tuple[RefreshStatus, str]:
        first = holding.accounts[0]
        owner = self._known(holding.fingerprint) or await self.client.identity(first)
        for account in holding.accounts:
            if account.id not in ("me", owner.user_id):
                told = f"it belongs to account {owner.user_id}, not to {account.id}: nothing was refreshed"
                return RefreshStatus.FAILED, told
        try:
            await self.check(holding.sink)
            for account in holding.accounts:
                self.book.begin_refresh(account.identity, holding.fingerprint, self._now())
        except IcesyncError as error:
            return RefreshStatus.FAILED, f"nothing was refreshed: {error}"
        try:
            fresh = await self.client.refresh(first)
        except GraphError as error:
            if error.may_have_arrived:
                return await self._lost(holding, error.failure)
            if isinstance(error, InvalidRequest):
                error.failure = replace(error.failure, hint=_TOMORROW)
            self._note_failure(holding, in_a_line(error.failure))
            raise
        return await self._proved(holding, owner, fresh)

    async def _lost(self, holding: Holding, failure: GraphFailure) -> tuple[RefreshStatus, str]:
        """Perhaps there is a new token, and nobody has it. It is not asked for again by itself."""
        old = await self._old(holding.accounts[0])
        return self._stays(holding, f"the answer was lost ({in_a_line(failure)})", old)

    async def _proved(self, holding: Holding, owner: Identity, fresh: Refreshed) -> tuple[RefreshStatus, str]:
        told = ""
        if doubted := await self._doubted(holding.accounts[0], owner, fresh.secret):
            doubt, old = doubted
            # In the place of a dead token even a doubtful one is no loss.
            if doubt.bad or old.works is not False:
                return self._stays(holding, f"{doubt.told}, so it was not stored", old)
            told = doubt.told
        status, stored = await self._handed_over(holding, owner, fresh)
        return status, "; ".join(filter(None, [told, stored]))

    async def _doubted(self, account: Account, owner: Identity, secret: Secret) -> tuple[_Doubt, _Old] | None:
        """None where the new token is proved. While neither is known both are asked again: the new one
        may be all that the account has left."""
        for pause in (*_ASK_AGAIN, None):
            if (doubt := await self._doubt(account, owner, secret)) is None:
                break
            old = await self._old(account)
            if doubt.bad or old.works is not None or pause is None:
                return doubt, old
            await self.clock.sleep(pause)
        return None

    async def _doubt(self, account: Account, owner: Identity, secret: Secret) -> _Doubt | None:
        try:
            found = await self._asked(account, secret)
        except TokenError as error:
            return _Doubt(True, f"the new token does not work ({in_a_line(error.failure)})")
        except GraphError as error:
            return _Doubt(False, f"the new token could not be proved ({in_a_line(error.failure)})")
        if found.user_id != owner.user_id:
            return _Doubt(True, f"the new token belongs to account {found.user_id}, not to {owner.user_id}")
        return None

    async def _handed_over(
        self, holding: Holding, owner: Identity, fresh: Refreshed
    ) -> tuple[RefreshStatus, str]:
        fingerprint, now = fresh.secret.fingerprint(self.book.key), self._now()
        expires = now + min(fresh.expires_in, LONGEST)
        trouble = await self._stored(holding, fresh.secret, fingerprint)
        try:
            for account in holding.accounts:
                if trouble:
                    self.book.not_stored(account.identity, fingerprint, now, trouble, expires)
                else:
                    self.book.refreshed(account.identity, fingerprint, now, expires)
            self.book.keep_identity(fingerprint, owner, now)
            unkept = ""
        except IcesyncError as error:
            unkept = f"that is not on record: {error}"
        if not trouble:
            return RefreshStatus.REFRESHED, unkept
        if fingerprint == holding.fingerprint:
            left = "the new token is the old one once more, so nothing is lost: mend the sink"
        else:
            left = f"mend the sink; {(await self._old(holding.accounts[0])).told}"
        return RefreshStatus.UNSTORED, "; ".join(filter(None, [trouble, left, unkept]))

    async def _stored(self, holding: Holding, secret: Secret, fingerprint: str) -> str:
        """What went wrong; empty where the sink has it. It is tried again, because nobody else has it."""
        for pause in (*_STORE_AGAIN, None):
            try:
                await self.store(holding.sink, secret)
                break
            except CredentialError as error:
                if pause is None:
                    return f"{error}: the new token was not stored, and is gone with this run"
            await self.clock.sleep(pause)
        for account in holding.accounts:
            try:
                again = await self.reread(account)
            except CredentialError as error:
                return f"its sink took the new token, but it cannot be read back: {error}"
            if again is not None and again.fingerprint(self.book.key) != fingerprint:
                return "its sink took the new token, but its reference gives another"
        return ""

    async def _old(self, account: Account) -> _Old:
        try:
            await self._asked(account)
        except TokenError as error:
            return _Old(False, f"the old token is dead ({in_a_line(error.failure)}): {NEW_ONE}")
        except GraphError as error:
            told = f"whether the old token still works is not known ({in_a_line(error.failure)})"
            return _Old(None, f"{told}: ask with `icesync tokens status`")
        return _Old(True, f"the old token still works: {AGAIN}")

    def _stays(self, holding: Holding, what: str, old: _Old) -> tuple[RefreshStatus, str]:
        """There is no new token to store. Where nobody knows how it ended, the book tells that it began."""
        if old.works is not None:
            self._note_failure(holding, what)
        return RefreshStatus.DEAD if old.works is False else RefreshStatus.FAILED, f"{what}: {old.told}"

    def _note_failure(self, holding: Holding, reason: str) -> None:
        try:
            for account in holding.accounts:
                self.book.refresh_failed(account.identity, reason, self._now())
        except IcesyncError:
            return  # what was begun is on record, and that is looked at

    async def _asked(self, account: Account, secret: Secret | None = None) -> Identity:
        """Whose token it is; here nobody else can wait, because a token is in hand."""
        while True:
            try:
                return await self.client.identity(account, secret)
            except Throttled as throttled:
                if not passes_soon(throttled):
                    raise
                await self.clock.sleep(throttled.wait or 0.0)

    def _known(self, fingerprint: str) -> Identity | None:
        try:
            return self.book.identity(fingerprint, self._now())
        except IcesyncError:
            return None

    def _now(self) -> float:
        return self.clock.now().timestamp()
