"""Vouching for an account: whose token it holds, how often that is asked, and what an answer is worth."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import httpx
import pytest

from icesync.errors import (
    GraphError,
    IcesyncError,
    InvalidRequest,
    PermissionDenied,
    Throttled,
    TokenError,
    Transient,
)
from icesync.graph.vouching import Remembered, Vouching
from icesync.model import Account, Api, FailureKind, GraphFailure, Identity
from tests.support.wire import ACME, HOME, TOKEN, Answer, Wire, ok, refused, wire

pytestmark = pytest.mark.anyio

SHOP = {"user_id": ACME.id, "username": "shop"}
STRANGER = {"user_id": "17841400000000002", "username": "stranger"}
NO_PATH = httpx.Response(404, json={"error": {"message": "Unknown path components: /me", "code": 2500}})
NO_USER = httpx.Response(
    400, json={"error": {"message": "An active access token must be used", "code": 2500}}
)
OTHERS = [Account(f"other-{number}", str(number)) for number in range(5)]


@dataclass
class Book:
    """Identities that outlive a run, as the state folder keeps them."""

    known: dict[str, Identity] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)
    told: list[GraphFailure | None] = field(default_factory=list)
    key: bytes = b"a key"

    def identity(self, fingerprint: str, now: float) -> Identity | None:
        self.times.append(now)
        return self.known.get(fingerprint)

    def keep_identity(self, fingerprint: str, identity: Identity, now: float) -> None:
        self.times.append(now)
        self.known[fingerprint] = identity

    def holds(self, account: Account, fingerprint: str) -> None:
        self.held[account.name] = fingerprint

    def heard(self, account: Account, fingerprint: str, failure: GraphFailure | None) -> None:
        if self.held[account.name] == fingerprint:
            self.told.append(failure)


async def refusal(line: Wire, account: Account = ACME) -> GraphError:
    with pytest.raises(GraphError) as caught:
        await line.client.vouch(account)
    return caught.value


def own_tokens(accounts: Sequence[Account]) -> dict[str, str]:
    return {account.name: f"token of {account.name}" for account in accounts}


async def test_an_account_with_its_own_token_is_vouched_for_and_asked_once_a_run() -> None:
    line = wire(ok(SHOP))

    for _ in range(3):
        await line.client.vouch(ACME)

    assert line.sent == [("GET", f"{HOME}/v24.0/me?fields=user_id%2Cusername")]
    assert line.said == []


async def test_a_strangers_token_is_refused_with_both_ids_and_the_name_each_time() -> None:
    line = wire(ok(STRANGER))

    for _ in range(2):
        error = await refusal(line)
        assert isinstance(error, InvalidRequest)
        assert error.failure.kind is FailureKind.INVALID
        for named in (ACME.id, "17841400000000002", "stranger"):
            assert named in error.failure.message
        assert "reference" in error.failure.hint
        assert not error.may_have_arrived

    assert len(line.requests) == 1


async def test_one_token_of_two_accounts_is_asked_about_once_and_vouches_for_one_of_them() -> None:
    line = wire(ok(SHOP))

    await line.client.vouch(ACME)

    assert isinstance(await refusal(line, OTHERS[0]), InvalidRequest)
    assert len(line.requests) == 1


async def test_me_has_no_id_to_compare() -> None:
    line = wire(ok(STRANGER))

    await line.client.vouch(Account("acme", "me"))

    assert line.requests == []


async def test_on_facebook_nobody_is_asked() -> None:
    line = wire(ok(STRANGER), api=Api("https://graph.facebook.com"))

    await line.client.vouch(ACME)

    assert (line.requests, line.said) == ([], [])


async def test_what_is_known_from_another_run_is_not_asked() -> None:
    book = Book()
    await wire(ok(SHOP), identities=book).client.vouch(ACME)
    line = wire(ok(SHOP), identities=book)

    await line.client.vouch(ACME)

    assert line.requests == []
    assert set(book.times) == {line.clock.now().timestamp()}
    assert TOKEN not in repr(book)


async def test_what_is_known_of_a_stranger_is_refused_without_a_call() -> None:
    book = Book()
    await refusal(wire(ok(STRANGER), identities=book))
    line = wire(ok(SHOP), identities=book)

    assert "stranger" in (await refusal(line)).failure.message
    assert line.requests == []


async def test_a_new_token_of_an_account_is_asked_about_in_the_next_run() -> None:
    book = Book()
    await wire(ok(SHOP), identities=book, tokens={"acme": "old"}).client.vouch(ACME)

    assert await refusal(wire(ok(STRANGER), identities=book, tokens={"acme": "new"}))


async def test_a_book_that_cannot_be_used_costs_a_question_and_stops_nobody() -> None:
    class Broken(Book):
        def identity(self, fingerprint: str, now: float) -> Identity | None:
            raise IcesyncError("the disk is full")

        def keep_identity(self, fingerprint: str, identity: Identity, now: float) -> None:
            raise IcesyncError("the disk is full")

    line = wire(ok(SHOP), identities=Broken())

    for _ in range(2):
        await line.client.vouch(ACME)

    assert len(line.requests) == 1
    assert isinstance(await refusal(line, OTHERS[0]), InvalidRequest)


async def test_what_a_run_remembers_is_its_own() -> None:
    one, other = Remembered(), Remembered()
    one.keep_identity("f", Identity("1", "shop"), 0.0)

    assert one.identity("f", 1e9) == Identity("1", "shop")
    assert other.identity("f", 0.0) is None
    assert one.key != other.key
    assert len(one.key) == 32


async def test_an_api_that_does_not_offer_the_question_is_asked_once_a_run_and_that_is_said_once() -> None:
    accounts = [ACME, *OTHERS]
    line = wire(NO_PATH, tokens=own_tokens(accounts))

    await asyncio.gather(*map(line.client.vouch, accounts))
    for account in accounts:
        await line.client.vouch(account)

    assert len(line.requests) == 1
    (said,) = line.said
    assert said.startswith(f"note: {HOME} does not tell whose token")


async def test_a_token_that_is_no_users_fails_its_account_and_lifts_nothing_for_the_others() -> None:
    line = wire(NO_USER, ok(STRANGER), tokens=own_tokens([ACME, *OTHERS]))

    assert "active access token" in (await refusal(line)).failure.message
    assert "stranger" in (await refusal(line, OTHERS[0])).failure.message
    assert line.said == []


@pytest.mark.parametrize("answer", [refused(100), httpx.Response(404, json={}), ok({"id": "9"})])
async def test_an_answer_that_tells_nothing_of_one_account_lets_it_pass_and_asks_for_the_others(
    answer: Answer,
) -> None:
    line = wire(answer, ok(STRANGER), tokens=own_tokens([ACME, *OTHERS]))

    await line.client.vouch(ACME)
    await line.client.vouch(ACME)

    assert isinstance(await refusal(line, OTHERS[0]), InvalidRequest)
    assert (len(line.requests), len(line.said)) == (2, 1)


@pytest.mark.parametrize("answer", [NO_PATH, NO_USER, refused(100), ok({"id": "9"})])
async def test_once_the_api_has_told_of_one_token_one_that_it_does_not_know_is_refused(
    answer: Answer,
) -> None:
    line = wire(ok(SHOP), answer, ok(STRANGER), tokens=own_tokens([ACME, *OTHERS]))

    await line.client.vouch(ACME)

    assert isinstance(await refusal(line, OTHERS[0]), InvalidRequest)
    assert "stranger" in (await refusal(line, OTHERS[1])).failure.message
    assert line.said == []


async def test_after_a_question_that_failed_the_others_are_asked_at_the_same_time() -> None:
    line = wire(refused(190))
    vouching = Vouching(Api(), Remembered(), line.clock, line.said.append)
    everybody_asks = asyncio.Barrier(len(OTHERS))

    async def ask() -> Identity:
        await everybody_asks.wait()
        return await line.client.identity(ACME)

    with pytest.raises(TokenError):
        await vouching.check(ACME, "fingerprint", partial(line.client.identity, ACME))
    async with asyncio.timeout(5):
        results = await asyncio.gather(
            *(vouching.check(account, account.name, ask) for account in OTHERS), return_exceptions=True
        )

    assert [type(result) for result in results] == [TokenError] * len(OTHERS)


@pytest.mark.parametrize(
    ("answer", "kind", "sent"),
    [
        (refused(190), TokenError, 1),
        (refused(10), PermissionDenied, 1),
        (refused(613), Throttled, 1),
        (refused(2), Transient, 3),
        (httpx.ReadError("gone"), Transient, 3),
    ],
)
async def test_any_other_failure_is_the_accounts_and_it_is_asked_again_next_time(
    answer: Answer, kind: type[GraphError], sent: int
) -> None:
    line = wire(*[answer] * sent, ok(SHOP))

    assert type(await refusal(line)) is kind
    assert (len(line.requests), line.said) == (sent, [])
    await line.clock.sleep(600.0)
    await line.client.vouch(ACME)
    assert len(line.requests) == sent + 1


async def test_who_keeps_identities_hears_what_the_api_says_of_each_token() -> None:
    book = Book()
    line = wire(ok(SHOP), refused(190), NO_PATH, identities=book)
    for _ in range(3):
        with suppress(GraphError):
            await line.client.identity(ACME)

    assert [told and told.kind for told in book.told] == [None, FailureKind.TOKEN, FailureKind.INVALID]
    assert line.requests
