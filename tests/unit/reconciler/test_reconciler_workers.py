"""A bounded number of workers over one iterator: what is begun when, and what is done again."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import pytest

from icesync.errors import Throttled
from icesync.model import FailureKind, GraphFailure
from icesync.reconciler.workers import each
from tests.support.clock import FakeClock
from tests.support.memory import Bug

pytestmark = pytest.mark.anyio


def later(wait: float | None) -> Throttled:
    return Throttled(GraphFailure(FailureKind.THROTTLED, "later"), app_wide=False, wait=wait, again=True)


@dataclass
class Work:
    """Work that is told for each item what becomes of its tries; after that they go well.

    `begun` holds each try with the clock's second, `done` what went well. A try takes `seconds`.
    """

    fates: dict[str, list[Exception]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    clock: FakeClock = field(default_factory=FakeClock)
    stopping: Callable[[], bool] = lambda: False
    begun: list[tuple[str, float]] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    async def run(self, items: Iterable[str], *, concurrency: int = 1) -> None:
        await asyncio.wait_for(each(items, self._try, concurrency, self.clock, self.stopping), 10)

    async def _try(self, item: str) -> None:
        self.begun.append((item, self.clock.monotonic()))
        await asyncio.sleep(0)
        self.clock.seconds += self.seconds.get(item, 0.0)
        if self.fates.get(item):
            raise self.fates[item].pop(0)
        self.done.append(item)

    @property
    def order(self) -> str:
        return "".join(item for item, _ in self.begun)


async def test_items_are_begun_in_their_order() -> None:
    work = Work()

    await work.run("abcde", concurrency=2)

    assert (work.order, sorted(work.done)) == ("abcde", list("abcde"))
    assert work.clock.slept == []


async def test_nothing_to_do_is_done_at_once() -> None:
    work = Work()

    await work.run("", concurrency=3)

    assert (work.order, work.clock.slept) == ("", [])


async def test_who_must_wait_is_done_again_after_that_and_others_go_on_meanwhile() -> None:
    work = Work({"a": [later(5)]})

    await work.run("abc")

    assert work.begun == [("a", 0), ("b", 0), ("c", 0), ("a", 5)]
    assert work.done == ["b", "c", "a"]


async def test_who_has_waited_long_enough_goes_before_what_was_not_begun_yet() -> None:
    work = Work({"a": [later(5)]}, seconds={"b": 6})

    await work.run("abcd")

    assert work.order == "abacd"


async def test_the_shorter_wait_goes_first_and_of_two_alike_the_one_that_began_to_wait_first() -> None:
    work = Work({"a": [later(9)], "b": [later(4)], "c": [later(9)]})

    await work.run("abc")

    assert work.begun[3:] == [("b", 4), ("a", 9), ("c", 9)]


async def test_an_item_may_have_to_wait_more_than_once() -> None:
    work = Work({"a": [later(2), later(3), later(0.5)]})

    await work.run("a")

    assert work.begun == [("a", 0), ("a", 2), ("a", 5), ("a", 5.5)]


@pytest.mark.parametrize("wait", [None, 0.0])
async def test_who_is_told_no_wait_is_done_again_at_once(wait: float | None) -> None:
    work = Work({"a": [later(wait)]})

    await work.run("ab")

    assert (work.order, work.clock.slept) == ("aab", [])


async def test_nobody_sleeps_for_long_because_the_run_may_be_stopped() -> None:
    work = Work({"a": [later(600)]})

    await work.run("a")

    assert max(work.clock.slept) == 1
    assert work.begun[-1] == ("a", 600)


async def test_once_stopping_nobody_waits() -> None:
    work = Work({"a": [later(600)], "b": [later(600)]}, stopping=lambda: True)

    await work.run("ab")

    assert work.clock.slept == []
    assert sorted(work.done) == ["a", "b"]


async def test_a_wait_ends_when_the_run_is_stopped_in_the_middle_of_it() -> None:
    work = Work({"a": [later(600)]})
    work.stopping = lambda: work.clock.monotonic() >= 7

    await work.run("a")

    assert work.begun == [("a", 0), ("a", 7)]


async def test_every_worker_may_wait_and_each_item_is_done_once() -> None:
    items = "abcdefgh"
    work = Work({item: [later(30), later(30)] for item in items})

    await work.run(items, concurrency=3)

    assert sorted(work.done) == list(items)
    assert len(work.begun) == 3 * len(items)


async def test_a_bug_in_one_worker_stops_all_when_they_have_done_what_they_began() -> None:
    work = Work({"a": [later(5)], "c": [Bug()]})

    with pytest.raises(Bug):
        await work.run("abcdefgh", concurrency=2)

    assert "d" in work.done, "it was under way"
    assert set(work.order) == set("abcd"), "nothing was begun after it"
    assert work.order.count("a") == 1, "and nothing again"


async def test_no_item_is_taken_before_a_worker_is_free_for_it() -> None:
    taken: list[int] = []
    gate = asyncio.Event()

    def items() -> Iterator[int]:
        for number in range(100_000):
            taken.append(number)
            yield number

    async def work(item: int) -> None:
        await gate.wait()
        raise Bug

    running = asyncio.create_task(each(items(), work, 3, FakeClock()))
    for _ in range(20):
        await asyncio.sleep(0)
    assert taken == [0, 1, 2]
    gate.set()
    with pytest.raises(Bug):
        await running
    assert taken == [0, 1, 2]
