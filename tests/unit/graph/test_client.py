"""The client over a pretended network: what goes out, what comes back, and where the token stays."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx
import pytest

from icesync.errors import (
    Blocked,
    CredentialError,
    GraphError,
    InvalidRequest,
    PermissionDenied,
    Throttled,
    TokenError,
    Transient,
)
from icesync.graph.client import MOST_PAGES
from icesync.graph.governor import MOST_UNANSWERED
from icesync.graph.usage import Usage
from icesync.model import NOTHING, Account, Api, Budget, FailureKind, Profile
from tests.support.wire import ACME, HOME, LIVE, PROFILE, TOKEN, Answer, ok, refused, wire

pytestmark = pytest.mark.anyio

URL = f"{HOME}/v24.0/{ACME.id}/messenger_profile"


async def test_a_read_is_one_get_of_the_ice_breakers() -> None:
    line = wire(ok())

    assert await line.client.get_profile(ACME) == PROFILE
    assert line.sent == [("GET", f"{URL}?fields=ice_breakers")]
    assert line.requests[0].content == b""


async def test_a_write_is_one_post_of_the_whole_document() -> None:
    line = wire(ok({"success": True}))

    await line.client.set_profile(ACME, PROFILE)

    assert line.sent == [("POST", URL)]
    assert line.requests[0].headers["content-type"] == "application/json"
    assert json.loads(line.requests[0].content) == {
        "platform": "instagram",
        "ice_breakers": [
            {"locale": "default", "call_to_actions": [{"question": "Où ?", "payload": "WHERE"}]},
            {"locale": "fr_FR", "call_to_actions": [{"question": "Quand ?", "payload": "WHEN"}]},
        ],
    }


async def test_no_call_asks_for_a_compressed_answer() -> None:
    line = wire(ok(), ok({"success": True}))

    await line.client.get_profile(ACME)
    await line.client.set_profile(ACME, PROFILE)

    assert [request.headers["accept-encoding"] for request in line.requests] == ["identity"] * 2


async def test_writing_nothing_is_one_delete_with_a_body() -> None:
    line = wire(ok({"result": "success"}))

    await line.client.set_profile(ACME, NOTHING)

    assert line.sent == [("DELETE", URL)]
    assert json.loads(line.requests[0].content) == {"fields": ["ice_breakers"]}


async def test_a_question_that_no_encoding_knows_is_sent_as_json_writes_it() -> None:
    line = wire(ok({"success": True}))

    await line.client.set_profile(ACME, Profile.of({"default": [("\ud800?", "P")]}))

    assert b'"\\ud800?"' in line.requests[0].content


async def test_url_and_version_are_those_of_the_api() -> None:
    line = wire(ok(), api=Api("http://127.0.0.1:8080/graph", "v99.0"))

    await line.client.get_profile(Account("acme", "me"))

    assert line.sent == [
        ("GET", "http://127.0.0.1:8080/graph/v99.0/me/messenger_profile?fields=ice_breakers")
    ]


async def test_every_call_to_facebook_names_the_platform() -> None:
    home = "https://graph.facebook.com"
    paged = {"data": [], "paging": {"next": f"{home}/v24.0/1/messenger_profile?after=x"}}
    line = wire(ok(paged), ok(), ok({"success": "true"}), api=Api(home))

    await line.client.get_profile(ACME)
    await line.client.set_profile(ACME, PROFILE)
    await line.client.set_profile(ACME, NOTHING)

    assert [request.url.params["platform"] for request in line.requests] == ["instagram"] * 4


async def test_the_token_goes_into_the_header_of_every_call_and_nowhere_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    paged = {"data": [], "paging": {"next": f"{URL}?access_token={TOKEN}&after=x"}}
    line = wire(ok(paged), ok(), refused(1), ok({"success": True}))

    await line.client.get_profile(ACME)
    await line.client.set_profile(ACME, PROFILE)

    assert [request.headers["authorization"] for request in line.requests] == [f"Bearer {TOKEN}"] * 4
    for request in line.requests:
        assert TOKEN not in str(request.url)
        assert TOKEN.encode() not in request.content
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(line.client)


@pytest.mark.parametrize(
    "answer",
    [
        refused(190, f"Error validating access token {TOKEN}"),
        refused(613, f"{TOKEN} called too often"),
        refused(2, f"{TOKEN} is out of luck"),
        httpx.Response(400, json={"error": {"code": 100, "error_user_msg": TOKEN, "fbtrace_id": TOKEN}}),
        httpx.ConnectError(f"bad header b'Bearer {TOKEN}'"),
    ],
    ids=["token", "throttled", "transient", "for the user", "network"],
)
async def test_a_token_that_comes_back_is_masked_in_everything_that_an_error_shows(answer: Answer) -> None:
    error = await wire(answer).read_fails()

    assert "***" in error.failure.message
    for shown in (str(error), repr(error), repr(error.failure), repr(error.args), repr(error.__cause__)):
        assert TOKEN not in shown


async def test_a_following_page_is_asked_of_the_same_host_with_our_own_header() -> None:
    first = {
        "data": LIVE["data"][:1],
        "paging": {"next": f"{URL}?fields=ice_breakers&access_token=x&after=Q"},
    }
    line = wire(ok(first), ok({"data": LIVE["data"][1:]}))

    assert await line.client.get_profile(ACME) == PROFILE
    assert line.sent[1] == ("GET", f"{URL}?fields=ice_breakers&after=Q")
    assert line.client.calls == {"acme": 2}


@pytest.mark.parametrize(
    "following",
    [
        "",
        "https://evil.example/v24.0/1",
        f"http{HOME[5:]}/v24.0/1",
        "https://[::1/",
        f"{HOME}/{'x' * 70_000}",
    ],
)
async def test_a_following_page_elsewhere_is_not_asked(following: str) -> None:
    line = wire(ok({"data": [], "paging": {"next": following}}))

    assert isinstance(await line.read_fails(), InvalidRequest)
    assert len(line.requests) == 1


async def test_pages_without_end_are_given_up() -> None:
    pages = [ok({"data": [], "paging": {"next": f"{URL}?after={number}"}}) for number in range(9)]
    line = wire(*pages)

    assert isinstance(await line.read_fails(), InvalidRequest)
    assert len(line.requests) == MOST_PAGES


@pytest.mark.parametrize(
    "following",
    [["fields=ice_breakers"], ["after=x", "after=x"], ["a=1&b=2", "after=x", "b=2&a=1&access_token=y"]],
)
async def test_a_page_that_was_read_already_is_not_read_again(following: list[str]) -> None:
    line = wire(*(ok({"data": [], "paging": {"next": f"{URL}?{query}"}}) for query in following))

    assert isinstance(await line.read_fails(), InvalidRequest)
    assert len(line.requests) == len(following)


async def test_a_page_that_cannot_be_read_makes_the_whole_read_unknown() -> None:
    line = wire(ok({"data": LIVE["data"], "paging": {"next": f"{URL}?after=x"}}), refused(190))

    assert isinstance(await line.read_fails(), TokenError)


TRANSIENT: list[Answer] = [
    refused(1),
    refused(2),
    httpx.Response(502, html="<!DOCTYPE html><title>Bad gateway</title>"),
    httpx.Response(200, content=b'{"data": [{"call_to_'),
    httpx.Response(400, json={"error": {"code": 99, "message": "later", "is_transient": True}}),
    httpx.ConnectError("refused"),
    httpx.ReadTimeout(""),
    httpx.RemoteProtocolError("gone"),
]


@pytest.mark.parametrize("answer", TRANSIENT, ids=repr)
async def test_what_passes_by_itself_is_tried_three_times_with_a_pause_between(answer: Answer) -> None:
    line = wire(answer)

    error = await line.read_fails()

    assert isinstance(error, Transient)
    assert error.failure.message
    assert len(line.requests) == line.client.calls["acme"] == 3
    assert len(line.clock.slept) == 2
    assert all(0 <= pause <= 2 for pause in line.clock.slept)


async def test_a_third_try_that_succeeds_is_a_success() -> None:
    line = wire(httpx.ReadError("reset"), refused(2), ok())

    assert await line.client.get_profile(ACME) == PROFILE
    assert line.client.calls == {"acme": 3}


class Dripping(httpx.AsyncByteStream):
    """An answer that never ends, though its next byte is always there soon."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0)
            yield b" "


