"""Accounts that hold one token: who is named, and who may."""

import pytest

from icesync.errors import CredentialError, ExitCode
from icesync.model import Account
from icesync.sharing import check_tokens, shared_tokens


def accounts(**ids: str) -> list[Account]:
    return [Account(name, number) for name, number in ids.items()]


def test_each_with_its_own_token_is_nothing_to_tell() -> None:
    fleet = accounts(a="1", b="2")

    assert shared_tokens(fleet, {"a": "x", "b": "y"}) == ()
    check_tokens(fleet, {"a": "x", "b": "y"})


def test_who_shares_is_named_in_order_whatever_the_order_of_the_files() -> None:
    fleet = accounts(d="1", b="2", c="3", a="4", e="5")

    assert shared_tokens(fleet, {"d": "y", "b": "x", "c": "z", "a": "x", "e": "y"}) == (
        "a and b hold one token: give each account its own",
        "d and e hold one token: give each account its own",
    )


@pytest.mark.parametrize(("ids", "told"), [(("me", "me"), 0), (("me", "1"), 1), (("1", "me"), 1)])
def test_only_where_all_say_me_is_sharing_meant(ids: tuple[str, str], told: int) -> None:
    fleet = accounts(a=ids[0], b=ids[1])

    assert len(shared_tokens(fleet, {"a": "x", "b": "x"})) == told


def test_who_has_no_token_shares_none() -> None:
    assert shared_tokens(accounts(a="1", b="2", c="3"), {"c": "x"}) == ()


def test_a_whole_fleet_on_one_token_is_told_in_one_line() -> None:
    names = [f"shop-{n:02}" for n in range(20)]
    fleet = [Account(name, name) for name in names]

    (told,) = shared_tokens(fleet, dict.fromkeys(names, "x"))

    assert told.startswith("shop-00, shop-01, ")
    assert "shop-09 and 10 more hold one token" in told


def test_the_error_names_every_group_and_says_that_nothing_was_written() -> None:
    with pytest.raises(CredentialError) as caught:
        check_tokens(accounts(a="1", b="2", c="3", d="4"), {"a": "x", "b": "x", "c": "y", "d": "y"})

    assert str(caught.value) == (
        "nothing was written:\n"
        "  - a and b hold one token: give each account its own\n"
        "  - c and d hold one token: give each account its own"
    )
    assert caught.value.exit_code is ExitCode.FAILED
