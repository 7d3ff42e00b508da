"""One account's subscription, step by step, from the look at what there is to the read-back."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from icesync.clock import Clock
from icesync.errors import GraphError, Throttled
from icesync.model import GraphFailure, Outcome, Status, Subscription
from icesync.reconciler.course import Course
from icesync.reconciler.execution import READ_BACK_PAUSES
from icesync.reconciler.ports import ProfileWriter, passes_soon

SUBSCRIBE_CALLS: Final = 3
"""To look, to subscribe, and to read back. No account has a budget of these calls."""


@dataclass(frozen=True, slots=True)
class Subscribing:
    """Adds webhook fields to those that an account is subscribed to. There is nothing that it could
    overwrite, so an account that was subscribed to others meanwhile is not stale; but a POST may put its
    fields in the place of those, so what there is is always read just before.

    `sent` names accounts that were perhaps subscribed in this run already.
    """

    writer: ProfileWriter
    course: Course
    clock: Clock
    sent: set[str] = field(default_factory=set)

    async def subscribe(self, wanted: Subscription) -> Outcome:
        """Raises Throttled where it shall be tried again soon."""
        if reason := self.course.hindrance():
            return self._put_off(wanted, reason)
        try:
            await self.writer.vouch(wanted.account)
            live = await self.writer.subscriptions(wanted.account)
            missing = _missing(wanted.account.webhooks, live)
            if not missing:
                return self._there_already(wanted)
            asked = replace(wanted, before=live, after=tuple(sorted({*live, *missing})))
            if reason := self.course.hindrance() or self.course.record(asked):
                return self._put_off(wanted, reason)
            return await self._send(asked)
        except GraphError as error:
            if passes_soon(error) and not self.course.hindrance():
                raise
            return self._put_off(wanted, "", error)

    def _there_already(self, wanted: Subscription) -> Outcome:
        if wanted.account.name in self.sent:
            return _outcome(wanted, Status.APPLIED)
        return _outcome(wanted, Status.ALREADY, "it is subscribed to all of them already")

    def _put_off(self, wanted: Subscription, reason: str, error: GraphError | None = None) -> Outcome:
        """It is not gone on with in this run."""
        failure = error.failure if error else None
        if wanted.account.name in self.sent:
            detail = f"perhaps subscribed, but that was not read back{reason and ': '}{reason}"
            return _outcome(wanted, Status.UNVERIFIED, detail, failure)
        later = error is None or isinstance(error, Throttled)
        return _outcome(wanted, Status.DEFERRED if later else Status.FAILED, reason, failure)

    async def _send(self, asked: Subscription) -> Outcome:
        failed: GraphError | None = None
        try:
            await self.writer.subscribe(asked.account, asked.after)
        except GraphError as error:
            failed = error
            if not failed.may_have_arrived:
                raise
        self.sent.add(asked.account.name)
        missing = await self._read_back(asked)
        if not missing:
            return _outcome(asked, Status.APPLIED)
        if failed is not None and not failed.answer_lost:
            self.sent.discard(asked.account.name)
            raise failed
        detail = f"{'perhaps ' if failed else ''}subscribed, but not seen to be: {', '.join(missing)}"
        return _outcome(asked, Status.UNVERIFIED, detail, failed.failure if failed else None)

    async def _read_back(self, asked: Subscription) -> tuple[str, ...]:
        """What is still missing after the last look. A read may lag behind."""
        missing = asked.after
        for pause in READ_BACK_PAUSES:
            if pause:
                await self.clock.sleep(pause)
            missing = _missing(asked.after, await self.writer.subscriptions(asked.account))
            if not missing:
                break
        return missing


def _missing(fields: Iterable[str], live: Iterable[str]) -> tuple[str, ...]:
    known = set(live)
    return tuple(field for field in fields if field not in known)


def _outcome(
    wanted: Subscription, status: Status, detail: str = "", error: GraphFailure | None = None
) -> Outcome:
    return Outcome(wanted.account, wanted.action, status, detail=detail, error=error)
