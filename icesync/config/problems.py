"""What is wrong with the desired state, first by path in the data, at the end by line and column."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from icesync.config.places import Lines, Place, Trail, locate
from icesync.config.source import Data
from icesync.diagnostics import Diagnostic, Severity, Span


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One file of the desired state: its name as the user knows it, its text, and its data."""

    name: str
    text: bytes
    data: dict[str, Data]


class Layer(NamedTuple):
    """A mapping in a file that says something about an account, or about the whole fleet."""

    source: Source
    trail: Trail
    data: Mapping[str, Data]


Layers = Sequence[Layer]
"""The layers of one account, strongest first: its own keys, its templates, the defaults."""

# In these, mappings of several layers flow together by key; anything else is replaced as a whole.
_FLOWING: Final = frozenset({"vars", "ice_breakers"})

Sign: TypeAlias = tuple[str, int]
"""A text and how many times it stands in a value before the time that is meant."""


class Where(NamedTuple):
    """A value of a file; its key with `at_key`; a spot within it with `sign`."""

    source: Source
    trail: Trail
    at_key: bool = False
    sign: Sign | None = None


class Problem(NamedTuple):
    where: Where
    rule: str
    message: str
    severity: Severity = Severity.ERROR
    also_at: Where | None = None
    only_unquoted: bool = False


Found: TypeAlias = dict[tuple[Where, str], Problem]
"""The problems so far. What is said twice about one value under one rule counts once."""


@dataclass(frozen=True, slots=True)
class Notes:
    """Takes down what is wrong with values of the merged layers, each at the layer it comes from."""

    found: Found
    layers: Layers

    def on(self, *layers: Layer) -> "Notes":
        """The same notebook, for other layers."""
        return Notes(self.found, layers)

    def error(
        self,
        trail: Trail,
        rule: str,
        message: str,
        *,
        at_key: bool = False,
        sign: Sign | None = None,
        also_at: Where | None = None,
    ) -> None:
        where = origin(self.layers, trail)._replace(at_key=at_key, sign=sign)
        self.found.setdefault((where, rule), Problem(where, rule, message, also_at=also_at))

    def warning(
        self,
        trail: Trail,
        rule: str,
        message: str,
        *,
        at_key: bool = False,
        sign: Sign | None = None,
        only_unquoted: bool = False,
    ) -> None:
        where = origin(self.layers, trail)._replace(at_key=at_key, sign=sign)
        problem = Problem(where, rule, message, Severity.WARNING, only_unquoted=only_unquoted)
        self.found.setdefault((where, rule), problem)


def origin(layers: Layers, trail: Trail) -> Where:
    """Where a value of the merged layers was written: in the strongest layer that has it."""
    whole = trail[: 2 if trail[:1] and trail[0] in _FLOWING else 1]
    for length in range(len(whole), 0, -1):
        for layer in layers:
            if _has(layer.data, whole[:length]):
                return Where(layer.source, layer.trail + (trail if length == len(whole) else whole[:length]))
    return Where(layers[0].source, layers[0].trail)


def _has(data: object, trail: Trail) -> bool:
    for step in trail:
        if not isinstance(data, Mapping) or step not in data:
            return False
        data = data[str(step)]
    return True


def diagnose(problems: Iterable[Problem]) -> Iterator[Diagnostic]:
    """Give every problem its line and column; each file is read once more, and only if need be."""
    problems = tuple(problems)
    spots = _spots([where for problem in problems for where in (problem.where, problem.also_at) if where])
    for problem in problems:
        span, place = spots[problem.where]
        if place.plain or not problem.only_unquoted:
            other = f"; the other stands at {spots[problem.also_at][0]}" if problem.also_at else ""
            yield Diagnostic(span, problem.severity, problem.message + other, problem.rule)


def _spots(wanted: Iterable[Where]) -> dict[Where, tuple[Span, Place]]:
    by_source: dict[Source, list[Where]] = defaultdict(list)
    for where in wanted:
        by_source[where.source].append(where)
    found = {}
    for source, wheres in by_source.items():
        text = source.text.decode()
        lines = Lines(text)
        places = locate(source.text, (where.trail for where in wheres))
        signs: dict[tuple[Place, str], list[int]] = {}
        for where in wheres:
            place = places[where.trail]
            index = place.key if where.at_key else place.begin
            if where.sign:
                sign, count = where.sign
                if (place, sign) not in signs:
                    signs[place, sign] = _all_of(sign, text, place)
                # An escape in double quotes may hide it; then the begin of the value must do.
                if count < len(signs[place, sign]):
                    index = signs[place, sign][count]
            found[where] = Span(source.name, *lines.at(index)), place
    return found


def _all_of(sign: str, text: str, place: Place) -> list[int]:
    return [
        place.begin + found.start() for found in re.finditer(re.escape(sign), text[place.begin : place.end])
    ]
