"""The file format as JSON Schema, and the values in it that the command line takes too."""

import re
from ipaddress import ip_address
from typing import Any, Final

from icesync.config.grammar import API_HOSTS, API_VERSION

_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:/[A-Za-z0-9._~%-]*)*)",
    re.IGNORECASE,
)


def api_url(text: str, *, any_host: bool) -> str:
    """The base URL of the Graph API, without a slash at its end. Raises ValueError, for people.

    A file may name only Meta's hosts or a loopback address, so that a pull request cannot send
    tokens elsewhere; `any_host` is for what the person who runs icesync says. The message never
    repeats the text: it may hold a password.
    """
    found = _URL.fullmatch(text)
    if not found or int(found["port"] or 0) > 65535:
        raise ValueError(
            "this is not a base URL; write it like https://graph.instagram.com, without user or query"
        )
    scheme, host, path = found["scheme"].lower(), found["host"].lower(), found["path"].rstrip("/")
    origin = f"{scheme}://{host}" + (f":{found['port']}" if found["port"] else "")
    if _is_loopback(host):
        return origin + path
    if scheme == "http":
        raise ValueError("http:// is for a loopback address only; use https://")
    if any_host:
        return origin + path
    if host not in API_HOSTS:
        raise ValueError(
            f"a file may only name {' or '.join(API_HOSTS)} or a loopback address; "
            "name another host with --api-url or ICESYNC_API_URL"
        )
    if found["port"] or path:
        raise ValueError(f"leave out the port and the path: https://{host}")
    return origin


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def api_version(text: str) -> str:
    """A version of the Graph API, as it stands in its URLs. Raises ValueError, for people."""
    if not API_VERSION.fullmatch(text):
        raise ValueError("an API version looks like v24.0")
    return text


def json_schema() -> dict[str, Any]:
    """The file format as JSON Schema (draft 2020-12), for editors: `schema config`."""
    from icesync.config.document import document_schema

    return document_schema()
