"""What stands under httpx: the one place that decides how bytes reach the API and come back."""

import ssl
import urllib.request
from collections.abc import AsyncIterator
from typing import Final, TypeAlias, cast
from urllib.parse import urlsplit

import httpx

from icesync.errors import IcesyncError, InvalidRequest
from icesync.model import FailureKind, GraphFailure

Transport: TypeAlias = httpx.AsyncBaseTransport

MOST_MIB: Final = 8
"""The largest answer that is read, in MiB: several times what every locale at its fullest takes."""

_KEEPALIVE: Final = 30.0


class Lanes(Transport):
    """One connection for each worker, handed out as they come free.

    httpx's own pool searches all its connections on every request, which is quadratic in their
    number; pools of a single connection have nothing to search. Certificates are always checked;
    redirects are not a transport's business and never followed. The machine's proxy is used for
    TLS only: a plain connection stays on loopback, and so does its token. An answer is read up to
    its limit and never decompressed: nobody can make a small one fill the memory.
    """

    def __init__(self, count: int, *, url: str) -> None:
        host, secure = urlsplit(url).hostname or "", url.startswith("https:")
        # A context reads the machine's certificates, which takes 140 ms: build one, and only for TLS.
        context = _certificates() if secure else False
        proxied = secure and not urllib.request.proxy_bypass(host)
        proxy = urllib.request.getproxies().get("https") if proxied else None
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_KEEPALIVE)
        try:
            self._lanes = [
                httpx.AsyncHTTPTransport(verify=context, limits=limits, proxy=proxy) for _ in range(count)
            ]
        except (ValueError, ImportError) as error:
            raise IcesyncError("https_proxy names a proxy that cannot be used; it must be http://") from error
        self._free = list(self._lanes)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send on a free lane. There are as many lanes as workers, so one is always free.

        Raises InvalidRequest for an answer that is too large or compressed.
        """
        lane = self._free.pop()
        try:
            response = await lane.handle_async_request(request)
            response.stream = _Bounded(cast("httpx.AsyncByteStream", response.stream))
            try:
                _refuse_compressed(response)
                await response.aread()
            finally:
                await response.aclose()
        finally:
            self._free.append(lane)
        return response

    async def aclose(self) -> None:
        for lane in self._lanes:
            await lane.aclose()


def _certificates() -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise IcesyncError(
            f"the certificates that the API is checked with cannot be read: {error.strerror or error}; "
            "look at the environment variables SSL_CERT_FILE and SSL_CERT_DIR"
        ) from error


class _Bounded(httpx.AsyncByteStream):
    """An answer's body that is read no further than MOST_MIB."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > MOST_MIB * 2**20:
                raise _unread(f"larger than {MOST_MIB} MiB")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def _refuse_compressed(response: httpx.Response) -> None:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise _unread("compressed, which nobody asked for")


def _unread(what: str) -> InvalidRequest:
    error = InvalidRequest(GraphFailure(FailureKind.INVALID, f"the API's answer is {what}"))
    error.may_have_arrived = error.answer_lost = True  # it was answered, perhaps with success
    return error