async def test_a_request_that_goes_on_for_ever_is_given_up_as_lost() -> None:
    line = wire(ok())
    network = httpx.MockTransport(lambda request: httpx.Response(200, stream=Dripping()))

    async with line.connected(network, patience=0.05) as client:
        with pytest.raises(Transient, match=r"^no answer within 0\.05 s$") as caught:
            await asyncio.wait_for(client.set_profile(ACME, PROFILE), 5)

    assert caught.value.may_have_arrived
    assert client.calls == {"acme": 3}


async def test_a_connection_ends_before_the_patience_does() -> None:
    line = wire(ok())

    async with line.connected(line.network, patience=30) as client:
        await client.get_profile(ACME)

    # A request whose connection took too long was surely never sent.
    assert 0 < line.requests[0].extensions["timeout"]["connect"] < 30


@pytest.mark.parametrize(
    "location",
    ["https://evil.example/", "http://xn--0.example/", "http://[::1", "http://a:b/", "javascript:x"],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_one_refused_call_wherever_it_leads(status: int, location: str) -> None:
    line = wire(httpx.Response(status, headers={"location": location}))

    async with line.connected(line.network, patience=30) as client:
        with pytest.raises(InvalidRequest, match="redirects are not followed"):
            await client.get_profile(ACME)

    assert len(line.requests) == 1


async def test_a_cookie_of_one_account_is_not_sent_with_another() -> None:
    line = wire(httpx.Response(200, json=LIVE, headers={"set-cookie": "session=acme; Path=/"}))

    async with line.connected(line.network, patience=30) as client:
        await client.get_profile(ACME)
        await client.get_profile(Account("other", "2"))

    assert "cookie" not in line.requests[1].headers


async def test_a_dead_api_is_not_called_for_every_account() -> None:
    line = wire(httpx.ConnectError("refused"))

    for number in range(1000):
        with pytest.raises(Transient, match="no answer: refused"):
            await line.client.get_profile(Account(f"account-{number}", str(number)))

    assert len(line.requests) == line.client.calls.total() == MOST_UNANSWERED
    assert len(line.clock.slept) <= MOST_UNANSWERED


@pytest.mark.parametrize("host", ["xn--a", "xn--", "ü..de"])
async def test_a_host_that_has_no_name_is_an_invalid_request(host: str) -> None:
    line = wire(ok(), api=Api(f"https://{host}"))

    assert isinstance(await line.read_fails(), InvalidRequest)
    assert line.requests == []


async def test_pauses_differ_from_run_to_run() -> None:
    pauses = set()
    for _ in range(5):
        line = wire(refused(1))
        await line.read_fails()
        pauses.update(line.clock.slept)

    assert len(pauses) > 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refused(190), TokenError),
        (refused(10), PermissionDenied),
        (refused(100), InvalidRequest),
        (refused(368), Blocked),
        (refused(613), Throttled),
        (refused(4), Throttled),
        (httpx.Response(429), Throttled),
        (httpx.Response(302, headers={"location": "https://evil.example/"}), InvalidRequest),
        (httpx.Response(404, json={}), InvalidRequest),
        (ok({"data": [{"ice_breakers": [{}]}]}), InvalidRequest),
    ],
)
async def test_nothing_else_is_tried_again(answer: Answer, kind: type[GraphError]) -> None:
    line = wire(answer)

    assert type(await line.read_fails()) is kind
    assert (len(line.requests), line.clock.slept) == (1, [])


