"""Whose token it is, and how the API speaks of a dead one. Pure."""

import re
from typing import Final

from icesync.sandbox.answers import Refusal

_LIVE: Final = re.compile("sandbox-([0-9]+)")


def owner(token: str | None) -> str:
    """The account that a token belongs to; Refusal where it is missing or dead."""
    if not token:
        raise Refusal(104, "This resource can be requested with an access token only.")
    if found := _LIVE.fullmatch(token):
        return found[1]
    if token.startswith("expired-"):
        raise Refusal(190, "The access token is no longer valid: its session has expired.", subcode=463)
    if token.startswith("revoked-"):
        raise Refusal(190, "The access token is no longer valid: the app was removed.", subcode=458)
    raise Refusal(190, "The access token is invalid: it cannot be parsed.")


def addressed(name: str, token: str | None) -> str:
    """The account that a path means: `me` is the token's own, as far as the token tells."""
    found = _LIVE.fullmatch(token or "")
    return found[1] if name == "me" and found else name
