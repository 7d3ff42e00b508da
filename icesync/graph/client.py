"""The Graph API over HTTP: send, retry, account by account. Owns httpx.

The token of an account is put into the request's header here and nowhere else, and is taken out of
every message that comes back.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final

import httpx
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from icesync.credentials import Secret
from icesync.errors import CredentialError, GraphError, InvalidRequest, Transient
from icesync.graph import protocol
from icesync.graph.governor import Clock, Governor
from icesync.graph.transport import Transport
from icesync.model import Account, Api, FailureKind, GraphFailure, Profile

ATTEMPTS: Final = 3
MOST_PAGES: Final = 5


class GraphClient:
    """Reads and writes profiles. Raises GraphError and CredentialError, both about one account.

    `calls` counts the requests sent for each account name, retries included.
    """

    def __init__(
        self,
        api: Api,
        http: httpx.AsyncClient,
        token: Callable[[Account], Awaitable[Secret]],
        governor: Governor,
        clock: Clock,
    ) -> None:
        self.calls: Counter[str] = Counter()
        self._api = api
        self._http = http
        self._token = token
        self._governor = governor
        self._clock = clock

    async def get_profile(self, account: Account) -> Profile:
        """The account's live profile. Costs a call, more when it has pages or must be retried."""
        request = protocol.read(self._api, account.id)
        answers = [await self._call(account, request)]
        while following := protocol.next_page(answers[-1]):
            if len(answers) == MOST_PAGES:
                raise InvalidRequest(GraphFailure(FailureKind.INVALID, "too many pages of ice breakers"))
            answers.append(await self._call(account, protocol.following(self._api, following)))
        return protocol.profile(answers)

    async def set_profile(self, account: Account, profile: Profile) -> None:
        """Replace the account's whole document; an empty profile deletes it. Returning means that
        the API said success, not that a read shows it already."""
        protocol.accepted(await self._call(account, protocol.write(self._api, account.id, profile)))

    async def _call(self, account: Account, request: protocol.Request) -> dict[str, Any]:
        secret = await self._secret(account)
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(Transient),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.25, max=2),
            sleep=self._clock.sleep,
            reraise=True,
        )
        try:
            return await attempts(
                self._governor.call, account.name, lambda: self._send(account, request, secret)
            )
        except GraphError as error:
            earlier = attempts.statistics.get("attempt_number", 1) > 1
            error.may_have_arrived = earlier or isinstance(error, Transient)
            raise

    async def _secret(self, account: Account) -> Secret:
        try:
            return await self._token(account)
        except CredentialError as error:
            raise GraphError(GraphFailure(FailureKind.CREDENTIAL, str(error))) from error

    async def _send(self, account: Account, request: protocol.Request, secret: Secret) -> dict[str, Any]:
        self.calls[account.name] += 1
        content, headers = None, {"Authorization": f"Bearer {secret.reveal()}", "Accept": "application/json"}
        if request.body is not None:
            content = json.dumps(request.body).encode()
            headers["Content-Type"] = "application/json"
        try:
            response = await self._http.request(
                request.method,
                self._api.url + request.path,
                params=request.params,
                content=content,
                headers=headers,
            )
        except httpx.HTTPError as error:
            what = secret.scrub(str(error)) or type(error).__name__
            raise protocol.transient(f"no answer: {what}") from None
        except httpx.InvalidURL:
            raise InvalidRequest(GraphFailure(FailureKind.INVALID, "the request has no valid URL")) from None
        return _decode(response.status_code, response.headers, response.content, secret)


@asynccontextmanager
async def connected(
    api: Api,
    transport: Transport,
    token: Callable[[Account], Awaitable[Secret]],
    *,
    clock: Clock,
    patience: float,
) -> AsyncIterator[GraphClient]:
    """A client over this transport, closed at the end. One request may take `patience` seconds."""
    async with httpx.AsyncClient(transport=transport, timeout=patience, trust_env=False) as http:
        # A cookie from one account's answer has no business in another account's call.
        http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        yield GraphClient(api, http, token, Governor(clock), clock)


def _decode(status: int, headers: Mapping[str, str], content: bytes, secret: Secret) -> dict[str, Any]:
    try:
        return protocol.decode(status, headers, content)
    except GraphError as error:
        error.failure = _without(secret, error.failure)
        error.args = (error.failure.message,)
        raise


def _without(secret: Secret, failure: GraphFailure) -> GraphFailure:
    """The failure as the API told it, but never with the token in it."""
    return replace(
        failure, message=secret.scrub(failure.message), trace=secret.scrub(failure.trace or "") or None
    )
