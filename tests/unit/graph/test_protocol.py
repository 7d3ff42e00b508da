"""The Graph API without I/O: what is sent, what every answer means, and what must stay unknown."""

import json
from typing import Any

import pytest

from icesync.errors import (
    Blocked,
    GraphError,
    InvalidRequest,
    PermissionDenied,
    Throttled,
    TokenError,
    Transient,
)
from icesync.graph import protocol
from icesync.graph.protocol import Request
from icesync.model import NOTHING, Api, FailureKind, Profile

INSTAGRAM = Api()
PATH = "/v24.0/1784/messenger_profile"

A, B = ({"question": f"{letter}?", "payload": letter} for letter in "AB")
DEFAULT = {"call_to_actions": [A, B], "locale": "default"}
FRENCH = {"call_to_actions": [B], "locale": "fr_FR"}
ONE = Profile.of({"default": [("A?", "A"), ("B?", "B")]})
BOTH = Profile.of({"default": [("A?", "A"), ("B?", "B")], "fr_FR": [("B?", "B")]})


def error(code: object, **more: object) -> bytes:
    told = {"message": "told", "type": "OAuthException", "code": code, "fbtrace_id": "AbC", **more}
    return json.dumps({"error": told}).encode()


def failed(status: int, content: bytes, **headers: str) -> GraphError:
    """What `decode` raises for this answer."""
    with pytest.raises(GraphError) as caught:
        protocol.decode(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)
    return caught.value


def throttled(**headers: str) -> Throttled:
    found = failed(400, error(613), **headers)
    assert isinstance(found, Throttled)
    return found


def test_a_read_asks_for_the_ice_breakers_of_the_account() -> None:
    assert protocol.read(INSTAGRAM, "1784") == Request("GET", PATH, {"fields": "ice_breakers"})
    assert protocol.read(Api(version="v99.0"), "me").path == "/v99.0/me/messenger_profile"


def test_a_write_is_one_object_for_each_locale_and_the_default_first() -> None:
    profile = Profile.of({"ar_AR": [("B?", "B")], "default": [("A?", "A"), ("B?", "B")]})

    request = protocol.write(INSTAGRAM, "1784", profile)

    assert request[:3] == ("POST", PATH, {})
    # As text: the order of locales is what is asserted.
    assert json.dumps(request.body) == json.dumps(
        {
            "platform": "instagram",
            "ice_breakers": [
                {"locale": "default", "call_to_actions": [A, B]},
                {"locale": "ar_AR", "call_to_actions": [B]},
            ],
        }
    )


def test_writing_nothing_is_a_delete_and_never_a_post_of_an_empty_list() -> None:
    assert protocol.write(INSTAGRAM, "1784", NOTHING) == Request(
        "DELETE", PATH, {}, {"fields": ["ice_breakers"]}
    )


@pytest.mark.parametrize("url", ["https://graph.facebook.com", "https://Graph.Facebook.com:443"])
def test_on_facebook_every_call_says_that_it_means_instagram(url: str) -> None:
    api = Api(url)
    requests = [
        protocol.read(api, "1"),
        protocol.write(api, "1", ONE),
        protocol.write(api, "1", NOTHING),
        protocol.following(api, f"{url}/v24.0/1/messenger_profile?after=x"),
    ]

    assert [request.params.get("platform") for request in requests] == ["instagram"] * 4


@pytest.mark.parametrize(
    ("data", "profile"),
    [
        pytest.param([{"ice_breakers": [DEFAULT, FRENCH]}], BOTH, id="wrapped"),
        pytest.param([{"ice_breakers": [FRENCH, DEFAULT]}], BOTH, id="locale order has no meaning"),
        pytest.param([{"ice_breakers": [DEFAULT]}, {"ice_breakers": [FRENCH]}], BOTH, id="wrapped apart"),
        pytest.param([DEFAULT, FRENCH], BOTH, id="the manual's"),
        pytest.param([{"ice_breakers": [A, B]}], ONE, id="flat"),
        pytest.param([{"ice_breakers": [{"call_to_actions": [A, B]}]}], ONE, id="no locale means default"),
        pytest.param([{"call_to_actions": [A, B]}], ONE, id="the manual's without a locale"),
        pytest.param([DEFAULT, DEFAULT], ONE, id="the same twice"),
        pytest.param([], NOTHING, id="empty data"),
        pytest.param([{}], NOTHING, id="an empty object"),
        pytest.param([{"id": "1784", "greeting": []}], NOTHING, id="other properties only"),
        pytest.param([{"ice_breakers": []}], NOTHING, id="an empty list"),
        pytest.param([{"ice_breakers": [{**DEFAULT, "call_to_actions": []}]}], NOTHING, id="no questions"),
    ],
)
def test_every_shape_of_a_read_tells_the_same(data: list[Any], profile: Profile) -> None:
    assert protocol.profile([{"data": data}]) == profile


