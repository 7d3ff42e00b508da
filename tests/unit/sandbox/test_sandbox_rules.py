"""What the sandbox accepts and what it refuses, seen over HTTP."""

from typing import Any

import pytest

Q = {"question": "Where is my order?", "payload": "ORDER"}
DEFAULT = {"locale": "default", "call_to_actions": [Q]}


def body(**changes: Any) -> dict[str, Any]:
    return {"platform": "instagram", "ice_breakers": [DEFAULT], **changes}


def locale(name: Any) -> dict[str, Any]:
    return body(ice_breakers=[DEFAULT, {"locale": name, "call_to_actions": [Q]}])


def question(**changes: Any) -> dict[str, Any]:
    return body(ice_breakers=[{"call_to_actions": [{**Q, **changes}]}])


REFUSED = {
    "no platform": {"ice_breakers": [DEFAULT]},
    "another platform": body(platform="messenger"),
    "no ice breakers": {"platform": "instagram"},
    "an empty list": body(ice_breakers=[]),
    "an object for a list": body(ice_breakers=DEFAULT),
    "null": body(ice_breakers=None),
    "a text in the list": body(ice_breakers=["default"]),
    "no default": body(ice_breakers=[{"locale": "fr_FR", "call_to_actions": [Q]}]),
    "no questions": body(ice_breakers=[{"locale": "default"}]),
    "empty questions": body(ice_breakers=[{"locale": "default", "call_to_actions": []}]),
    "five questions": body(ice_breakers=[{"call_to_actions": [Q] * 5}]),
    "five in the second locale": body(
        ice_breakers=[DEFAULT, {"locale": "fr_FR", "call_to_actions": [Q] * 5}]
    ),
    "five in the old form": body(ice_breakers=[Q] * 5),
    "one locale twice": locale("default"),
    "an absent locale beside default": body(ice_breakers=[DEFAULT, {"call_to_actions": [Q]}]),
    "a locale without country": locale("en"),
    "a locale with a hyphen": locale("en-US"),
    "a locale in the wrong case": locale("EN_us"),
    "a locale with a line break": locale("en_US\n"),
    "a locale that is no text": locale(7),
    "an empty locale": locale(""),
    "a key beside ice_breakers": body(get_started={"payload": "X"}),
    "a key beside call_to_actions": body(ice_breakers=[{**DEFAULT, "composer_input_disabled": True}]),
    "a key beside question": question(title="Order"),
    "the old form and the new one": body(ice_breakers=[Q, DEFAULT]),
    "both forms in one object": body(ice_breakers=[{**DEFAULT, **Q}]),
    "an empty question": question(question=""),
    "a blank question": question(question=" \t"),
    "an empty payload": question(payload=""),
    "a payload that is no text": question(payload={"id": 1}),
    "a question without payload": body(ice_breakers=[{"call_to_actions": [{"question": "Where?"}]}]),
}


@pytest.mark.parametrize("document", REFUSED.values(), ids=REFUSED)
def test_a_post_that_breaks_a_rule_is_refused_and_changes_nothing(caller: Any, document: Any) -> None:
    caller.post([DEFAULT])

    answer = caller.call("POST", json=document)

    error = answer.json()["error"]
    assert answer.status_code == 400
    assert (error["type"], error["code"]) == ("OAuthException", 100)
    assert error["message"]
    assert error["fbtrace_id"]
    assert caller.stored == [DEFAULT]


NOT_A_DOCUMENT = {
    "nothing": b"",
    "no JSON": b"ice_breakers=[]",
    "a list": b"[]",
    "no UTF-8": b'{"platform": "\xff"}',
    "not a number": b'{"platform": NaN}',
    "a hundred thousand brackets": b"[" * 100_000,
    "a number with five thousand digits": b"9" * 5000,
    "the manual's sample with a key twice": (
        b'{"platform":"instagram","ice_breakers":[{"call_to_actions":[{"question":"A","payload":"A"}],'
        b'"locale":"zh_CN","call_to_actions":[{"question":"B","payload":"B"}]}]}'
    ),
    "platform twice": b'{"platform":"instagram","platform":"instagram","ice_breakers":[]}',
}


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("content", NOT_A_DOCUMENT.values(), ids=NOT_A_DOCUMENT)
def test_a_body_that_is_no_json_object_is_refused(caller: Any, method: str, content: bytes) -> None:
    answer = caller.call(method, content=content)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == 100


def test_a_body_over_one_mebibyte_is_refused_and_the_connection_lives_on(caller: Any) -> None:
    answer = caller.call("POST", content=b" " * (4 << 20))

    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == 100
    assert caller.get().status_code == 200


def test_a_body_of_one_mebibyte_is_read(caller: Any) -> None:
    padding = (1 << 20) - len(b'{"fields":["ice_breakers"]}')

    answer = caller.call("DELETE", content=b'{"fields":["ice_breakers"]}' + b" " * padding)

    assert answer.json() == {"success": True}


@pytest.mark.parametrize(
    "ice_breakers",
    [
        [DEFAULT],
        [{"call_to_actions": [Q]}],
        [Q],
    ],
    ids=["locale default", "no locale", "old form"],
)
def test_the_default_can_be_set_in_three_ways(caller: Any, ice_breakers: Any) -> None:
    assert caller.post(ice_breakers).json() == {"success": True}
    assert caller.stored == [DEFAULT]


def test_four_questions_in_each_of_several_locales_are_accepted_as_they_are(caller: Any) -> None:
    four = [{"question": f" Was kostet e\u0301s? {n}", "payload": '{"a": "${b}"}'} for n in range(4)]
    wanted = [{"locale": name, "call_to_actions": four} for name in ("fr_FR", "default", "es_LA", "tzm_MA")]

    assert caller.post(wanted).status_code == 200
    assert caller.stored == wanted


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"fields": []},
        {"fields": "ice_breakers"},
        {"fields": ["get_started"]},
        {"fields": ["ice_breakers", "persistent_menu"]},
        {"fields": [["ice_breakers"]]},
        {"fields": ["ice_breakers"], "locale": "fr_FR"},
        {"fields": ["ice_breakers"], "platform": "messenger"},
    ],
)
def test_a_delete_must_name_ice_breakers_and_nothing_else(caller: Any, document: Any) -> None:
    caller.post([DEFAULT])

    answer = caller.call("DELETE", json=document)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == 100
    assert caller.stored == [DEFAULT]


@pytest.mark.parametrize("document", [{}, {"platform": "instagram"}])
def test_a_delete_removes_every_locale(caller: Any, document: Any) -> None:
    caller.post([DEFAULT, {"locale": "fr_FR", "call_to_actions": [Q]}])

    assert caller.call("DELETE", json={"fields": ["ice_breakers"], **document}).json() == {"success": True}
    assert caller.stored == []


@pytest.mark.parametrize(
    "query",
    [{}, {"fields": ""}, {"fields": "name"}, {"fields": "ice_breakers,name"}],
    ids=["none", "empty", "other", "one more"],
)
def test_a_read_must_ask_for_ice_breakers_and_nothing_else(caller: Any, query: Any) -> None:
    answer = caller.call("GET", params=query)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == 100


def test_the_platform_may_stand_in_the_query_if_it_is_instagram(caller: Any) -> None:
    query = {"fields": "ice_breakers", "platform": "instagram"}

    assert caller.call("GET", params=query).status_code == 200
    assert caller.call("GET", params={**query, "platform": "messenger"}).status_code == 400
