"""The client's calls that are not about profiles: what they send, what they cost, where the token stays."""

import logging
import traceback
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from icesync.credentials import Refreshed
from icesync.errors import CredentialError, GraphError, InvalidRequest, Throttled, TokenError, Transient
from icesync.model import Account, Budget, Identity
from tests.support.wire import ACME, HOME, LIVE, TOKEN, Answer, Wire, ok, refused, wire

pytestmark = pytest.mark.anyio

ME = f"{HOME}/v24.0/me?fields=user_id%2Cusername"
APPS = f"{HOME}/v24.0/{ACME.id}/subscribed_apps"
SHOP = {"user_id": ACME.id, "username": "shop"}
FRESH = {"access_token": "IGnew", "token_type": "bearer", "expires_in": 5183944}


async def refresh_fails(line: Wire) -> GraphError:
    with pytest.raises(GraphError) as caught:
        await line.client.refresh(ACME)
    return caught.value


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def shown(error: GraphError) -> str:
    """Everything that a person, a report or a traceback may ever show of it."""
    traces = "".join(traceback.format_exception(error))
    return f"{traces} {error.failure!r} {[(str(each), repr(each), each.args) for each in chain(error)]}"


async def test_identity_is_one_get_with_the_token_in_the_header() -> None:
    line = wire(ok(SHOP))

    assert await line.client.identity(ACME) == Identity(ACME.id, "shop")
    assert line.sent == [("GET", ME)]
    assert line.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


async def test_another_secret_can_be_asked_for_its_owner() -> None:
    line = wire(ok(FRESH), ok(SHOP))

    fresh = await line.client.refresh(ACME)
    await line.client.identity(ACME, fresh.secret)

    assert line.requests[1].headers["authorization"] == "Bearer IGnew"


async def test_a_token_in_the_place_of_a_name_is_masked() -> None:
    line = wire(ok({"user_id": TOKEN, "username": f"{TOKEN}!"}))

    assert await line.client.identity(ACME) == Identity("***", "***!")


async def test_subscriptions_are_read_and_set() -> None:
    line = wire(ok({"data": [{"subscribed_fields": ["messages", "comments"]}]}), ok({"success": True}))

    assert await line.client.subscriptions(ACME) == ("comments", "messages")
    await line.client.subscribe(ACME, ("messages", "messaging_postbacks"))

    assert line.sent == [
        ("GET", APPS),
        ("POST", f"{APPS}?subscribed_fields=messages%2Cmessaging_postbacks"),
    ]
    assert line.requests[1].content == b""


async def test_a_subscription_that_is_not_called_a_success_is_none() -> None:
    with pytest.raises(Transient):
        await wire(ok({"success": False})).client.subscribe(ACME, ("messages",))


async def test_none_of_these_calls_costs_the_budget_or_is_counted() -> None:
    answers = (ok(SHOP), ok({"data": []}), ok({"success": True}), ok(FRESH))
    line = wire(*answers, refused(2), refused(2), ok(SHOP), ok(LIVE), budget=Budget(1, 600))

    line.client.hold(ACME, 1)
    await line.client.identity(ACME)
    await line.client.subscriptions(ACME)
    await line.client.subscribe(ACME, ("messages",))
    await line.client.refresh(ACME)
    await line.client.identity(ACME)
    await line.client.get_profile(ACME)

    assert len(line.requests) == 8
    assert line.client.calls.get("acme") == 1
    assert line.client.room(ACME, 1) > 0.0


async def test_an_account_without_room_for_a_profile_call_still_tells_how_it_stands() -> None:
    line = wire(ok(LIVE), ok(SHOP), budget=Budget(1, 600))
    await line.client.get_profile(ACME)

    assert await line.client.identity(ACME) == Identity(ACME.id, "shop")
    assert isinstance(await line.read_fails(), Throttled)


async def test_they_keep_to_the_pace_of_the_run() -> None:
    line = wire(ok(SHOP), max_rps=0.5)

    for _ in range(3):
        await line.client.identity(ACME)

    assert line.clock.monotonic() == 4.0


async def test_a_turn_leaves_room_for_the_question_whose_token_it_is_until_that_is_known() -> None:
    line = wire(ok(SHOP), ok(LIVE), max_rps=1.0)
    begun = []

    for _ in range(3):
        await line.client.turn(ACME, 1)
        begun.append(line.clock.monotonic())
        await line.client.vouch(ACME)
        await line.client.get_profile(ACME)
        line.client.release(ACME)

    assert begun == [0.0, 2.0, 3.0]
    assert [url for _, url in line.sent].count(ME) == 1


async def test_usage_that_is_told_of_one_stops_the_others() -> None:
    line = wire(httpx.Response(200, json=SHOP, headers={"x-app-usage": '{"call_count": 97}'}))

    await line.client.identity(ACME)

    assert isinstance(await line.read_fails(), Throttled)
    assert isinstance(await refresh_fails(line), Throttled)
    assert len(line.requests) == 1


async def test_a_throttled_account_is_not_asked_how_it_stands() -> None:
    line = wire(refused(613))
    await line.read_fails()

    with pytest.raises(Throttled):
        await line.client.identity(ACME)

    assert len(line.requests) == 1


