"""Whose token an account holds is asked before its first write, and what becomes of it then."""

import pytest

from icesync.errors import GraphError, TokenError, Transient
from icesync.model import Account, FailureKind, GraphFailure, Status
from icesync.reconciler import FRESH
from tests.support.memory import SHUT_FOR, Fault, MemoryApi, error
from tests.support.scene import A, B, C, Scene, fleet, scene

pytestmark = pytest.mark.anyio


class Doubting(MemoryApi):
    """Its answers to whose token it is are these, one by one; then it vouches. Each takes `seconds`."""

    answers: list[GraphError | None]
    seconds = 0.0

    async def vouch(self, account: Account) -> None:
        self.record.append(("WHO", account.id))
        await self.clock.sleep(self.seconds)
        if self.answers and (failed := self.answers.pop(0)):
            raise failed


def doubting(*answers: GraphError | None, seconds: float = 0.0) -> Scene:
    api = Doubting({"1": A})
    api.answers, api.seconds = list(answers), seconds
    return Scene(api)


async def test_a_strangers_token_fails_the_account_and_the_others_go_on() -> None:
    api = MemoryApi({str(n): A for n in range(3)}, mixed_up=["1"])
    stage = Scene(api, fleet(3))

    outcomes = await stage.apply()

    assert [each.status for each in outcomes] == [Status.APPLIED, Status.FAILED, Status.APPLIED]
    assert outcomes[1].error
    assert outcomes[1].error.kind is FailureKind.INVALID
    assert sorted(api.written) == ["0", "2"]
    assert [change.account.id for change in stage.log.writes] in (["0", "2"], ["2", "0"])


@pytest.mark.parametrize(("seen", "verbs"), [(None, "WHO POST GET"), ({}, "GET WHO POST GET")])
async def test_it_is_asked_after_the_read_and_before_the_write(
    seen: dict[str, float] | None, verbs: str
) -> None:
    stage = doubting()
    stage.seen = seen

    assert (await stage.outcome()).status is Status.APPLIED
    assert stage.verbs == verbs


@pytest.mark.parametrize(("live", "status"), [(B, Status.ALREADY), (C, Status.STALE)])
async def test_who_is_not_to_be_written_is_not_asked(live: object, status: Status) -> None:
    stage = scene(live=live, seen={})

    assert (await stage.outcome()).status is status
    assert stage.api.vouched == []


@pytest.mark.parametrize(
    ("failed", "status"),
    [
        (TokenError(GraphFailure(FailureKind.TOKEN, "dead", 190)), Status.FAILED),
        (Transient(GraphFailure(FailureKind.TRANSIENT, "no answer")), Status.FAILED),
        (error(Fault.LOST), Status.FAILED),
        (error(Fault.THROTTLED), Status.DEFERRED),
    ],
)
async def test_who_cannot_be_vouched_for_is_not_written(failed: GraphError, status: Status) -> None:
    stage = doubting(failed)

    outcome = await stage.outcome()

    assert (outcome.status, outcome.error) == (status, failed.failure)
    assert (stage.verbs, stage.log.writes) == ("WHO", [])
    assert stage.api.held == 0


async def test_a_door_that_is_shut_for_a_while_is_asked_through_later() -> None:
    stage = doubting(error(Fault.SHUT))

    assert (await stage.outcome()).status is Status.APPLIED
    assert (stage.verbs, stage.clock.monotonic()) == ("WHO WHO POST GET", SHUT_FOR)


async def test_an_answer_that_took_too_long_makes_the_account_be_read_again() -> None:
    stage = doubting(None, seconds=FRESH + 1)

    async def soon(verb: str, account: Account) -> None:
        stage.api.seconds = 0.0

    stage.api.before_call = soon

    assert (await stage.outcome()).status is Status.APPLIED
    assert stage.verbs == "WHO GET WHO POST GET"


async def test_an_interrupt_while_it_is_asked_keeps_the_write_back() -> None:
    stage = doubting()
    stage.stopping = lambda: bool(stage.api.record)

    assert (await stage.outcome()).status is Status.DEFERRED
    assert (stage.verbs, stage.log.writes) == ("WHO", [])
