"""What the API's headers tell of usage, and of how long a closed door stays closed. Pure.

Facts, section Limits: percentages of what Meta allows, and minutes; there only when usage is high.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple


class Usage(NamedTuple):
    """How much of what Meta allows is used, in percent, of the whole app and of the account that was
    called. `regain` is how many seconds the account stays closed, where that is told."""

    app: float = 0.0
    account: float = 0.0
    regain: float | None = None


UNUSED = Usage()
_COUNTERS = ("call_count", "total_time", "total_cputime")
_A_YEAR = 525_600
_ACCOUNT_ID = re.compile(r"17841[0-9]{12}")  # of professional accounts (Facts, section Requests)


def usage(headers: Mapping[str, str], account_id: str) -> Usage:
    """What an answer's headers tell."""
    app, business = headers.get("x-app-usage"), headers.get("x-business-use-case-usage")
    if app is None and business is None:
        return UNUSED
    entries = _concerning(account_id, _mapping(business))
    minutes = max(map(_minutes, entries), default=0.0)
    # Who is told when access comes back has none now, whatever the counters say.
    percent = 100.0 if minutes else max(map(_percent, entries), default=0.0)
    return Usage(_percent(_mapping(app)), percent, minutes * 60 or None)


def told_wait(headers: Mapping[str, str], account_id: str) -> float | None:
    """Seconds until the account has access again, where a header says so."""
    entries = _concerning(account_id, _mapping(headers.get("x-business-use-case-usage")))
    waits = [60 * minutes for minutes in map(_minutes, entries) if minutes]
    after = headers.get("retry-after", "").strip()
    if after.isascii() and after.isdigit():
        waits.append(min(float(after), 60.0 * _A_YEAR))
    return max(waits, default=None)


def _mapping(header: str | None) -> Mapping[str, Any]:
    try:
        told = json.loads(header or "{}")
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _concerning(account_id: str, told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What is told of the account, or else of its business; not what is told of another account."""
    if account_id in told:
        return _entries(told[account_id])
    nameless = account_id == "me"
    whose = (entries for named, entries in told.items() if nameless or not _ACCOUNT_ID.fullmatch(named))
    return [entry for entries in whose for entry in _entries(entries)]


def _entries(value: object) -> list[Mapping[str, Any]]:
    return [entry for entry in (value if isinstance(value, list) else [value]) if isinstance(entry, dict)]


def _percent(entry: Mapping[str, Any]) -> float:
    return max(_number(entry.get(counter)) for counter in _COUNTERS)


def _minutes(entry: Mapping[str, Any]) -> float:
    return min(_number(entry.get("estimated_time_to_regain_access")), _A_YEAR)


def _number(value: object) -> float:
    # A number that no float can hold is as good as the largest that matters here.
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and value == value
    return float(min(max(value, 0), _A_YEAR)) if is_number and isinstance(value, int | float) else 0.0
