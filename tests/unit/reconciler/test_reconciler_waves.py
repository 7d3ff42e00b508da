"""Applying in waves: who is in the first, when the others follow, and when nobody does."""

import pytest

from icesync.model import Limit, Outcome, Rollout, Status
from icesync.reconciler import FRESH
from tests.support.memory import Fault, MemoryApi
from tests.support.scene import A, B, C, Scene, fleet

pytestmark = pytest.mark.anyio


def stage(
    size: int,
    faults: dict[str, list[Fault]] | None = None,
    *,
    canary: str | None = None,
    pause: float = 0.0,
    stop_after: int | None = None,
    concurrency: int = 4,
    lag: int = 0,
) -> Scene:
    api = MemoryApi({str(n): A for n in range(size)}, faults or {}, lag=lag)
    rollout = Rollout((canary and Limit.parse(canary)) or None, pause, stop_after)
    return Scene(api, fleet(size), rollout=rollout, concurrency=concurrency)


def waves(outcomes: tuple[Outcome, ...]) -> list[int | None]:
    return [outcome.wave for outcome in outcomes]


async def test_without_a_canary_there_are_no_waves() -> None:
    outcomes = await stage(3).apply()

    assert waves(outcomes) == [None] * 3


@pytest.mark.parametrize(
    ("canary", "size", "first"),
    [
        ("1", 3, 1),
        ("2", 5, 2),
        ("10%", 9, 1),
        ("10%", 11, 2),
        ("50%", 5, 3),
        ("1%", 3, 1),
        ("100%", 3, 3),
        ("3", 3, 3),
        ("9", 3, 3),
    ],
)
async def test_the_first_wave_is_so_many_or_so_large_a_part_rounded_up(
    canary: str, size: int, first: int
) -> None:
    acting = stage(size, canary=canary)

    outcomes = await acting.apply()

    assert waves(outcomes) == [1] * first + [2] * (size - first)
    assert {outcome.status for outcome in outcomes} == {Status.APPLIED}


async def test_the_second_wave_is_begun_when_the_whole_first_has_read_back() -> None:
    acting = stage(4, canary="2", lag=2)

    await acting.apply()

    accounts = [account for _, account in acting.api.record]
    assert set(accounts[:8]) == {"0", "1"}, "a write and three reads each"
    assert set(accounts[8:]) == {"2", "3"}


async def test_an_empty_plan_has_no_wave_and_no_pause() -> None:
    acting = stage(0, canary="1", pause=600)

    assert await acting.apply() == ()
    assert acting.clock.slept == []


BAD = {
    Status.FAILED: [Fault.REFUSED],
    Status.DEFERRED: [Fault.THROTTLED],
    Status.UNVERIFIED: [Fault.NONE, Fault.REFUSED],
    Status.STALE: [],
}


@pytest.mark.parametrize(("status", "script"), BAD.items())
async def test_when_the_first_wave_is_not_good_nobody_follows(status: Status, script: list[Fault]) -> None:
    acting = stage(5, {"1": script}, canary="2", pause=600)
    if status is Status.STALE:
        acting.seen, acting.api.live["1"] = {}, C

    outcomes = await acting.apply()

    assert [outcome.status for outcome in outcomes] == [Status.APPLIED, status] + [Status.DEFERRED] * 3
    assert {outcome.detail for outcome in outcomes[2:]} == {"not begun: 1 of the first wave did not end well"}
    assert waves(outcomes) == [1, 1, 2, 2, 2]
    assert {account for _, account in acting.api.record} == {"0", "1"}
    assert len(acting.log.outcomes) == len(acting.notified) == 5
    assert acting.clock.slept == [], "nobody pauses for a wave that does not come"


async def test_an_account_that_was_right_already_is_good() -> None:
    acting = stage(3, canary="1")
    acting.seen, acting.api.live["0"] = {}, B

    assert [outcome.status.value for outcome in await acting.apply()] == ["already", "applied", "applied"]


async def test_between_the_waves_is_the_pause() -> None:
    acting = stage(2, canary="1", pause=7.5)
    written: list[float] = []
    acting.api.before_call = lambda verb, _: (
        written.append(acting.clock.monotonic()) if verb == "POST" else None
    )

    await acting.apply()

    assert written == [0, 7.5]


async def test_after_a_long_pause_the_second_wave_is_read_again() -> None:
    acting = stage(2, canary="1", pause=FRESH + 1)

    await acting.apply()

    assert [verb for verb, account in acting.api.record if account == "1"] == ["GET", "POST", "GET"]


@pytest.mark.parametrize("canary", ["2", "9", "100%"])
async def test_there_is_no_pause_after_the_last_wave(canary: str) -> None:
    acting = stage(2, canary=canary, pause=600)

    await acting.apply()

    assert acting.clock.slept == []


async def test_an_interrupt_ends_the_pause() -> None:
    acting = stage(2, canary="1", pause=600)
    acting.stopping = lambda: acting.clock.monotonic() >= 10

    outcomes = await acting.apply()

    assert [outcome.status for outcome in outcomes] == [Status.APPLIED, Status.DEFERRED]
    assert outcomes[1].detail == "interrupted before it was written"
    assert acting.clock.seconds == 10


@pytest.mark.parametrize(
    ("limit", "written", "reason"),
    [
        (1, "01", "not begun: stopped after 1 failure"),
        (2, "0123", "not begun: stopped after 2 failures"),
        (3, "01234567", None),
    ],
)
async def test_after_so_many_failures_no_more_is_begun(limit: int, written: str, reason: str | None) -> None:
    faults = {"1": [Fault.REFUSED], "3": [Fault.NONE, Fault.REFUSED]}
    acting = stage(8, faults, stop_after=limit, concurrency=1)

    outcomes = await acting.apply()

    assert "".join(acting.api.written) == written
    deferred = [outcome for outcome in outcomes if outcome.status is Status.DEFERRED]
    assert len(deferred) == 8 - len(written)
    assert {outcome.detail for outcome in deferred} == ({reason} if reason else set())


async def test_what_is_under_way_when_the_failures_are_too_many_is_finished() -> None:
    acting = stage(6, {"0": [Fault.REFUSED]}, stop_after=1, concurrency=3)

    outcomes = await acting.apply()

    assert [outcome.status.value for outcome in outcomes] == [
        "failed", "applied", "applied", "deferred", "deferred", "deferred",
    ]  # fmt: skip


async def test_what_is_stale_or_has_to_wait_is_no_failure() -> None:
    acting = stage(4, {"1": [Fault.THROTTLED]}, stop_after=1, concurrency=1)
    acting.seen, acting.api.live["0"] = {}, C

    statuses = [outcome.status.value for outcome in await acting.apply()]

    assert statuses == ["stale", "deferred", "applied", "applied"]


async def test_the_failures_of_the_first_wave_are_the_reason_when_they_are_too_many() -> None:
    acting = stage(4, {"0": [Fault.REFUSED]}, canary="2", stop_after=1, concurrency=1)

    outcomes = await acting.apply()

    assert acting.api.written == ["0"]
    assert {outcome.detail for outcome in outcomes[1:]} == {"not begun: stopped after 1 failure"}
