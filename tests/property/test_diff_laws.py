"""Laws of the difference: it is complete, it is empty for equals, and it moves no more than it must."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from icesync.diff import edits
from icesync.model import Edit, EditKind, IceBreaker, Profile
from tests.support.strategies import profiles

FEW = st.sampled_from("abcd")


def applied(before: Profile, found: tuple[Edit, ...]) -> Profile:
    """A reader of edits: takes away what went or moved, sets what came, keeps the order of the rest."""
    locales = {*before.ice_breakers, *(edit.locale for edit in found)}
    return Profile.of({locale: _applied(before, found, locale) for locale in locales})


def _applied(before: Profile, found: tuple[Edit, ...], locale: str) -> list[IceBreaker]:
    here = [edit for edit in found if edit.locale == locale]
    old = before.ice_breakers.get(locale, ())
    gone = {edit.origin for edit in here}
    kept = iter([item for origin, item in enumerate(old, 1) if origin not in gone])
    placed = {edit.position: edit.after for edit in here if edit.after}
    size = len(old) + sum((edit.kind is EditKind.ADD) - (edit.kind is EditKind.REMOVE) for edit in here)
    return [placed.get(position) or next(kept) for position in range(1, size + 1)]


@given(profiles() | profiles(words=FEW), profiles() | profiles(words=FEW))
def test_applying_the_edits_to_before_gives_after(before: Profile, after: Profile) -> None:
    assert applied(before, edits(before, after)) == after


@given(profiles())
def test_equal_profiles_have_no_edits(profile: Profile) -> None:
    assert edits(profile, Profile.of(profile.ice_breakers)) == ()


@given(profiles(words=FEW), profiles(words=FEW))
def test_different_profiles_have_edits(before: Profile, after: Profile) -> None:
    assert bool(edits(before, after)) == (before != after)


@given(profiles(words=FEW), profiles(words=FEW))
def test_what_an_edit_says_stands_where_it_says(before: Profile, after: Profile) -> None:
    for edit in edits(before, after):
        if edit.before:
            assert edit.origin is not None
            assert before.ice_breakers[edit.locale][edit.origin - 1] == edit.before
        if edit.after:
            assert after.ice_breakers[edit.locale][edit.position - 1] == edit.after
        assert (edit.origin is None) == (edit.kind is EditKind.ADD)


@given(st.permutations(range(6)))
def test_a_new_order_moves_as_few_as_possible(order: list[int]) -> None:
    before = Profile.of({"default": [(f"{number}?", str(number)) for number in range(6)]})
    after = Profile.of({"default": [(f"{number}?", str(number)) for number in order]})

    found = edits(before, after)

    most_kept = max(
        size for size in range(1, 7) for some in combinations(order, size) if list(some) == sorted(some)
    )
    assert [edit.kind for edit in found] == [EditKind.MOVE] * (6 - most_kept)
