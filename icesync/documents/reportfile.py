"""A report of an apply as a JSON document and back."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from icesync.documents import strict
from icesync.documents.parts import account, error
from icesync.errors import PlanFileError
from icesync.model import Action, Outcome, Report, Status

FORMAT: Final = "icesync.report/1"


def to_document(report: Report) -> dict[str, Any]:
    """The report as plain data. Of an account name, id, labels and protection are in it."""
    return {
        "format": FORMAT,
        "run": report.run,
        "started": report.started,
        "finished": report.finished,
        "summary": _summary(report),
        "outcomes": [_outcome(outcome) for outcome in report.outcomes],
    }


def dumps(report: Report) -> str:
    """The text of a report file."""
    return strict.write(to_document(report))


def loads(text: str) -> Report:
    """The report of a report file, or PlanFileError. Its accounts have no token."""
    return from_document(strict.read(text, FORMAT))


def from_document(document: Mapping[str, Any]) -> Report:
    """The report that `to_document` gave, or PlanFileError."""
    from icesync.documents.reportschema import ReportShape
    from icesync.documents.schema import shaped

    report = shaped(ReportShape, document).value()
    # Once for its profile, and once for its subscriptions.
    ends = Counter((each.account.name, each.action is Action.SUBSCRIBE) for each in report.outcomes)
    for name in (name for (name, _), count in ends.items() if count > 1):
        raise PlanFileError(f"made up, it contradicts itself: the account {name!r} stands in it twice")
    if _summary(report) != document["summary"]:
        raise PlanFileError("made up, it contradicts itself: the summary does not fit the outcomes")
    return report


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a report file."""
    from icesync.documents import reportschema, schema

    return schema.json_schema(reportschema.ReportShape)


def _summary(report: Report) -> dict[str, int]:
    return {**{status.value: report.count(status) for status in Status}, "unchanged": report.unchanged}


def _outcome(outcome: Outcome) -> dict[str, Any]:
    told = {
        **account(outcome.account),
        "action": outcome.action and outcome.action.value,
        "status": outcome.status.value,
        "calls": outcome.calls,
        "detail": outcome.detail,
        "error": outcome.error and error(outcome.error),
    }
    return told if outcome.wave is None else {**told, "wave": outcome.wave}
