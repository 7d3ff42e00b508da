"""A checkup as a JSON document. Nothing reads it back."""

from typing import Any, Final

from icesync import __version__
from icesync.documents import strict
from icesync.documents.parts import account, error
from icesync.model import Checkup, Examination, Finding, Verdict

FORMAT: Final = "icesync.doctor/1"


def to_document(found: Checkup) -> dict[str, Any]:
    """The checkup as plain data. Of an account name, id, labels and protection are in it."""
    return {
        "format": FORMAT,
        "icesync": __version__,
        "created": found.created,
        "api": {"url": found.api.url, "version": found.api.version, "ends": found.ends},
        "summary": {
            "accounts": len(found.examinations),
            **{verdict.value: found.count(verdict) for verdict in _OF_ACCOUNTS},
        },
        "version": _finding(found.version),
        "accounts": [_examination(each) for each in found.examinations],
    }


def dumps(found: Checkup) -> str:
    """The text of the document."""
    return strict.write(to_document(found))


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the document."""
    from icesync.documents import checkupschema, schema

    return schema.json_schema(checkupschema.CheckupShape)


_OF_ACCOUNTS: Final = (Verdict.GOOD, Verdict.WARNING, Verdict.BAD, Verdict.UNKNOWN)


def _examination(examined: Examination) -> dict[str, Any]:
    owner, days = examined.owner, examined.days
    return {
        **account(examined.account),
        "verdict": examined.verdict.value,
        "owner": owner and {"id": owner.user_id, "username": owner.username},
        "days": days and {"left": days.left, "exact": days.exact},
        "findings": {each.requirement.value: _finding(each) for each in examined.findings},
    }


def _finding(finding: Finding) -> dict[str, Any]:
    """The error too, where there is one: few have any, and there are many findings."""
    told = {"verdict": finding.verdict.value}
    return {**told, "error": error(finding.failure)} if finding.failure else told