def test_unknown_keys_of_a_read_are_ignored() -> None:
    strange = {**DEFAULT, "since": 1, "call_to_actions": [{**A, "id": "7"}, {**B, "is_new": True}]}

    assert protocol.profile([{"data": [{"ice_breakers": [strange], "id": "1784"}], "paging": {}}]) == ONE


def test_the_order_of_questions_has_a_meaning() -> None:
    assert protocol.profile([{"data": [{**DEFAULT, "call_to_actions": [B, A]}]}]) != ONE


def test_pages_of_a_read_are_put_together() -> None:
    assert protocol.profile([{"data": [DEFAULT]}, {"data": [FRENCH]}, {"data": []}]) == BOTH


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"data": None},
        {"data": {}},
        {"data": {"ice_breakers": [DEFAULT]}},
        {"data": ["default"]},
        {"data": [None]},
        {"data": [{"ice_breakers": None}]},
        {"data": [{"ice_breakers": {}}]},
        {"data": [{"ice_breakers": {"call_to_actions": [A]}}]},
        {"data": [{"ice_breakers": ["A?"]}]},
        {"data": [{"ice_breakers": [{}]}]},
        {"data": [{"ice_breakers": [{"questions": [A]}]}]},
        {"data": [{"ice_breakers": [{"locale": "default"}]}]},
        {"data": [{"ice_breakers": [{"payload": "A"}]}]},
        {"data": [{"ice_breakers": [A, DEFAULT]}]},
        {"data": [{"ice_breakers": [DEFAULT, A]}]},
        {"data": [{"locale": "default"}]},
        {"data": [{"payload": "A"}]},
        {"data": [A]},
        {"data": [{**DEFAULT, "locale": None}]},
        {"data": [{**DEFAULT, "locale": 7}]},
        {"data": [{**DEFAULT, "call_to_actions": None}]},
        {"data": [{**DEFAULT, "call_to_actions": A}]},
        {"data": [{**DEFAULT, "call_to_actions": [{"question": "A?"}]}]},
        {"data": [{**DEFAULT, "call_to_actions": [{"payload": "A"}]}]},
        {"data": [{**DEFAULT, "call_to_actions": [{**A, "question": 7}]}]},
        {"data": [{**DEFAULT, "call_to_actions": [{**A, "payload": None}]}]},
        {"data": [DEFAULT, {**DEFAULT, "call_to_actions": [B]}]},
    ],
    ids=json.dumps,
)
def test_a_read_that_makes_no_sense_is_unknown_and_never_none(answer: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        protocol.profile([{"data": [FRENCH]}, answer])

    assert caught.value.failure.kind is FailureKind.INVALID


@pytest.mark.parametrize("answer", [{"success": True}, {"success": "true"}, {"result": "success"}])
def test_the_documented_answers_to_a_write_are_a_success(answer: dict[str, Any]) -> None:
    protocol.accepted(answer)


@pytest.mark.parametrize(
    "answer",
    [{}, {"success": False}, {"success": "True"}, {"success": 1}, {"success": []}, {"result": True}],
    ids=json.dumps,
)
def test_nothing_else_is_a_success_and_the_write_may_have_arrived(answer: dict[str, Any]) -> None:
    with pytest.raises(Transient) as caught:
        protocol.accepted(answer)

    assert caught.value.may_have_arrived


@pytest.mark.parametrize("paging", [None, {}, [], "x", {"next": None}, {"cursors": {}}])
def test_most_answers_have_no_next_page(paging: object) -> None:
    assert protocol.next_page({"data": [], "paging": paging}) is None
    assert protocol.next_page({"data": []}) is None


@pytest.mark.parametrize("following", [5, 0, False, [], {}, [PATH]])
def test_a_next_page_that_is_no_text_is_unknown_and_never_none(following: object) -> None:
    with pytest.raises(InvalidRequest):
        protocol.next_page({"data": [], "paging": {"next": following}})


def test_a_next_page_is_a_request_of_our_own_without_the_token() -> None:
    url = f"https://graph.instagram.com{PATH}?fields=ice_breakers&access_token=SECRET&after=Q%3D%3D"

    assert protocol.next_page({"paging": {"next": url}}) == url
    expected = Request("GET", PATH, {"fields": "ice_breakers", "after": "Q=="})
    assert protocol.following(INSTAGRAM, url) == expected


def test_a_next_page_below_the_path_of_the_base_url_stays_there() -> None:
    api = Api("http://127.0.0.1:8080/graph")

    assert protocol.following(api, "http://127.0.0.1:8080/graph/v1/x?a=b").path == "/v1/x"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/v24.0/1784/messenger_profile",
        "//graph.instagram.com/v24.0",
        "http://graph.instagram.com/v24.0",
        "https://graph.instagram.com.evil.example/v24.0",
        "https://graph.instagram.com@evil.example/v24.0",
        "https://user@graph.instagram.com/v24.0",
        "https://graph.instagram.com:8443/v24.0",
        "https://graph.facebook.com/v24.0",
        "https://[::1/v24.0",
        "https://graph.instagram.com/v24.0\x00",
        "https://graph.instagram.com/\ud800",
    ],
)
def test_a_next_page_elsewhere_is_not_followed(url: str) -> None:
    with pytest.raises(InvalidRequest):
        protocol.following(INSTAGRAM, url)


