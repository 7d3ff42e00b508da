"""Accounts and profiles to YAML in house order, written so that `load` gives the same values again."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from icesync.config.schema import api_url
from icesync.config.variables import escape
from icesync.model import Account, Api, Desired, Profile
from icesync.safe import HARMFUL

# What no reader of YAML takes for anything but this text: not for null, true, a number or a date.
_PLAIN: Final = re.compile(
    r"(?!(?:null|true|false|yes|no|on|off|y|n)\Z)[A-Za-z][A-Za-z0-9_-]*", re.IGNORECASE
)
# JSON leaves these as they are; YAML folds lines at some and refuses others, a terminal obeys some.
_UNSAFE: Final = re.compile(f"[{HARMFUL}\ufeff\ufffe\uffff]")


def to_yaml(accounts: Iterable[Desired], api: Api) -> str:
    """A root file that asks for exactly these accounts, sorted by name.

    An account without a profile has no `ice_breakers`; an empty profile is `none`. An API that a
    file may not name is left out. Half of a surrogate pair, which no file can hold, becomes U+FFFD.
    """
    try:
        api_url(api.url, any_host=False)
    except ValueError:
        api = replace(api, url=Api().url)
    return "\n".join(_document(sorted(accounts, key=lambda desired: desired.account.name), api)) + "\n"


def _document(accounts: list[Desired], api: Api) -> Iterator[str]:
    yield "version: 1"
    if api != Api():
        yield "api:"
        if api.url != Api().url:
            yield f"  url: {_quoted(api.url)}"
        if api.version != Api().version:
            yield f"  version: {api.version}"
    yield "accounts:" if accounts else "accounts: {}"
    for desired in accounts:
        yield from _account(desired.account)
        if desired.profile is not None:
            yield from _profile(desired.profile)


def _account(account: Account) -> Iterator[str]:
    yield f"  {_text(account.name)}:"
    yield f"    id: {_quoted(account.id)}"
    if account.token is not None:
        yield f"    token: {_quoted(escape(account.token))}"
    if account.sink is not None:
        yield f"    sink: {_quoted(escape(account.sink))}"
    if account.labels:
        yield f"    labels: [{', '.join(map(_text, account.labels))}]"
    if account.protect:
        yield "    protect: true"
    if account.webhooks:
        yield f"    webhooks: [{', '.join(account.webhooks)}]"


def _profile(profile: Profile) -> Iterator[str]:
    if not profile:
        yield "    ice_breakers: none"
        return
    yield "    ice_breakers:"
    for locale, questions in profile.ice_breakers.items():
        yield f"      {_text(locale)}:"
        for question, payload in questions:
            yield f"        - question: {_quoted(escape(question))}"
            yield f"          payload: {_text(escape(payload))}"


def _text(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    return _UNSAFE.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return "\\ufffd" if 0xD800 <= code <= 0xDFFF else f"\\u{code:04x}"