async def test_a_wait_of_an_account_is_told_and_keeps_nobody_up() -> None:
    line = wire(refused(613, retry_after="9"), ok())

    error = await line.read_fails()

    assert isinstance(error, Throttled)
    assert (error.again, error.wait, error.failure.not_before) == (True, 9.0, "2026-11-23T03:09:20Z")
    assert (len(line.requests), line.clock.slept) == (1, [])
    await line.clock.sleep(9.0)
    assert await line.client.get_profile(ACME) == PROFILE


async def test_a_wait_of_the_whole_app_is_sat_out_on_the_injected_clock() -> None:
    line = wire(refused(4, retry_after="9"), ok())

    assert await line.client.get_profile(ACME) == PROFILE
    assert sum(line.clock.slept) == 9.0


async def test_minutes_are_too_long_to_sit_out() -> None:
    usage = json.dumps({"1": [{"type": "messenger", "estimated_time_to_regain_access": 5}]})
    line = wire(refused(80006, x_business_use_case_usage=usage))

    error = await line.read_fails()

    assert isinstance(error, Throttled)
    assert (error.wait, error.app_wide, error.again) == (300.0, False, False)
    assert error.failure.not_before == "2026-11-23T03:14:11Z"
    assert len(line.requests) == 1


async def test_a_throttled_app_answers_for_every_account_without_another_call() -> None:
    line = wire(refused(4))
    others = [Account(f"other-{number}", str(number)) for number in range(5)]

    found = await asyncio.gather(*map(line.client.get_profile, [ACME, *others]), return_exceptions=True)

    assert [type(each) for each in found] == [Throttled] * 6
    assert len(line.requests) == 1


