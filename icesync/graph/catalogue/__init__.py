"""The error catalogue: from what the Graph API says to kind, cause, retry, and who must do what."""

import re
from collections.abc import Sequence
from typing import Final

from icesync.graph.catalogue import ailments, cases
from icesync.graph.catalogue.ailments import AILMENTS
from icesync.graph.catalogue.cases import CASES, KINDS
from icesync.graph.catalogue.codes import CODES
from icesync.graph.catalogue.entry import Confidence, Entry, Retry, Source, Who
from icesync.model import FailureKind


def _order(entry: Entry) -> tuple[int, str]:
    code, _, rest = entry.name.partition("/")
    return int(code.partition("-")[0]), rest


ALL: Final = (*sorted(CODES, key=_order), *KINDS, *CASES, *AILMENTS)
"""Every entry: the API's codes in their order, the kinds of failure, what has no code, and what no call
tells."""

_CODE: Final = re.compile("[0-9]{1,9}(/[0-9]{1,9})?")
_BY_KEY: Final = {key.lower(): entry for entry in ALL for key in entry.keys}


def find(code: int | None, subcode: int | None = None, type_: object = None) -> Entry | None:
    """The entry nearest to an error that the API told, None where its code is not known.

    `type_` is the API's word for the error; it decides only where there is no subcode.
    """
    if code is None or (general := _BY_KEY.get(str(code))) is None:
        return None
    if subcode is None:
        return _BY_KEY.get(f"{code}/{type_}".lower(), general) if isinstance(type_, str) else general
    # Meta lists the subcodes of a login once, for all of its codes.
    family = 190 if general.kind is FailureKind.TOKEN else code
    return _BY_KEY.get(f"{family}/{subcode}", general)


def judge(status: int, code: int | None, subcode: int | None, type_: object, *, is_transient: bool) -> Entry:
    """What an error that came with this HTTP status is (Graph API facts, section Errors): the code
    decides, since throttling usually arrives as HTTP 400; `is_transient` is the API's own word."""
    known = find(code, subcode, type_)
    if known is not None and known.kind is FailureKind.THROTTLED:
        return known
    if known is None and status == 429:
        return cases.HTTP_429
    if is_transient:
        return known if known and known.kind is FailureKind.TRANSIENT else cases.CALLED_TRANSIENT
    if known is None and status >= 500:
        return cases.HTTP_5XX
    return known or cases.INVALID


def is_code(asked: str) -> bool:
    """Whether that can be a CODE or a CODE/SUBCODE of the API, a known one or not."""
    return _CODE.fullmatch(asked) is not None


def explain(asked: str) -> Sequence[Entry]:
    """The entry of this name, code, `CODE/SUBCODE` or kind, then those that are special cases of it;
    none where it is not known. A subcode that is not known is explained as its code."""
    entry = _BY_KEY.get(asked.lower())
    if entry is None and is_code(asked):
        code, _, subcode = asked.partition("/")
        entry = find(int(code), int(subcode) if subcode else None)
    if entry is None:
        return ()
    if entry in KINDS:
        return [entry, *(each for each in ALL if each.kind is entry.kind and each != entry)]
    return [entry, *(each for each in ALL if each.name.startswith(f"{entry.name}/"))]


__all__ = [
    "ALL",
    "Confidence",
    "Entry",
    "Retry",
    "Source",
    "Who",
    "ailments",
    "cases",
    "explain",
    "find",
    "is_code",
    "judge",
]
