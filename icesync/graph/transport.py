"""What stands under httpx: the one place that decides how bytes reach the API and come back. Owns aiohttp.

httpx's own pool searches all its connections on every request, which is quadratic in their number,
and costs twice the CPU; aiohttp's hands out free ones. The published bridge between the two tells a
connection that broke after the request was sent from one that was never made no better than by
luck, and for a write that is the difference that matters, so the bridge is here.
"""

import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import aiohttp
import httpx
from aiohttp.connector import Connection
from yarl import URL

from icesync.errors import IcesyncError, InvalidRequest
from icesync.graph.catalogue import cases

Transport: TypeAlias = httpx.AsyncBaseTransport

MOST_MIB: Final = 8
"""The largest answer that is read, in MiB: several times what every locale at its fullest takes."""

_KEEPALIVE: Final = 30.0
_CHUNK: Final = 2**16
_LONGEST_HEADER: Final = 2**16
_OF_THE_HOST: Final = aiohttp.ClientConnectorError
_OF_THE_PROXY: Final = aiohttp.ClientProxyConnectionError


class Connections(Transport):
    """As many connections as there are workers, kept open between requests.

    Certificates are always checked; redirects are never followed, cookies never kept. The machine's
    proxy is used for TLS only: a plain connection stays on loopback, and so does its token. An
    answer is read up to its limit and never decompressed: nobody can make a small one fill the
    memory. Must be made where its event loop runs.
    """

    def __init__(self, count: int, *, url: str) -> None:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        self._proxy = _proxy(parts.hostname or "") if secure else None
        # A context reads the machine's certificates, which takes 140 ms: build one, and only for TLS.
        connector = _Connector(
            limit=count, keepalive_timeout=_KEEPALIVE, ssl=_certificates() if secure else True
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            max_line_size=_LONGEST_HEADER,
            max_field_size=_LONGEST_HEADER,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )
        # A try that nobody counts would be one too many for a budget.
        self._session._retry_connection = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and give the whole answer. `extensions["timeout"]["connect"]` is how many seconds all
        may take that comes before the request: the name, the proxy, the connection and its TLS.

        Raises httpx.TransportError, and InvalidRequest for an answer that is too large or compressed.
        """
        patience = request.extensions.get("timeout", {}).get("connect")
        content = await request.aread()
        with _in_words_of_httpx():
            async with self._session.request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=request.headers.multi_items(),
                data=content or None,
                proxy=self._proxy,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, connect=patience),
            ) as answer:
                _refuse_compressed(answer)
                body = await _whole(answer.content)
                return httpx.Response(answer.status, headers=answer.raw_headers, content=body)

    async def aclose(self) -> None:
        await self._session.close()


class _Connector(aiohttp.TCPConnector):
    """Makes connections. What it raises comes before there is anything to send a request on."""

    async def connect(self, req: aiohttp.ClientRequest, *more: Any, **named: Any) -> Connection:
        try:
            return await super().connect(req, *more, **named)
        except TimeoutError as error:
            raise httpx.ConnectTimeout("the connection took too long") from error
        except (aiohttp.ClientError, OSError) as error:
            # Of the proxy nothing is repeated: aiohttp names its URL, which may hold a password.
            if req.proxy and (not isinstance(error, _OF_THE_HOST) or isinstance(error, _OF_THE_PROXY)):
                raise httpx.ProxyError("the proxy does not let it through") from None
            raise httpx.ConnectError(f"cannot connect to {req.url.host}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """What the system says, without aiohttp's words around it."""
    cause = error.args[-1] if error.args else error
    return getattr(cause, "strerror", None) or str(cause) or "it closed the connection"


def _certificates() -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise IcesyncError(
            f"the certificates that the API is checked with cannot be read: {error.strerror or error}; "
            "look at the environment variables SSL_CERT_FILE and SSL_CERT_DIR"
        ) from error


def _proxy(host: str) -> str | None:
    """The machine's proxy for TLS to this host. The message never repeats it: it may hold a password."""
    named = None if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get("https")
    if not named:
        return None
    url = named if "://" in named else f"http://{named}"
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "http" and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise IcesyncError("https_proxy names a proxy that cannot be used; it must be http://")
    return url


@contextmanager
def _in_words_of_httpx() -> Iterator[None]:
    """What aiohttp raises once there is a connection, as httpx errors: the request may have arrived."""
    try:
        yield
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise httpx.InvalidURL(str(error)) from error
    except (aiohttp.ClientError, OSError) as error:
        said = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
        # Not from it: aiohttp's error holds the request, and its repr shows the token.
        raise httpx.ReadError(" ".join(said.split()) or type(error).__name__) from None


async def _whole(content: aiohttp.StreamReader) -> bytes:
    """The answer's body, read no further than MOST_MIB."""
    body = bytearray()
    async for chunk in content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > MOST_MIB * 2**20:
            raise _unread(f"larger than {MOST_MIB} MiB")
    return bytes(body)


def _refuse_compressed(answer: aiohttp.ClientResponse) -> None:
    encodings = answer.headers.getall("content-encoding", ())
    if any(encoding.strip().lower() != "identity" for encoding in encodings):
        raise _unread("compressed, which nobody asked for")


def _unread(what: str) -> InvalidRequest:
    error = InvalidRequest(cases.ODD_ANSWER.failure(f"the API's answer is {what}"))
    error.may_have_arrived = error.answer_lost = True  # it was answered, perhaps with success
    return error
