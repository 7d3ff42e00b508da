"""The nouns of icesync: plain values that every room passes around. No I/O, no rules of a format."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
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
    secret; None where the desired state gives none. `labels` are sorted.
    """

    name: str
    id: str
    token: str | None = None
    labels: tuple[str, ...] = ()
    protect: bool = False


@dataclass(frozen=True, slots=True)
class Desired:
    """What an account shall have. No profile means unmanaged: never read by a plan, never written."""

    account: Account
    profile: Profile | None


@dataclass(frozen=True, slots=True)
class Api:
    """Where the Graph API is: base URL without a slash at its end, and its version."""

    url: str = "https://graph.instagram.com"
    version: str = "v24.0"


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


@dataclass(frozen=True, slots=True)
class Fleet:
    """The whole desired state, resolved and valid. Accounts are sorted by name."""

    accounts: tuple[Desired, ...]
    api: Api = Api()
    limits: Limits = Limits()


class FailureKind(StrEnum):
    """Why an account could not be read or written."""

    TOKEN = "token"
    PERMISSION = "permission"
    THROTTLED = "throttled"
    INVALID = "invalid"
    BLOCKED = "blocked"
    TRANSIENT = "transient"
    CREDENTIAL = "credential"


@dataclass(frozen=True, slots=True)
class GraphFailure:
    """A failed call as data. `trace` is Meta's `fbtrace_id`; `hint` says what a person can do."""

    kind: FailureKind
    message: str
    code: int | None = None
    subcode: int | None = None
    trace: str | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen live on one account, at the clock's second `at`: a profile, or a failure."""

    account: Account
    profile: Profile | None
    error: GraphFailure | None = None
    at: float = 0.0


class Action(StrEnum):
    """What a change does to an account. `create`: nothing was live before."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Change:
    """One account's whole document, before and after. The two always differ."""

    account: Account
    before: Profile
    after: Profile

    @property
    def action(self) -> Action:
        if not self.after:
            return Action.DELETE
        return Action.UPDATE if self.before else Action.CREATE


class EditKind(StrEnum):
    ADD = "add"
    REMOVE = "remove"
    EDIT = "edit"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Edit:
    """One line of difference. `position` counts from 1, in `after` (for `remove`: in `before`).

    `origin` is the position in `before`; None for `add`.
    """

    kind: EditKind
    locale: str
    position: int
    before: IceBreaker | None
    after: IceBreaker | None
    origin: int | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An account of the run whose live state is unknown."""

    account: Account
    error: GraphFailure


@dataclass(frozen=True, slots=True)
class Plan:
    """What apply would do. `changes` and `unreadable` are sorted by account name.

    `created` is UTC as `2026-11-23T03:09:11Z`; `desired` is the digest of the resolved desired
    state that the plan was made from.
    """

    changes: tuple[Change, ...]
    unreadable: tuple[Unreadable, ...] = ()
    unchanged: int = 0
    unmanaged: int = 0
    api: Api = Api()
    created: str = ""
    desired: str = ""

    @property
    def accounts(self) -> int:
        """The managed accounts in the run."""
        return len(self.changes) + len(self.unreadable) + self.unchanged

    @property
    def complete(self) -> bool:
        """Every managed account in the run could be read."""
        return not self.unreadable

    def count(self, action: Action) -> int:
        return sum(change.action is action for change in self.changes)


class Status(StrEnum):
    """How the write to one account ended.

    applied: live equals desired, read back. already: it did before. stale: live had moved, not
    written. unverified: written, but the read-back shows something else or nothing. failed: not
    written, or refused. deferred: not now (throttled or interrupted), try later.
    """

    APPLIED = "applied"
    ALREADY = "already"
    STALE = "stale"
    UNVERIFIED = "unverified"
    FAILED = "failed"
    DEFERRED = "deferred"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one account in an apply. `action` is None where the account was unreadable.

    `calls` counts the requests that the account cost in this run, retries and reads included.
    """

    account: Account
    action: Action | None
    status: Status
    calls: int = 0
    detail: str = ""
    error: GraphFailure | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What an apply did, sorted by account name. Times are UTC as `2026-11-23T03:09:11Z`.

    `run` names its journal; it is empty where nothing was to be written, so nothing was recorded.
    """

    run: str
    started: str
    finished: str
    outcomes: tuple[Outcome, ...] = ()
    unchanged: int = 0

    def count(self, status: Status) -> int:
        return sum(outcome.status is status for outcome in self.outcomes)
