"""A change as the chat screens that people see before and after it, locale by locale. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from icesync.model import DEFAULT_LOCALE, Change, Edit, EditKind, IceBreaker, Profile
from icesync.render.gist import Told, tally
from icesync.render.marks import Runs, words
from icesync.safe import visible

NOTHING: Final = "No questions: the chat starts empty."
FALLBACK: Final = "No questions of its own: people see those for everyone else."

ByPlace: TypeAlias = Mapping[int | None, Sequence[Edit]]


class Chip(NamedTuple):
    """A question that can be tapped, with what the tap sends, both visible; `badges` say what happened."""

    question: Runs
    payload: Runs
    look: str = ""
    badges: tuple[str, ...] = ()


class Screen(NamedTuple):
    """The chips of one chat; `empty` says what people see where there are none."""

    chips: tuple[Chip, ...]
    empty: str = ""


class Sight(NamedTuple):
    """One locale before and after."""

    locale: str
    before: Screen
    after: Screen


class Card(NamedTuple):
    """One account's change: the locales that look different, those that do not, and the count of edits."""

    change: Change
    sights: tuple[Sight, ...]
    unchanged: tuple[str, ...]
    kinds: Counter[str]


def card(told: Told) -> Card:
    change, found = told
    by_locale: defaultdict[str, list[Edit]] = defaultdict(list)
    for edit in found:
        by_locale[edit.locale].append(edit)
    sights = tuple(_sight(change, locale, some) for locale, some in by_locale.items())
    unchanged = tuple(locale for locale in change.after.ice_breakers if locale not in by_locale)
    return Card(change, sights, unchanged, tally(found))


def _sight(change: Change, locale: str, found: Sequence[Edit]) -> Sight:
    origins: defaultdict[int | None, list[Edit]] = defaultdict(list)
    positions: defaultdict[int | None, list[Edit]] = defaultdict(list)
    for edit in found:
        origins[edit.origin].append(edit)
        if edit.kind is not EditKind.REMOVE:
            positions[edit.position].append(edit)
    before = tuple(_old(item, origins.get(n, ())) for n, item in _numbered(change.before, locale))
    after = tuple(_new(item, positions.get(n, ())) for n, item in _numbered(change.after, locale))
    return Sight(
        locale, Screen(before, _empty(change.before, locale)), Screen(after, _empty(change.after, locale))
    )


def _numbered(profile: Profile, locale: str) -> Iterator[tuple[int, IceBreaker]]:
    return enumerate(profile.ice_breakers.get(locale, ()), 1)


def _empty(profile: Profile, locale: str) -> str:
    if locale in profile.ice_breakers:
        return ""
    return FALLBACK if DEFAULT_LOCALE in profile.ice_breakers else NOTHING


def _old(item: IceBreaker, found: Sequence[Edit]) -> Chip:
    """As it was: struck where a word goes."""
    if not found:
        return _chip(item, item)
    before, after = found[0].before or item, found[0].after
    if after is None:
        return _chip(before, before)._replace(look="removed", badges=("removed",))
    return _chip(before, after)._replace(look="changed")


def _new(item: IceBreaker, found: Sequence[Edit]) -> Chip:
    """As it will be: marked where a word comes."""
    if not found:
        return _chip(item, item)
    before, after = found[0].before, found[0].after or item
    if before is None:
        return _chip(after, after)._replace(look="new", badges=("new",))
    badges = ["reworded"] * (before.question != after.question)
    badges += ["new payload"] * (before.payload != after.payload)
    badges += [f"moved from {edit.origin} to {edit.position}" for edit in found if edit.kind is EditKind.MOVE]
    return _chip(before, after, side=1)._replace(look="changed", badges=tuple(badges))


def _chip(before: IceBreaker, after: IceBreaker, *, side: int = 0) -> Chip:
    """One side of a chip, marked where it is not the other's."""
    question, payload = (words(*map(visible, pair))[side] for pair in zip(before, after, strict=True))
    return Chip(question, payload)
