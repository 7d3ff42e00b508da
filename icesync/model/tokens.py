"""How the tokens of accounts stand, and what became of refreshing them. Times are seconds since 1970."""

from dataclasses import dataclass
from enum import StrEnum

from icesync.model.desired import Account


class Standing(StrEnum):
    """How it stands with an account's token.

    never seen: no run has used it yet. no token: its reference gives none. not known: the API could not
    be asked. cut off: a refresh was begun, and nobody has told its end. unstored: a refresh gave a token
    that its sink did not take. another's: it is another account's token.
    """

    OK = "ok"
    SOON = "ends soon"
    NEVER = "never seen"
    UNKNOWN = "not known"
    NO_TOKEN = "no token"
    ENDED = "ended"
    DEAD = "dead"
    UNSTORED = "unstored"
    CUT_OFF = "cut off"
    ANOTHERS = "another's"

    @property
    def good(self) -> bool:
        """Nobody has to look at it."""
        return self in (Standing.OK, Standing.SOON, Standing.NEVER)


@dataclass(frozen=True, slots=True)
class TokenState:
    """What is known of an account's token. `why` tells people what is wrong and what comes next.

    It was `seen` first then, and `obtained` then by a refresh, where that is known. It `ends` then, at
    the latest unless that is `exact`.
    """

    account: Account
    standing: Standing
    why: str = ""
    seen: float | None = None
    obtained: float | None = None
    ends: float | None = None
    exact: bool = False


class RefreshStatus(StrEnum):
    """What became of refreshing one account's token.

    left: it is younger than was asked for. too young: the API refreshes none in its first 24 hours.
    skipped: the account has no sink. failed: the old token stays as it was, as far as is known. dead: it
    works no more, and there is no new one. unstored: there is a new one, but not where it should be.
    """

    REFRESHED = "refreshed"
    LEFT = "left"
    TOO_YOUNG = "too young"
    SKIPPED = "skipped"
    NOT_BEGUN = "not begun"
    FAILED = "failed"
    UNSTORED = "unstored"
    DEAD = "dead"

    @property
    def good(self) -> bool:
        """Nobody has to look at it."""
        return self in (
            RefreshStatus.REFRESHED,
            RefreshStatus.LEFT,
            RefreshStatus.TOO_YOUNG,
            RefreshStatus.SKIPPED,
        )


@dataclass(frozen=True, slots=True)
class Refresh:
    """What became of one account's token. `detail` tells people what is known and what comes next."""

    account: Account
    status: RefreshStatus
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TokenReport:
    """How all tokens of a run stand at the time `now`, sorted by account name, and what became of those
    that were to be refreshed, sorted likewise; None where none was."""

    now: float
    states: tuple[TokenState, ...]
    refreshes: tuple[Refresh, ...] | None = None
