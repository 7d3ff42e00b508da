"""The Graph API over HTTP: send, retry, account by account. Owns httpx.

The token of an account is put into the request's header here and nowhere else, but for the refresh,
which is documented with the token in its query; and it is taken out of every message that comes back.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from icesync import __version__
from icesync.clock import Clock
from icesync.credentials import Refreshed, Secret
from icesync.errors import CredentialError, GraphError, InvalidRequest, Transient
from icesync.graph import protocol, standing
from icesync.graph.catalogue import cases
from icesync.graph.governor import Governor
from icesync.graph.transport import Transport
from icesync.graph.usage import usage
from icesync.graph.vouching import Identities, Remembered, Vouching
from icesync.model import Account, Api, GraphFailure, Identity, Profile

ATTEMPTS: Final = 3
MOST_PAGES: Final = 5

_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
"""The proxy is used for tunnels alone, so its refusal comes before there is anything to send."""


class GraphClient:
    """Reads and writes profiles, and knows how accounts stand. Raises GraphError, which is about one
    account.

    `calls` counts the requests for profiles that were sent for each account name, retries included.
    `patience` is how many seconds one request may take, from its first byte to the last of its answer.
    Once `stopping()` is true a write that went wrong is not sent again. `identities` keeps whose tokens
    are known; `say` gets what a person should know of a run.
    """

    def __init__(
        self,
        api: Api,
        transport: Transport,
        token: Callable[[Account], Awaitable[Secret]],
        governor: Governor,
        clock: Clock,
        patience: float,
        stopping: Callable[[], bool] = lambda: False,
        *,
        identities: Identities | None = None,
        say: Callable[[str], None] = lambda note: None,
    ) -> None:
        self.calls: Counter[str] = Counter()
        self._api = api
        self._transport = transport
        self._token = token
        self._governor = governor
        self._clock = clock
        self._patience = patience
        self._stopping = stopping
        self._vouching = Vouching(api, identities or Remembered(), clock, say)
        # Less than the patience, so that a request that was never sent is known to be one.
        self._extensions = {"timeout": {"connect": patience / 2}}

    def hold(self, account: Account, calls: int) -> None:
        """Keep so many calls of the account's budget for what comes. Raises Throttled."""
        self._governor.hold(account, calls)

    async def turn(self, account: Account, calls: int) -> None:
        """Wait for the turn of so many calls in a row, and of the question whose token it is where that
        is to come with them. Raises Throttled when the run is stopped."""
        asks = self._vouching.concerns(account) and not self._vouching.knows(await self.fingerprint(account))
        await self._governor.turn(account, calls + asks)

    def release(self, account: Account) -> None:
        """Give back what the account holds and did not use."""
        self._governor.release(account)

    def room(self, account: Account, calls: int) -> float:
        """Seconds until the account's budget has room for so many calls; infinite where it never has."""
        return self._governor.room(account, calls)

    async def get_profile(self, account: Account) -> Profile:
        """The account's live profile. Costs a call, more when it has pages or must be retried."""
        pages = [protocol.read(self._api, account.id)]
        answers = [await self._call(account, pages[0])]
        while (following := protocol.next_page(answers[-1])) is not None:
            page = protocol.following(self._api, following)
            if page in pages or len(pages) == MOST_PAGES:
                raise InvalidRequest(cases.ODD_ANSWER.failure("the API's pages of ice breakers have no end"))
            pages.append(page)
            answers.append(await self._call(account, page))
        return protocol.profile(answers)

    async def probe(self, account: Account) -> None:
        """Return when the account's profile can be read. Costs one call and no more: what fails is not sent
        again, unless the whole app had to pause, and of several pages the first tells enough."""
        request = protocol.read(self._api, account.id)._replace(once=True)
        protocol.profile([await self._call(account, request)])

    async def set_profile(self, account: Account, profile: Profile) -> None:
        """Replace the account's whole document; an empty profile deletes it. Returning means that
        the API said success, not that a read shows it already."""
        protocol.accepted(await self._call(account, protocol.write(self._api, account.id, profile)))

    async def fingerprint(self, account: Account) -> str:
        """What tells the account's token from others in this run, and as long as the key is kept."""
        return (await self._secret(account)).fingerprint(self._vouching.key)

    async def vouch(self, account: Account) -> None:
        """Return when nothing speaks against writing the account, as far as whose token it holds.

        Asked at most once a run. Raises InvalidRequest where the token is another account's.
        """
        if self._vouching.concerns(account):
            secret = await self._secret(account)
            fingerprint = secret.fingerprint(self._vouching.key)
            await self._vouching.check(account, fingerprint, partial(self.identity, account, secret))

    async def identity(self, account: Account, secret: Secret | None = None) -> Identity:
        """Whose token the account holds, or whose this one is. InvalidRequest where that is not told."""
        secret = secret or await self._secret(account)
        owner = standing.owner(await self._call(account, standing.identity(self._api), secret))
        return Identity(secret.scrub(owner.user_id), secret.scrub(owner.username))

    async def subscriptions(self, account: Account) -> tuple[str, ...]:
        """The webhook fields that the account is subscribed to, sorted."""
        return standing.subscribed(await self._call(account, standing.subscriptions(self._api, account.id)))

    async def subscribe(self, account: Account, fields: Sequence[str]) -> None:
        """Subscribe the account to these webhook fields. Returning means that the API said success."""
        protocol.accepted(await self._call(account, standing.subscribe(self._api, account.id, fields)))

    async def refresh(self, account: Account) -> Refreshed:
        """A new token for the account's. It is asked for once: when an answer was lost, the error says so,
        and whether the old token still lives is not known."""
        text, expires_in = standing.refreshed(await self._call(account, standing.refresh()))
        return Refreshed(Secret(text), expires_in)

    async def _call(
        self, account: Account, request: protocol.Request, secret: Secret | None = None
    ) -> dict[str, Any]:
        token = secret or await self._secret(account)
        tries: list[GraphError] = []

        async def send() -> dict[str, Any]:
            try:
                return await self._send(account, request, token)
            except GraphError as error:
                tries.append(error)
                raise

        try:
            try:
                return await self._governor.call(account, send, counts=request.counts)
            except Transient as error:
                if request.once or request.renews or not self._passes_by_itself(error):
                    raise
                # Only now, because the machinery of retries costs as much as a call that goes well.
                return await self._again(account, request, send, error)
        except GraphError as error:
            error.failure = protocol.traced(error.failure, tries)
            if request.method != "GET":
                error.may_have_arrived = any(each.may_have_arrived for each in tries)
                error.answer_lost = any(each.answer_lost for each in tries)
            raise

    async def _again(
        self,
        account: Account,
        request: protocol.Request,
        send: Callable[[], Awaitable[dict[str, Any]]],
        failed: Transient,
    ) -> dict[str, Any]:
        """The tries after a first that failed, each after a pause that grows."""

        async def pause(seconds: float) -> None:
            await self._clock.sleep(seconds)
            if request.method != "GET" and self._stopping():
                raise failed

        attempts = AsyncRetrying(
            retry=retry_if_exception(self._passes_by_itself),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.25, max=2),
            sleep=pause,
            reraise=True,
        )
        async for attempt in attempts:
            with attempt:
                if attempt.retry_state.attempt_number == 1:
                    raise failed
                return await self._governor.call(account, send, again=True, counts=request.counts)
        raise failed

    def _passes_by_itself(self, error: BaseException) -> bool:
        return isinstance(error, Transient) and not self._governor.has_given_up

    async def _secret(self, account: Account) -> Secret:
        try:
            secret = await self._token(account)
        except CredentialError as error:
            raise GraphError(cases.CREDENTIAL.failure(str(error))) from error
        self._vouching.holds(account, secret)
        return secret

    async def _send(self, account: Account, request: protocol.Request, secret: Secret) -> dict[str, Any]:
        self.calls[account.name] += request.counts
        try:
            async with asyncio.timeout(self._patience):
                response = await self._transport.handle_async_request(self._message(request, secret))
                content = await response.aread()
        except TimeoutError:
            raise protocol.transient(f"no answer within {self._patience:g} s") from None
        except httpx.HTTPError as error:
            what = secret.scrub(str(error)) or type(error).__name__
            sent = not isinstance(error, _NEVER_SENT)
            raise protocol.transient(f"no answer: {what}", may_have_arrived=sent) from None
        except (httpx.InvalidURL, UnicodeError):  # the latter from a host that IDNA cannot read
            raise InvalidRequest(cases.BAD_URL.failure("the request has no valid URL")) from None
        try:
            answer = _decode(account, response, content, secret)
        except GraphError as error:
            if error.failure.code is not None:
                self._governor.told(account, usage(response.headers, account.id))
                self._vouching.heard(account, secret, error.failure)
            raise  # without a code it is a gateway's word, which knows nothing of usage
        self._governor.told(account, usage(response.headers, account.id))
        self._vouching.heard(account, secret, None)
        return answer

    def _message(self, request: protocol.Request, secret: Secret) -> httpx.Request:
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"icesync/{__version__}",
        }
        params, content = dict(request.params), None
        if request.renews:
            params["access_token"] = secret.reveal()
        else:
            headers["Authorization"] = f"Bearer {secret.reveal()}"
        if request.body is not None:
            content = json.dumps(request.body).encode()
            headers["Content-Type"] = "application/json"
        query = f"?{urlencode(params)}" if params else ""
        return httpx.Request(
            request.method,
            self._api.url + request.path + query,
            content=content,
            headers=headers,
            extensions=self._extensions,
        )


@asynccontextmanager
async def connected(
    api: Api,
    transport: Transport,
    token: Callable[[Account], Awaitable[Secret]],
    governor: Governor,
    *,
    clock: Clock,
    patience: float,
    stopping: Callable[[], bool] = lambda: False,
    identities: Identities | None = None,
    say: Callable[[str], None] = lambda note: None,
) -> AsyncIterator[GraphClient]:
    """A client over this transport, which is closed at the end. One request may take `patience` seconds."""
    async with transport:
        yield GraphClient(
            api, transport, token, governor, clock, patience, stopping, identities=identities, say=say
        )


def _decode(account: Account, response: httpx.Response, content: bytes, secret: Secret) -> dict[str, Any]:
    try:
        return protocol.decode(response.status_code, response.headers, content, account.id)
    except GraphError as error:
        error.failure = _without(secret, error.failure)
        error.args = (error.failure.message,)
        raise


def _without(secret: Secret, failure: GraphFailure) -> GraphFailure:
    """The failure as the API told it, but never with the token in it."""
    return replace(
        failure, message=secret.scrub(failure.message), trace=secret.scrub(failure.trace or "") or None
    )
