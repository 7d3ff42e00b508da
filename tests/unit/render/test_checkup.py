"""A checkup as text: its table, its causes, its last line, and what a large fleet makes of it."""

from collections.abc import Iterable

import pytest
from rich.cells import cell_len

from icesync.graph.catalogue import ailments, cases
from icesync.model import (
    ACCOUNTS_NEED,
    Account,
    Api,
    Checkup,
    DaysLeft,
    Examination,
    FailureKind,
    Finding,
    GraphFailure,
    Identity,
    Requirement,
    Verdict,
)
from icesync.render import render

GOOD = Finding(Requirement.VERSION, Verdict.GOOD)
EXPIRED = GraphFailure(
    FailureKind.TOKEN,
    "Error validating access token",
    190,
    463,
    "AbC123",
    "The token has expired: create a new one.",
)
LACK = ailments.NOT_SUBSCRIBED.failure("it is not subscribed to messaging_postbacks")
BUSY = GraphFailure(
    FailureKind.THROTTLED, "no room", hint="Run it again then.", not_before="2026-11-23T03:19:11Z"
)


def account(number: int) -> Account:
    return Account(f"shop-{number:04}", str(17841400000000000 + number))


def examined(
    which: Account,
    *told: Finding,
    skipped: Iterable[str] = (),
    days: DaysLeft | None = None,
    owner: Identity | None = None,
) -> Examination:
    """All is well but for what is told."""
    found = dict.fromkeys(ACCOUNTS_NEED, Verdict.GOOD) | dict.fromkeys(
        map(Requirement, skipped), Verdict.SKIPPED
    )
    findings = {requirement: Finding(requirement, verdict) for requirement, verdict in found.items()}
    findings |= {each.requirement: each for each in told}
    return Examination(which, tuple(findings.values()), owner, days)


def checkup(*found: Examination, version: Finding = GOOD) -> Checkup:
    return Checkup(found, version, Api(), "2026-11-23T03:09:11Z", "2028-02-18")


FLEET = checkup(
    examined(account(1), days=DaysLeft(60, exact=False)),
    examined(
        account(2),
        Finding(Requirement.TOKEN, Verdict.BAD, EXPIRED),
        Finding(Requirement.DAYS, Verdict.BAD, EXPIRED),
        skipped=("identity", "permissions", "webhooks"),
    ),
    examined(account(3), Finding(Requirement.WEBHOOKS, Verdict.BAD, LACK), days=DaysLeft(43, exact=True)),
    examined(
        account(4),
        Finding(
            Requirement.DAYS,
            Verdict.WARNING,
            ailments.TOKEN_ENDS.failure("its token ends in 3 days at most"),
        ),
        days=DaysLeft(3, exact=False),
    ),
    examined(
        Account("shop-0005", "me"),
        Finding(Requirement.PERMISSIONS, Verdict.UNKNOWN, BUSY),
        owner=Identity("17841400000000005", "shop"),
        days=DaysLeft(60, exact=False),
    ),
    examined(
        account(6),
        Finding(Requirement.IDENTITY, Verdict.UNTOLD, ailments.NOT_TOLD.failure("Unknown path")),
        Finding(Requirement.DAYS, Verdict.UNTOLD),
    ),
    version=Finding(
        Requirement.VERSION,
        Verdict.WARNING,
        ailments.VERSION_ENDS.failure("v24.0 of the API ends on 2028-02-18"),
    ),
)
CAUSES = """\
? identity
    shop-0006: Unknown path
    hint: Nothing, as long as you know which token is whose.

! days
    shop-0004: its token ends in 3 days at most
    hint: Refresh it before that, `icesync tokens refresh`, or store a new one.

! version
    v24.0 of the API ends on 2028-02-18
    hint: Set `api.version` in the files to a later version, and look whether plans stay as they were.

? permissions
    shop-0005: no room
    not before: 2026-11-23T03:19:11Z
    hint: Run it again then.

✗ token, days 190/463
    shop-0002: Error validating access token
    hint: The token has expired: create a new one.
    trace: AbC123 (shop-0002)

✗ webhooks
    shop-0003: it is not subscribed to messaging_postbacks
    hint: Ask for them where the files do not yet, `webhooks: [messages, messaging_postbacks]`, and apply.

Doctor: 3 accounts in order, 1 of them with a warning, 2 not, 1 could not be examined.
"""
TABLE = """\
ACCOUNT                        CREDENTIAL  TOKEN  IDENTITY             PERMISSIONS  WEBHOOKS  DAYS
shop-0002 (17841400000000002)  ✓           ✗      -                    -            -         ✗
shop-0003 (17841400000000003)  ✓           ✓      ✓                    ✓            ✗         43
shop-0004 (17841400000000004)  ✓           ✓      ✓                    ✓            ✓         ! ≤3
shop-0005 (me)                 ✓           ✓      ✓ 17841400000000005  ?            ✓         ≤60
"""
WHOLE = """\
ACCOUNT                        CREDENTIAL  TOKEN  IDENTITY              PERMISSIONS  WEBHOOKS  DAYS
shop-0001 (17841400000000001)  ok          ok     ok                    ok           ok        <=60
shop-0002 (17841400000000002)  ok          x      -                     -            -         x
shop-0003 (17841400000000003)  ok          ok     ok                    ok           x         43
shop-0004 (17841400000000004)  ok          ok     ok                    ok           ok        ! <=3
shop-0005 (me)                 ok          ok     ok 17841400000000005  ?            ok        <=60
shop-0006 (17841400000000006)  ok          ok     ?                     ok           ok        ?
"""
NARROW = """\
shop-0002 (17841400000000002)
    ✗ token, ✗ days
shop-0003 (17841400000000003)
    ✗ webhooks
shop-0004 (17841400000000004)
    ! ≤3 days
shop-0005 (me)
    ? permissions

? identity
"""


