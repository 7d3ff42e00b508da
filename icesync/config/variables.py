"""`${brand}` in texts: which variables an account has, and a text with their values filled in. Pure."""

import re
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Final, NamedTuple

from icesync.config.grammar import VARIABLE
from icesync.config.phrases import did_you_mean, kind, shown
from icesync.config.places import Trail
from icesync.config.problems import Layer, Layers, Notes

GIVEN: Final = ("name", "id", "NAME", "locale")
_SIGN: Final = "${"
_USE: Final = re.compile(rf"\$(?:\$\{{|\{{(?:({VARIABLE.pattern})\}})?)")


class Scope(NamedTuple):
    """The variables of one account: its name and id, then the `vars` of its layers.

    A template that stands alone is `incomplete`: what it does not know itself, an account may.
    """

    name: str
    id: str
    layers: Layers
    incomplete: bool = False

    def value(self, variable: str) -> str | None:
        if variable == "name":
            return self.name
        if variable == "id":
            return self.id
        if variable == "NAME":
            return re.sub(r"[^A-Z0-9]", "_", self.name.upper())
        written = self._written(variable)
        return variable if written is None and self.incomplete else written

    def _written(self, variable: str) -> str | None:
        for layer in self.layers:
            values = layer.data.get("vars", {})
            if not isinstance(values, dict) or variable in values:
                found = values.get(variable) if isinstance(values, dict) else None
                return found if isinstance(found, str) else None
        return None

    def names(self) -> set[str]:
        """Every name that could have been meant."""
        known = [layer.data.get("vars") for layer in self.layers]
        return {*GIVEN, *(name for names in known if isinstance(names, dict) for name in names)}


def needs_filling(text: str) -> bool:
    return _SIGN in text


def uses(text: str) -> Iterator[str]:
    """The names of the variables in a text."""
    return (found[1] for found in _USE.finditer(text) if found[1])


def fill(notes: Notes, trail: Trail, text: str, scope: Scope, locale: str | None) -> str | None:
    """The text with the values of its variables, and `$${` as a literal `${`.

    None, and an error for each, where some have no value. A token or a sink belongs to no
    locale.
    """
    if not needs_filling(text):
        return text
    numbers = count()
    missing = []

    def value(found: re.Match[str]) -> str:
        number = next(numbers)
        if found[0] == "$${":
            return _SIGN
        known = locale if found[1] == "locale" else found[1] and scope.value(found[1])
        if known is None:
            missing.append(found[1])
            _explain(notes, trail, found[1], number, scope)
        return known or ""

    filled = _USE.sub(value, text)
    return None if missing else filled


def _explain(notes: Notes, trail: Trail, name: str | None, number: int, scope: Scope) -> None:
    sign = (_SIGN, number)
    if name is None:
        message = "this '${' begins no '${variable}'; write '$${' for a literal '${'"
        notes.error(trail, "broken-variable", message, sign=sign)
    elif name == "locale":
        message = f"${{locale}} has no value in a {trail[-1]}"
        notes.error(trail, "unknown-variable", message, sign=sign)
    else:
        hint = did_you_mean(name, scope.names() - {name})
        message = f"${{{name[:60]}}} has no value for account {scope.name}{hint}"
        notes.error(trail, "unknown-variable", message, sign=sign)


def escape(text: str) -> str:
    """The text that `fill` turns into this one, whatever the variables are."""
    return text.replace(_SIGN, "$${")


class Fault(NamedTuple):
    """What is wrong with one of the `vars`."""

    rule: str
    message: str


def faults(weaker: Mapping[str, Fault], layer: Layer) -> Mapping[str, Fault]:
    """Which `vars` of a layer and what is under it cannot be, by name."""
    if "vars" not in layer.data:
        return weaker
    values = layer.data["vars"]
    if not isinstance(values, dict):
        return {}
    found = {name: fault for name, fault in weaker.items() if name not in values}
    for name, value in values.items():
        if name in GIVEN:
            found[name] = Fault("reserved-variable", f"{name} is given by icesync; choose another name")
        elif not VARIABLE.fullmatch(name):
            message = f"a variable's name is made of letters, digits and _, not {shown(name)}"
            found[name] = Fault("variable-name", message)
        elif not isinstance(value, str | None):
            found[name] = Fault("wrong-type", f"a variable wants text, not {kind(value)}")
    return found