def test_an_object_with_status_200_is_the_answer() -> None:
    assert protocol.decode(200, {}, b'{"data": [], "error": null}') == {"data": [], "error": None}


CODES: dict[type[GraphError], tuple[int, ...]] = {
    Transient: (1, 2),
    Throttled: (4, 17, 32, 341, 613, *range(80000, 80015)),
    TokenError: (102, 104, 190),
    PermissionDenied: (3, 10, 200, 230, 299, 36103),
    InvalidRequest: (100, 110, 803, 2500, 0, -1, 5, 199, 300, 79999, 80015, 999999),
    Blocked: (368,),
}


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, codes in CODES.items() for code in codes])
@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_the_code_decides_whatever_the_status(kind: type[GraphError], code: int, status: int) -> None:
    assert type(failed(status, error(code))) is kind
    assert type(failed(status, error(str(code)))) is kind


@pytest.mark.parametrize(("kind", "code"), [(kind, codes[0]) for kind, codes in CODES.items()])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_known_code_goes_before_a_status_of_another_kind(
    kind: type[GraphError], code: int, status: int
) -> None:
    assert type(failed(status, error(code))) is kind


def test_an_error_tells_all_that_the_api_said() -> None:
    failure = failed(400, error(190, error_subcode=463)).failure

    assert failure.kind is FailureKind.TOKEN
    assert (failure.message, failure.code, failure.subcode, failure.trace) == ("told", 190, 463, "AbC")
    assert "expired" in failure.hint


def test_the_type_of_an_error_has_a_say_in_the_hint() -> None:
    assert "other host" in failed(400, error(100, type="IGApiException")).failure.hint
    assert "other host" not in failed(400, error(100)).failure.hint


@pytest.mark.parametrize(
    ("status", "content", "may"),
    [
        (400, error(1), True),
        (200, error(2), True),
        (400, error(100, is_transient=True), True),
        (502, b"<html>", True),
        (200, b'{"succ', True),
        (400, error(4), False),
        (500, error(190), False),
        (400, error(100), False),
        (429, b"", False),
        (404, b"{}", False),
    ],
)
def test_only_what_is_transient_leaves_open_whether_a_write_arrived(
    status: int, content: bytes, may: bool
) -> None:
    assert failed(status, content).may_have_arrived is may


def test_what_is_meant_for_the_user_goes_before_the_message() -> None:
    assert failed(400, error(100, error_user_msg="for people")).failure.message == "for people"


@pytest.mark.parametrize(
    "odd",
    [
        {"code": None, "message": None, "fbtrace_id": 7},
        {"code": True, "message": ["x"], "fbtrace_id": None},
        {"code": "9" * 5000, "message": 7, "fbtrace_id": {}},
        {"code": [190], "message": {}, "error_subcode": "x"},
        {},
    ],
    ids=["null", "wrong types", "a number without end", "lists", "empty"],
)
def test_an_error_of_a_strange_form_is_still_an_error(odd: dict[str, Any]) -> None:
    found = failed(400, json.dumps({"error": odd}).encode())

    assert isinstance(found, InvalidRequest)
    assert (found.failure.message, found.failure.code) == ("HTTP 400", None)


