"""How an account stands: what is asked, what every answer means, and what must stay unknown."""

import json
from typing import Any

import pytest

from icesync.errors import InvalidRequest, Transient
from icesync.graph import standing
from icesync.graph.protocol import Request
from icesync.model import Api, FailureKind, GraphFailure, Identity

INSTAGRAM, FACEBOOK = Api(), Api("https://graph.facebook.com")
SHOP = {"user_id": "1784", "username": "shop", "id": "99"}


def test_whose_token_it_is_is_asked_of_me_and_is_none_of_the_calls_that_count() -> None:
    expected = Request("GET", "/v24.0/me", {"fields": "user_id,username"}, counts=False)
    assert standing.identity(INSTAGRAM) == expected


@pytest.mark.parametrize(
    "answer",
    [
        SHOP,
        {"data": [SHOP]},
        {"data": [SHOP, {"user_id": "1785"}]},
        {**SHOP, "data": []},
        {**SHOP, "user_id": 1784},
    ],
    ids=json.dumps,
)
def test_an_owner_is_told_flat_or_in_a_list(answer: dict[str, Any]) -> None:
    assert standing.owner(answer) == Identity("1784", "shop")


def test_an_owner_may_have_no_name() -> None:
    assert standing.owner({"user_id": "1784"}) == Identity("1784", "")
    assert standing.owner({"user_id": "1784", "username": 7}) == Identity("1784", "")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"id": "1784", "username": "shop"},
        {"data": [{"id": "1784"}]},
        {"data": ["1784"]},
        {"data": {"user_id": "1784"}},
        *({"user_id": value} for value in ("", 0, None, True, ["1784"], 1.5)),
    ],
    ids=json.dumps,
)
def test_an_answer_that_names_no_user_id_tells_nothing(answer: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="does not tell whose token"):
        standing.owner(answer)


@pytest.mark.parametrize(
    ("code", "said", "offered"),
    [
        (2500, "Unknown path components: /me", False),
        (2500, "An active access token must be used to query information about the current user.", True),
        *((code, "Unknown path components: /me", True) for code in (100, 803, None)),
    ],
)
def test_only_an_unknown_path_is_the_same_for_everybody(code: int | None, said: str, offered: bool) -> None:
    assert standing.is_not_offered(GraphFailure(FailureKind.INVALID, said, code)) is not offered


def test_subscriptions_are_read_and_set_at_one_path() -> None:
    path = "/v24.0/1784/subscribed_apps"
    fields = ("messages", "messaging_postbacks")
    assert standing.subscriptions(INSTAGRAM, "1784") == Request("GET", path, {}, counts=False)
    assert standing.subscribe(INSTAGRAM, "1784", fields) == Request(
        "POST", path, {"subscribed_fields": "messages,messaging_postbacks"}, counts=False
    )


def test_facebook_is_told_which_platform_is_meant() -> None:
    requests = (
        standing.identity(FACEBOOK),
        standing.subscriptions(FACEBOOK, "1"),
        standing.subscribe(FACEBOOK, "1", ("messages",)),
    )
    assert [request.params["platform"] for request in requests] == ["instagram"] * 3


@pytest.mark.parametrize(
    ("apps", "expected"),
    [
        ([], ()),
        ([{}], ()),
        ([{"subscribed_fields": []}], ()),
        ([{"subscribed_fields": ["messaging_postbacks", "messages"]}], ("messages", "messaging_postbacks")),
    ],
)
def test_subscriptions_are_those_of_the_one_app_that_is_listed(
    apps: list[Any], expected: tuple[str, ...]
) -> None:
    assert standing.subscribed({"data": apps}) == expected


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"data": None},
        {"data": {"subscribed_fields": ["messages"]}},
        {"data": ["messages"]},
        {"data": [{"subscribed_fields": "messages"}]},
        {"data": [{"subscribed_fields": [{"name": "messages"}]}]},
        {"data": [{"id": "1", "subscribed_fields": ["messages"]}, {"subscribed_fields": ["messages"]}]},
    ],
    ids=json.dumps,
)
def test_subscriptions_that_make_no_sense_are_unknown_and_not_none(answer: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="subscribed"):
        standing.subscribed(answer)


def test_a_refresh_has_no_version_and_must_not_be_sent_twice() -> None:
    params = {"grant_type": "ig_refresh_token"}
    assert standing.refresh() == Request("GET", "/refresh_access_token", params, counts=False, renews=True)


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        (5183944, 5183944),
        ("5183944", 5183944),
        *((value, standing.REFRESHED_LIFE) for value in (None, 0, -1, "soon", True)),
    ],
)
def test_a_new_token_comes_with_its_life_or_with_what_is_documented(expires_in: object, seconds: int) -> None:
    answer = {"access_token": "IGnew", "token_type": "bearer", "expires_in": expires_in}
    if expires_in is None:
        del answer["expires_in"]
    assert standing.refreshed(answer) == ("IGnew", seconds)


@pytest.mark.parametrize("text", [None, "", "  ", 7, "a\nb", "tök", ["IGnew"]])
def test_an_answer_without_a_usable_token_leaves_open_what_became_of_the_old_one(text: object) -> None:
    with pytest.raises(Transient) as caught:
        standing.refreshed({"access_token": text, "expires_in": 1})

    assert (caught.value.may_have_arrived, caught.value.answer_lost) == (True, True)
