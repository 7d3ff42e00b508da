"""What is true of a token: its age and its end, what killed it, what it lacks, whose it is. Pure."""

import re
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple, cast, get_args

Death = Literal["checkpointed", "revoked", "password", "invalid"]

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
LIFE: Final = 60 * DAY
BASIC: Final = "instagram_business_basic"
MESSAGES: Final = "instagram_business_manage_messages"
FACTS: Final = f"expired, {', '.join(get_args(Death))}, age:TIME, ends:TIME, lacks:PERMISSION, app or of:ID"

_TEXT: Final = re.compile("sandbox-([0-9]+)(?:-([1-9][0-9]{0,8}))?")
_TIME: Final = re.compile("([0-9]{1,9})([smhd])")
_SECONDS: Final = {"s": 1.0, "m": 60.0, "h": HOUR, "d": DAY}


class Held(NamedTuple):
    """A token as its text tells it: sandbox-ID, or sandbox-ID-NUMBER after refreshes that changed it."""

    id: str
    number: int = 0

    @property
    def text(self) -> str:
        return f"sandbox-{self.id}-{self.number}" if self.number else f"sandbox-{self.id}"


@dataclass(frozen=True, slots=True)
class Token:
    """The facts of sandbox-ID, and of what it is refreshed to: there `age` and `ends` begin anew.

    `age` and `ends` are seconds before and after the start of the sandbox; without `ends` it lives for
    ever. `lacks` are permissions. `of`: the account that it belongs to where that is not ID, as
    after two secrets were swapped. `app`: it is an app's own token, and `/me` finds no user for it.
    """

    age: float = 10 * DAY
    ends: float | None = None
    dead: Death | None = None
    lacks: frozenset[str] = frozenset()
    of: str | None = None
    app: bool = False


ORDINARY: Final = Token()


def held(text: str | None) -> Held | None:
    """None for a text that no token of the sandbox has."""
    found = _TEXT.fullmatch(text or "")
    return Held(found[1], int(found[2] or 0)) if found else None


def told(token: Token, fact: str) -> Token:
    """The token with one more fact, in the words of FACTS. ValueError says what is wrong with it."""
    match fact.split(":", 1):
        case ["expired"]:
            return replace(token, ends=0.0)
        case [death] if death in get_args(Death):
            return replace(token, dead=cast("Death", death))
        case ["age", span]:
            return replace(token, age=_seconds(span))
        case ["ends", span]:
            return replace(token, ends=_seconds(span))
        case ["lacks", ("instagram_business_basic" | "instagram_business_manage_messages") as permission]:
            return replace(token, lacks=token.lacks | {permission})
        case ["lacks", permission]:
            raise ValueError(f"{permission!r} is not one of {BASIC}, {MESSAGES}")
        case ["app"]:
            return replace(token, app=True)
        case ["of", owner] if re.fullmatch("[0-9]+", owner):
            return replace(token, of=owner)
        case _:
            raise ValueError(f"{fact!r} is not one of {FACTS}")


def _seconds(span: str) -> float:
    if found := _TIME.fullmatch(span):
        return int(found[1]) * _SECONDS[found[2]]
    raise ValueError(f"{span!r} is no time such as 90s, 30m, 12h or 3d")