@pytest.mark.parametrize("code", [None, 100, 999])
def test_what_the_api_calls_transient_is(code: int | None) -> None:
    assert isinstance(failed(400, error(code, is_transient=True)), Transient)
    assert not isinstance(failed(400, error(code, is_transient=False)), Transient)


def test_throttling_that_is_called_transient_is_throttling() -> None:
    assert isinstance(failed(400, error(613, is_transient=True)), Throttled)


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (500, b"<!DOCTYPE html><title>Bad gateway</title>"),
        (503, b""),
        (502, b'{"data": []}'),
        (500, b'{"error": {"message": "odd"}}'),
        (200, b'{"data": [{"ice_brea'),
        (200, b""),
        (200, b"[]"),
        (200, b"null"),
        (200, b"\xff\xfe\xfa"),
        (200, b"[" * 100_000),
        (200, b'{"data": ' + b"9" * 5000 + b"}"),
        (400, b"<html>"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_answer_that_is_no_answer_is_transient(status: int, content: bytes) -> None:
    found = failed(status, content)

    assert isinstance(found, Transient)
    assert found.failure.kind is FailureKind.TRANSIENT


@pytest.mark.parametrize("content", [b"", b"<html>", b"{}", error(None)])
def test_429_without_a_known_code_throttles_the_account(content: bytes) -> None:
    found = failed(429, content)

    assert isinstance(found, Throttled)
    assert (found.app_wide, found.wait) == (False, None)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 304])
def test_redirects_are_not_followed(status: int) -> None:
    assert isinstance(failed(status, b"", location="https://evil.example/"), InvalidRequest)


@pytest.mark.parametrize(
    ("status", "content"), [(404, b"{}"), (400, b'{"error": 7}'), (200, b'{"error": "x"}')]
)
def test_a_refusal_without_an_error_object_is_not_tried_again(status: int, content: bytes) -> None:
    assert isinstance(failed(status, content), InvalidRequest)


@pytest.mark.parametrize("code", CODES[Throttled])
def test_only_code_4_is_about_the_whole_app(code: int) -> None:
    found = failed(400, error(code))

    assert isinstance(found, Throttled)
    assert found.app_wide is (code == 4)


def usage(*minutes: object, of: str = "1784") -> str:
    entries = [{"type": "messenger", "estimated_time_to_regain_access": each} for each in minutes]
    return json.dumps({of: entries})


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": " 0 "}, 0.0),
        ({"retry_after": "Mon, 23 Nov 2026 03:09:11 GMT"}, None),
        ({"retry_after": "-1"}, None),
        ({"x_business_use_case_usage": usage(3)}, 180.0),
        ({"x_business_use_case_usage": usage(1, 5, 0)}, 300.0),
        ({"x_business_use_case_usage": usage(0.5)}, 30.0),
        ({"x_business_use_case_usage": usage(0)}, None),
        ({"x_business_use_case_usage": json.dumps({"1": {"estimated_time_to_regain_access": 2}})}, 120.0),
        ({"x_business_use_case_usage": usage(2), "retry_after": "7"}, 120.0),
        ({"x_business_use_case_usage": usage(2), "retry_after": "200"}, 200.0),
        ({"x_app_usage": json.dumps({"call_count": 100})}, None),
    ],
)
def test_a_wait_that_a_header_tells_is_told_in_seconds(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert throttled(**headers).wait == seconds


@pytest.mark.parametrize(
    "header",
    ["", "x", "[]", "{", "[" * 100_000, '{"1": 7}', '{"1": [7]}', '{"1": [{}]}', usage("5"), usage(None)],
    ids=lambda value: value[:30],
)
def test_a_usage_header_that_makes_no_sense_tells_no_wait(header: str) -> None:
    assert throttled(x_business_use_case_usage=header).wait is None


@pytest.mark.parametrize("minutes", ["1" + "0" * 400, "1e999", "1" + "0" * 4000])
def test_a_wait_without_end_is_only_long(minutes: str) -> None:
    wait = throttled(x_business_use_case_usage=usage(0).replace("0", minutes)).wait

    assert wait is not None
    assert wait > 24 * 3600
