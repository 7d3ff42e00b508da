"""Which words of a text are marked as changed, in scripts with and without blanks between words."""

import pytest

from icesync.render.marks import MOST, Run, tokens, words


def told(text: str) -> tuple[Run, ...]:
    """`Where is my [parcel]?`: what stands in brackets changed."""
    parts = text.replace("]", "[").split("[")
    return tuple(Run(part, bool(number % 2)) for number, part in enumerate(parts) if part)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Where is my [parcel]?", "Where is my [order]?"),
        ("Where is my order?", "Where is my [last ]order?"),
        ("Où est [ma] commande ?", "Où est [votre dernière] commande[ ACME] ?"),
        ("Is it [in my] order?", "Is it [a new] order?"),
        ("送料はいくらですか", "送料[と税]はいくらですか"),
        ("[คำสั่งซื้อ]ของฉันอยู่ที่ไหน", "[พัสดุ]ของฉันอยู่ที่ไหน"),
        ("[हिन्दी] में लिखें", "[हिन्दू] में लिखें"),
        ("Où est ma [👩‍👩‍👧] commande", "Où est ma [👩‍👩‍👦] commande"),
        ("Made in [🇩🇪] with love", "Made in [🇩🇰] with love"),
        ("ORDER_STATUS", "ORDER_STATUS[_V2]"),
        ("[Hi]", "[Something else entirely]"),
        ("", "[All new]"),
        ("The same", "The same"),
    ],
)
def test_words_that_the_other_side_does_not_have_are_marked(before: str, after: str) -> None:
    old, new = told(before), told(after)

    assert words("".join(run.text for run in old), "".join(run.text for run in new)) == (
        old or (),
        new,
    )


def test_a_sentence_with_little_in_common_is_marked_whole() -> None:
    assert words("Is it open on Sundays?", "Where can I park my car?") == (
        told("[Is it open on Sundays?]"),
        told("[Where can I park my car?]"),
    )


def test_a_text_of_many_words_is_compared_at_its_two_ends_only() -> None:
    inside = " ".join(map(str, range(MOST)))

    before, after = words(f"a {inside * 9} old {inside} z", f"a {inside * 9} new {inside} z")
    assert [run.text for run in before if run.changed] == ["old"]
    assert [run.text for run in after if run.changed] == ["new"]

    before, _ = words(f"same a {inside} b {inside * 9}", f"same c {inside} d {inside * 9}")
    assert [run.changed for run in before] == [False, True, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't ask!", ["Don", "'", "t", " ", "ask", "!"]),
        ("送料 2 €", ["送", "料", " ", "2", " ", "€"]),
        ("ที่นี่", ["ที่", "นี่"]),
        ("e\u0301t\u00e9  là", ["e\u0301t\u00e9", "  ", "là"]),
        ("👍🏽👩‍💻", ["👍🏽", "👩‍💻"]),
        ("می\u200cخواهم!\u200f", ["می\u200cخواهم", "!\u200f"]),
        (r"a\u200bb\n \x", ["a", r"\u200b", "b", r"\n", " ", "\\", "x"]),
        ("", []),
    ],
)
def test_a_text_falls_into_words_blanks_and_signs(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected
