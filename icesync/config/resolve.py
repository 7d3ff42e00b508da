"""Defaults and templates: which layers stand under an account, and what they say together. Pure.

Merge first, validate the result: here layers only flow together. Whether the outcome makes sense is
for `accounts.py` to say, and where a value of it was written, for `problems.origin`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from icesync.config.grammar import NAME
from icesync.config.phrases import did_you_mean, kind, named, shown
from icesync.config.places import Trail
from icesync.config.problems import Layer, Layers, Notes, Source, Where
from icesync.config.shapes import known_keys, mapping
from icesync.config.source import Data
from icesync.config.variables import Fault, faults

ACCOUNT_KEYS: Final = frozenset(
    {"id", "extends", "vars", "token", "sink", "labels", "protect", "webhooks", "ice_breakers"}
)
MAX_LAYERS: Final = 100
DEFAULTS: Final = ""


class Merged(NamedTuple):
    """What several layers say together; the strongest stands first in `layers`."""

    data: Mapping[str, Data]
    layers: Layers
    faults: Mapping[str, Fault]


@dataclass(frozen=True, slots=True)
class Ground:
    """What accounts stand on: the defaults, the templates, and the names that each of them extends.

    `merged` remembers what was asked for, so that thousands of accounts share one value.
    """

    defaults: Layer
    templates: Mapping[str, Layer]
    extended: Mapping[str, Sequence[str]]
    merged: dict[tuple[str, ...], Merged] = field(default_factory=dict)


def gather(notes: Notes, sources: Iterable[Source], key: str) -> dict[str, Layer]:
    """The `templates` or the `accounts` of all files, by name."""
    found: dict[str, Layer] = {}
    for source in sources:
        on_file = notes.on(Layer(source, (), source.data))
        for name, value in mapping(on_file, (key,), source.data.get(key)).items():
            layer = Layer(source, (key, name), mapping(on_file, (key, name), value))
            if not NAME.fullmatch(name):
                message = f"a name is made of letters, digits, - _ . and not {shown(name)}"
                on_file.error((key, name), "name", message, at_key=True)
            if name in found:
                other = Where(found[name].source, found[name].trail, at_key=True)
                message = f"{named(name)} stands in two files"
                on_file.error((key, name), f"duplicate-{key[:-1]}", message, at_key=True, also_at=other)
            found[name] = layer
    return found


def lay_ground(notes: Notes, defaults: Layer, templates: Mapping[str, Layer]) -> Ground:
    """Check how the templates hang together; what they say is checked where they are used."""
    for layer in (defaults, *templates.values()):
        on_layer = notes.on(layer)
        known_keys(on_layer, (), layer.data, ACCOUNT_KEYS)
        if "id" in layer.data:
            message = "an id belongs to one account, so it cannot stand in a template or in defaults"
            on_layer.error(("id",), "shared-id", message, at_key=True)
    layers = {**templates, DEFAULTS: defaults}
    extended = {name: extends(notes, layer, templates) for name, layer in layers.items()}
    for name, other in circles(extended):
        way = "itself" if other == name else f"{named(other)}, which stands on {named(name)}"
        message = f"{named(name)} cannot extend {way}"
        notes.on(templates[name]).error(("extends",), "extends-circle", message)
    return Ground(defaults, templates, extended)


def extends(notes: Notes, layer: Layer, templates: Mapping[str, Layer]) -> tuple[str, ...]:
    """The names of the templates that a layer extends, the weakest first."""
    value = layer.data.get("extends")
    if value is None:
        return ()
    entries = value if isinstance(value, list) else [value]
    found = []
    for index, entry in enumerate(entries):
        trail: Trail = ("extends", index) if isinstance(value, list) else ("extends",)
        if not isinstance(entry, str):
            message = f"extends wants the name of a template, or a list of names, not {kind(entry)}"
            notes.on(layer).error(trail, "wrong-type", message)
        elif entry in templates:
            found.append(entry)
        else:
            message = f"there is no template {shown(entry)}{did_you_mean(entry, templates.keys())}"
            notes.on(layer).error(trail, "unknown-template", message)
    return tuple(found)


def circles(extended: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Every template with one that it extends though that stands on it. Without recursion."""
    done: set[str] = set()
    for start in extended:
        path = {} if start in done else {start: iter(extended[start])}
        while path:
            name, rest = next(reversed(path.items()))
            other = next((other for other in rest if other not in done), None)
            if other is None:
                done.add(name)
                del path[name]
            elif other in path:
                yield name, other
            else:
                path[other] = iter(extended[other])


def under(notes: Notes, account: Layer, ground: Ground) -> Merged:
    """All that stands under an account's own keys."""
    names = extends(notes, account, ground.templates)
    if names not in ground.merged:
        layers = _layers(notes, account, ground, names)
        data: Mapping[str, Data] = {}
        wrong: Mapping[str, Fault] = {}
        for layer in reversed(layers):
            data, wrong = merge(data, layer.data), faults(wrong, layer)
        ground.merged[names] = Merged(data, layers, wrong)
    return ground.merged[names]


def _layers(notes: Notes, account: Layer, ground: Ground, names: Sequence[str]) -> list[Layer]:
    """The strongest first. A template that is reached twice counts where it is stronger."""
    found: dict[str, Layer] = {}
    waiting = [DEFAULTS, *names]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = ground.defaults if name == DEFAULTS else ground.templates[name]
            waiting.extend(ground.extended[name])
        if len(found) > MAX_LAYERS:
            message = f"more than {MAX_LAYERS} templates stand under this account"
            notes.on(account).error(("extends",), "extends-depth", message)
            break
    return list(found.values())


def merge(weak: Mapping[str, Data], strong: Mapping[str, Data]) -> dict[str, Data]:
    """What two layers say together. Values are shared with them, so nobody may change one.

    Variables are not merged but looked up layer by layer: a template may have thousands.
    """
    merged = {**weak, **strong}
    if "ice_breakers" in strong:
        merged["ice_breakers"] = _flow(weak.get("ice_breakers"), strong["ice_breakers"])
    if "labels" in strong and "labels" in weak:
        merged["labels"] = _add_up(weak["labels"], strong["labels"])
    return merged


def _flow(weak: Data, strong: Data) -> Data:
    """By key; null drops a key. An empty mapping stays one: it is a mistake that must be told."""
    if not isinstance(strong, dict) or not strong:
        return strong
    together = {**weak, **strong} if isinstance(weak, dict) else strong
    if None not in together.values():
        return together
    return {key: value for key, value in together.items() if value is not None}


def _add_up(weak: Data, strong: Data) -> Data:
    if isinstance(weak, list) and isinstance(strong, list):
        return [*weak, *strong]
    # What is no list is a mistake that must be told, not added up; null alone may drop the rest.
    return strong if weak is None or not isinstance(strong, list) else weak
