"""From the merged `ice_breakers` of an account to its Profile. Pure.

What many accounts share is looked at once: lists of questions are known by their identity, and what
became of them by the values of the variables that they use.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from icesync.config.locales import KNOWN, WELL_FORMED, suggestions
from icesync.config.phrases import kind, named, shown
from icesync.config.places import Trail
from icesync.config.problems import Notes
from icesync.config.questions import EMPTY_LOCALE, Questions, Sheet, Values, fill_sheet, read_questions
from icesync.config.source import Data
from icesync.config.variables import Scope
from icesync.model import DEFAULT_LOCALE, NOTHING, Profile

_EMPTY: Final = (
    "an empty ice_breakers does not say what is meant: 'none' asks for no ice breakers at all, "
    "without the key the account is left alone"
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A profile of which some locales use variables: those are empty in `literal`, and in `sheets`.

    `filled` remembers what it became, by the values of the variables.
    """

    literal: Profile
    sheets: Mapping[str, Sheet]
    variables: tuple[str, ...]
    filled: dict[Values, Profile] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known already, by the identity of lists: they live as long as the data of the files."""

    lists: dict[int, Questions | Sheet] = field(default_factory=dict)
    profiles: dict[tuple[object, ...], Profile | Draft] = field(default_factory=dict)


def read_profile(notes: Notes, data: Data, scope: Scope, memory: Memory) -> Profile | None:
    """The profile that merged `ice_breakers` ask for, None where there are none."""
    if data is None:
        return None
    if data == "none":
        return NOTHING
    if not isinstance(data, dict) or not data:
        _explain(notes, data)
        return None
    for locale, questions in data.items():
        if type(questions) is not list:
            _explain_locale(notes, locale, questions)
    key = (*data, *map(id, data.values()))
    found = memory.profiles.get(key)
    if found is None:
        found = memory.profiles[key] = _read(notes, data, memory)
    return found if isinstance(found, Profile) else _filled(notes, found, scope)


def _read(notes: Notes, data: Mapping[str, Data], memory: Memory) -> Profile | Draft:
    locales: dict[str, Questions] = {}
    sheets: dict[str, Sheet] = {}
    for locale in sorted(data, key=lambda name: (name != DEFAULT_LOCALE, name)):
        trail, questions = ("ice_breakers", locale), data[locale]
        if locale not in KNOWN:
            _check_locale(notes, trail, locale)
        if not isinstance(questions, list):
            continue
        found = memory.lists.get(id(questions))
        if found is None:
            found = memory.lists[id(questions)] = read_questions(notes, trail, questions)
        if isinstance(found, Sheet):
            locales[locale], sheets[locale] = (), found
        else:
            locales[locale] = found
    # Canonical already, and in the order that Profile.of gives; that would do all of it again.
    profile = Profile(locales)
    if not sheets:
        return profile
    return Draft(
        profile, sheets, tuple(sorted({name for sheet in sheets.values() for name in sheet.variables}))
    )


def _filled(notes: Notes, draft: Draft, scope: Scope) -> Profile:
    values = tuple(map(scope.value, draft.variables))
    if values not in draft.filled:
        filled = {
            locale: fill_sheet(notes, ("ice_breakers", locale), sheet, scope)
            for locale, sheet in draft.sheets.items()
        }
        draft.filled[values] = Profile({**draft.literal.ice_breakers, **filled})
    return draft.filled[values]


def _check_locale(notes: Notes, trail: Trail, locale: str) -> None:
    meant = " or ".join(suggestions(locale))
    hint = f"; did you mean {meant}?" if meant else ""
    if WELL_FORMED.fullmatch(locale):
        message = f"Meta does not list {locale} for messaging{hint}"
        notes.warning(trail, "unlisted-locale", message, at_key=True)
    else:
        message = f"{shown(locale)} is not a locale like en_US{hint}"
        notes.error(trail, "malformed-locale", message, at_key=True)


def _explain(notes: Notes, data: Data) -> None:
    """What to write instead of something that is neither `none` nor locales."""
    trail: Trail = ("ice_breakers",)
    if isinstance(data, str):
        message = f"ice_breakers wants 'none', or locales with their questions, not {shown(data)}"
        notes.error(trail, "wrong-type", message)
    elif data:
        message = "ice_breakers wants 'none', or locales with their questions; put this list under 'default:'"
        notes.error(trail, "wrong-type", message)
    else:
        notes.error(trail, "empty-ice-breakers", _EMPTY)


def _explain_locale(notes: Notes, locale: str, data: Data) -> None:
    trail: Trail = ("ice_breakers", locale)
    if data == {}:
        notes.error(trail, "empty-ice-breakers", EMPTY_LOCALE)
    else:
        notes.error(trail, "wrong-type", f"{named(locale)} wants a list of questions, not {kind(data)}")
