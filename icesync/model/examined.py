"""How accounts stand: what was answered about them, and what that says of each requirement."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from icesync.model.desired import Account, Api
from icesync.model.planned import FailureKind, GraphFailure, Identity


class Requirement(StrEnum):
    """What the manual asks of an account, in the order in which it can be looked at; VERSION is asked of a
    whole run."""

    CREDENTIAL = "credential"
    TOKEN = "token"
    IDENTITY = "identity"
    PERMISSIONS = "permissions"
    WEBHOOKS = "webhooks"
    DAYS = "days"
    VERSION = "version"


ACCOUNTS_NEED: Final = tuple(each for each in Requirement if each is not Requirement.VERSION)
"""What each account is examined for."""


class Verdict(StrEnum):
    """How it stands with a requirement.

    unknown: it could not be looked at now. untold: nobody tells, and nothing follows from that.
    skipped: something that failed before makes the question pointless.
    """

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    UNKNOWN = "unknown"
    UNTOLD = "untold"
    SKIPPED = "skipped"


_SETTLING: Final = (
    FailureKind.CREDENTIAL,
    FailureKind.TOKEN,
    FailureKind.PERMISSION,
    FailureKind.BLOCKED,
)


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered about one account, and what `failures` there were instead, by the requirement that
    was asked about. What is in neither was not asked.

    `fingerprint` is that of its token, `webhooks` are the fields that it is subscribed to, `reads`: its
    profile can be read.
    """

    account: Account
    fingerprint: str | None = None
    owner: Identity | None = None
    webhooks: tuple[str, ...] | None = None
    reads: bool = False
    failures: Mapping[Requirement, GraphFailure] = field(default_factory=dict)

    @property
    def is_mistaken(self) -> bool:
        """The token is another account's."""
        return self.owner is not None and self.account.id not in ("me", self.owner.user_id)

    @property
    def is_settled(self) -> bool:
        """More questions would get the same answer, or one about another account."""
        return self.is_mistaken or any(each.kind in _SETTLING for each in self.failures.values())


@dataclass(frozen=True, slots=True)
class Finding:
    """How it stands with one requirement. `failure` tells why, where there is something to tell."""

    requirement: Requirement
    verdict: Verdict
    failure: GraphFailure | None = None


class DaysLeft(NamedTuple):
    """Whole days until a token ends, below 0 once it has; at most so many where that is not `exact`."""

    left: int
    exact: bool


_GRAVEST: Final = (Verdict.BAD, Verdict.UNKNOWN, Verdict.WARNING)


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found of one account, a finding for each of its requirements in their order. `owner`: whose
    token it holds, where that is told. `days`: how long that token lives on, as far as anybody knows."""

    account: Account
    findings: tuple[Finding, ...]
    owner: Identity | None = None
    days: DaysLeft | None = None

    @property
    def verdict(self) -> Verdict:
        """The gravest of its findings."""
        found = {each.verdict for each in self.findings}
        return next((verdict for verdict in _GRAVEST if verdict in found), Verdict.GOOD)


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was found of a fleet, sorted by account name. `created` is UTC as `2026-11-23T03:09:11Z`;
    `ends` is the day from which the API's version cannot be used any more, None where nobody says."""

    examinations: tuple[Examination, ...]
    version: Finding
    api: Api
    created: str
    ends: str | None = None

    def count(self, verdict: Verdict) -> int:
        return sum(each.verdict is verdict for each in self.examinations)

    @property
    def is_well(self) -> bool:
        """Everything could be looked at, and nothing is wrong; there may be warnings."""
        wrong = (Verdict.BAD, Verdict.UNKNOWN)
        return self.version.verdict not in wrong and not any(map(self.count, wrong))
