"""The versions of the Graph API: when each was released, and when it ends. Pure data, with its source.

"A version will no longer be usable two years after the date that the subsequent version is released",
and a call to one that has ended is answered by the oldest that is still usable (Meta, Platform
Versioning: https://developers.facebook.com/docs/apps/versions). The dates are from Meta's own table; it
deviates from the rule by days, so no date here is computed.
"""

import re
from enum import StrEnum
from typing import Final, NamedTuple

SOURCE: Final = "https://developers.facebook.com/docs/graph-api/changelog/versions/"
"""Meta's table of versions. Its translations agree on every date from v19.0 on; before that most do."""

SOON: Final = 3
"""Months before its end from which a version ends soon."""


class Version(NamedTuple):
    """Days as `2025-10-08`. `ends` is None where Meta has not said it yet."""

    name: str
    released: str
    ends: str | None
    source: str = SOURCE


VERSIONS: Final = (
    Version("v17.0", "2023-05-23", "2025-09-12"),
    Version("v18.0", "2023-09-12", "2026-01-26"),
    Version("v19.0", "2024-01-23", "2026-05-21"),
    Version("v20.0", "2024-05-21", "2026-09-24"),
    Version("v21.0", "2024-10-02", "2027-01-21"),
    Version("v22.0", "2025-01-21", "2027-05-20"),
    Version("v23.0", "2025-05-29", "2027-10-08"),
    Version("v24.0", "2025-10-08", "2028-02-18"),
    Version("v25.0", "2026-02-18", "2028-07-29"),
    Version("v26.0", "2026-07-29", None),
)


class Standing(StrEnum):
    """What is known of a version on a day. `unknown`: a later icesync may know it, or it is a typo."""

    KNOWN = "known"
    ENDS_SOON = "ends soon"
    ENDED = "ended"
    UNKNOWN = "unknown"


def find(name: str) -> Version | None:
    return next((version for version in VERSIONS if version.name == name), None)


def standing(name: str, today: str) -> Standing:
    """How `v24.0` stands on a day such as `2026-11-23`. Its last day is the one before `ends`."""
    version = find(name)
    if version is None:
        # Meta ends versions in their order: those before the table's first ended before it did.
        return Standing.ENDED if 0 < _major(name) < _major(VERSIONS[0].name) else Standing.UNKNOWN
    if version.ends is None:
        return Standing.KNOWN
    if today >= version.ends:
        return Standing.ENDED
    return Standing.ENDS_SOON if _months_on(today, SOON) >= version.ends else Standing.KNOWN


def _major(name: str) -> int:
    """24 for `v24.0`, 0 for what is no version."""
    found = re.fullmatch(r"v([1-9][0-9]?)\.[0-9]{1,2}", name)
    return int(found[1]) if found else 0


def _months_on(day: str, months: int) -> str:
    """The day so many months later, as text that sorts like days; it may be a 31st of February."""
    year, month = divmod(int(day[:4]) * 12 + int(day[5:7]) - 1 + months, 12)
    return f"{year:04}-{month + 1:02}{day[7:]}"
