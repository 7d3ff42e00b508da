"""How a read shows what is set: the shapes of graph-api.md, "Answers". Pure."""

from collections.abc import Mapping

from icesync.sandbox.rules import DEFAULT, Locales
from icesync.sandbox.world import Shape, Success

Listed = list[dict[str, object]]


def listed(locales: Locales) -> Listed:
    """One object for each locale."""
    return [{"call_to_actions": questions, "locale": locale} for locale, questions in locales.items()]


def shown(locales: Locales, shape: Shape) -> dict[str, Listed]:
    """The answer to a read.

    flat shows an account that has the default alone as if it had been set in the old form; manual
    leaves `locale` out there ("locales, if applicable").
    """
    if not locales:
        return {"data": []}
    only_default = locales.keys() == {DEFAULT}
    if shape == "manual":
        return {"data": [{"call_to_actions": locales[DEFAULT]}] if only_default else listed(locales)}
    if shape == "flat" and only_default:
        return {"data": [{"ice_breakers": locales[DEFAULT]}]}
    return {"data": [{"ice_breakers": listed(locales)}]}


def done(success: Success) -> Mapping[str, object]:
    """The answer to a write: all three are documented."""
    match success:
        case "true":
            return {"success": True}
        case "string":
            return {"success": "true"}
        case "result":
            return {"result": "success"}
