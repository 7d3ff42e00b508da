"""The report file: what stands in it, and what is refused when it is read."""

import json

import pytest
from jsonschema import Draft202012Validator

from icesync.documents import planfile, reportfile
from icesync.errors import PlanFileError
from icesync.model import Report
from tests.support.samples import PLAN, QUIET_REPORT, REPORT, hostile_report

TEXT = reportfile.dumps(REPORT)


def test_a_report_as_a_whole() -> None:
    quiet = {"calls": 3, "detail": "", "error": None}
    document = json.loads(TEXT)

    assert list(document) == ["format", "run", "started", "finished", "summary", "outcomes"]
    assert document["format"] == "icesync.report/1"
    assert document["run"] == "20261123T030911Z-7f3a"
    assert document["summary"] == {
        "applied": 1, "already": 0, "stale": 1, "unverified": 0, "failed": 1, "deferred": 1, "unchanged": 5,
    }  # fmt: skip
    assert document["outcomes"][0] == {
        "account": "acme-de", "id": "17841400000000001", "labels": ["eu"],
        "action": "create", "status": "applied", **quiet,
    }  # fmt: skip


def test_an_unreadable_account_is_an_outcome_without_an_action() -> None:
    outcome = json.loads(TEXT)["outcomes"][1]

    assert (outcome["account"], outcome["action"], outcome["status"]) == ("acme-fr", None, "failed")
    assert outcome["error"] == {
        "kind": "token",
        "code": 190,
        "subcode": 463,
        "message": "Error validating access token",
        "trace": "AbC123",
        "hint": "The token has expired: create a new one.",
    }


def test_no_credential_reference_gets_into_it() -> None:
    assert "env:" not in TEXT


@pytest.mark.parametrize("report", [REPORT, QUIET_REPORT, hostile_report("\x1b\u202e\ud800")])
def test_the_schema_accepts_every_report(report: Report) -> None:
    schema = reportfile.json_schema()
    Draft202012Validator.check_schema(schema)

    Draft202012Validator(schema).validate(reportfile.to_document(report))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (planfile.dumps(PLAN, lambda *_: ()), "'icesync.plan/1', but .* reads 'icesync.report/1'"),
        (TEXT.replace('"stale"', '"fresh"'), "^damaged at summary.stale: "),
        (TEXT.replace('"calls": 3', '"calls": 3.5'), "^damaged at outcomes.0.calls: "),
        (TEXT[:-10], "^not JSON: "),
        (TEXT.replace('"applied": 1', '"applied": 2'), "contradicts itself: the summary does not fit"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_report_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(PlanFileError, match=message):
        reportfile.loads(text)
