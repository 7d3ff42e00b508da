"""YAML text to plain data, told event by event. Owns yaml (reading), and which YAML is refused.

Data is dict, list, str and None, and in lists what `entry` makes of a dict: a scalar stays the text
that was typed, a plain null or an empty value is None. Places are not kept: `places.py` reads the
`pieces` again when it needs one.
"""

import json
from collections.abc import Callable, Iterator
from sys import intern
from typing import Any, Final, NamedTuple, TypeAlias

import yaml
from yaml import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from icesync.config.comments import cut_questions
from icesync.config.malformed import Malformed, Remark, control_character, syntax_error
from icesync.config.phrases import shown
from icesync.diagnostics import Severity

Data: TypeAlias = "dict[str, Data] | list[Data] | tuple[str, ...] | str | None"
Entry: TypeAlias = "Callable[[dict[str, Data]], Data]"

MAX_DEPTH: Final = 64
MAX_EXPANDED: Final = 256 * 2**20
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
MERGE_KEY: Final = "<<"
_ODD_KEYS: Final = _NULLS | {MERGE_KEY}
_PARSER: Final[Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def parse(text: bytes, entry: Entry = lambda data: data) -> tuple[dict[str, Data], list[Remark]]:
    """The mapping that UTF-8 text holds, and what is wrong with it beside. Raises Malformed.

    `entry` makes something of each mapping in a list while it is fresh; a big file is full of them.
    """
    try:
        reading = _Reading(text, entry)
        data = reading.document()
    except yaml.reader.ReaderError:
        message = "control characters cannot stand here; write '\\xNN' in double quotes"
        raise Malformed(control_character(text), "control-character", message) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise syntax_error(text, mark.index if mark else 0, error.problem or "", error.context) from None
    if reading.unquoted_question:
        message = "the question ends before this #, which begins a comment; put the question in quotes"
        found = cut_questions(text.decode())
        reading.remarks.extend(Remark(at, "glued-hash", message, Severity.WARNING) for at in found)
    return data, reading.remarks


class _Reading:
    """One pass over the events of a text."""

    def __init__(self, text: bytes, entry: Entry) -> None:
        self.next_event = _PARSER(text).get_event
        self.entry = entry
        self.remarks: list[Remark] = []
        self.anchored: dict[str, tuple[Data, int]] = {}
        self.unfinished: set[str] = set()
        self.aliased = 0
        self.unquoted_question = False
        self.last: Any = None

    def document(self) -> dict[str, Data]:
        self.next_event()
        if type(self.next_event()) is yaml.StreamEndEvent:
            raise Malformed(0, "empty-file", "the file is empty; begin with 'version: 1'")
        start = self.next_event()
        data = self.content(start, 0) if start.anchor is None else self.value(start, 0)
        if not isinstance(data, dict):
            raise Malformed(
                start.start_mark.index, "wrong-type", "a file holds a mapping: 'key: value' lines"
            )
        self.next_event()
        after = self.next_event()
        if type(after) is not yaml.StreamEndEvent:
            message = "a second document begins here; put it in a file of its own and use 'include'"
            raise Malformed(after.start_mark.index, "several-documents", message)
        return data

    def value(self, event: Any, depth: int) -> Data:
        """The data of an event that has an anchor, or is an alias."""
        if type(event) is AliasEvent:
            self.last = event
            return self.alias(event)
        begin = event.start_mark.index + self.aliased
        self.unfinished.add(event.anchor)
        data = self.content(event, depth)
        self.unfinished.discard(event.anchor)
        self.anchored[event.anchor] = data, self.last.end_mark.index + self.aliased - begin + 1
        return data

    def content(self, event: Any, depth: int) -> Data:
        """The data of an event that begins a value, read to its end."""
        if type(event) is MappingStartEvent:
            return self.mapping(event, depth + 1)
        if type(event) is SequenceStartEvent:
            return self.sequence(event, depth + 1)
        if event.tag is not None:
            self.tag(event)
        self.last = event
        return None if not event.style and event.value in _NULLS else str(event.value)

    def mapping(self, start: Any, depth: int) -> dict[str, Data]:
        """The hot loop: deals with keys and untagged scalars itself, and leaves the rest."""
        if start.tag is not None or depth > MAX_DEPTH:
            self.odd_start(start, depth)
        next_event = self.next_event
        found: dict[str, Data] = {}
        while type(event := next_event()) is not MappingEndEvent:
            if type(event) is not ScalarEvent:
                raise Malformed(event.start_mark.index, "odd-key", "a key must be text")
            key = intern(event.value)
            if key in found or key in _ODD_KEYS:
                self.odd_key(event, key in found)
            event = next_event()
            if type(event) is ScalarEvent and event.anchor is None and event.tag is None:
                text = found[key] = event.value
                if not event.style:
                    if text in _NULLS:
                        found[key] = None
                    elif key == "question":
                        self.unquoted_question = True
            else:
                found[key] = (self.content if event.anchor is None else self.value)(event, depth)
        self.last = event
        return found

    def sequence(self, start: Any, depth: int) -> list[Data]:
        if start.tag is not None or depth > MAX_DEPTH:
            self.odd_start(start, depth)
        next_event, entry = self.next_event, self.entry
        found: list[Data] = []
        while type(event := next_event()) is not SequenceEndEvent:
            if type(event) is MappingStartEvent and event.anchor is None:
                found.append(entry(self.mapping(event, depth + 1)))
            else:
                data = (self.content if event.anchor is None else self.value)(event, depth)
                found.append(entry(data) if isinstance(data, dict) else data)
        self.last = event
        return found

    def odd_start(self, event: Any, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise Malformed(event.start_mark.index, "too-deep", f"nested deeper than {MAX_DEPTH} levels")
        self.tag(event)

    def tag(self, event: Any) -> None:
        message = "tags are not supported: text stays as it is typed; quote it if you mean a '!'"
        self.remarks.append(Remark(event.start_mark.index, "tag", message))

    def odd_key(self, event: Any, repeated: bool) -> None:
        index = event.start_mark.index
        if repeated:
            self.remarks.append(
                Remark(index, "duplicate-key", f"{shown(event.value)} stands here twice; keep one")
            )
        elif event.value == MERGE_KEY:
            message = "merge keys (<<) are not supported; share things by a template and 'extends'"
            self.remarks.append(Remark(index, "merge-key", message))
        elif not event.style:
            self.remarks.append(Remark(index, "odd-key", "a key must be text; quote it if you mean the word"))

    def alias(self, event: Any) -> Data:
        index, name = event.start_mark.index, event.anchor
        if name in self.unfinished:
            raise Malformed(
                index, "recursive-alias", "this alias stands inside the very thing that it repeats"
            )
        if name not in self.anchored:
            message = "no anchor above has the name of this alias; quote the text if you mean a '*'"
            raise Malformed(index, "unknown-anchor", message)
        data, size = self.anchored[name]
        self.aliased += size
        if index + self.aliased > MAX_EXPANDED:
            raise Malformed(index, "too-large", "with its aliases written out the file is too large")
        return data


class Piece(NamedTuple):
    """The begin or the end of a value, or a key. `text` is a scalar's, or the name of an alias."""

    kind: str
    begin: int
    end: int
    text: str
    plain: bool
    anchor: str | None


_KINDS: Final = {
    ScalarEvent: "scalar",
    AliasEvent: "alias",
    MappingStartEvent: "mapping",
    SequenceStartEvent: "sequence",
    MappingEndEvent: "end",
    SequenceEndEvent: "end",
}


def pieces(text: bytes) -> Iterator[Piece]:
    """A text that `parse` has accepted, once more, with the place of everything in it."""
    next_event = _PARSER(text).get_event
    while type(event := next_event()) is not yaml.StreamEndEvent:
        if kind := _KINDS.get(type(event)):
            value = event.value if kind == "scalar" else event.anchor if kind == "alias" else ""
            plain = kind == "scalar" and not event.style
            yield Piece(
                kind,
                event.start_mark.index,
                event.end_mark.index,
                value,
                plain,
                getattr(event, "anchor", None),
            )


def read_mapping(text: str) -> dict[str, str] | None:
    """A JSON or YAML mapping of text to text, scalars as they are typed; all else in it is left out.

    None where it is no mapping. It is for stores of secrets, so nothing tells what was read.
    """
    data: Any
    try:
        data = json.loads(text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        try:
            data, remarks = parse(text.encode())
        except (Malformed, UnicodeEncodeError):
            return None
        if remarks:
            return None
    if not isinstance(data, dict):
        return None
    return {key: value for key, value in data.items() if isinstance(value, str)}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a key stands twice")
    return found