@pytest.mark.parametrize("answer", [{"success": True}, {"success": "true"}, {"result": "success"}])
async def test_every_documented_success_of_a_write_counts(answer: dict[str, Any]) -> None:
    line = wire(ok(answer))

    await line.client.set_profile(ACME, PROFILE)

    assert len(line.requests) == 1


@pytest.mark.parametrize("answer", [{}, {"success": False}, {"success": "yes"}, {"data": []}], ids=json.dumps)
async def test_another_answer_with_200_to_a_write_is_no_success_and_leaves_it_open(answer: object) -> None:
    error = await wire(ok(answer)).write_fails()

    assert isinstance(error, Transient)
    assert error.may_have_arrived


@pytest.mark.parametrize(
    ("answers", "may"),
    [
        ([refused(190)], False),
        ([refused(613)], False),
        ([refused(613, retry_after="1"), refused(613)], False),
        ([httpx.Response(302)], False),
        ([httpx.ReadTimeout("")], True),
        ([httpx.Response(500)], True),
        ([httpx.ReadTimeout(""), refused(190)], True),
        ([httpx.ReadTimeout(""), refused(613)], True),
        ([refused(2), refused(2), refused(100)], True),
        ([refused(1)], True),
        ([refused(2), refused(190)], True),
        ([httpx.ConnectError("refused")], False),
        ([httpx.ConnectTimeout("")], False),
        ([httpx.PoolTimeout("")], False),
        ([httpx.ProxyError("407")], False),
        ([httpx.ConnectError("refused"), refused(190)], False),
        ([httpx.ConnectError("refused"), refused(613)], False),
        ([httpx.WriteError("reset")], True),
        ([httpx.RemoteProtocolError("gone")], True),
        ([httpx.ReadTimeout(""), httpx.ConnectError("refused")], True),
        ([httpx.ConnectError("refused"), httpx.ReadTimeout(""), httpx.ConnectError("refused")], True),
        ([httpx.ReadTimeout(""), refused(613, retry_after="1"), refused(613)], True),
    ],
)
async def test_an_error_tells_whether_the_write_may_have_arrived(
    answers: Iterable[Answer], may: bool
) -> None:
    assert (await wire(*answers).write_fails()).may_have_arrived is may


async def test_an_account_without_a_token_costs_no_call() -> None:
    def missing() -> str:
        raise CredentialError("the environment variable of its token reference is not set")

    line = wire(ok(), token=missing)

    error = await line.read_fails()

    assert error.failure.kind is FailureKind.CREDENTIAL
    assert error.failure.message == "the environment variable of its token reference is not set"
    assert not error.may_have_arrived
    assert (line.requests, line.client.calls) == ([], {})


async def test_each_account_speaks_with_its_own_token() -> None:
    tokens = iter(("first", "second"))
    line = wire(ok(), token=lambda: next(tokens))

    await line.client.get_profile(ACME)
    await line.client.get_profile(Account("other", "2"))

    sent = [request.headers["authorization"] for request in line.requests]
    assert sent == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize(
    ("answers", "arrived", "lost"),
    [
        ([refused(100)], False, False),
        ([refused(2)], True, False),
        ([httpx.ConnectError("refused")], False, False),
        ([httpx.ReadError("gone")], True, True),
        ([httpx.ReadError("gone"), refused(2)], True, True),
        ([httpx.Response(502, text="<html>"), refused(100)], True, True),
        ([refused(2), refused(613)], True, False),
    ],
)
async def test_a_failed_write_knows_of_all_its_tries_what_may_have_become_of_it(
    answers: list[Answer], arrived: bool, lost: bool
) -> None:
    error = await wire(*answers).write_fails()

    assert (error.may_have_arrived, error.answer_lost) == (arrived, lost)


