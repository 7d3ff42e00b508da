"""Asking how accounts stand: what is asked of whom, what it costs, and when it ends."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import pytest

from icesync.errors import (
    Blocked,
    GraphError,
    InvalidRequest,
    PermissionDenied,
    Throttled,
    TokenError,
    Transient,
)
from icesync.model import Account, Answers, FailureKind, GraphFailure, Identity, Requirement
from icesync.reconciler import examine
from tests.support.clock import FakeClock

pytestmark = pytest.mark.anyio

BOTH = ("messages", "messaging_postbacks")


def failure(kind: str) -> GraphFailure:
    return GraphFailure(FailureKind(kind), kind)


def later(wait: float, *, again: bool) -> Throttled:
    return Throttled(failure("throttled"), app_wide=False, wait=wait, again=again)


@dataclass
class Court:
    """A Witness that is well of every account, but for the errors that its questions shall raise first.

    `asked` is the record; `held` counts what is held now, `most` how many were asked about at once.
    """

    errors: dict[str, list[GraphError]] = field(default_factory=dict)
    clock: FakeClock = field(default_factory=FakeClock)
    owner: str | None = None
    asked: list[str] = field(default_factory=list)
    held: Counter[str] = field(default_factory=Counter)
    most: int = 0
    _now: int = 0

    async def fingerprint(self, account: Account) -> str:
        await self._answer("fingerprint")
        return f"print of {account.name}"

    async def identity(self, account: Account) -> Identity:
        await self._answer("identity")
        return Identity(self.owner or account.id, "")

    async def subscriptions(self, account: Account) -> tuple[str, ...]:
        await self._answer("subscriptions")
        return BOTH

    async def probe(self, account: Account) -> None:
        self.held[account.name] -= 1
        await self._answer("probe")

    def hold(self, account: Account, calls: int) -> None:
        self.asked.append("hold")
        if self.errors.get("hold"):
            raise self.errors["hold"].pop(0)
        self.held[account.name] += calls

    def release(self, account: Account) -> None:
        del self.held[account.name]

    async def _answer(self, question: str) -> None:
        self.asked.append(question)
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(0)
        self._now -= 1
        if self.errors.get(question):
            raise self.errors[question].pop(0)

    async def examine(
        self, *accounts: Account, tells_owner: bool = True, concurrency: int = 4
    ) -> tuple[Answers, ...]:
        told = await examine(
            self,
            accounts or (Account("shop", "1"),),
            tells_owner=tells_owner,
            clock=self.clock,
            concurrency=concurrency,
            notify=lambda account, failed: None,
        )
        assert self.held == {}
        return told


async def test_a_healthy_account_is_asked_each_thing_once_and_what_costs_a_call_last() -> None:
    court = Court()

    told = await court.examine()

    assert court.asked == ["fingerprint", "hold", "identity", "subscriptions", "probe"]
    assert told == (Answers(Account("shop", "1"), "print of shop", Identity("1", ""), BOTH, reads=True),)


@pytest.mark.parametrize(
    ("question", "error", "then"),
    [
        ("fingerprint", GraphError(failure("credential")), ""),
        ("identity", TokenError(failure("token")), ""),
        ("identity", PermissionDenied(failure("permission")), ""),
        ("identity", Blocked(failure("blocked")), ""),
        ("subscriptions", TokenError(failure("token")), ""),
        ("identity", InvalidRequest(failure("invalid")), "subscriptions probe"),
        ("identity", Transient(failure("transient")), "subscriptions probe"),
        ("subscriptions", InvalidRequest(failure("invalid")), "probe"),
        ("hold", later(600, again=False), "identity subscriptions"),
        ("hold", Transient(failure("transient")), "identity subscriptions"),
    ],
)
async def test_what_is_asked_after_a_failure_is_what_can_still_tell_something(
    question: str, error: GraphError, then: str
) -> None:
    court = Court({question: [error]})

    (told,) = await court.examine()

    assert court.asked[court.asked.index(question) + 1 :] == then.split()
    assert list(told.failures.values()) == [error.failure]


async def test_nothing_is_asked_of_another_accounts_token() -> None:
    court = Court(owner="2")

    (told,) = await court.examine()

    assert court.asked[-1] == "identity"
    assert told.is_mistaken


async def test_where_the_host_does_not_tell_whose_token_it_is_nobody_asks() -> None:
    court = Court()

    (told,) = await court.examine(tells_owner=False)

    assert "identity" not in court.asked
    assert (told.owner, told.reads, told.failures) == (None, True, {})


@pytest.mark.parametrize("question", ["hold", "identity", "subscriptions"])
async def test_who_has_to_wait_a_little_is_asked_again_and_others_meanwhile(question: str) -> None:
    court = Court({question: [later(5, again=True)]})

    told = await court.examine(Account("a", "1"), Account("b", "2"), concurrency=1)

    assert [(each.account.name, each.reads) for each in told] == [("b", True), ("a", True)]
    assert court.asked.count("probe") == 2
    assert court.clock.monotonic() == 5.0


async def test_a_call_that_was_throttled_is_not_made_again() -> None:
    court = Court({"probe": [later(5, again=True)]})

    (told,) = await court.examine()

    assert court.asked.count("probe") == 1
    assert told.failures[Requirement.PERMISSIONS].kind is FailureKind.THROTTLED


async def test_thousands_are_asked_so_many_at_a_time() -> None:
    court = Court()
    fleet = [Account(f"shop-{number}", str(number)) for number in range(2000)]

    told = await court.examine(*fleet, concurrency=32)

    assert Counter(court.asked) == dict.fromkeys(
        ("fingerprint", "hold", "identity", "subscriptions", "probe"), 2000
    )
    assert sum(each.reads for each in told) == 2000
    assert court.most == 32
