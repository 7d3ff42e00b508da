"""The list of questions of one locale: checked, filled in, canonical. Pure."""

from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from icesync.config.grammar import MAX_QUESTIONS
from icesync.config.phrases import kind, named
from icesync.config.places import Trail
from icesync.config.problems import Notes
from icesync.config.shapes import known_keys, text
from icesync.config.source import Data
from icesync.config.variables import Scope, fill, needs_filling, uses
from icesync.model import IceBreaker, canonical_text
from icesync.safe import called, has_ink, hidden

# graph-api.md, Limits: not published, but what everyone uses.
LONGEST: Final = {"question": 80, "payload": 1000}
EMPTY_LOCALE: Final = (
    "an empty locale does not say what is meant: 'null' drops the locale, "
    "'ice_breakers: none' asks for no ice breakers at all"
)
_MAX_QUESTION, _MAX_PAYLOAD = LONGEST.values()

Questions: TypeAlias = tuple[IceBreaker, ...]
Values: TypeAlias = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The questions of one locale as typed, where they use variables.

    `filled` remembers what they became, by locale and by the values of the variables.
    """

    questions: Questions
    variables: tuple[str, ...]
    filled: dict[Values, Questions] = field(default_factory=dict)


def as_ice_breaker(entry: dict[str, Data]) -> Data:
    """An entry that is exactly two texts, as it is compared and sent; any other as it is."""
    if len(entry) == 2:
        question, payload = entry.get("question"), entry.get("payload")
        if type(question) is str and type(payload) is str:
            # As `IceBreaker(…)`, in half the time: this is done for every question of a fleet.
            return IceBreaker._make((canonical_text(question), canonical_text(payload)))
    return entry


def read_questions(notes: Notes, trail: Trail, data: list[Any]) -> Questions | Sheet:
    """The questions that a locale's list stands for, as far as that needs no account."""
    if _are_ordinary(data):
        return tuple(data)
    questions = _mended(notes, trail, data)
    if len(data) > MAX_QUESTIONS:
        message = f"a locale has at most {MAX_QUESTIONS} questions, here are {len(data)}"
        notes.error((*trail, MAX_QUESTIONS), "too-many-questions", message)
    _warn_of_hashes(notes, trail, questions)
    names = {name for ice_breaker in questions for written in ice_breaker for name in uses(written)}
    if any(needs_filling(written) for ice_breaker in questions for written in ice_breaker):
        return Sheet(questions, tuple(sorted(names - {"locale"})))
    return _checked(notes, trail, questions)


def _are_ordinary(data: list[Any]) -> bool:
    """There is nothing to say about them and nothing to fill in. So it is nearly always."""
    asked: set[str] = set()
    for entry in data:
        if type(entry) is not IceBreaker:
            return False
        question, payload = entry
        if not question or not payload or len(question) > _MAX_QUESTION or len(payload) > _MAX_PAYLOAD:
            return False
        if not (question.isascii() and payload.isascii()) and (hidden(question) or hidden(payload)):
            return False
        if question in asked or "#" in question or "$" in question or "$" in payload:
            return False
        asked.add(question)
    return 0 < len(data) <= MAX_QUESTIONS


def fill_sheet(notes: Notes, trail: Trail, sheet: Sheet, scope: Scope) -> Questions:
    """The questions of a locale for one account; accounts with equal values share them."""
    values = (str(trail[-1]), *map(scope.value, sheet.variables))
    if values not in sheet.filled:
        questions = tuple(
            IceBreaker(
                *(
                    _filled(notes, (*trail, index, key), text, scope)
                    for key, text in zip(LONGEST, pair, strict=True)
                )
            )
            for index, pair in enumerate(sheet.questions)
        )
        sheet.filled[values] = _checked(notes, trail, questions)
    return sheet.filled[values]


def _filled(notes: Notes, trail: Trail, written: str, scope: Scope) -> str:
    filled = fill(notes, trail, written, scope, str(trail[1]))
    return canonical_text(written if filled is None else filled)


def _mended(notes: Notes, trail: Trail, data: list[Any]) -> Questions:
    """A list with mistakes without them: they are told, and a stand-in takes the place of each."""
    if not data:
        notes.error(trail, "empty-ice-breakers", EMPTY_LOCALE)
    return tuple(
        entry if isinstance(entry, IceBreaker) else _mended_entry(notes, trail, index, entry)
        for index, entry in enumerate(data)
    )


def _mended_entry(notes: Notes, trail: Trail, index: int, entry: Data) -> IceBreaker:
    here = (*trail, index)
    texts = dict.fromkeys(LONGEST, f"({index})")
    if isinstance(entry, dict):
        known_keys(notes, here, entry, LONGEST)
        for key in LONGEST:
            written = text(notes, (*here, key), entry.get(key))
            if entry.get(key) is None:
                notes.error((*here, key), "missing-key", f"{named(index)} needs a {key}")
            texts[key] = texts[key] if written is None else canonical_text(written)
    else:
        message = f"{named(index)} wants a question and a payload, not {kind(entry)}"
        notes.error(here, "wrong-type", message)
    return IceBreaker(**texts)


def _checked(notes: Notes, trail: Trail, questions: Questions) -> Questions:
    """The same, after a word about texts that are empty, too long, not to be seen, or asked twice."""
    asked: set[str] = set()
    for index, ice_breaker in enumerate(questions):
        for key, written in zip(LONGEST, ice_breaker, strict=True):
            _check_text(notes, (*trail, index, key), key, written)
        if ice_breaker.question in asked:
            message = "this question stands in the locale twice"
            notes.warning((*trail, index, "question"), "repeated-question", message)
        asked.add(ice_breaker.question)
    return questions


def _check_text(notes: Notes, here: Trail, key: str, written: str) -> None:
    if not written:
        notes.error(here, "empty-text", f"the {key} is empty")
    elif len(written) > LONGEST[key]:
        message = f"the {key} has {len(written)} characters; Meta is known to take {LONGEST[key]}"
        notes.warning(here, "long-text", message)
    if sign := hidden(written):
        if has_ink(written):
            message = f"the {key} holds {called(sign)}, which nobody can see"
            notes.warning(here, "invisible-character", message, sign=(sign, 0))
        else:
            notes.error(here, "invisible-text", f"the {key} has no visible character")


def _warn_of_hashes(notes: Notes, trail: Trail, questions: Questions) -> None:
    message = "after a blank this # would begin a comment; put the question in quotes"
    for index, (question, _) in enumerate(questions):
        if "#" in question:
            here = (*trail, index, "question")
            notes.warning(here, "glued-hash", message, sign=("#", 0), only_unquoted=True)
