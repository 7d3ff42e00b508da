"""The text of a file of tokens with one of them new, and all else as it stood. Pure.

Nothing that is said here shows what stands in a file. Raises ValueError, for people, where a file holds
something that must not be replaced.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from icesync.config.malformed import Malformed
from icesync.config.places import locate
from icesync.config.source import Data, parse, read_mapping

_INDENT: Final = re.compile(r"\s*\{\s*\n([ \t]+)")
_NO_MAPPING: Final = "it holds no JSON or YAML mapping"


def with_token(text: str, token: str) -> str:
    """A file that holds nothing but a token. One with a mapping is none: there a key was forgotten."""
    if read_mapping(text) is not None:
        raise ValueError("it holds a mapping: name the key of the token with #KEY")
    return f"{token}\n"


def with_entry(text: str, key: str, token: str, *, is_yaml: bool) -> str:
    """A JSON or YAML mapping with this token under the key. An empty text becomes one or the other.

    All other keys keep their values, and those of JSON their order; of YAML all that stands around
    the value is kept, comments too.
    """
    if not text.strip():
        return f"{_quoted(key)}: {_quoted(token)}\n" if is_yaml else _json({key: token}, "  ", "\n")
    try:
        found = json.loads(text, object_pairs_hook=_distinct)
    except json.JSONDecodeError:
        return _in_yaml(text, key, token)
    except RecursionError:
        raise ValueError(_NO_MAPPING) from None
    _check(found, key)
    indent = _INDENT.match(text)
    return _json({**found, key: token}, indent and indent[1], "\n" if text.endswith("\n") else "", text)


def _in_yaml(text: str, key: str, token: str) -> str:
    """What becomes of the text is read again, because YAML has many ways to write a value."""
    before = _parsed(text)
    _check(before, key)
    if key in before:
        _, begin, end, _ = locate(text.encode(), [(key,)])[key,]
        stood = text[begin:end]
        blank = " " if text[:begin].endswith(":") else ""
        after = text[:begin] + blank + _quoted(token) + stood[len(stood.rstrip()) :] + text[end:]
    else:
        after = text + "\n" * (not text.endswith("\n")) + f"{_quoted(key)}: {_quoted(token)}\n"
    try:
        kept = _parsed(after) == {**before, key: token}
    except ValueError:
        kept = False
    if not kept:
        raise ValueError("a key cannot be put into YAML like this; write each on a line of its own, or JSON")
    return after


def _parsed(text: str) -> Mapping[str, Data]:
    try:
        data, remarks = parse(text.encode())
    except Malformed:
        raise ValueError(_NO_MAPPING) from None
    if remarks:
        raise ValueError(_NO_MAPPING)
    return data


def _check(found: object, key: str) -> None:
    if not isinstance(found, Mapping):
        raise ValueError(_NO_MAPPING)
    if not isinstance(found.get(key), str | None):
        raise ValueError("what it holds under that key is no text")


def _json(data: Mapping[str, Any], indent: str | None, end: str, like: str = "") -> str:
    return json.dumps(data, indent=indent, ensure_ascii=like.isascii(), allow_nan=False) + end


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("it holds a key twice")
    return found
