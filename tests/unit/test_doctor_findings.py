"""What is wrong with an account, judged by what was answered about it."""

from typing import Any

import pytest

from icesync.doctor import checkup
from icesync.graph.catalogue import ailments
from icesync.model import (
    Account,
    Answers,
    Api,
    DaysLeft,
    Examination,
    FailureKind,
    Finding,
    GraphFailure,
    Identity,
    Requirement,
    Verdict,
)
from icesync.tokens.records import TokenRecord

CREDENTIAL, TOKEN, IDENTITY, PERMISSIONS, WEBHOOKS, DAYS, _ = Requirement
SHOP = Account("shop", "1")
OWN = Identity("1", "shop.1")
BOTH = ("messages", "messaging_postbacks")
NOW = 1_800_000_000.0
DAY = 86400.0
FRESH = TokenRecord("print", NOW)
CREATED = "2026-11-23T03:09:11Z"


def failed(kind: str, *codes: int) -> GraphFailure:
    return GraphFailure(FailureKind(kind), f"{kind}!", *codes)


def examined(told: Answers, record: TokenRecord | None = FRESH) -> Examination:
    records = {} if record is None else {told.account.identity: record}
    (found,) = checkup([told], records, Api(), created=CREATED, now=NOW).examinations
    return found


def verdicts(found: Examination) -> str:
    """A sign for each requirement in its order."""
    signs = dict(zip(Verdict, ".!x?u-", strict=True))
    return "".join(signs[each.verdict] for each in found.findings)


def told(account: Account = SHOP, **more: Any) -> Answers:
    usual: dict[str, Any] = {"owner": OWN, "webhooks": BOTH, "reads": True}
    return Answers(account, **{"fingerprint": "print", **usual, **more})


def finding(found: Examination, requirement: Requirement) -> Finding:
    return next(each for each in found.findings if each.requirement is requirement)


def test_who_answered_everything_well_is_well() -> None:
    found = examined(told())

    assert verdicts(found) == "......"
    assert (found.verdict, found.owner, found.days) == (Verdict.GOOD, OWN, DaysLeft(60, exact=False))


@pytest.mark.parametrize(
    ("answers", "failures", "expected"),
    [
        ({"fingerprint": None}, {CREDENTIAL: failed("credential")}, "x-----"),
        ({}, {IDENTITY: failed("token", 190, 460)}, ".x----"),
        ({}, {IDENTITY: failed("token", 190, 463)}, ".x---x"),
        ({"owner": OWN}, {WEBHOOKS: failed("token", 190)}, ".x.---"),
        ({}, {IDENTITY: failed("permission", 10)}, "..-x-."),
        ({"owner": OWN}, {WEBHOOKS: failed("permission", 10)}, "...x-."),
        ({"owner": OWN, "webhooks": BOTH}, {PERMISSIONS: failed("permission", 200)}, "...x.."),
        ({"owner": OWN, "webhooks": BOTH}, {PERMISSIONS: failed("invalid", 100, 33)}, "...x.."),
        ({"owner": OWN, "webhooks": BOTH}, {PERMISSIONS: failed("throttled")}, "...?.."),
        ({"owner": OWN, "webhooks": BOTH}, {PERMISSIONS: failed("blocked", 368)}, "...x.."),
        ({"owner": OWN, "reads": True}, {WEBHOOKS: failed("transient")}, "....?."),
        ({"owner": OWN, "reads": True}, {WEBHOOKS: failed("invalid", 2500)}, "....?."),
        ({"webhooks": BOTH, "reads": True}, {IDENTITY: failed("invalid", 2500)}, "..u..."),
        ({"webhooks": BOTH, "reads": True}, {IDENTITY: failed("transient")}, "..?..."),
        ({"webhooks": BOTH, "reads": True}, {}, "..u..."),
        ({}, {IDENTITY: failed("blocked", 368)}, "..x--."),
        ({}, dict.fromkeys((IDENTITY, WEBHOOKS, PERMISSIONS), failed("transient")), ".????."),
        ({}, dict.fromkeys((IDENTITY, WEBHOOKS, PERMISSIONS), failed("invalid", 100)), ".?ux?."),
        ({"owner": Identity("2", "")}, {}, "..x--."),
        ({"owner": OWN, "webhooks": ("comments", "messages"), "reads": True}, {}, "....x."),
    ],
)
def test_an_answer_decides_its_requirement_and_what_depends_on_it_is_skipped(
    answers: dict[str, Any], failures: dict[Requirement, GraphFailure], expected: str
) -> None:
    found = examined(Answers(SHOP, **{"fingerprint": "print", "failures": failures, **answers}))

    assert verdicts(found) == expected


def test_a_strangers_token_is_told_with_both_ids() -> None:
    failure = finding(examined(told(owner=Identity("2", "stranger"))), IDENTITY).failure

    assert failure is not None
    assert failure.message == "its token belongs to account 2 (stranger), not to 1"


def test_an_account_called_me_is_its_tokens_own() -> None:
    found = examined(told(Account("shop", "me"), owner=Identity("7", "shop")))

    assert (verdicts(found), found.owner) == ("......", Identity("7", "shop"))


