"""What differs between two profiles, told for people. Owns deepdiff; whether they differ is `==`'s to say."""

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from icesync.model import DEFAULT_LOCALE, Edit, EditKind, IceBreaker, Profile

Items: TypeAlias = tuple[IceBreaker, ...]

# Beyond this many pairs deepdiff would cost more than its explanation is worth.
LARGE: Final = 64

# What makes two ice breakers the same one, strongest first: nothing changed; the question was reworded;
# the payload changed; and for what is left: it stands at the same place.
SAMENESS: Final[tuple[Callable[[int, IceBreaker], Hashable], ...]] = (
    lambda _, item: item,
    lambda _, item: item.payload,
    lambda _, item: item.question,
    lambda position, _: position,
)


class Pair(NamedTuple):
    """One ice breaker before and after, with its positions from 1; None on the side where it is not."""

    locale: str
    before: IceBreaker | None
    after: IceBreaker | None
    origin: int | None
    position: int | None
    moved: bool = False


def edits(before: Profile, after: Profile) -> tuple[Edit, ...]:
    """The edits that make `before` into `after`; none where the two are equal.

    The default locale comes first, then locales by name; in a locale the removals by position in
    `before`, then the rest by position in `after`. Only what left the order of its locale counts as
    moved; what was edited and moved gives an `edit` and then a `move`.
    """
    return _edits(tuple(before.ice_breakers.items()), tuple(after.ice_breakers.items()))


# Accounts of one template change alike, and several outputs show the same plan: tell each difference once.
# There is a bound, some 20 MB where each account changes in its own way, because a plan has none.
@lru_cache(maxsize=16_384)
def _edits(before: tuple[tuple[str, Items], ...], after: tuple[tuple[str, Items], ...]) -> tuple[Edit, ...]:
    old, new = dict(before), dict(after)
    pairs = [
        pair
        for locale in sorted(old.keys() | new.keys(), key=lambda name: (name != DEFAULT_LOCALE, name))
        if old.get(locale) != new.get(locale)
        for pair in _pairs(locale, old.get(locale, ()), new.get(locale, ()))
    ]
    edited = _edited(pairs)
    return tuple(edit for number, pair in enumerate(pairs) for edit in _told(pair, number in edited))


def _pairs(locale: str, before: Items, after: Items) -> Iterator[Pair]:
    """Removed ones first, then the others in the order of `after`."""
    origins = _origins(before, after)
    in_order = _in_order(origins)
    for origin, item in enumerate(before, 1):
        if origin not in origins.values():
            yield Pair(locale, item, None, origin, None)
    for position, item in enumerate(after, 1):
        found = origins.get(position)
        if found is None:
            yield Pair(locale, None, item, None, position)
        else:
            yield Pair(locale, before[found - 1], item, found, position, moved=found not in in_order)


def _origins(before: Items, after: Items) -> dict[int, int]:
    """Position in `after` -> position in `before`, for all that is the same ice breaker in both."""
    origins: dict[int, int] = {}
    for identity in SAMENESS:
        taken = set(origins.values())
        free: defaultdict[Hashable, deque[int]] = defaultdict(deque)
        for origin, item in enumerate(before, 1):
            if origin not in taken:
                free[identity(origin, item)].append(origin)
        for position, item in enumerate(after, 1):
            if position not in origins and (same := free[identity(position, item)]):
                origins[position] = same.popleft()
    return origins


def _in_order(origins: Mapping[int, int]) -> frozenset[int]:
    """The origins that need not move: a longest increasing run, with the most that kept their place."""

    def weight(run: tuple[tuple[int, ...], int]) -> tuple[int, int]:
        return len(run[0]), run[1]

    runs: list[tuple[tuple[int, ...], int]] = [((), 0)]
    for position, origin in sorted(origins.items()):
        run, steady = max((each for each in runs if not each[0] or each[0][-1] < origin), key=weight)
        runs.append(((*run, origin), steady + (origin == position)))
    return frozenset(max(runs, key=weight)[0])


def _edited(pairs: Sequence[Pair]) -> frozenset[int]:
    """The numbers of the pairs whose two sides differ."""
    both = {
        number: (pair.before, pair.after) for number, pair in enumerate(pairs) if pair.before and pair.after
    }
    if len(both) > LARGE:
        return frozenset(number for number, (before, after) in both.items() if before != after)
    if not both:
        return frozenset()
    from deepdiff import DeepDiff

    # As texts, because deepdiff takes three times as long over tuples.
    before, after = ({number: repr(pair[side]) for number, pair in both.items()} for side in (0, 1))
    return frozenset(DeepDiff(before, after).affected_root_keys)


def _told(pair: Pair, edited: bool) -> Iterator[Edit]:
    if pair.position is None:
        yield Edit(EditKind.REMOVE, pair.locale, pair.origin or 0, pair.before, None, pair.origin)
    elif pair.origin is None:
        yield Edit(EditKind.ADD, pair.locale, pair.position, None, pair.after)
    else:
        kinds = [EditKind.EDIT] * edited + [EditKind.MOVE] * pair.moved
        for kind in kinds:
            yield Edit(kind, pair.locale, pair.position, pair.before, pair.after, pair.origin)
