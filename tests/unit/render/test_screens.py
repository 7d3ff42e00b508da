"""The chat screens before and after a change: what stands on them, and what is said of each chip."""

from icesync.model import NOTHING, Account, Change, Profile
from icesync.render import locales
from icesync.render.gist import tell
from icesync.render.screens import FALLBACK, Card, Chip, Screen, card
from icesync.render.screens import NOTHING as EMPTY
from tests.support.samples import LIVE, WANTED


def drawn(before: Profile, after: Profile) -> Card:
    (told,) = tell([Change(Account("acme", "1"), before, after)])
    return card(told)


def told(chip: Chip) -> tuple[str, str, str, tuple[str, ...]]:
    question, payload = (
        "".join(f"[{run.text}]" if run.changed else run.text for run in runs)
        for runs in (chip.question, chip.payload)
    )
    return question, payload, chip.look, chip.badges


def test_both_screens_show_every_question_in_the_order_that_people_see() -> None:
    default, _ = drawn(LIVE, WANTED).sights

    assert [told(chip) for chip in default.before.chips] == [
        ("Where is my [parcel]?", "ORDER_STATUS", "changed", ()),
        ("Do you ship abroad?", "[SHIP]", "changed", ()),
        ("Talk to a human", "HUMAN", "changed", ()),
        ("Any jobs?", "JOBS", "removed", ("removed",)),
    ]
    assert [told(chip) for chip in default.after.chips] == [
        ("Talk to a human", "HUMAN", "changed", ("moved from 3 to 1",)),
        ("Where is my [order]?", "ORDER_STATUS", "changed", ("reworded",)),
        ("Do you ship abroad?", "[SHIPPING]", "changed", ("new payload",)),
    ]


def test_a_locale_that_looks_the_same_is_only_named() -> None:
    found = drawn(LIVE, WANTED)

    assert [sight.locale for sight in found.sights] == ["default", "he_IL"]
    assert found.unchanged == ("fr_FR",)


def test_a_question_beside_a_changed_one_has_no_badge() -> None:
    before = Profile.of({"default": [("A?", "A"), ("B?", "B")]})
    after = Profile.of({"default": [("A?", "A"), ("B?", "B"), ("C?", "C")]})

    (sight,) = drawn(before, after).sights

    assert [told(chip) for chip in sight.before.chips] == [("A?", "A", "", ()), ("B?", "B", "", ())]
    assert [told(chip) for chip in sight.after.chips] == [
        ("A?", "A", "", ()),
        ("B?", "B", "", ()),
        ("C?", "C", "new", ("new",)),
    ]


def test_what_was_reworded_and_moved_says_both() -> None:
    before = Profile.of({"default": [("Can I pay later?", "A"), ("B?", "B"), ("C?", "C")]})
    after = Profile.of({"default": [("B?", "B"), ("C?", "C"), ("Can I pay now?", "A")]})

    (sight,) = drawn(before, after).sights

    assert told(sight.before.chips[0])[:3] == ("Can I pay [later]?", "A", "changed")
    assert told(sight.after.chips[2]) == (
        "Can I pay [now]?",
        "A",
        "changed",
        ("reworded", "moved from 1 to 3"),
    )


def test_what_nobody_sees_is_marked_as_the_change_that_it_is() -> None:
    before = Profile.of({"default": [("Where\u200b is it?", "A"), ("Où\xa0?", "B"), ("❤\ufe0f", "C")]})
    after = Profile.of({"default": [("Where is it?", "A"), ("Où ?", "B"), ("❤\ufe0f", "D")]})

    (sight,) = drawn(before, after).sights

    assert [told(chip)[0] for chip in sight.before.chips] == [
        r"Where[\u200b] is it?",
        r"Où[\xa0]?",
        "❤\ufe0f",
    ]
    assert [told(chip)[0] for chip in sight.after.chips] == ["Where is it?", "Où[ ]?", "❤\ufe0f"]


def test_an_empty_screen_says_what_people_see_instead() -> None:
    one = {"default": [("A?", "A")]}
    both = {**one, "fr_FR": [("B ?", "B")]}

    assert drawn(NOTHING, Profile.of(one)).sights[0].before == Screen((), EMPTY)
    assert drawn(Profile.of(one), NOTHING).sights[0].after == Screen((), EMPTY)
    assert drawn(Profile.of(one), Profile.of(both)).sights[0].before == Screen((), FALLBACK)
    assert drawn(Profile.of(both), Profile.of(one)).sights[0].after == Screen((), FALLBACK)


def test_a_locale_has_a_name_a_direction_and_a_language() -> None:
    assert [locales.name(each) for each in ("fr_FR", "default", "xx_XX")] == ["French", "Everyone else", ""]
    assert [locales.direction(each) for each in ("he_IL", "ar_AR", "fr_FR", "default")] == [
        "rtl",
        "rtl",
        "auto",
        "auto",
    ]
    assert [locales.language(each) for each in ("he_IL", "default", '"><b>')] == ["he-IL", "", ""]
