"""What stands under httpx: the one place that decides how bytes reach the API."""

import urllib.request
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import httpx

from icesync.errors import IcesyncError

Transport: TypeAlias = httpx.AsyncBaseTransport

_KEEPALIVE: Final = 30.0


class Lanes(Transport):
    """One connection for each worker, handed out as they come free.

    httpx's own pool searches all its connections on every request, which is quadratic in their
    number; pools of a single connection have nothing to search. Certificates are always checked;
    redirects are not a transport's business and never followed. The machine's proxy is used for
    TLS only: a plain connection stays on loopback, and so does its token.
    """

    def __init__(self, count: int, *, url: str) -> None:
        host, secure = urlsplit(url).hostname or "", url.startswith("https:")
        # A context reads the machine's certificates, which takes 140 ms: build one, and only for TLS.
        context = httpx.create_ssl_context() if secure else False
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
        """Send on a free lane. There are as many lanes as workers, so one is always free."""
        lane = self._free.pop()
        try:
            response = await lane.handle_async_request(request)
            await response.aread()
        finally:
            self._free.append(lane)
        return response

    async def aclose(self) -> None:
        for lane in self._lanes:
            await lane.aclose()