def test_what_the_api_itself_says_of_the_question_is_kept() -> None:
    failure = GraphFailure(FailureKind.INVALID, "Unknown path", 2500, trace="AbC")
    untold = finding(examined(told(owner=None, failures={IDENTITY: failure})), IDENTITY).failure

    assert untold is not None
    assert (untold.code, untold.trace, untold.hint) == (2500, "AbC", ailments.NOT_TOLD.step)


@pytest.mark.parametrize(
    ("wanted", "there", "lacks"),
    [
        ((), BOTH, None),
        ((), (), "messages and messaging_postbacks"),
        ((), ("messages",), "messaging_postbacks"),
        (("comments",), ("comments",), None),
        (("comments",), BOTH, "comments"),
    ],
)
def test_webhooks_are_those_that_the_account_asks_for_or_those_that_taps_need(
    wanted: tuple[str, ...], there: tuple[str, ...], lacks: str | None
) -> None:
    failure = finding(examined(told(Account("shop", "1", webhooks=wanted), webhooks=there)), WEBHOOKS).failure

    assert (failure and failure.message) == (lacks and f"it is not subscribed to {lacks}")


@pytest.mark.parametrize(
    ("record", "verdict", "days", "message"),
    [
        (TokenRecord("print", NOW - 45 * DAY), "good", DaysLeft(15, exact=False), None),
        (TokenRecord("print", NOW - 46 * DAY), "warning", (14, False), "its token ends in 14 days at most"),
        (TokenRecord("print", 0.0, expires=NOW + 1.5 * DAY), "warning", (1, True), "its token ends in 1 day"),
        (TokenRecord("print", 0.0, expires=NOW + 15 * DAY), "good", (15, True), None),
        (TokenRecord("print", NOW - 61 * DAY), "untold", None, None),
        (TokenRecord("print", 0.0, expires=NOW - 1.0), "untold", None, None),
        (TokenRecord("another", 0.0, expires=NOW + DAY), "untold", None, None),
        (None, "untold", None, None),
    ],
)
def test_days_are_counted_as_far_as_anybody_knows(
    record: TokenRecord | None, verdict: str, days: tuple[int, bool] | None, message: str | None
) -> None:
    found = examined(told(), record)
    lasting = finding(found, DAYS)

    assert (lasting.verdict, found.days) == (verdict, days)
    assert (lasting.failure and lasting.failure.message) == message


@pytest.mark.parametrize(("exact", "verdict"), [(True, Verdict.BAD), (False, Verdict.UNTOLD)])
def test_a_token_has_ended_where_nobody_took_it_and_its_end_is_known(exact: bool, verdict: Verdict) -> None:
    unanswered = dict.fromkeys((IDENTITY, WEBHOOKS, PERMISSIONS), failed("transient"))
    record = TokenRecord("print", NOW - 99 * DAY, expires=NOW - DAY if exact else None)

    found = examined(Answers(SHOP, "print", failures=unanswered), record)

    assert finding(found, DAYS).verdict is verdict


def test_accounts_that_share_a_token_are_told_whom_with() -> None:
    answered = [told(Account(name, "1")) for name in ("c", "a")] + [told(Account("b", "1"), fingerprint="x")]

    found = checkup(answered, {}, Api(), created=CREATED, now=NOW).examinations

    assert [each.account.name for each in found] == ["a", "b", "c"]
    failures = [finding(each, IDENTITY).failure for each in found]
    assert [failure and failure.message for failure in failures] == [
        "a and c hold one token",
        None,
        "a and c hold one token",
    ]


def test_a_dead_token_that_is_shared_is_both() -> None:
    dead = {IDENTITY: failed("token", 190)}
    answered = [Answers(Account(name, "1"), "print", failures=dead) for name in "ab"]

    found = checkup(answered, {}, Api(), created=CREATED, now=NOW).examinations

    assert [verdicts(each) for each in found] == [".xx---"] * 2


@pytest.mark.parametrize(
    ("version", "verdict", "message", "ends"),
    [
        ("v24.0", "good", None, "2028-02-18"),
        ("v26.0", "good", None, None),
        ("v21.0", "warning", "v21.0 of the API ends on 2027-01-21", "2027-01-21"),
        ("v19.0", "bad", "v19.0 of the API ended on 2026-05-21", "2026-05-21"),
        ("v2.0", "bad", "v2.0 of the API ended", None),
        ("v99.0", "warning", "v99.0 of the API is in no table", None),
    ],
)
def test_the_version_is_judged_once_for_all(
    version: str, verdict: str, message: str | None, ends: str | None
) -> None:
    found = checkup([told()], {}, Api(version=version), created=CREATED, now=NOW)

    assert (found.version.verdict, found.ends) == (verdict, ends)
    assert (found.version.failure and found.version.failure.message) == message
    assert found.is_well is (verdict != "bad")


@pytest.mark.parametrize(
    ("failures", "is_well"),
    [
        ({}, True),
        ({IDENTITY: failed("invalid", 2500)}, True),
        ({IDENTITY: failed("transient")}, False),
        ({PERMISSIONS: failed("throttled")}, False),
    ],
)
def test_what_nobody_tells_is_well_and_what_could_not_be_looked_at_is_not(
    failures: dict[Requirement, GraphFailure], is_well: bool
) -> None:
    answers = told(owner=None, reads=PERMISSIONS not in failures, failures=failures)

    assert checkup([answers], {}, Api(), created=CREATED, now=NOW).is_well is is_well
