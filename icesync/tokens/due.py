"""Which tokens are to be refreshed now, each once, and why others are not. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from icesync.model import Account, Refresh, RefreshStatus
from icesync.tokens.records import TokenRecord

YOUNGEST: Final = 86400.0
"""Seconds that a token must have lived before the API refreshes it (Graph API facts, Requests)."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One token, known by its fingerprint, the accounts that hold it, and where a new one goes."""

    accounts: tuple[Account, ...]
    fingerprint: str
    sink: str

    def each(self, status: RefreshStatus, detail: str = "") -> list[Refresh]:
        """The same became of it for all of its accounts."""
        return [Refresh(account, status, detail) for account in self.accounts]


def due(
    accounts: Iterable[Account],
    fingerprints: Mapping[str, str],
    records: Mapping[str, TokenRecord],
    now: float,
    older_than: float = 0.0,
) -> tuple[list[Holding], list[Refresh]]:
    """The tokens to be refreshed, and what is said of the others.

    `fingerprints` are by account name, `records` by account identity. A token whose age is not known may
    be as old as any: only what is known to be younger than `older_than` seconds is left as it is.
    """
    holders: dict[str, list[Account]] = defaultdict(list)
    for account in accounts:
        holders[fingerprints[account.name]].append(account)
    holdings, others = [], []
    for fingerprint, sharing in holders.items():
        sinks = sorted({account.sink for account in sharing if account.sink is not None})
        holding = Holding(tuple(sharing), fingerprint, "".join(sinks[:1]))
        if found := _reason(holding, len(sinks), _age(sharing, records, now), older_than):
            others += holding.each(*found)
        else:
            holdings.append(holding)
    return holdings, others


def _reason(
    holding: Holding, sinks: int, age: float | None, older_than: float
) -> tuple[RefreshStatus, str] | None:
    """Why it is not to be refreshed."""
    if not sinks:
        return RefreshStatus.SKIPPED, "it has no sink: say with `sink` where a new token goes"
    if sinks > 1 or len({account.token for account in holding.accounts}) > 1:
        told = f"{_names(holding.accounts)} hold one token, but not from one place into one sink"
        return RefreshStatus.FAILED, f"{told}: give each its own token"
    if age is not None and age < YOUNGEST:
        return RefreshStatus.TOO_YOUNG, "it is not 24 hours old"
    if age is not None and age < older_than:
        return RefreshStatus.LEFT, ""
    return None


def _age(accounts: Sequence[Account], records: Mapping[str, TokenRecord], now: float) -> float | None:
    """Seconds since the token was obtained, None where nobody knows."""
    known = [records[account.identity] for account in accounts if account.identity in records]
    times = [record.obtained for record in known if record.obtained is not None]
    return now - max(times) if times else None


def _names(accounts: Iterable[Account]) -> str:
    *first, last = sorted(account.name for account in accounts)
    return f"{', '.join(first)} and {last}"