@pytest.mark.parametrize(
    "answer", [refused(2), refused(613), httpx.ReadTimeout(""), httpx.Response(502), ok({"odd": []})]
)
async def test_a_profile_is_probed_with_one_call_whatever_comes_of_it(answer: Answer) -> None:
    line = wire(answer, ok(LIVE), budget=Budget(10, 600))

    with pytest.raises(GraphError):
        await line.client.probe(ACME)

    assert line.client.calls == {"acme": 1}


async def test_a_probe_follows_no_pages() -> None:
    page = f"{HOME}/v24.0/{ACME.id}/messenger_profile?after=1"
    line = wire(ok({**LIVE, "paging": {"next": page}}))

    await line.client.probe(ACME)

    assert len(line.sent) == 1


async def test_two_tokens_differ_and_one_is_the_same_by_its_fingerprint() -> None:
    one, other = Account("one", "1"), Account("other", "2")
    line = wire(ok(), tokens={"one": "a", "other": "b"})

    assert await line.client.fingerprint(one) == await line.client.fingerprint(one)
    assert await line.client.fingerprint(one) != await line.client.fingerprint(other)
    assert await line.client.fingerprint(one) != await wire(ok(), tokens={"one": "a"}).client.fingerprint(one)
    assert line.requests == []


async def test_no_token_has_no_fingerprint() -> None:
    def missing() -> str:
        raise CredentialError("not set")

    with pytest.raises(GraphError, match="not set"):
        await wire(ok(), token=missing).client.fingerprint(ACME)


async def test_a_refresh_is_one_get_with_the_token_in_the_query_alone() -> None:
    line = wire(ok(FRESH), token=lambda: "a|b+c")

    found = await line.client.refresh(ACME)

    assert (found.secret.reveal(), found.expires_in) == ("IGnew", 5183944)
    path = f"{HOME}/refresh_access_token"
    assert line.sent == [("GET", f"{path}?grant_type=ig_refresh_token&access_token=a%7Cb%2Bc")]
    assert "authorization" not in line.requests[0].headers
    assert "IGnew" not in f"{found!r} {found}"
    assert isinstance(found, Refreshed)


@pytest.mark.parametrize(
    ("answer", "kind", "lost"),
    [
        (httpx.ReadTimeout(""), Transient, True),
        (httpx.RemoteProtocolError("gone"), Transient, True),
        (httpx.Response(502, text="<html>"), Transient, True),
        (httpx.Response(200, content=b'{"access_tok'), Transient, True),
        (ok({}), Transient, True),
        (ok({"access_token": ""}), Transient, True),
        (httpx.ConnectError("refused"), Transient, False),
        (refused(190), TokenError, False),
        (refused(100), InvalidRequest, False),
        (refused(613), Throttled, False),
    ],
)
async def test_a_refresh_is_sent_once_and_tells_whether_its_answer_was_lost(
    answer: Answer, kind: type[GraphError], lost: bool
) -> None:
    line = wire(answer, ok(FRESH))

    error = await refresh_fails(line)

    assert (type(error), error.answer_lost, error.may_have_arrived) == (kind, lost, lost)
    assert len(line.requests) == 1


async def test_a_refresh_that_the_api_stumbled_over_may_have_arrived_and_is_not_sent_again() -> None:
    line = wire(refused(2), ok(FRESH))

    error = await refresh_fails(line)

    assert (error.may_have_arrived, error.answer_lost) == (True, False)
    assert len(line.requests) == 1


async def test_a_refresh_that_was_clearly_refused_for_the_whole_app_is_sent_after_the_wait() -> None:
    line = wire(refused(4, retry_after="9"), ok(FRESH))

    assert (await line.client.refresh(ACME)).expires_in == 5183944
    assert sum(line.clock.slept) == 9.0


HOSTILE: list[Any] = [
    refused(190, f"no such token {TOKEN}"),
    refused(1, f"GET /refresh_access_token?access_token={TOKEN} failed"),
    httpx.Response(200, text=f"<a href='?access_token={TOKEN}'>"),
    httpx.Response(302, headers={"location": f"/?access_token={TOKEN}"}),
    httpx.Response(404, json={"path": f"?access_token={TOKEN}"}),
    httpx.ReadError(f"GET {HOME}/refresh_access_token?access_token={TOKEN} broke"),
    ok({"access_token": f"{TOKEN}\n{TOKEN}"}),
]


@pytest.mark.parametrize("answer", HOSTILE, ids=range(len(HOSTILE)))
async def test_nothing_that_a_failed_refresh_leaves_behind_shows_the_token(
    answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    error = await refresh_fails(wire(answer))

    # The pretended network's own error is all that may still hold what we made it say.
    mine = shown(error) if not isinstance(answer, httpx.RequestError) else f"{error!r} {error.failure!r}"
    assert TOKEN not in mine
    assert TOKEN not in "".join(traceback.format_exception(error))
    assert TOKEN not in caplog.text


async def test_a_token_that_comes_back_as_a_url_writes_it_is_masked_too() -> None:
    line = wire(refused(190, "no such token a%7Cb in ?access_token=a%7Cb"), token=lambda: "a|b")

    assert (await refresh_fails(line)).failure.message == "no such token *** in ?access_token=***"


async def test_a_token_that_makes_the_url_too_long_is_not_shown_by_the_refusal() -> None:
    long = "x" * 70_000
    error = await refresh_fails(wire(ok(FRESH), token=lambda: long))

    assert isinstance(error, InvalidRequest)
    assert long[:100] not in shown(error)
