"""GitHub's API with the job's token: pages, rate limits, and what a failure means for the workflow.

Calls are not repeated one by one, because a comment whose answer was lost may be there: what is
`persistently` done is a whole errand, which looks first. Facts: GitHub's manual, "Best practices for
using the REST API" and "Rate limits for the REST API".
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential

from icesync import __version__
from icesync.credentials import Secret
from icesync.errors import IcesyncError
from icesync.github.payload import at, objects
from icesync.github.step import Step
from icesync.safe import visible

ATTEMPTS: Final = 4
PATIENCE: Final = 120.0
"""The longest wait in seconds. A limit that lasts longer is told instead of sat out."""

_UNASKED: Final = 60.0  # "wait for at least one minute", where a secondary limit does not say how long
_MOST_PAGES: Final = 100
_TIMEOUT: Final = 30.0

T = TypeVar("T")


class GitHubError(IcesyncError):
    """GitHub did not do what it was asked for."""


class Forbidden(GitHubError):
    """The token may not, or what it asks for is not there for it: GitHub tells the two apart for nobody."""


class Passing(GitHubError):
    """May pass by itself, after `wait` seconds where GitHub said how long."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class Clock(Protocol):
    def now(self) -> datetime: ...

    async def sleep(self, seconds: float) -> None: ...


class GitHub:
    """One repository, as the holder of a token may see and change it. Raises GitHubError."""

    def __init__(self, http: httpx.AsyncClient, step: Step, token: Secret, clock: Clock) -> None:
        self._http = http
        self._root = f"{step.api_url}/repos/{step.repository}"
        self._api_url = step.api_url
        self._graphql_url = step.graphql_url
        self._token = token
        self._clock = clock

    async def login(self) -> str:
        """Who the token is: `github-actions[bot]` for the job's own. REST has no answer to that for
        the token of an app, GraphQL has; and GraphQL tells of a limit with status 200."""
        answer = await self._call("POST", self._graphql_url, json={"query": "{ viewer { login } }"})
        login = at(answer.json(), "data", "viewer", "login")
        if isinstance(login, str):
            return login
        message = self._token.scrub(_message(answer))
        if _is_limit(answer, message):
            raise _limit(answer, self._clock.now().timestamp(), message)
        raise GitHubError(f"GitHub does not say whose token this is ({message})")

    async def every(self, path: str, query: Mapping[str, str]) -> AsyncIterator[Mapping[str, Any]]:
        """Each entry of a list, page by page, as far as the caller wants them."""
        url = f"{self._root}/{path}"
        parameters: Mapping[str, str] | None = {**query, "per_page": "100"}
        for _ in range(_MOST_PAGES):
            answer = await self._call("GET", url, params=parameters)
            for entry in objects(answer.json()):
                yield entry
            following = answer.links.get("next", {}).get("url")
            if following is None:
                return
            # Whoever wrote the link, the token goes to the API and nowhere else.
            if not following.startswith(f"{self._api_url}/"):
                raise GitHubError("a page of GitHub's answer is said to be on another host")
            # The link has its own parameters; an empty mapping would take them away.
            url, parameters = following, None
        raise GitHubError(f"GitHub's list has more than {_MOST_PAGES} pages")

    async def send(self, method: str, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = await self._call(method, f"{self._root}/{path}", json=body)
        found = answer.json()
        return found if isinstance(found, dict) else {}

    async def _call(self, method: str, url: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token.reveal()}"}
        try:
            answer = await self._http.request(method, url, headers=headers, **more)
        except httpx.RequestError as error:
            what = self._token.scrub(str(error)) or type(error).__name__
            raise Passing(f"GitHub cannot be reached: {visible(what)}") from None
        except (httpx.InvalidURL, UnicodeError):  # the latter of a host that IDNA cannot encode
            raise GitHubError("the address of GitHub's API is no URL that can be called") from None
        if not answer.is_success:
            raise _failure(answer, self._clock.now().timestamp(), self._token)
        return _as_json(answer)


@asynccontextmanager
async def connected(step: Step, token: Secret, clock: Clock) -> AsyncIterator[GitHub]:
    """GitHub, for as long as the block lasts. Redirects are not followed: a token is not for elsewhere."""
    headers = {
        "Accept": "application/vnd.github+json",
        "User-Agent": f"icesync/{__version__}",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    async with httpx.AsyncClient(headers=headers, timeout=_TIMEOUT) as http:
        yield GitHub(http, step, token, clock)


async def persistently(errand: Callable[[], Awaitable[T]], clock: Clock) -> T:
    """Do it again while what hinders it may pass. It must look first, and end well when all is done."""

    async def attempt() -> T:
        return await errand()

    return await AsyncRetrying(
        retry=retry_if_exception_type(Passing),
        wait=_wait,
        stop=lambda state: state.attempt_number >= ATTEMPTS or state.upcoming_sleep > PATIENCE,
        sleep=clock.sleep,
        reraise=True,
    )(attempt)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    told = error.wait if isinstance(error, Passing) else None
    return float(wait_exponential(multiplier=2)(state)) if told is None else told


def _failure(answer: httpx.Response, now: float, token: Secret) -> GitHubError:
    """What a failed call means."""
    status, message = answer.status_code, token.scrub(_message(answer))
    if status in (403, 429) and _is_limit(answer, message):
        return _limit(answer, now, message)
    if status == 401:
        return GitHubError(f"GitHub does not accept the token (401: {message})")
    if status in (403, 404, 410):
        return Forbidden(f"the token may not do this ({status}: {message})")
    if status >= 500:
        return Passing(f"GitHub is out of order for now ({status}: {message})")
    return GitHubError(f"GitHub refuses ({status}: {message})")


def _is_limit(answer: httpx.Response, message: str) -> bool:
    headers = answer.headers
    return (
        answer.status_code == 429
        or "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
        or "secondary rate limit" in message
    )


def _limit(answer: httpx.Response, now: float, message: str) -> Passing:
    wait = _seconds(answer.headers, now)
    what = f"GitHub's rate limit is reached for another {wait:.0f} s"
    return Passing(f"{what} ({answer.status_code}: {message})", wait)


def _seconds(headers: Mapping[str, str], now: float) -> float:
    """How long a limit lasts."""
    after, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
    if after.isdecimal():
        return float(after)
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(1.0, float(reset) - now)
    return _UNASKED


def _message(answer: httpx.Response) -> str:
    """GitHub's own words, as far as there are any."""
    try:
        content = answer.json()
    except ValueError:
        return "no reason given"
    told = [at(content, "message"), *(each.get("message") for each in objects(at(content, "errors")))]
    words = "; ".join(visible(each) for each in told if isinstance(each, str))
    return words[:300] or "no reason given"


def _as_json(answer: httpx.Response) -> httpx.Response:
    try:
        answer.json()
    except ValueError:
        raise Passing(f"GitHub's answer is no JSON ({answer.status_code})") from None
    return answer
