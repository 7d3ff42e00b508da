"""How tokens stand, as a JSON document. No token and no reference gets in here."""

from collections.abc import Mapping
from typing import Any, Final

from icesync.clock import stamp_of
from icesync.documents import strict
from icesync.documents.parts import named
from icesync.model import Refresh, RefreshStatus, Standing, TokenReport, TokenState

FORMAT: Final = "icesync.tokens/1"


def to_document(report: TokenReport) -> dict[str, Any]:
    """The report as plain data."""
    standings = [state.standing for state in report.states]
    refreshes = {refresh.account.name: refresh for refresh in report.refreshes or ()}
    found: dict[str, Any] = {
        "format": FORMAT,
        "created": stamp_of(report.now),
        "summary": {standing.value: standings.count(standing) for standing in Standing},
    }
    if report.refreshes is not None:
        statuses = [refresh.status for refresh in report.refreshes]
        found["refreshes"] = {status.value: statuses.count(status) for status in RefreshStatus}
    return {**found, "tokens": [_token(state, refreshes) for state in report.states]}


def dumps(report: TokenReport) -> str:
    """The text of the document."""
    return strict.write(to_document(report))


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of such a document."""
    from icesync.documents import schema, tokensschema

    return schema.json_schema(tokensschema.TokensShape)


def _token(state: TokenState, refreshes: Mapping[str, Refresh]) -> dict[str, Any]:
    told = {
        **named(state.account),
        "standing": state.standing.value,
        "why": state.why,
        "seen": _time(state.seen),
        "obtained": _time(state.obtained),
        "ends": _time(state.ends),
        "exact": state.exact,
    }
    if refresh := refreshes.get(state.account.name):
        told["refresh"] = {"status": refresh.status.value, "detail": refresh.detail}
    return told


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else stamp_of(seconds)
