"""GitHub's API with the job's token: pages, limits, what a failure means, where the token goes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from icesync.credentials import Secret
from icesync.github.events import Event
from icesync.github.rest import ATTEMPTS, Forbidden, GitHub, GitHubError, Passing, persistently
from icesync.github.step import Step
from tests.support.clock import FakeClock

API = "https://api.github.example"
HERE = Path()
STEP = Step(Event("push"), "acme/shops", "0" * 40, "", 1, API, f"{API}/graphql", HERE, HERE, HERE, HERE)
TOKEN = "ghs_sentinel"
Answers = Callable[[httpx.Request], httpx.Response]


def github(answer: Answers, clock: FakeClock) -> GitHub:
    return GitHub(httpx.AsyncClient(transport=httpx.MockTransport(answer)), STEP, Secret(TOKEN), clock)


async def failure(answer: httpx.Response, clock: FakeClock | None = None) -> GitHubError:
    with pytest.raises(GitHubError) as raised:
        await github(lambda _: answer, clock or FakeClock()).send("POST", "issues", {})
    return raised.value


async def listed(answer: Answers) -> list[object]:
    return [each["id"] async for each in github(answer, FakeClock()).every("issues", {"state": "open"})]


@pytest.mark.anyio
async def test_a_list_is_read_page_by_page() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        number = len(asked)
        link = {"link": f'<{API}/repositories/1/issues?page={number + 1}>; rel="next"'} if number < 3 else {}
        return httpx.Response(200, headers=link, json=[{"id": number}, "no object"])

    assert await listed(answer) == [1, 2, 3]
    assert asked == [
        f"{API}/repos/acme/shops/issues?state=open&per_page=100",
        f"{API}/repositories/1/issues?page=2",
        f"{API}/repositories/1/issues?page=3",
    ]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "url", ["https://evil.example/", "https://api.github.example.evil.example/", "/issues"]
)
async def test_the_token_follows_no_page_to_another_host(url: str) -> None:
    hosts = []

    def answer(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return httpx.Response(200, headers={"link": f'<{url}>; rel="next"'}, json=[])

    with pytest.raises(GitHubError, match="on another host"):
        await listed(answer)
    assert hosts == ["api.github.example"]


@pytest.mark.anyio
async def test_a_list_without_an_end_is_given_up() -> None:
    page = httpx.Response(200, headers={"link": f'<{API}/x?page=1>; rel="next"'}, json=[])
    with pytest.raises(GitHubError, match="more than 100 pages"):
        await listed(lambda _: page)


@pytest.mark.anyio
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    answer = httpx.Response(status, headers={"location": "https://evil.example/"})
    assert f"refuses ({status}" in str(await failure(answer))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "headers", "message", "wait"),
    [
        (429, {"retry-after": "7"}, "slow down", 7.0),
        (403, {"retry-after": "7", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "9"}, "", 7.0),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795403381"}, "API rate limit", 30.0),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, "API rate limit", 1.0),
        (403, {}, "You have exceeded a secondary rate limit.", 60.0),
        (429, {"retry-after": "soon"}, "", 60.0),
        (500, {}, "", None),
        (503, {}, "", None),
    ],
)
async def test_what_may_pass_says_how_long_it_takes(
    status: int, headers: dict[str, str], message: str, wait: float | None
) -> None:
    clock = FakeClock()
    assert clock.now().timestamp() == 1795403351
    found = await failure(httpx.Response(status, headers=headers, json={"message": message}), clock)
    assert isinstance(found, Passing)
    assert found.wait == wait


@pytest.mark.anyio
@pytest.mark.parametrize("status", [403, 404, 410])
async def test_what_the_token_may_not_do_is_said_in_githubs_words(status: int) -> None:
    found = await failure(httpx.Response(status, json={"message": "Resource not accessible by integration"}))
    assert isinstance(found, Forbidden)
    assert str(found) == f"the token may not do this ({status}: Resource not accessible by integration)"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<html>", "no reason given"),
        (b"[]", "no reason given"),
        (b'{"message": 7, "errors": "x"}', "no reason given"),
        (
            b'{"message": "Validation Failed", "errors": [{"message": "body is too long"}, 7]}',
            "body is too long",
        ),
        (b'{"message": "bad \\u001b[31m token ghs_sentinel"}', r"bad \x1b[31m token ***"),
    ],
)
async def test_a_refusal_is_repeated_harmlessly(content: bytes, told: str) -> None:
    message = str(await failure(httpx.Response(422, content=content)))
    assert told in message
    assert len(await failure_of(b'{"message": "' + b"x" * 5000 + b'"}')) < 400


async def failure_of(content: bytes) -> str:
    return str(await failure(httpx.Response(422, content=content)))


@pytest.mark.anyio
async def test_an_answer_that_is_no_json_may_pass() -> None:
    assert isinstance(await failure(httpx.Response(200, content=b"<html>")), Passing)


@pytest.mark.anyio
async def test_a_connection_that_breaks_may_pass_and_shows_no_token() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"no route for {request.headers['authorization']}")

    with pytest.raises(Passing, match="cannot be reached") as raised:
        await github(answer, FakeClock()).login()
    assert TOKEN not in str(raised.value)


@pytest.mark.anyio
@pytest.mark.parametrize("url", ["https://github.example:port", "https://[::1", "https://xn--"])
async def test_an_address_that_cannot_be_called_is_told_without_it(url: str) -> None:
    step = replace(STEP, api_url=url, graphql_url=url)
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200)))
    with pytest.raises(GitHubError, match="is no URL that can be called") as raised:
        await GitHub(http, step, Secret(TOKEN), FakeClock()).send("POST", "issues", {})
    assert url not in str(raised.value)


@pytest.mark.anyio
async def test_an_answer_that_cannot_be_unpacked_may_pass() -> None:
    with pytest.raises(Passing, match="cannot be reached"):
        await github(
            lambda _: httpx.Response(
                200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip")
            ),
            FakeClock(),
        ).login()


@pytest.mark.anyio
async def test_graphql_tells_of_a_limit_with_a_good_status() -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795403381"}
    content = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}
    with pytest.raises(Passing, match="for another 30 s") as raised:
        await github(lambda _: httpx.Response(200, headers=headers, json=content), FakeClock()).login()
    assert raised.value.wait == 30


@pytest.mark.anyio
async def test_who_has_used_the_last_call_is_known_all_the_same() -> None:
    answer = httpx.Response(
        200, headers={"x-ratelimit-remaining": "0"}, json={"data": {"viewer": {"login": "ann"}}}
    )
    assert await github(lambda _: answer, FakeClock()).login() == "ann"


@pytest.mark.anyio
@pytest.mark.parametrize("content", ["{}", "[]", '{"data": null}', '{"data": {"viewer": {"login": 7}}}'])
async def test_a_token_of_nobody_is_an_error(content: str) -> None:
    answer = httpx.Response(200, text=content)
    with pytest.raises(GitHubError, match="whose token"):
        await github(lambda _: answer, FakeClock()).login()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("failures", "slept"),
    [
        ([Passing("x")], [2.0]),
        ([Passing("x", 17.0), Passing("x"), Passing("x", 120.0)], [17.0, 4.0, 120.0]),
    ],
)
async def test_an_errand_is_done_again_after_what_hindered_it(
    failures: list[Passing], slept: list[float]
) -> None:
    clock, left = FakeClock(), [*failures]

    async def errand() -> str:
        if left:
            raise left.pop(0)
        return "done"

    assert await persistently(errand, clock) == "done"
    assert clock.slept == slept


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("error", "times"), [(Passing("x"), ATTEMPTS), (Passing("x", 121.0), 1), (Forbidden("x"), 1)]
)
async def test_an_errand_is_given_up_in_the_end(error: GitHubError, times: int) -> None:
    tried = []

    async def errand() -> None:
        tried.append(1)
        raise error

    with pytest.raises(type(error)):
        await persistently(errand, FakeClock())
    assert len(tried) == times
