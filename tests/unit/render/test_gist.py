"""What a plan means in human terms: the sentence and its counts."""

from collections import Counter

import pytest

from icesync.model import NOTHING, Account, Change, Profile
from icesync.render.gist import Gist, gist, listed, tell
from tests.support.samples import OLD, PLAN


def counted(before: Profile, after: Profile) -> Counter[str]:
    return gist(tell([Change(Account("acme", "1"), before, after)])).kinds


def test_a_plan_is_told_in_accounts_locales_and_questions() -> None:
    found = gist(tell(PLAN.changes))

    assert str(found) == "3 accounts, 2 locales, 7 questions; 1 account loses its last question."
    assert listed(found.kinds) == "2 new, 2 removed, 1 reworded, 1 with a new payload, 1 moved"
    assert found.emptied == (OLD,)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (Gist(1, 1, Counter(new=1), ()), "1 account, 1 locale, 1 question."),
        (
            Gist(42, 7, Counter(new=100, moved=68), (OLD,) * 3),
            "42 accounts, 7 locales, 168 questions; 3 accounts lose their last question.",
        ),
        (Gist(5000, 2, Counter(new=12345), ()), "5,000 accounts, 2 locales, 12,345 questions."),
    ],
)
def test_one_and_many_are_told_as_people_do(found: Gist, sentence: str) -> None:
    assert str(found) == sentence


def test_a_question_that_was_reworded_and_moved_counts_once() -> None:
    before = Profile.of({"default": [("A?", "A"), ("B?", "B"), ("C?", "C")]})
    after = Profile.of({"default": [("C, really?", "C"), ("A?", "A"), ("B?", "B")]})

    assert counted(before, after) == {"reworded": 1}


def test_only_what_people_read_is_called_reworded() -> None:
    before = Profile.of({"default": [("A?", "A")]})

    assert counted(before, Profile.of({"default": [("A?", "NEW")]})) == {"with a new payload": 1}
    assert counted(before, Profile.of({"default": [("New?", "A")]})) == {"reworded": 1}
    assert counted(before, NOTHING) == {"removed": 1}
