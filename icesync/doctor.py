"""What is wrong with accounts, judged by what was answered about them and what is known of their tokens.
Pure. Times are seconds since 1970."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from icesync.graph import versions
from icesync.graph.catalogue import ailments, cases
from icesync.model import (
    ACCOUNTS_NEED,
    Answers,
    Api,
    Checkup,
    DaysLeft,
    Examination,
    FailureKind,
    Finding,
    GraphFailure,
    Requirement,
    Verdict,
)
from icesync.sharing import belongs_to, hold_one, sharers
from icesync.tokens.records import TokenRecord, ends

REQUIRED: Final = ("messages", "messaging_postbacks")
"""The webhook fields that ice breakers need (Meta's ice breakers page, Requirements)."""

SOON: Final = 14
"""Days before its end from which a token ends soon."""

_DAY: Final = 86400.0
_EXPIRED: Final = 463
"""The subcode of a token that died of age (Graph API facts, Errors)."""
_ALIVE: Final = (FailureKind.PERMISSION, FailureKind.BLOCKED)
"""What the API says only to a token that it takes."""
_ELSEWHERE: Final = (FailureKind.TOKEN, FailureKind.PERMISSION)
"""What is no matter of the question that was asked, but of a requirement of its own."""


def checkup(
    told: Sequence[Answers],
    records: Mapping[str, TokenRecord],
    api: Api,
    *,
    created: str,
    now: float,
) -> Checkup:
    """The findings of all accounts. `records` are by the accounts' identities; `created` is the same
    moment as `now`, as `2026-11-23T03:09:11Z`."""
    shared = _shared(told)
    examinations = sorted(
        (
            _examination(each, shared.get(each.account.name), records.get(each.account.identity), now)
            for each in told
        ),
        key=lambda examination: examination.account.name,
    )
    known = versions.find(api.version)
    return Checkup(
        tuple(examinations), version(api, created[:10]), api, created, known.ends if known else None
    )


def version(api: Api, today: str) -> Finding:
    """How the API's version stands on a day such as `2026-11-23`."""
    known = versions.find(api.version)
    name, day = f"{api.version} of the API", known.ends if known else None
    match versions.standing(api.version, today):
        case versions.Standing.ENDS_SOON:
            soon = ailments.VERSION_ENDS.failure(f"{name} ends on {day}")
            return Finding(Requirement.VERSION, Verdict.WARNING, soon)
        case versions.Standing.ENDED:
            ended = ailments.VERSION_ENDED.failure(f"{name} ended{f' on {day}' if day else ''}")
            return Finding(Requirement.VERSION, Verdict.BAD, ended)
        case versions.Standing.UNKNOWN:
            unknown = ailments.VERSION_UNKNOWN.failure(f"{name} is in no table")
            return Finding(Requirement.VERSION, Verdict.WARNING, unknown)
    return _good(Requirement.VERSION)


def is_alive(told: Answers) -> bool:
    """The API took the account's token."""
    answered = told.owner is not None or told.webhooks is not None or told.reads
    return answered or any(each.kind in _ALIVE for each in told.failures.values())


def death(told: Answers) -> GraphFailure | None:
    """Why the API did not take the account's token, if it said that."""
    return _of_kind(told, FailureKind.TOKEN)


def _shared(told: Iterable[Answers]) -> Mapping[str, str]:
    """By account name: with whom an account shares its token, where it must not."""
    accounts, fingerprints = [], {}
    for each in told:
        accounts.append(each.account)
        if each.fingerprint is not None:
            fingerprints[each.account.name] = each.fingerprint
    groups = [(hold_one(sharing), sharing) for sharing in sharers(accounts, fingerprints)]
    return {account.name: sentence for sentence, sharing in groups for account in sharing}


def _examination(told: Answers, sharing: str | None, record: TokenRecord | None, now: float) -> Examination:
    if failure := told.failures.get(Requirement.CREDENTIAL):
        first, *others = ACCOUNTS_NEED
        findings = (Finding(first, Verdict.BAD, failure), *map(_skipped, others))
        return Examination(told.account, findings)
    days = _days(told, record, now)
    findings = (
        _good(Requirement.CREDENTIAL),
        _token(told),
        _identity(told, sharing),
        _permissions(told),
        _webhooks(told),
        _lasting(told, days),
    )
    return Examination(told.account, findings, told.owner, days)


def _token(told: Answers) -> Finding:
    if failure := death(told):
        return Finding(Requirement.TOKEN, Verdict.BAD, failure)
    if is_alive(told):
        return _good(Requirement.TOKEN)
    return Finding(Requirement.TOKEN, Verdict.UNKNOWN, next(iter(told.failures.values()), None))


def _identity(told: Answers, sharing: str | None) -> Finding:
    if told.owner is not None and told.is_mistaken:
        mistaken = cases.OTHER_ACCOUNT.failure(belongs_to(told.owner, told.account))
        return Finding(Requirement.IDENTITY, Verdict.BAD, mistaken)
    if sharing is not None:
        return Finding(Requirement.IDENTITY, Verdict.BAD, ailments.SHARED_TOKEN.failure(sharing))
    if told.owner is not None:
        return _good(Requirement.IDENTITY)
    failure = told.failures.get(Requirement.IDENTITY)
    if failure is None:
        unasked = ailments.NOT_TOLD.failure("on this host /me tells other things, so it was not asked")
        return Finding(Requirement.IDENTITY, Verdict.UNTOLD, unasked)
    if failure.kind is FailureKind.INVALID:
        untold = replace(failure, hint=ailments.NOT_TOLD.step)
        return Finding(Requirement.IDENTITY, Verdict.UNTOLD, untold)
    return _unanswered(told, Requirement.IDENTITY)


def _permissions(told: Answers) -> Finding:
    if failure := _of_kind(told, FailureKind.PERMISSION):
        return Finding(Requirement.PERMISSIONS, Verdict.BAD, failure)
    if told.reads:
        return _good(Requirement.PERMISSIONS)
    failure = told.failures.get(Requirement.PERMISSIONS)
    if failure is not None and failure.kind is FailureKind.INVALID:
        return Finding(Requirement.PERMISSIONS, Verdict.BAD, failure)
    return _unanswered(told, Requirement.PERMISSIONS)


def _webhooks(told: Answers) -> Finding:
    if told.webhooks is None:
        return _unanswered(told, Requirement.WEBHOOKS)
    if missing := [each for each in told.account.webhooks or REQUIRED if each not in told.webhooks]:
        lack = ailments.NOT_SUBSCRIBED.failure(f"it is not subscribed to {' and '.join(missing)}")
        return Finding(Requirement.WEBHOOKS, Verdict.BAD, lack)
    return _good(Requirement.WEBHOOKS)


def _unanswered(told: Answers, requirement: Requirement) -> Finding:
    """Of a question to which no answer came."""
    failure = told.failures.get(requirement)
    if failure is None or failure.kind in _ELSEWHERE:
        return _skipped(requirement)
    blocked = failure.kind is FailureKind.BLOCKED
    return Finding(requirement, Verdict.BAD if blocked else Verdict.UNKNOWN, failure)


def _days(told: Answers, record: TokenRecord | None, now: float) -> DaysLeft | None:
    """None where nobody knows: what seems to have ended and is taken all the same was refreshed elsewhere."""
    if record is None or record.fingerprint != told.fingerprint or death(told):
        return None
    when, exact = ends(record)
    left = int((when - now) // _DAY)
    return None if left < 0 and (is_alive(told) or not exact) else DaysLeft(left, exact)


def _lasting(told: Answers, days: DaysLeft | None) -> Finding:
    if failure := death(told):
        expired = failure.subcode == _EXPIRED
        return Finding(Requirement.DAYS, Verdict.BAD, failure) if expired else _skipped(Requirement.DAYS)
    if days is None:
        return Finding(Requirement.DAYS, Verdict.UNTOLD)
    if days.left < 0:
        ended = ailments.TOKEN_ENDED.failure("its token has ended")
        return Finding(Requirement.DAYS, Verdict.BAD, ended)
    if days.left > SOON:
        return _good(Requirement.DAYS)
    span = f"{days.left} day{'s' * (days.left != 1)}{'' if days.exact else ' at most'}"
    soon = ailments.TOKEN_ENDS.failure(f"its token ends in {span}")
    return Finding(Requirement.DAYS, Verdict.WARNING, soon)


def _of_kind(told: Answers, kind: FailureKind) -> GraphFailure | None:
    return next((each for each in told.failures.values() if each.kind is kind), None)


def _good(requirement: Requirement) -> Finding:
    return Finding(requirement, Verdict.GOOD)


def _skipped(requirement: Requirement) -> Finding:
    return Finding(requirement, Verdict.SKIPPED)
