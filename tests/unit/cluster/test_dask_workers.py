"""One part on its way to a worker and back: what is told of it, and what stays behind on the scheduler."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from distributed import KilledWorker
from distributed.protocol.pickle import loads

from icesync import __version__
from icesync.cluster import work
from icesync.cluster.workers import Lost, Unfit, Workers
from icesync.connection import Traffic
from icesync.model import Api, Desired
from tests.support.scene import ACME, A

pytestmark = pytest.mark.anyio

ERRAND = work.Reading((Desired(ACME, A),))
SEEN = work.Seen(("acme",), (), {"acme": 1})
LOOK = 0.001


@dataclass
class Scheduler:
    """A stand-in for a client with a scheduler behind it: it keeps events, and `answers` a part."""

    answer: Callable[["Scheduler"], Awaitable[Any]]
    threads: int = 1
    status: str = "running"
    events: set[str] = field(default_factory=set)
    parts: list[work.Part] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def scheduler(self) -> Any:
        return SimpleNamespace(event_set=self._set, event_clear=self._clear, event_is_set=self._is_set)

    def submit(self, function: Any, version: str, sealed: bytes, *, key: str, pure: bool) -> Any:
        assert (function, version, pure) == (work.run, __version__, False)
        self.parts.append(loads(sealed))

        async def cancel() -> None:
            self.cancelled.append(key)

        return SimpleNamespace(result=lambda: self.answer(self), cancel=cancel)

    def sync(self, call: Callable[..., Any], **arguments: Any) -> Any:
        return call(**arguments)

    async def nthreads(self) -> dict[str, int]:
        return {"worker": self.threads} if self.threads else {}

    async def _set(self, name: str) -> None:
        self.events.add(name)
        self.stopped.set()

    async def _clear(self, name: str) -> None:
        self.events.discard(name)

    async def _is_set(self, name: str) -> bool:
        return name in self.events

    @property
    def claim(self) -> str:
        return self.parts[-1].claim


def workers(scheduler: Scheduler, **more: Any) -> Workers:
    job = work.Job("run/stop", Api(), Path("/config"), Traffic(Path("/state"), None, 1, 30.0), b"key")
    return Workers(scheduler, job, LOOK, **more)


def fails(error: BaseException) -> Callable[[Scheduler], Awaitable[Any]]:
    async def answer(_: Scheduler) -> Any:
        raise error

    return answer


async def well(_: Scheduler) -> Any:
    return SEEN


async def never(_: Scheduler) -> Any:
    await asyncio.Event().wait()


async def never_but_claimed(scheduler: Scheduler) -> Any:
    scheduler.events.add(scheduler.claim)
    await asyncio.Event().wait()


async def when_stopped(scheduler: Scheduler) -> Any:
    scheduler.events.add(scheduler.claim)
    await scheduler.stopped.wait()
    return SEEN


async def test_a_result_is_handed_back_and_nothing_stays_behind() -> None:
    scheduler = Scheduler(well)
    found = workers(scheduler)

    assert await found.hand_out(ERRAND, {"acme": 3}, max_rps=2.5) == SEEN
    assert await found.hand_out(ERRAND, {"acme": 1}) == SEEN

    first, second = scheduler.parts
    assert (first.errand, first.grants, first.job.traffic.max_rps) == (ERRAND, {"acme": 3}, 2.5)
    assert first.claim != second.claim
    assert (scheduler.cancelled, scheduler.events) == ([first.claim, second.claim], set())


@pytest.mark.parametrize(
    ("answer", "begun", "what"),
    [
        (fails(CancelledError("scheduler-restart")), True, "has dropped it: scheduler-restart"),
        (fails(OSError("connection refused")), True, "cannot be reached: connection refused"),
        (fails(KilledWorker("key", None, 3)), False, "every worker that took it has died"),
    ],
)
async def test_a_part_whose_result_never_came_is_lost(
    answer: Callable[[Scheduler], Awaitable[Any]], begun: bool, what: str
) -> None:
    scheduler = Scheduler(answer)

    found = await workers(scheduler).hand_out(ERRAND, {})

    assert isinstance(found, Lost)
    assert found.begun is begun
    assert found.failure
    assert what in found.failure.message
    assert scheduler.events == set()


async def test_a_part_of_which_every_worker_died_was_begun_when_one_has_claimed_it() -> None:
    async def answer(scheduler: Scheduler) -> Any:
        scheduler.events.add(scheduler.claim)
        raise KilledWorker("key", None, 3)

    found = await workers(Scheduler(answer)).hand_out(ERRAND, {})

    assert isinstance(found, Lost)
    assert found.begun


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (work.WrongVersion("0.0.1"), "a worker has icesync 0.0.1, and this is "),
        (ModuleNotFoundError("No module named 'icesync'"), "a worker has no icesync: "),
    ],
)
async def test_a_worker_that_came_later_with_another_icesync_is_unfit(error: Exception, what: str) -> None:
    with pytest.raises(Unfit, match=what):
        await workers(Scheduler(fails(error))).hand_out(ERRAND, {})


async def test_a_bug_is_no_lost_part() -> None:
    with pytest.raises(ZeroDivisionError):
        await workers(Scheduler(fails(ZeroDivisionError()))).hand_out(ERRAND, {})


async def test_nothing_is_handed_to_a_scheduler_that_is_gone() -> None:
    scheduler = Scheduler(well, status="connecting")

    found = await workers(scheduler).hand_out(ERRAND, {})

    assert isinstance(found, Lost)
    assert not found.begun
    assert scheduler.parts == []


@pytest.mark.parametrize(("answer", "begun"), [(never, False), (never_but_claimed, True)])
async def test_where_no_worker_is_left_nobody_waits_for_ever(
    answer: Callable[[Scheduler], Awaitable[Any]], begun: bool
) -> None:
    scheduler = Scheduler(answer, threads=0)

    found = await asyncio.wait_for(workers(scheduler, patience=3 * LOOK).hand_out(ERRAND, {}), 10)

    assert isinstance(found, Lost)
    assert found.begun is begun
    assert found.failure
    assert "has no workers any more" in found.failure.message


async def test_an_interrupt_takes_back_what_nobody_has_begun() -> None:
    scheduler = Scheduler(never)

    found = await asyncio.wait_for(workers(scheduler).hand_out(ERRAND, {}, hindrance=lambda: "stop"), 10)

    assert isinstance(found, Lost)
    assert not found.begun
    assert scheduler.cancelled == [scheduler.claim]
    assert scheduler.events == {"run/stop"}, "so that whoever begins it all the same does nothing"


async def test_an_interrupt_waits_for_what_is_under_way_which_is_told_to_end() -> None:
    found = workers(scheduler := Scheduler(when_stopped))

    assert await asyncio.wait_for(found.hand_out(ERRAND, {}, hindrance=lambda: "stop"), 10) == SEEN
    await found.close()
    assert scheduler.events == set()


async def test_an_interrupt_does_not_wait_for_workers_that_may_come() -> None:
    scheduler = Scheduler(never_but_claimed, threads=0)

    found = await asyncio.wait_for(workers(scheduler).hand_out(ERRAND, {}, hindrance=lambda: "stop"), 10)

    assert isinstance(found, Lost)
    assert found.begun


async def test_what_was_not_wanted_any_more_when_its_turn_came_was_not_begun() -> None:
    async def answer(_: Scheduler) -> Any:
        return work.Unbegun()

    found = await workers(Scheduler(answer)).hand_out(ERRAND, {})

    assert isinstance(found, Lost)
    assert not found.begun


async def test_a_plan_that_is_cut_short_leaves_nothing_behind() -> None:
    scheduler = Scheduler(never_but_claimed)
    task = asyncio.create_task(workers(scheduler).hand_out(ERRAND, {}))
    for _ in range(10):
        await asyncio.sleep(0)
    assert scheduler.events == {scheduler.claim}

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert (scheduler.cancelled, scheduler.events) == ([scheduler.claim], set())
