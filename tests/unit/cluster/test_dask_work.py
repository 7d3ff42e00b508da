"""What a worker does with a part, without a cluster around it: the sandbox answers over the network."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from icesync.cluster import work
from icesync.connection import Traffic
from icesync.credentials import Secret
from icesync.model import (
    NOTHING,
    Account,
    Api,
    Budget,
    Change,
    Desired,
    FailureKind,
    Identity,
    Profile,
    Rollout,
    Status,
    Subscription,
)
from icesync.sandbox.server import Running, running
from icesync.sandbox.tokens import Token
from icesync.sandbox.world import Fault, World
from tests.support.scene import A, B, C

pytestmark = pytest.mark.anyio

ACME = Account("acme", "1784", token="env:WORKERS_TOKEN")
NOBODY = Account("nobody", "1785", token="env:NOBODYS_TOKEN")
CHANGE = Change(ACME, A, B)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running() as started:
        yield started


@pytest.fixture
def sandbox(server: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """A healthy one, on which acme has nothing yet."""
    monkeypatch.setenv("WORKERS_TOKEN", "sandbox-1784")
    server.api.world = World()
    server.api.calls.clear()
    server.api.seed(ACME.id, [])
    return server


def seed(sandbox: Running, profile: Profile) -> None:
    listed = [
        {"locale": locale, "call_to_actions": questions} for locale, questions in profile.as_data().items()
    ]
    sandbox.api.seed(ACME.id, listed)


async def done(sandbox: Running, errand: work.Errand, grant: int = 9) -> work.Result:
    traffic = Traffic(Path("/nowhere/state"), Budget(10, 600), 4, 5.0)
    job = work.Job("run", Api(sandbox.url), Path("/nowhere"), traffic, b"key")
    items = () if isinstance(errand, work.Comparing) else errand.items
    grants = {item.account.name: grant for item in items}
    return await work.do(work.Part("run/0", job, errand, grants), lambda: True)


def test_another_icesync_does_not_even_open_the_part() -> None:
    with pytest.raises(work.WrongVersion):
        work.run("0.0.1", b"no pickle")


@pytest.mark.parametrize("wanted", [A, B, NOTHING, None])
@pytest.mark.parametrize("live", [A, NOTHING])
async def test_what_is_as_desired_comes_back_as_a_name(
    sandbox: Running, live: Profile, wanted: Profile | None
) -> None:
    seed(sandbox, live)

    seen = await done(sandbox, work.Reading((Desired(ACME, wanted), Desired(NOBODY, wanted))))

    assert isinstance(seen, work.Seen)
    found = {each.account.name: each for each in seen.others}
    told = wanted if "acme" in seen.equal else found["acme"].profile
    assert told == live
    assert found["nobody"].error
    assert found["nobody"].error.kind is FailureKind.CREDENTIAL
    assert seen.calls == {"acme": 1}


@pytest.mark.parametrize(
    ("live", "status", "calls"), [(A, Status.APPLIED, 3), (B, Status.ALREADY, 1), (C, Status.STALE, 1)]
)
async def test_an_account_is_read_again_before_it_is_written(
    sandbox: Running, live: Profile, status: Status, calls: int
) -> None:
    seed(sandbox, live)

    result = await done(sandbox, work.Writing((CHANGE,), Rollout()))

    assert isinstance(result, work.Done)
    assert [outcome.status for outcome in result.outcomes] == [status]
    assert result.calls == {"acme": calls}


@pytest.mark.parametrize("tells", [True, False])
async def test_what_a_worker_learns_of_tokens_comes_back(sandbox: Running, tells: bool) -> None:
    sandbox.api.world = World(identity="flat" if tells else "none")
    seed(sandbox, A)

    result = await done(sandbox, work.Writing((CHANGE,), Rollout()))

    assert isinstance(result, work.Done)
    owner = {Secret("sandbox-1784").fingerprint(b"key"): Identity("1784", "shop.1784")}
    assert result.identities == (owner if tells else {})
    assert [note.startswith(f"note: {sandbox.url} does not tell") for note in result.notes] == [True] * (
        not tells
    )


@pytest.mark.parametrize("grant", [1, 2])
async def test_no_more_calls_are_made_than_were_granted(sandbox: Running, grant: int) -> None:
    sandbox.api.world = World(faults=(Fault("500"),))

    seen = await done(sandbox, work.Reading((Desired(ACME, A),)), grant)

    assert isinstance(seen, work.Seen)
    assert len(sandbox.api.calls) == seen.calls["acme"] == grant
    assert seen.others[0].error
    assert seen.others[0].error.kind is FailureKind.THROTTLED


async def test_a_write_that_was_granted_too_few_calls_is_not_begun(sandbox: Running) -> None:
    seed(sandbox, A)

    result = await done(sandbox, work.Writing((CHANGE,), Rollout()), grant=2)

    assert isinstance(result, work.Done)
    assert [outcome.status for outcome in result.outcomes] == [Status.DEFERRED]
    assert sandbox.api.calls == []


async def test_a_strangers_token_is_not_written_with(sandbox: Running) -> None:
    seed(sandbox, A)
    sandbox.api.tokens[ACME.id] = Token(of="1786")
    sandbox.api.world = World(ids="ignored")
    sandbox.api.seed("1786", sandbox.api.profiles[ACME.id])
    try:
        result = await done(sandbox, work.Writing((CHANGE,), Rollout()))
    finally:
        del sandbox.api.tokens[ACME.id]

    assert isinstance(result, work.Done)
    (outcome,) = result.outcomes
    assert outcome.status is Status.FAILED
    assert outcome.error
    assert "1786" in outcome.error.message
    assert result.calls == {"acme": 1}


async def test_tokens_are_told_apart_by_fingerprints_with_the_key_of_the_job(sandbox: Running) -> None:
    again = Account("again", "1787", token="env:WORKERS_TOKEN")

    told = await done(sandbox, work.Comparing((ACME, again, NOBODY)))

    fingerprint = Secret("sandbox-1784").fingerprint(b"key")
    assert told == work.Compared({"acme": fingerprint, "again": fingerprint})
    assert sandbox.api.calls == []


async def test_a_worker_reads_subscriptions_and_adds_to_them_without_any_grant(sandbox: Running) -> None:
    acme = replace(ACME, webhooks=("messages", "messaging_postbacks"))
    sandbox.api.subscribed[ACME.id] = ("comments", "messages")
    seen = await done(sandbox, work.Reading((Desired(acme, None),)), grant=0)
    assert isinstance(seen, work.Seen)
    assert [(each.profile, each.subscribed) for each in seen.others] == [(None, ("comments", "messages"))]

    wanted = Subscription(acme, ("comments", "messages"), ("comments", *acme.webhooks))
    result = await done(sandbox, work.Writing((wanted,), Rollout()), grant=0)

    assert isinstance(result, work.Done)
    assert [each.status for each in result.outcomes] == [Status.APPLIED]
    assert set(sandbox.api.subscribed[ACME.id]) == {"comments", "messages", "messaging_postbacks"}
    assert sandbox.api.calls == []
