"""How an account stands with the API, without I/O: whose token it is, what it is subscribed to, a new token.

None of these calls is one of the messenger_profile calls that an account has a budget of (Graph API
facts, sections Requests and Limits).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from icesync.errors import InvalidRequest
from icesync.graph.catalogue import cases
from icesync.graph.protocol import Request, integer, platform, transient
from icesync.model import Api, GraphFailure, Identity

REFRESHED_LIFE: Final = 60 * 24 * 3600
"""Seconds that a token lives from its refresh (Graph API facts, section Requests)."""

_NO_SUCH_PATH: Final = (2500, "unknown path")
"""The code alone does not tell: a token that is no user's gets it too."""


def identity(api: Api) -> Request:
    """Whose token is it?"""
    params = {"fields": "user_id,username", **platform(api)}
    return Request("GET", f"/{api.version}/me", params, counts=False)


def owner(answer: Mapping[str, Any]) -> Identity:
    """Whose token it is: told flat, or as the first of `data`. `id` does not tell it: that is another
    for each app. Raises InvalidRequest."""
    listed = answer.get("data")
    told = listed[0] if isinstance(listed, list) and listed else answer
    if isinstance(told, dict):
        user_id, username = told.get("user_id"), told.get("username")
        if isinstance(user_id, int | str) and not isinstance(user_id, bool) and user_id:
            return Identity(str(user_id), username if isinstance(username, str) else "")
    raise _not_understood("the API's answer does not tell whose token it is")


def is_not_offered(failure: GraphFailure) -> bool:
    """It is the question that the API does not know, whoever asks it."""
    code, words = _NO_SUCH_PATH
    return failure.code == code and words in failure.message.lower()


def is_nobodys(failure: GraphFailure) -> bool:
    """The API knows the question, and finds no user that the token belongs to."""
    return failure.code == _NO_SUCH_PATH[0] and not is_not_offered(failure)


def subscriptions(api: Api, account_id: str) -> Request:
    return Request("GET", _subscribed_apps(api, account_id), platform(api), counts=False)


def subscribed(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """The webhook fields that the account is subscribed to, sorted. Anything not understood raises:
    it is unknown, and not none. Of several apps nobody says which is this one."""
    apps = answer.get("data")
    if not isinstance(apps, list):
        raise _not_understood("the API's answer does not tell what the account is subscribed to")
    if len(apps) > 1:
        raise _not_understood(f"the API tells what {len(apps)} apps are subscribed to, not which is this one")
    found: set[str] = set()
    for app in apps:
        fields = app.get("subscribed_fields", []) if isinstance(app, dict) else None
        if not isinstance(fields, list) or not all(isinstance(field, str) for field in fields):
            raise _not_understood("the API's answer does not tell what the account is subscribed to")
        found.update(fields)
    return tuple(sorted(found))


def subscribe(api: Api, account_id: str, fields: Iterable[str]) -> Request:
    params = {"subscribed_fields": ",".join(fields), **platform(api)}
    return Request("POST", _subscribed_apps(api, account_id), params, counts=False)


def refresh() -> Request:
    """A new token for an old one. The one path without a version, and the one query with a token."""
    params = {"grant_type": "ig_refresh_token"}
    return Request("GET", "/refresh_access_token", params, counts=False, renews=True)


def refreshed(answer: Mapping[str, Any]) -> tuple[str, int]:
    """The new token's text, and the seconds that it lives. Where there is none that a header could
    hold, what became of the old one is not known, as when no answer comes."""
    text, seconds = answer.get("access_token"), integer(answer.get("expires_in"))
    if not isinstance(text, str) or not text.isascii() or not text.isprintable() or not text.strip():
        message = "the API answered a refresh with 200 but not with a token"
        raise transient(message, cases.NO_NEW_TOKEN)
    # A token is not thrown away because nobody says how long it lives.
    return text.strip(), seconds if seconds and seconds > 0 else REFRESHED_LIFE


def _subscribed_apps(api: Api, account_id: str) -> str:
    return f"/{api.version}/{account_id}/subscribed_apps"


def _not_understood(message: str) -> InvalidRequest:
    return InvalidRequest(cases.ODD_ANSWER.failure(message))
