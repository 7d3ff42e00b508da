"""The Graph API without I/O: requests as data, answers to profiles, errors to kinds.

Facts are from Meta's ice breakers page and from the Graph API facts that the project keeps beside
it; a section is named where a fact is not plain from the page.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from icesync.errors import GRAPH_ERRORS, GraphError, InvalidRequest, Throttled, Transient
from icesync.graph.catalogue import Entry, cases, judge
from icesync.graph.usage import told_wait
from icesync.model import DEFAULT_LOCALE, NOTHING, Api, FailureKind, GraphFailure, Profile

_NOT_UNDERSTOOD = (KeyError, TypeError, ValueError)


class Request(NamedTuple):
    """One call, without its token. `path` starts at the base URL and holds the version.

    `counts`: it is one of the calls that an account has a budget of. `renews`: it makes a new token of
    the old one, which its query has to name, and so it must not be sent twice. `once`: nor shall it be.
    """

    method: str
    path: str
    params: Mapping[str, str]
    body: Mapping[str, Any] | None = None
    counts: bool = True
    renews: bool = False
    once: bool = False


def read(api: Api, account_id: str) -> Request:
    return Request("GET", _path(api, account_id), {"fields": "ice_breakers", **platform(api)})


def write(api: Api, account_id: str, profile: Profile) -> Request:
    """Replace the whole document. An empty profile is a DELETE: what POST `[]` does is unknown."""
    if not profile:
        return Request("DELETE", _path(api, account_id), platform(api), {"fields": ["ice_breakers"]})
    body = {
        "platform": "instagram",
        "ice_breakers": [
            {"locale": locale, "call_to_actions": [question._asdict() for question in questions]}
            for locale, questions in profile.ice_breakers.items()
        ],
    }
    return Request("POST", _path(api, account_id), platform(api), body)


def following(api: Api, url: str) -> Request:
    """A next page as a request of our own: same host only, and no token from its query."""
    if not (url.isascii() and url.isprintable()):
        raise InvalidRequest(cases.ODD_ANSWER.failure("the API's next page is no URL"))
    try:
        page, home = urlsplit(url), urlsplit(api.url)
    except ValueError:
        raise InvalidRequest(cases.ODD_ANSWER.failure("the API's next page is no URL")) from None
    if (page.scheme, page.netloc) != (home.scheme, home.netloc) or not page.path.startswith(home.path):
        raise InvalidRequest(cases.ODD_ANSWER.failure("the API's next page is on another host"))
    params = {key: value for key, value in parse_qsl(page.query) if key != "access_token"}
    return Request("GET", page.path.removeprefix(home.path), {**params, **platform(api)})


def _path(api: Api, account_id: str) -> str:
    return f"/{api.version}/{account_id}/messenger_profile"


def platform(api: Api) -> dict[str, str]:
    """What every call to graph.facebook.com must say, which serves Messenger too."""
    return {"platform": "instagram"} if is_facebook(api) else {}


def is_facebook(api: Api) -> bool:
    return urlsplit(api.url).hostname == "graph.facebook.com"


def decode(status: int, headers: Mapping[str, str], content: bytes, account_id: str = "") -> dict[str, Any]:
    """The answer's JSON object, or the GraphError that it stands for. The one place that classifies."""
    if 300 <= status < 400:
        raise InvalidRequest(cases.HTTP_3XX.failure(f"HTTP {status}: redirects are not followed"))
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    error = document.get("error") if isinstance(document, dict) else None
    if isinstance(error, dict):
        raise _failure(status, headers, error, account_id)
    if status == 429:
        raise _failure(status, headers, {"message": "HTTP 429"}, account_id)
    if status >= 500 or not isinstance(document, dict):
        what = "" if isinstance(document, dict) else ", the body is not a JSON object"
        raise transient(f"HTTP {status}{what}", cases.HTTP_5XX if status >= 500 else cases.NOT_JSON)
    if status >= 400 or error is not None:
        raise InvalidRequest(cases.HTTP_4XX.failure(f"HTTP {status} without a Graph API error"))
    return document


