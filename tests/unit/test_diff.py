"""How a difference is told, case by case."""

import pytest

from icesync.diff import LARGE, edits
from icesync.model import NOTHING, Edit, EditKind, IceBreaker, Profile

ADD, REMOVE, EDIT, MOVE = EditKind.ADD, EditKind.REMOVE, EditKind.EDIT, EditKind.MOVE
A, B, C, D = (IceBreaker(f"{letter}?", letter) for letter in "ABCD")
A_REWORDED, A_REROUTED, OTHER = IceBreaker("Ä?", "A"), IceBreaker("A?", "Z"), IceBreaker("X?", "Y")

TURNED = [Edit(MOVE, "default", 1, C, C, 3), Edit(MOVE, "default", 3, A, A, 1)]


def profile(*items: IceBreaker, **others: tuple[IceBreaker, ...]) -> Profile:
    return Profile.of({"default": items, **others})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param((A,), (A, B), [Edit(ADD, "default", 2, None, B)], id="added at the end"),
        pytest.param(
            (A, B), (C, A, B), [Edit(ADD, "default", 1, None, C)], id="added in front moves nothing"
        ),
        pytest.param(
            (A, B, C), (A, C), [Edit(REMOVE, "default", 2, B, None, 2)], id="removed from the middle"
        ),
        pytest.param(
            (A,), (A_REWORDED,), [Edit(EDIT, "default", 1, A, A_REWORDED, 1)], id="question reworded"
        ),
        pytest.param((A,), (A_REROUTED,), [Edit(EDIT, "default", 1, A, A_REROUTED, 1)], id="payload changed"),
        pytest.param((A,), (OTHER,), [Edit(EDIT, "default", 1, A, OTHER, 1)], id="both changed in place"),
        pytest.param((A, B), (B, A), [Edit(MOVE, "default", 2, A, A, 1)], id="a swap is one move"),
        pytest.param((A, B, C), (C, A, B), [Edit(MOVE, "default", 1, C, C, 3)], id="the last comes first"),
        pytest.param((A, B, C), (B, C, A), [Edit(MOVE, "default", 3, A, A, 1)], id="the first goes last"),
        pytest.param(
            (B, C, A),
            (A_REWORDED, B, C),
            [Edit(EDIT, "default", 1, A, A_REWORDED, 3), Edit(MOVE, "default", 1, A, A_REWORDED, 3)],
            id="edited and moved",
        ),
        pytest.param(
            (A, B),
            (C, B, A_REWORDED),
            [
                Edit(ADD, "default", 1, None, C),
                Edit(EDIT, "default", 3, A, A_REWORDED, 1),
                Edit(MOVE, "default", 3, A, A_REWORDED, 1),
            ],
            id="the same payload weighs more than the same place",
        ),
        pytest.param(
            (A, B, C, D),
            (OTHER, D),
            [
                Edit(REMOVE, "default", 2, B, None, 2),
                Edit(REMOVE, "default", 3, C, None, 3),
                Edit(EDIT, "default", 1, A, OTHER, 1),
            ],
            id="removals stand first",
        ),
        pytest.param((A, B, C), (C, B, A), TURNED, id="what kept its place has not moved"),
        pytest.param((A, A, B), (A, B), [Edit(REMOVE, "default", 2, A, None, 2)], id="one of two twins"),
    ],
)
def test_a_difference_inside_a_locale(
    before: tuple[IceBreaker, ...], after: tuple[IceBreaker, ...], expected: list[Edit]
) -> None:
    assert edits(profile(*before), profile(*after)) == tuple(expected)


def test_a_new_account_is_all_additions_with_the_default_locale_first() -> None:
    found = edits(NOTHING, profile(A, af_ZA=(B, C)))

    assert [(edit.kind, edit.locale, edit.position) for edit in found] == [
        (ADD, "default", 1),
        (ADD, "af_ZA", 1),
        (ADD, "af_ZA", 2),
    ]


def test_a_cleared_account_is_all_removals() -> None:
    assert edits(profile(A, fr_FR=(B,)), NOTHING) == (
        Edit(REMOVE, "default", 1, A, None, 1),
        Edit(REMOVE, "fr_FR", 1, B, None, 1),
    )


def test_locales_that_are_equal_are_not_told() -> None:
    found = edits(profile(A, de_DE=(B,), fr_FR=(C,)), profile(A, de_DE=(D,), fr_FR=(C,)))

    assert found == (Edit(EDIT, "de_DE", 1, B, D, 1),)


def test_the_same_ice_breaker_in_another_locale_is_not_a_move() -> None:
    found = edits(profile(A, de_DE=(B,)), profile(A, fr_FR=(B,)))

    assert [(edit.kind, edit.locale) for edit in found] == [(REMOVE, "de_DE"), (ADD, "fr_FR")]


@pytest.mark.parametrize("size", [4, LARGE, LARGE + 1, 200])
def test_one_edit_is_found_in_a_profile_of_any_size(size: int) -> None:
    items = [IceBreaker(f"{number}?", str(number)) for number in range(size)]
    reworded = IceBreaker("new?", "1")

    found = edits(profile(*items), profile(items[0], reworded, *items[2:]))

    assert found == (Edit(EDIT, "default", 2, items[1], reworded, 2),)


def test_texts_that_look_like_paths_or_hold_broken_unicode_are_told_as_they_are() -> None:
    before, after = IceBreaker("root['a'] \ud800\nb", "__p"), IceBreaker("root['b'] \ud800\nc", "__p")

    assert edits(profile(before), profile(after)) == (Edit(EDIT, "default", 1, before, after, 1),)
