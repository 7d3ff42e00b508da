"""How a token stands, by what the book has on it and what the API says now. Pure."""

from icesync.model import Account, FailureKind, GraphFailure, Identity, Standing, TokenState
from icesync.sharing import belongs_to
from icesync.tokens.ending import date, is_near
from icesync.tokens.records import Mishap, TokenRecord, ends

NEW_ONE = "create a new one in the App Dashboard and store it where the account's reference points"
AGAIN = "run `icesync tokens refresh` again"


def state(
    account: Account,
    record: TokenRecord | None,
    now: float,
    *,
    owner: Identity | None = None,
    failure: GraphFailure | None = None,
    said: str = "",
    at_work: bool = False,
) -> TokenState:
    """`owner`: whose token it is, where the API takes it now and tells that. `failure`: why that is not
    known, or what is known against it; `said` tells it to people. `at_work`: a refresh is at work, and
    what it has begun has no end yet."""
    if failure is not None and failure.kind is FailureKind.CREDENTIAL:
        return _told(account, record, Standing.NO_TOKEN, failure.message)
    if owner is not None and account.id not in ("me", owner.user_id):
        told = f"{belongs_to(owner, account)}: look where its reference points"
        return _told(account, record, Standing.ANOTHERS, told)
    if record is None:
        is_asked = failure is not None
        return TokenState(account, Standing.UNKNOWN if is_asked else Standing.NEVER, said)
    works = owner is not None
    if at_work and record.begun:
        return _told(account, record, Standing.UNKNOWN, "a refresh is at work: ask again when it is done")
    if record.unstored or record.begun:
        return _told(account, record, *_broken_off(record, works, said))
    if record.dead:
        return _told(account, record, Standing.DEAD, record.dead.reason)
    if failure is not None and failure.kind is not FailureKind.INVALID:
        return _told(account, record, Standing.UNKNOWN, said)
    return _told(account, record, *_by_time(record, now, works))


def _told(account: Account, record: TokenRecord | None, standing: Standing, why: str) -> TokenState:
    if record is None:
        return TokenState(account, standing, why)
    end = ends(record)
    return TokenState(account, standing, why, record.seen, record.obtained, end.when, end.exact)


def _broken_off(record: TokenRecord, works: bool, said: str) -> tuple[Standing, str]:
    """A refresh gave a token that is nowhere, or perhaps did: what is left is the old one."""
    if record.unstored:
        standing, when = Standing.UNSTORED, record.unstored.at
        what = f"{record.unstored.reason} ({date(when)})"
    else:
        standing, what = Standing.CUT_OFF, f"a refresh was cut off on {date(record.begun or 0.0)}"
    if record.dead:
        return standing, f"{what}; the old token is dead ({record.dead.reason}): {NEW_ONE}"
    if works:
        return standing, f"{what}; the old token works: {AGAIN}"
    asked = f" ({said})" if said else ""
    told = f"{what}; whether the old token works is not known{asked}"
    return standing, f"{told}: ask with `icesync tokens status`"


def _by_time(record: TokenRecord, now: float, works: bool) -> tuple[Standing, str]:
    end = ends(record)
    latest = "" if end.exact else " at the latest"
    if end.when <= now and not works:
        return Standing.ENDED, f"on {date(end.when)}{latest}: {NEW_ONE}"
    failed = _failed(record.failed)
    if is_near(end, now) and end.when > now:
        return Standing.SOON, f"on {date(end.when)}{latest}{failed and '; '}{failed}"
    return Standing.OK, failed


def _failed(failed: Mishap | None) -> str:
    return f"the last refresh failed on {date(failed.at)}: {failed.reason}" if failed else ""