def transient(message: str, why: Entry = cases.NO_ANSWER, *, may_have_arrived: bool = True) -> Transient:
    """A failure that most times passes by itself, and of which the Graph API itself said nothing."""
    error = Transient(why.failure(message))
    error.may_have_arrived = error.answer_lost = may_have_arrived
    return error


def _failure(
    status: int, headers: Mapping[str, str], error: Mapping[str, Any], account_id: str
) -> GraphError:
    code, subcode = integer(error.get("code")), integer(error.get("error_subcode"))
    entry = judge(status, code, subcode, error.get("type"), is_transient=error.get("is_transient") is True)
    trace = error.get("fbtrace_id")
    said = error.get("error_user_msg") or error.get("message")
    failure = GraphFailure(
        entry.kind,
        said if isinstance(said, str) else f"HTTP {status}",
        code,
        subcode,
        trace if isinstance(trace, str) else None,
        entry.step,
    )
    if entry.kind is FailureKind.THROTTLED:
        return Throttled(failure, app_wide=code == 4, wait=told_wait(headers, account_id))
    told = GRAPH_ERRORS[entry.kind](failure)
    # The API stumbled, and does not say whether before or after it did what it was asked.
    told.may_have_arrived = entry.kind is FailureKind.TRANSIENT
    return told


def traced(failure: GraphFailure, tries: Sequence[GraphError]) -> GraphFailure:
    """The failure with a trace, its own or else the last that any try had: Meta's support needs one."""
    traces = [each.failure.trace for each in tries if each.failure.trace]
    return failure if failure.trace or not traces else replace(failure, trace=traces[-1])


def integer(value: object) -> int | None:
    """The whole number, also where it is written as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def accepted(answer: Mapping[str, Any]) -> None:
    """Raise unless a write was accepted: three spellings are documented, nothing else counts."""
    success = answer.get("success")
    if success is True or success == "true" or answer.get("result") == "success":
        return
    raise transient("the API answered a write with 200 but not with success", cases.NOT_ACCEPTED)


def next_page(answer: Mapping[str, Any]) -> str | None:
    """The URL of the next page, None where there is none. Anything but text raises: pages that
    cannot be found may hold the ice breakers."""
    paging = answer.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else None
    if not isinstance(following, str | None):
        raise InvalidRequest(cases.ODD_ANSWER.failure("the API's next page is no URL"))
    return following


def profile(answers: list[dict[str, Any]]) -> Profile:
    """The live profile that all pages of a read tell. Anything not understood raises: an answer
    that makes no sense is "unknown", never "none" (Facts, section Answers)."""
    try:
        found = list(_locales(answers))
    except _NOT_UNDERSTOOD as error:
        raise InvalidRequest(
            cases.ODD_ANSWER.failure("the API's answer has none of the known shapes of ice breakers")
        ) from error
    if not found:
        return NOTHING
    result: dict[str, list[tuple[str, str]]] = {}
    for locale, questions in found:
        if result.setdefault(locale, questions) != questions:
            raise InvalidRequest(
                cases.ODD_ANSWER.failure(f"the API's answer has two lists for locale {locale!r}")
            )
    return Profile.of(result)


_ENTRY_KEYS = {"locale", "call_to_actions", "question", "payload"}


def _locales(answers: list[dict[str, Any]]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for answer in answers:
        for item in _objects(answer["data"]):
            # `{"ice_breakers": […]}` wraps the entries; the manual's sample has the entries themselves.
            wrapped = "ice_breakers" in item
            entries = _objects(item["ice_breakers"]) if wrapped else [item]
            if wrapped and any("question" in entry for entry in entries):
                yield DEFAULT_LOCALE, _questions(entries)
            elif wrapped or _ENTRY_KEYS & item.keys():
                for entry in entries:
                    locale = _text(entry.get("locale", DEFAULT_LOCALE))
                    yield locale, _questions(_objects(entry["call_to_actions"]))


def _questions(entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(_text(entry["question"]), _text(entry["payload"])) for entry in entries]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {type(value).__name__}")
    if not value.isascii():
        value.encode()  # half of a surrogate pair is no text: no file, terminal or request can hold it
    return value


def _objects(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise TypeError("expected a list of objects")
    return value
