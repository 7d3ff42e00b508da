"""What shall be: accounts, their profiles, and the limits of a fleet."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple
from unicodedata import normalize

DEFAULT_LOCALE: Final = "default"


def canonical_text(text: str) -> str:
    """The form in which texts are compared and sent: NFC, without blanks at the ends."""
    return text.strip() if text.isascii() else normalize("NFC", text).strip()


class IceBreaker(NamedTuple):
    """A question that is offered, and the payload that a tap on it sends to the webhook."""

    question: str
    payload: str


@dataclass(frozen=True, slots=True)
class Profile:
    """An account's whole `ice_breakers`: locale -> its questions in order. `==` decides.

    Build it with `Profile.of`; then texts are canonical, no locale is empty, `default` stands
    first and the others follow by name. A profile without ice breakers is false.
    """

    ice_breakers: Mapping[str, tuple[IceBreaker, ...]]

    @classmethod
    def of(cls, ice_breakers: Mapping[str, Iterable[tuple[str, str]]]) -> "Profile":
        found = {
            locale: tuple(
                IceBreaker(canonical_text(question), canonical_text(payload))
                for question, payload in ice_breakers[locale]
            )
            for locale in sorted(ice_breakers, key=lambda name: (name != DEFAULT_LOCALE, name))
        }
        return cls({locale: questions for locale, questions in found.items() if questions})

    @classmethod
    def from_data(cls, data: Mapping[str, Iterable[Mapping[str, str]]]) -> "Profile":
        """The profile that `as_data` gave."""
        return cls.of(
            {locale: [(each["question"], each["payload"]) for each in data[locale]] for locale in data}
        )

    def as_data(self) -> dict[str, list[dict[str, str]]]:
        """Plain data for files: locale -> its questions, each as question and payload."""
        return {locale: [each._asdict() for each in found] for locale, found in self.ice_breakers.items()}

    def __bool__(self) -> bool:
        return bool(self.ice_breakers)


NOTHING: Final = Profile({})


@dataclass(frozen=True, slots=True)
class Account:
    """One Instagram professional account as the desired state names it.

    `id` is the professional account id, or `me`. `token` is a reference (`env:NAME`), never a
    secret; None where the desired state gives none. `labels` are sorted. `webhooks` are the fields that
    it shall be subscribed to, sorted; none where that is left alone. `sink` is a reference
    (`file:PATH#KEY`) to where a refreshed token goes.
    """

    name: str
    id: str
    token: str | None = None
    labels: tuple[str, ...] = ()
    protect: bool = False
    webhooks: tuple[str, ...] = ()
    sink: str | None = None

    @property
    def identity(self) -> str:
        """What the account is known by: its id, which a rename leaves alone; for `me` its name."""
        return f"me:{self.name}" if self.id == "me" else self.id


@dataclass(frozen=True, slots=True)
class Desired:
    """What an account shall have. Its profile is left alone where there is none, and its subscriptions
    where it names no webhooks."""

    account: Account
    profile: Profile | None

    @property
    def is_managed(self) -> bool:
        """Something is asked for; else a plan never reads the account, and an apply never writes it."""
        return self.profile is not None or bool(self.account.webhooks)


@dataclass(frozen=True, slots=True)
class Api:
    """Where the Graph API is: base URL without a slash at its end, and its version."""

    url: str = "https://graph.instagram.com"
    version: str = "v24.0"


USUAL_API: Final = Api()


@dataclass(frozen=True, slots=True)
class Limit:
    """How many accounts at most: a count, or a percentage of the managed accounts in the run."""

    value: int
    percent: bool = False

    @classmethod
    def parse(cls, text: str) -> "Limit":
        """Read `5` or `10%`. ValueError says what is wrong."""
        digits = text.removesuffix("%")
        percent = digits != text
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 9) or (
            percent and int(digits) > 100
        ):
            raise ValueError(f"{text!r} is neither a count nor a percentage up to 100%")
        return cls(int(digits), percent)

    def admits(self, count: int, accounts: int) -> bool:
        return count * 100 <= self.value * accounts if self.percent else count <= self.value

    def __str__(self) -> str:
        return f"{self.value}%" if self.percent else str(self.value)


@dataclass(frozen=True, slots=True)
class Limits:
    """How far an apply may go without `--force`."""

    max_changes: Limit = Limit(100, percent=True)
    max_deletes: Limit = Limit(10, percent=True)


_BUDGET: Final = re.compile(r"([0-9]{1,9})/([0-9]{1,6})([smh])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Budget:
    """How many calls an account may get in any `seconds` seconds."""

    calls: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Budget | None":
        """Read `20/10m`, or `none` for no budget at all. ValueError says what is wrong."""
        if text == "none":
            return None
        found = _BUDGET.fullmatch(text)
        if not found or not int(found[1]) or not int(found[2]):
            raise ValueError(f"{text[:40]!r} is no budget: write calls and time like 10/10m, or none")
        return cls(int(found[1]), int(found[2]) * _UNITS[found[3]])

    def __str__(self) -> str:
        unit = next(unit for unit in "hms" if self.seconds % _UNITS[unit] == 0)
        return f"{self.calls}/{self.seconds // _UNITS[unit]}{unit}"


USUAL_BUDGET: Final = Budget(10, 600)
"""What Meta's manual says of a Facebook page, and what is assumed of an account (Graph API facts, Limits)."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The whole desired state, resolved and valid. Accounts are sorted by name."""

    accounts: tuple[Desired, ...]
    api: Api = USUAL_API
    limits: Limits = Limits()
    budget: Budget | None = USUAL_BUDGET
