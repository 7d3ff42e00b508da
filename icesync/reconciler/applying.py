"""Carry out a plan in this process."""

from collections.abc import Callable, Mapping, Sequence

from icesync.clock import Clock
from icesync.model import Change, Outcome, Plan, Rollout, Subscription
from icesync.reconciler.course import Course
from icesync.reconciler.execution import Execution
from icesync.reconciler.ports import Notify, ProfileWriter, WriteLog
from icesync.reconciler.subscribing import Subscribing
from icesync.reconciler.workers import each


async def apply(
    plan: Plan,
    writer: ProfileWriter,
    log: WriteLog,
    *,
    seen: Mapping[str, float],
    clock: Clock,
    concurrency: int,
    notify: Notify,
    stopping: Callable[[], bool],
    rollout: Rollout | None = None,
) -> tuple[Outcome, ...]:
    """Carry out the plan's changes and then its subscriptions, `concurrency` accounts at a time; outcomes
    sorted by name, then by action.

    `seen` tells for an account name the clock's second of the observation behind its change; an
    account that is missing there, or was seen over FRESH seconds ago, is read again first, and one that
    is to be subscribed always. Once
    `stopping()` is true, or the log cannot be kept, or the rollout says so, no first write of an
    account is sent any more; what is under way is finished.
    """
    course = Course(log, clock, stopping, notify, rollout or Rollout())
    execution = Execution(writer, course, clock, seen)
    subscribing = Subscribing(writer, course, clock)

    async def one(change: Change) -> None:
        course.note(await execution.change(change))

    async def carry_out(wave: Sequence[Change]) -> None:
        await each(wave, one, concurrency, clock, lambda: bool(course.hindrance()))

    async def add(subscription: Subscription) -> None:
        course.note(await subscribing.subscribe(subscription))

    async def subscribe(found: Sequence[Subscription]) -> None:
        await each(found, add, concurrency, clock, lambda: bool(course.hindrance()))

    return await course.run(plan, carry_out, subscribe)
