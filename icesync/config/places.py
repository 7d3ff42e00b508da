"""From a path in a file's data back to its place in the text, by reading the text once more."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

from icesync.config.source import Piece, pieces

Trail: TypeAlias = tuple[str | int, ...]
"""Keys and indices from the top of a file to a value in it."""

_Wanted: TypeAlias = dict[str | int, Any]


class Place(NamedTuple):
    """Where a value stands, as characters of the text. `key` is where its key begins, if it has one."""

    key: int
    begin: int
    end: int
    plain: bool


class Lines:
    """The lines of a text as editors count them: libyaml counts U+0085, U+2028 and U+2029 too."""

    def __init__(self, text: str) -> None:
        self.begins = [0, *(found.end() for found in re.finditer(r"\r\n?|\n", text))]

    def at(self, index: int) -> tuple[int, int]:
        """Line and column of a character, from 1."""
        line = bisect_right(self.begins, index)
        return line, index - self.begins[line - 1] + 1


def locate(text: bytes, trails: Iterable[Trail]) -> dict[Trail, Place]:
    """The place of every trail; where one leads nowhere, that of its longest beginning that does.

    What an alias repeats has its place at the anchor.
    """
    trails = set(trails)
    walk = _Walk(pieces(text))
    walk.value(next(walk.pieces), (), _tree(trails), None)
    beyond = {trail: new for trail in trails if (new := walk.beyond_alias(trail)) is not None}
    if beyond:
        found = locate(text, beyond.values())
        walk.places |= {trail: found[new] for trail, new in beyond.items()}
    return {trail: walk.nearest(trail) for trail in trails}


def _tree(trails: Iterable[Trail]) -> _Wanted:
    root: _Wanted = {}
    for trail in trails:
        branch = root
        for step in trail:
            branch = branch.setdefault(step, {})
    return root


class _Walk:
    """One pass over a text. Its depth is bounded, for `parse` has accepted the text before."""

    def __init__(self, source: Iterator[Piece]) -> None:
        self.pieces = source
        self.places: dict[Trail, Place] = {}
        self.anchors: dict[str | None, Trail] = {}
        self.aliases: dict[Trail, Trail] = {}

    def value(self, piece: Piece, trail: Trail, wanted: _Wanted | None, key: int | None) -> None:
        if wanted is not None:
            begin = piece.begin
            self.places[trail] = Place(begin if key is None else key, begin, piece.end, piece.plain)
        if piece.kind == "alias":
            if wanted:
                self.aliases[trail] = self.anchors[piece.text]
            return
        if piece.anchor:
            self.anchors[piece.anchor] = trail
        if piece.kind == "mapping":
            self.mapping(trail, wanted or {})
        elif piece.kind == "sequence":
            self.sequence(trail, wanted or {})

    def mapping(self, trail: Trail, wanted: _Wanted) -> None:
        while (key := next(self.pieces)).kind != "end":
            step = key.text
            self.value(next(self.pieces), (*trail, step), wanted.get(step), key.begin)

    def sequence(self, trail: Trail, wanted: _Wanted) -> None:
        step = 0
        while (piece := next(self.pieces)).kind != "end":
            self.value(piece, (*trail, step), wanted.get(step), None)
            step += 1

    def beyond_alias(self, trail: Trail) -> Trail | None:
        """The same trail by way of the anchor, where an alias stands in it."""
        for length in range(len(trail)):
            if (anchor := self.aliases.get(trail[:length])) is not None:
                return anchor + trail[length:]
        return None

    def nearest(self, trail: Trail) -> Place:
        while trail not in self.places:
            trail = trail[:-1]
        return self.places[trail]
