"""Selecting accounts by name, label and shard."""

import pytest

from icesync.errors import UsageError
from icesync.fleet import Selection, select, shard_of
from icesync.model import Account, Desired

FLEET = tuple(
    Desired(Account(name, f"1784{number}", labels=labels), None)
    for number, (name, labels) in enumerate(
        {
            "acme-de": ("eu", "retail"),
            "acme-us": ("retail",),
            "beta-de": ("eu",),
            "beta-us": (),
        }.items()
    )
)


def chosen(**selection: tuple[str, ...]) -> list[str]:
    return [each.account.name for each in select(FLEET, Selection(**selection))]


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        ({}, ["acme-de", "acme-us", "beta-de", "beta-us"]),
        ({"only": ("acme-de",)}, ["acme-de"]),
        ({"only": ("acme-*",)}, ["acme-de", "acme-us"]),
        ({"only": ("beta-us", "*-de")}, ["acme-de", "beta-de", "beta-us"]),
        ({"only": ("[ab]*-??",), "exclude": ("acme-*",)}, ["beta-de", "beta-us"]),
        ({"exclude": ("*",)}, []),
        ({"exclude": ("nobody",)}, ["acme-de", "acme-us", "beta-de", "beta-us"]),
        ({"labels": ("eu",)}, ["acme-de", "beta-de"]),
        ({"labels": ("eu", "retail")}, ["acme-de", "acme-us", "beta-de"]),
        ({"labels": ("eu",), "only": ("acme-*",)}, ["acme-de"]),
        ({"labels": ("eu",), "only": ("beta-us",)}, []),
    ],
)
def test_a_selection_keeps_what_all_of_its_parts_admit(
    selection: dict[str, tuple[str, ...]], names: list[str]
) -> None:
    assert chosen(**selection) == names


@pytest.mark.parametrize(
    "selection", [{"only": ("ACME-*",)}, {"only": ("acme-*", "acne-*")}, {"labels": ("us",)}]
)
def test_what_nobody_is_called_is_a_mistake(selection: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(UsageError):
        chosen(**selection)


def test_the_mistake_is_named() -> None:
    with pytest.raises(UsageError, match="'acne-\\*' matches no account"):
        chosen(only=("acne-*",))


def test_a_shard_without_accounts_is_no_mistake() -> None:
    shards = [select(FLEET[:1], Selection(only=("acme-de",), shard=(number, 3))) for number in (1, 2, 3)]

    assert sorted(map(len, shards)) == [0, 0, 1]


def test_a_rename_moves_no_account_to_another_shard() -> None:
    assert shard_of(Account("before", "17841"), 97) == shard_of(Account("after", "17841"), 97)


def test_accounts_that_are_all_called_me_are_told_apart_by_name() -> None:
    assert len({shard_of(Account(f"acme-{number}", "me"), 97) for number in range(20)}) > 10


def test_shards_stay_what_they_are_from_one_version_to_the_next() -> None:
    assert [shard_of(Account("x", f"1784140000000000{number}"), 4) for number in range(8)] == [
        3, 2, 2, 2, 4, 2, 1, 1,
    ]  # fmt: skip
