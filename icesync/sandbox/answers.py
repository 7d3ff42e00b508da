"""What the sandbox says: answers in the form of the Graph API, and the ways to say nothing at all."""

import json
from collections.abc import Mapping
from enum import Enum
from http import HTTPStatus
from secrets import token_urlsafe
from types import MappingProxyType
from typing import Final, NamedTuple

from icesync.sandbox.world import FaultKind

_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class Answer(NamedTuple):
    """An HTTP answer, ready to be sent."""

    status: int
    body: bytes
    headers: Mapping[str, str] = _NO_HEADERS
    media_type: str = "application/json"


class Drop(Enum):
    """The connection ends without an answer: with a TCP reset, or closed in good order."""

    RESET = "reset"
    CLOSE = "close"


class Refusal(Exception):
    """The API says no. Everything that the `error` object of graph-api.md, "Errors", shows."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        subcode: int | None = None,
        status: int = HTTPStatus.BAD_REQUEST,
        kind: str = "OAuthException",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.subcode = subcode
        self.status = status
        self.kind = kind


def accepted(document: object) -> Answer:
    return Answer(HTTPStatus.OK, _json(document))


def refused(
    refusal: Refusal, *, transient: bool | None = None, headers: Mapping[str, str] = _NO_HEADERS
) -> Answer:
    error: dict[str, object] = {"message": str(refusal), "type": refusal.kind, "code": refusal.code}
    if refusal.subcode is not None:
        error["error_subcode"] = refusal.subcode
    if transient is not None:
        error["is_transient"] = transient
    error["fbtrace_id"] = f"A{token_urlsafe(16)}"
    return Answer(refusal.status, _json({"error": error}), headers)


def before_any_effect(fault: FaultKind) -> Answer | Drop | None:
    """What a caller gets when this fault stands in the way of the call; None when it strikes later."""
    match fault:
        case "500":
            return refused(Refusal(1, "Something went wrong on this side.", status=500))
        case "html":
            return Answer(
                502, b"<!DOCTYPE html><title>Bad gateway</title><h1>502</h1>", media_type="text/html"
            )
        case "reset":
            return Drop.RESET
        case "transient":
            return refused(Refusal(2, "The service is not available for a moment."), transient=True)
        case "throttle-app":
            usage = json.dumps({"call_count": 100, "total_time": 25, "total_cputime": 25})
            refusal = Refusal(4, "(#4) The application has made too many calls.")
            return refused(refusal, headers={"x-app-usage": usage})
        case _:
            return None


def after_the_effect(fault: FaultKind | None, answer: Answer) -> Answer | Drop:
    """What is left of an answer that this fault strikes on its way back."""
    match fault:
        case "truncated":
            return answer._replace(body=answer.body[: len(answer.body) // 2])
        case "lost-answer":
            return Drop.CLOSE
        case _:
            return answer


def _json(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
