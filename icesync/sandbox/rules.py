"""What the API accepts of bodies and fields, as ice-breakers-manual.md and graph-api.md say. Pure."""

import json
import re
from http import HTTPStatus
from typing import Final, NoReturn
from unicodedata import normalize

from icesync.sandbox.answers import Refusal

Locales = dict[str, list[dict[str, str]]]

DEFAULT: Final = "default"
MAX_BODY: Final = 1 << 20
MAX_QUESTIONS: Final = 4  # ice-breakers-manual.md, the first paragraph
_LOCALE: Final = re.compile("default|[a-z]{2,3}_[A-Z]{2}")
_FLAT: Final = frozenset({"question", "payload"})
_LISTED: Final = frozenset({"call_to_actions", "locale"})


def reject(reason: str, status: int = HTTPStatus.BAD_REQUEST) -> NoReturn:
    raise Refusal(100, f"(#100) {reason}", status=status)


def no_method(name: str) -> Refusal:
    return Refusal(2500, f"Unknown method {name}", status=HTTPStatus.NOT_FOUND)


def readable_fields(fields: str | None) -> None:
    """GET must ask for ice_breakers and nothing else."""
    if not fields:
        reject("The parameter fields is required")
    for field in fields.split(","):
        if field.strip() != "ice_breakers":
            reject(f"Tried to read the field {field.strip()!r}, which does not exist")


def platform(name: object) -> None:
    if name != "instagram":
        reject("The parameter platform must be instagram")


def posted(body: bytes) -> Locales:
    """The questions of every locale that a POST wants to set, in its order."""
    document = _document(body)
    _only(document, {"platform", "ice_breakers"}, "the body")
    platform(document.get("platform"))
    return ice_breakers(document.get("ice_breakers"))


def deleted(body: bytes) -> None:
    """DELETE must name ice_breakers and nothing else."""
    document = _document(body)
    _only(document, {"platform", "fields"}, "the body")
    platform(document.get("platform", "instagram"))
    fields = document.get("fields")
    if not isinstance(fields, list) or not fields:
        reject("The parameter fields must be a list that names at least one field")
    for field in fields:
        if field != "ice_breakers":
            reject(f"The field {field!r} cannot be deleted")


def ice_breakers(value: object) -> Locales:
    """One object for each locale; or, in the old form, the questions of the default alone."""
    entries = _objects(value, "ice_breakers")
    keys = {key for entry in entries for key in entry}
    if keys & _FLAT and keys & _LISTED:
        reject("ice_breakers mixes questions with lists of questions")
    if keys & _FLAT:
        return {DEFAULT: _questions(entries, DEFAULT)}
    found: Locales = {}
    for entry in entries:
        _only(entry, _LISTED, "an ice breaker")
        locale = entry.get("locale", DEFAULT)
        if not isinstance(locale, str) or not _LOCALE.fullmatch(locale):
            reject(f"{locale!r} is not a locale")
        if locale in found:
            reject(f"The locale {locale} is set twice")
        found[locale] = _questions(_objects(entry.get("call_to_actions"), "call_to_actions"), locale)
    if DEFAULT not in found:
        reject("ice_breakers for the default locale are required")
    return found


def trimmed(locales: Locales) -> Locales:
    """The same in NFC without blanks at the ends."""
    return {
        locale: [{key: normalize("NFC", text).strip() for key, text in asked.items()} for asked in questions]
        for locale, questions in locales.items()
    }


def decoded(body: bytes) -> object:
    """JSON as the standard has it. ValueError for anything else, also for a key that stands twice."""
    try:
        found: object = json.loads(body.decode(), object_pairs_hook=_unique, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return found


def _document(body: bytes) -> dict[str, object]:
    if len(body) > MAX_BODY:
        reject(f"The body is larger than {MAX_BODY} bytes", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        document = decoded(body)
    except ValueError as error:
        reject(f"The body is not valid JSON: {error}")
    if not isinstance(document, dict):
        reject("The body must be a JSON object")
    return document


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _objects(value: object, name: str) -> list[dict[str, object]]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        reject(f"{name} must be a list of objects")
    if not value:
        reject(f"{name} must not be empty")
    return value


def _questions(entries: list[dict[str, object]], locale: str) -> list[dict[str, str]]:
    if len(entries) > MAX_QUESTIONS:
        reject(f"{locale} has {len(entries)} questions, at most {MAX_QUESTIONS} are allowed")
    for entry in entries:
        _only(entry, _FLAT, "a question")
    return [{key: _text(entry, key) for key in ("question", "payload")} for entry in entries]


def _text(entry: dict[str, object], key: str) -> str:
    text = entry.get(key)
    if not isinstance(text, str) or not text.strip():
        reject(f"{key} must be a text that is not empty")
    return text


def _only(entry: dict[str, object], known: set[str] | frozenset[str], place: str) -> None:
    if unknown := sorted(entry.keys() - known):
        reject(f"Unexpected key {unknown[0]!r} in {place}")
