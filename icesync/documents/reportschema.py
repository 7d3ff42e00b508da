"""What a report file looks like, and the Report that it reads back to."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from icesync.documents.schema import Count, ErrorShape, Shape, Text, ToldShape
from icesync.model import Action, Outcome, Report, Status


class OutcomeShape(ToldShape):
    """What became of one account."""

    action: Action | None
    """null where the account could not be read, so that nothing was planned for it."""
    status: Status
    calls: Count
    """The requests that the account cost in this run."""
    detail: Text
    error: ErrorShape | None
    wave: Annotated[int, Field(ge=1, strict=True)] | None = None
    """Which wave it was in, from 1, where the apply had a canary."""

    def value(self) -> Outcome:
        error = self.error.value() if self.error else None
        return Outcome(self.named(), self.action, self.status, self.calls, self.detail, error, self.wave)


class ReportSummary(Shape):
    applied: Count
    already: Count
    stale: Count
    unverified: Count
    failed: Count
    deferred: Count
    unchanged: Count


class ReportShape(Shape):
    """What an `icesync apply` did, as `-o json` writes it."""

    model_config = ConfigDict(title="icesync report")

    format: Literal["icesync.report/1"]
    run: Text
    """The name of the run in the journal; `icesync rollback` takes it."""
    started: Text
    """In UTC: `2026-11-23T03:09:11Z`."""
    finished: Text
    summary: ReportSummary
    outcomes: list[OutcomeShape]
    """Sorted by account name, then by action: an account whose profile was written may have been
    subscribed to webhooks too."""

    def value(self) -> Report:
        outcomes = tuple(outcome.value() for outcome in self.outcomes)
        return Report(self.run, self.started, self.finished, outcomes, self.summary.unchanged)
