"""A request as the sandbox understands it: what is asked, of whom, with which token. Pure."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

Endpoint = Literal["profile", "identity", "subscriptions", "refresh"]

_ROUTES: Final[Mapping[Endpoint, re.Pattern[str]]] = {
    "profile": re.compile(r"/v[0-9]+\.[0-9]+/([^/]+)/messenger_profile/?"),
    "identity": re.compile(r"/v[0-9]+\.[0-9]+/([^/]+)/?"),
    "subscriptions": re.compile(r"/v[0-9]+\.[0-9]+/([^/]+)/subscribed_apps/?"),
    "refresh": re.compile(r"/refresh_access_token/?()"),
}
_NO_QUERY: Final[Mapping[str, str]] = MappingProxyType({})


class Call(NamedTuple):
    """One request; `id` may be `me`."""

    method: str
    id: str
    token: str | None = None
    query: Mapping[str, str] = _NO_QUERY
    body: bytes = b""
    endpoint: Endpoint = "profile"


def routed(path: str) -> tuple[Endpoint, str] | None:
    """The endpoint at this path and the id in it; a refresh is for the token's own account, `me`."""
    for endpoint, route in _ROUTES.items():
        if found := route.fullmatch(path):
            return endpoint, found[1] or "me"
    return None
