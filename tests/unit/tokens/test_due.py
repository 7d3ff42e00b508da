"""Which tokens are due, each once, and what is said of the others."""

import pytest

from icesync.model import Account, RefreshStatus
from icesync.tokens.due import Holding, due
from icesync.tokens.records import TokenRecord

NOW = 1e9
DAY = 86400.0
ACME = Account("acme", "1", token="env:A", sink="file:t#acme")
SHARED = (Account("a", "me", token="env:A", sink="file:t#a"), Account("b", "me", token="env:A"))


def reasons(
    *accounts: Account, obtained: float | None = None, older_than: float = 0.0
) -> list[RefreshStatus]:
    record = TokenRecord("f", NOW - 90 * DAY, obtained)
    records = {account.identity: record for account in accounts}
    holdings, others = due(accounts, dict.fromkeys(names(accounts), "f"), records, NOW, older_than)
    assert len(holdings) == (not others)
    return [other.status for other in others]


def names(accounts: tuple[Account, ...]) -> list[str]:
    return [account.name for account in accounts]


@pytest.mark.parametrize(
    ("age", "older_than", "told"),
    [
        (0.99 * DAY, 0.0, [RefreshStatus.TOO_YOUNG]),
        (1 * DAY, 0.0, []),
        (29 * DAY, 30 * DAY, [RefreshStatus.LEFT]),
        (30 * DAY, 30 * DAY, []),
        (0.5 * DAY, 30 * DAY, [RefreshStatus.TOO_YOUNG]),
        (None, 30 * DAY, []),
    ],
)
def test_what_is_known_to_be_young_is_not_due(
    age: float | None, older_than: float, told: list[RefreshStatus]
) -> None:
    obtained = None if age is None else NOW - age
    assert reasons(ACME, obtained=obtained, older_than=older_than) == told


def test_a_token_that_accounts_share_is_due_once_for_the_one_sink() -> None:
    holdings, others = due(SHARED, {"a": "f", "b": "f"}, {}, NOW)
    assert (holdings, others) == ([Holding(SHARED, "f", "file:t#a")], [])


@pytest.mark.parametrize(
    "other",
    [Account("c", "me", token="env:A", sink="file:t#c"), Account("c", "me", token="env:C")],
)
def test_a_token_in_two_places_or_with_two_sinks_is_an_error_for_all_who_hold_it(other: Account) -> None:
    assert reasons(*SHARED, other) == [RefreshStatus.FAILED] * 3


def test_without_a_sink_nothing_is_due() -> None:
    assert reasons(Account("acme", "1", token="env:A")) == [RefreshStatus.SKIPPED]