async def test_every_try_counts_against_the_budget() -> None:
    line = wire(refused(2), budget=Budget(4, 600))

    await line.read_fails()

    assert len(line.requests) == 3
    assert line.client.room(ACME, 1) == 0.0
    assert line.client.room(ACME, 2) > 0.0


async def test_a_try_that_the_budget_has_no_room_for_is_not_made() -> None:
    line = wire(httpx.ReadError("gone"), budget=Budget(2, 600))

    error = await line.write_fails()

    assert isinstance(error, Throttled)
    assert error.failure.not_before is not None
    assert (error.may_have_arrived, error.answer_lost) == (True, True)
    assert len(line.requests) == 2


async def test_every_page_of_a_read_counts_against_the_budget() -> None:
    line = wire(ok({"data": [], "paging": {"next": f"{URL}?after=x"}}), ok(), budget=Budget(2, 600))

    await line.client.get_profile(ACME)

    assert line.client.room(ACME, 1) > 0.0


async def test_an_account_without_a_token_has_used_nothing_of_its_budget() -> None:
    def missing() -> str:
        raise CredentialError("not set")

    line = wire(ok(), token=missing, budget=Budget(1, 600))

    await line.read_fails()

    assert line.client.room(ACME, 1) == 0.0


async def test_what_is_held_pays_for_the_write_and_its_read_back_and_not_for_another_try() -> None:
    line = wire(ok({"success": True}), ok(), refused(2), budget=Budget(3, 600))

    line.client.hold(ACME, 2)
    assert line.client.room(ACME, 2) > 0.0
    await line.client.set_profile(ACME, PROFILE)
    assert await line.client.get_profile(ACME) == PROFILE
    line.client.release(ACME)

    assert line.client.room(ACME, 1) == 0.0
    assert isinstance(await line.read_fails(), Throttled)
    assert len(line.requests) == 3


async def test_what_was_held_and_not_used_is_given_back() -> None:
    line = wire(ok(), budget=Budget(3, 600))

    line.client.hold(ACME, 3)
    await line.client.get_profile(ACME)
    line.client.release(ACME)

    assert line.client.room(ACME, 2) == 0.0


async def test_usage_that_an_answer_tells_stops_the_calls_that_follow() -> None:
    nearly = httpx.Response(200, json=LIVE, headers={"x-app-usage": '{"call_count": 97}'})
    line = wire(nearly)

    await line.client.get_profile(ACME)

    error = await line.read_fails()
    assert isinstance(error, Throttled)
    assert error.failure.not_before is not None
    assert len(line.requests) == 1


async def test_usage_that_an_error_tells_counts_too() -> None:
    usage = json.dumps({ACME.id: [{"estimated_time_to_regain_access": 2}]})
    line = wire(refused(190, x_business_use_case_usage=usage), ok())

    await line.read_fails()

    error = await line.read_fails()
    assert isinstance(error, Throttled)
    assert error.wait == 120.0
    assert await line.client.get_profile(Account("other", "2")) == PROFILE


async def test_usage_of_one_account_is_no_others() -> None:
    line = wire(ok())
    line.governor.told(ACME, Usage(account=99.0))

    await line.client.get_profile(Account("other", "2"))

    assert isinstance(await line.read_fails(), Throttled)


@pytest.mark.parametrize(("write", "tries"), [(True, 1), (False, 3)])
async def test_a_write_is_not_sent_again_once_the_run_is_being_stopped(write: bool, tries: int) -> None:
    line = wire(httpx.ReadError("gone"), stopping=lambda: True)

    error = await (line.write_fails() if write else line.read_fails())

    assert isinstance(error, Transient)
    assert error.may_have_arrived
    assert len(line.requests) == tries


async def test_a_client_closes_the_network_that_it_was_given() -> None:
    line = wire(ok())
    network = Closing(line.answer)

    async with line.connected(network, patience=5) as client:
        await client.get_profile(ACME)
        assert not network.closed

    assert network.closed


class Closing(httpx.MockTransport):
    closed = False

    async def aclose(self) -> None:
        self.closed = True
