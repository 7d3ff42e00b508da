"""JSON as both documents need it: written harmlessly, read without guessing, and its digest."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from icesync.errors import PlanFileError
from icesync.safe import HARMFUL

_HARMFUL = re.compile(f"[{HARMFUL}]")


def write(document: Mapping[str, Any]) -> str:
    """For people and machines: indented, and readable but for harmful characters, which stay escaped."""
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return _HARMFUL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def read(text: str, *expected: str) -> dict[str, Any]:
    """The object in `text`, if its `format` is an expected one.

    Raises PlanFileError; so does whatever JSON leaves to the reader's taste: a key that stands twice.
    """
    try:
        document = json.loads(text, object_pairs_hook=_distinct)
    except json.JSONDecodeError as error:
        raise PlanFileError(f"not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except (ValueError, RecursionError) as error:
        raise PlanFileError(f"not JSON that can be read: {error}") from None
    found = document.get("format") if isinstance(document, dict) else None
    wanted = " or ".join(map(repr, expected))
    if not isinstance(document, dict) or found is None:
        raise PlanFileError(f"not an icesync document: `format` is missing, expected {wanted}")
    if found not in expected:
        raise PlanFileError(f"the format is {found!r}, but this version of icesync reads {wanted} here")
    return document


def digest(data: object) -> str:
    """SHA-256 over canonical JSON: sorted keys, no blanks, UTF-8."""
    return "sha256:" + sha256(_encoded(canonical(data))).hexdigest()


def digest_of_list(entries: Iterable[str]) -> str:
    """The digest of the list of these values, each as canonical JSON already, without holding it whole."""
    found = sha256(b"[")
    for number, entry in enumerate(entries):
        found.update(_encoded(f",{entry}" if number else entry))
    found.update(b"]")
    return "sha256:" + found.hexdigest()


def canonical(data: object) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((twice, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise PlanFileError(f"the key {twice!r} stands twice in one object")
    return found
