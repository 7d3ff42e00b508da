"""What a person tells the sandbox of an account: ID=FACT of its token, ID=FIELD,FIELD of its subscription.
Pure."""

import re
from typing import Final

from icesync.sandbox.subscriptions import FIELDS
from icesync.sandbox.tokens import ORDINARY, told

_TOLD: Final = re.compile("([0-9]+)=(.+)")


def parse_token(text: str) -> tuple[str, str]:
    """The account id and a fact that `told` understands. ValueError says what is wrong with it."""
    account, fact = _split(text)
    told(ORDINARY, fact)
    return account, fact


def parse_subscribed(text: str) -> tuple[str, tuple[str, ...]]:
    """The account id and webhook fields. ValueError says what is wrong with it."""
    account, fields = _split(text)
    names = tuple(dict.fromkeys(fields.split(",")))
    for name in names:
        if name not in FIELDS:
            raise ValueError(f"{name!r} is not one of {', '.join(sorted(FIELDS))}")
    return account, names


def _split(text: str) -> tuple[str, str]:
    if found := _TOLD.fullmatch(text):
        return found[1], found[2]
    raise ValueError(f"{text!r} is not of the form ID=..., where ID is digits")
