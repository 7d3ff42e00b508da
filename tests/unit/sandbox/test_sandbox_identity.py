"""Whose token it is, in every form in which the API might say so."""

from typing import Any

import pytest

from icesync.sandbox.tokens import Token
from icesync.sandbox.world import World

WHOLE = {"id": "91", "user_id": "1", "username": "shop.1"}


@pytest.mark.parametrize("account", ["me", "1"])
def test_an_account_is_told_by_its_professional_id_and_has_another_one_for_the_app(
    holder: Any, account: str
) -> None:
    assert holder.me(account=account) == WHOLE


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("id", {"id"}),
        ("username", {"id", "username"}),
        ("id, user_id", {"id", "user_id"}),
        ("user_id,username,id", {"id", "user_id", "username"}),
    ],
)
def test_the_fields_that_are_asked_for_are_told_and_the_id(holder: Any, fields: str, told: set[str]) -> None:
    assert holder.ask("identity", fields=fields).keys() == told


def test_without_fields_the_id_alone_is_told(holder: Any) -> None:
    assert holder.ask("identity") == {"id": "91"}


@pytest.mark.parametrize("fields", ["", "user_id,", "user_id,email"])
def test_a_field_that_does_not_exist_is_refused(holder: Any, fields: str) -> None:
    assert holder.failure(holder.ask("identity", fields=fields)) == (100, None)


@pytest.mark.parametrize(
    ("identity", "answer"),
    [
        ("flat", WHOLE),
        ("listed", {"data": [WHOLE]}),
        ("unnamed", {"id": "91", "username": "shop.1"}),
    ],
)
def test_the_world_has_three_forms_for_it(holder: Any, identity: Any, answer: Any) -> None:
    holder.api.world = World(identity=identity)

    assert holder.me() == answer


def test_a_server_may_not_know_this_endpoint(holder: Any) -> None:
    holder.api.world = World(identity="none")

    assert holder.failure(holder.me()) == (2500, None)
    assert holder.ask("profile", fields="ice_breakers") == {"data": []}


def test_an_apps_token_has_no_user_to_tell_of(holder: Any) -> None:
    holder.api.tokens["1"] = Token(app=True)

    assert holder.failure(holder.me()) == (2500, None)
    assert "path" not in str(holder.me())


def test_a_swapped_token_tells_its_owner_and_finds_nobody_else(holder: Any) -> None:
    holder.api.tokens["1"] = Token(of="2")

    assert holder.me()["user_id"] == "2"
    assert holder.me(account="2")["user_id"] == "2"
    assert holder.failure(holder.me(account="1")) == (100, 33)
    assert holder.failure(holder.ask("profile", account="1", fields="ice_breakers")) == (100, 33)


def test_a_world_that_looks_at_the_token_alone_writes_to_its_owner(holder: Any) -> None:
    holder.api.tokens["1"] = Token(of="2")
    holder.api.world = World(ids="ignored")
    holder.api.seed("2", [{"call_to_actions": [{"question": "Where?", "payload": "WHERE"}]}])

    assert holder.me(account="1")["user_id"] == "2"
    assert holder.ask("profile", account="1", fields="ice_breakers")["data"]
    assert holder.api.calls == [("GET", "2")]
