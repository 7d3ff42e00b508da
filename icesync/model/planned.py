"""What was seen live, and what would have to change."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from icesync.model.desired import USUAL_API, Account, Api, IceBreaker, Limits, Profile


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
    """A failed call as data. `trace` is Meta's `fbtrace_id`; `hint` says what a person can do.

    `not_before` is the earliest time at which the account can go, as `2026-11-23T03:19:11Z`; None
    where it is nothing that passes with time.
    """

    kind: FailureKind
    message: str
    code: int | None = None
    subcode: int | None = None
    trace: str | None = None
    hint: str = ""
    not_before: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose token it is: the id of the professional account, and its name, empty where it is not told."""

    user_id: str
    username: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen live on one account, at the clock's second `at`: what was asked for, or a failure.

    `subscribed` are the webhook fields that the account is subscribed to, sorted; None where that was
    not asked, so nobody knows.
    """

    account: Account
    profile: Profile | None
    error: GraphFailure | None = None
    at: float = 0.0
    subscribed: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The live state of some accounts, kept from an earlier day. `created` is UTC as
    `2026-11-23T03:09:11Z`; observations are sorted by account name, one for each identity."""

    created: str
    observations: tuple[Observation, ...]
    api: Api = USUAL_API


class Action(StrEnum):
    """What is done to an account: one of CHANGES to its profile, or that it is subscribed to webhooks.
    `create`: nothing was live before."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    SUBSCRIBE = "subscribe"


CHANGES: Final = (Action.CREATE, Action.UPDATE, Action.DELETE)


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


@dataclass(frozen=True, slots=True)
class Subscription:
    """One account's webhook fields before and after, each sorted. `after` has all of `before` and more:
    nothing is ever unsubscribed."""

    account: Account
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def added(self) -> tuple[str, ...]:
        return tuple(field for field in self.after if field not in self.before)

    @property
    def action(self) -> Action:
        return Action.SUBSCRIBE


Write: TypeAlias = Change | Subscription
"""What an apply sends for one account; one of each at most."""


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
class Forecast:
    """What carrying a plan out costs: its calls, and how many accounts have no room for theirs now.

    `not_before` is when the last of them has, as `2026-11-23T03:19:11Z`.
    """

    calls: int
    waiting: int = 0
    not_before: str | None = None


@dataclass(frozen=True, slots=True)
class Against:
    """The snapshot that stood for live state when a plan was made: when it was taken, and how many
    seconds old it was then."""

    created: str
    age: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What apply would do. `changes`, `subscriptions` and `unreadable` are sorted by account name.

    `created` is UTC as `2026-11-23T03:09:11Z`; `desired` is the digest of the resolved desired
    state that the plan was made from. `against` is None where live state itself was read. `limits` are
    those in force when it was made, None where nobody knows them. `warnings` are sorted, each once.
    """

    changes: tuple[Change, ...]
    unreadable: tuple[Unreadable, ...] = ()
    unchanged: int = 0
    unmanaged: int = 0
    api: Api = USUAL_API
    created: str = ""
    desired: str = ""
    forecast: Forecast | None = None
    against: Against | None = None
    limits: Limits | None = None
    warnings: tuple[str, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()

    @property
    def writes(self) -> tuple[Write, ...]:
        """Everything that would be sent, in that order."""
        return (*self.changes, *self.subscriptions)

    @property
    def differing(self) -> tuple[Account, ...]:
        """The accounts that are not as desired, each once, by name."""
        if not self.subscriptions:
            return tuple(change.account for change in self.changes)
        found = {write.account.name: write.account for write in self.writes}
        return tuple(found[name] for name in sorted(found))

    @property
    def accounts(self) -> int:
        """The managed accounts in the run."""
        return len(self.differing) + len(self.unreadable) + self.unchanged

    @property
    def complete(self) -> bool:
        """Every managed account in the run could be read."""
        return not self.unreadable

    def count(self, action: Action) -> int:
        return sum(change.action is action for change in self.changes)
