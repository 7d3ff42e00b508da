"""The tree of expected failures. Each class knows the exit code that a user's script will see.

IcesyncError                  1   one message for people: what, where, what to do
├── UsageError               64   the command line asks for something that cannot be
├── ConfigError              65   the desired state is invalid; carries every Diagnostic
├── CredentialError           1   a token could not be had; never shows a value
├── GraphError                1   a call failed; carries a GraphFailure
│   ├── TokenError                the token is dead: a person must act
│   ├── PermissionDenied          the token may not do this
│   ├── InvalidRequest            the API will never accept this, or its answer makes no sense
│   ├── Blocked                   Meta has blocked the account for now
│   ├── Throttled                 later: `app_wide` tells whose door is closed, `wait` for how long
│   └── Transient                 may be tried again at once
├── Refused                   4   limits or `protect`; carries every reason
├── StalePlan                 5   live state or files moved since the plan was made
├── PlanFileError             5   a plan file that is damaged, edited or of another version
├── JournalError              1   the run cannot be recorded, so it must not go on
└── Interrupted             130   Ctrl-C: no write was cut in half
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import ClassVar

from icesync.diagnostics import Diagnostic, Severity
from icesync.model import FailureKind, GraphFailure


class ExitCode(IntEnum):
    """What a script sees. The larger wins where several fit; 130 and 70 win over all."""

    DONE = 0
    FAILED = 1
    PENDING = 2
    PARTIAL = 3
    REFUSED = 4
    STALE = 5
    USAGE = 64
    INVALID = 65
    BUG = 70
    INTERRUPTED = 130


class IcesyncError(Exception):
    """A failure that a user can understand and mend. `str()` is the whole message."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED


class UsageError(IcesyncError):
    exit_code = ExitCode.USAGE


class ConfigError(IcesyncError):
    """The desired state cannot be used. Carries every mistake of the run, warnings too."""

    exit_code = ExitCode.INVALID

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        errors = sum(found.severity is Severity.ERROR for found in self.diagnostics)
        super().__init__(f"{errors} error{'s' * (errors != 1)} in the desired state")


class CredentialError(IcesyncError):
    """A token could not be had. The message shows neither a value nor the reference."""


class GraphError(IcesyncError):
    """A call to the Graph API failed; `failure` holds what there is to know, without secrets.

    `may_have_arrived`: this call or an earlier try of it was sent and not clearly refused, so a write
    may have taken effect all the same. `answer_lost`: and to one of them the API itself said nothing.
    """

    def __init__(self, failure: GraphFailure) -> None:
        self.failure = failure
        self.may_have_arrived = False
        self.answer_lost = False
        super().__init__(failure.message)


class TokenError(GraphError):
    pass


class PermissionDenied(GraphError):
    pass


class InvalidRequest(GraphError):
    pass


class Blocked(GraphError):
    pass


class Throttled(GraphError):
    """The door is closed. `wait` is in seconds, None where nobody said how long.

    `again`: nothing was sent, and after the wait this run shall try once more.
    """

    def __init__(
        self, failure: GraphFailure, *, app_wide: bool, wait: float | None, again: bool = False
    ) -> None:
        super().__init__(failure)
        self.app_wide = app_wide
        self.wait = wait
        self.again = again


class Transient(GraphError):
    pass


class Refused(IcesyncError):
    """Nothing was written, because the plan goes past a limit or touches a protected account."""

    exit_code = ExitCode.REFUSED

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("refused, nothing was written:\n" + "\n".join(f"  - {reason}" for reason in reasons))


class StalePlan(IcesyncError):
    exit_code = ExitCode.STALE


class PlanFileError(IcesyncError):
    exit_code = ExitCode.STALE


class JournalError(IcesyncError):
    pass


class Interrupted(IcesyncError):
    exit_code = ExitCode.INTERRUPTED


GRAPH_ERRORS: dict[FailureKind, type[GraphError]] = {
    FailureKind.TOKEN: TokenError,
    FailureKind.PERMISSION: PermissionDenied,
    FailureKind.INVALID: InvalidRequest,
    FailureKind.BLOCKED: Blocked,
    FailureKind.TRANSIENT: Transient,
}