def test_who_is_not_well_stands_in_the_table_and_each_cause_below_it_the_gravest_last() -> None:
    assert render(FLEET, "text") == f"{TABLE}\n{CAUSES}"


def test_the_whole_table_in_ascii() -> None:
    text = render(FLEET, "text", whole=True, plain=True)

    assert text == f"{WHOLE}\n{CAUSES.replace('✗', 'x')}"
    assert text.isascii()


def test_a_narrow_terminal_gets_a_list_and_no_line_that_is_too_long() -> None:
    text = render(FLEET, "text", width=44)

    assert text.startswith(NARROW)
    assert max(map(cell_len, text.splitlines()[:-1])) <= 44
    assert "    ✓" in render(FLEET, "text", width=44, whole=True).splitlines()


def test_cells_have_colours_where_there_are_any() -> None:
    text = render(FLEET, "text", color=True)

    for painted in ("\x1b[31m✗    \x1b[0m", "\x1b[33m! ≤3\x1b[0m", "\x1b[32m✓", "\x1b[2m-"):
        assert painted in text


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (checkup(), "Doctor: 0 accounts in order, 0 not.\n"),
        (checkup(examined(account(1))), "Doctor: 1 account in order, 0 not.\n"),
        (checkup(*(examined(account(n)) for n in range(9997))), "Doctor: 9,997 accounts in order, 0 not.\n"),
    ],
)
def test_where_all_is_well_one_line_says_so(found: Checkup, text: str) -> None:
    assert render(found, "text") == text


def test_a_cause_of_thousands_is_told_once_with_the_first_of_them() -> None:
    lack = Finding(Requirement.WEBHOOKS, Verdict.BAD, LACK)
    text = render(checkup(*(examined(account(number), lack) for number in range(2000))), "text")

    assert text.endswith(f"""

✗ webhooks
    {", ".join(account(n).name for n in range(10))} and 1,990 more: {LACK.message}
    hint: {LACK.hint}

Doctor: 0 accounts in order, 2,000 not.
""")
    assert len(text.splitlines()) == 1 + 2000 + 6


def test_one_cause_in_many_words_is_told_in_the_first_of_them() -> None:
    def swapped(number: int) -> Examination:
        failure = cases.OTHER_ACCOUNT.failure(f"its token belongs to account {number}")
        return examined(account(number), Finding(Requirement.IDENTITY, Verdict.BAD, failure))

    lines = render(checkup(*map(swapped, range(25))), "text").splitlines()[27:]

    assert lines[:2] == ["✗ identity", "    shop-0000: its token belongs to account 0"]
    assert lines[10:13] == [
        "    shop-0009: its token belongs to account 9",
        "    and 15 more accounts",
        f"    hint: {cases.OTHER_ACCOUNT.step}",
    ]


def test_the_latest_time_of_all_and_one_trace_stand_for_the_others() -> None:
    def waiting(number: int) -> Examination:
        failure = GraphFailure(
            FailureKind.THROTTLED, "no", 613, None, f"T{number}", not_before=f"2026-11-23T03:1{number}:00Z"
        )
        return examined(account(number), Finding(Requirement.PERMISSIONS, Verdict.UNKNOWN, failure))

    text = render(checkup(waiting(1), waiting(3), waiting(2)), "text")

    assert "    not before: 2026-11-23T03:13:00Z\n    trace: T1 (shop-0001)\n" in text


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("width", [None, 40])
def test_no_hostile_text_reaches_a_terminal(form: str, width: int | None) -> None:
    evil = "\x1b[31m\u202e\n"
    failure = GraphFailure(FailureKind.INVALID, evil, 100, 33, evil, evil, evil)
    found = examined(
        Account(evil, "me"), Finding(Requirement.TOKEN, Verdict.BAD, failure), owner=Identity(evil, evil)
    )

    text = render(
        checkup(found, version=Finding(Requirement.VERSION, Verdict.BAD, failure)), form, width=width
    )

    assert not {"\x1b", "\u202e"} & set(text)
