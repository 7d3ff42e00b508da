"""What is said of tokens that end soon: one sentence for each step, with names, and no false alarm."""

import pytest

from icesync.tokens.ending import DAY, warnings
from icesync.tokens.records import End

NOW = 1_795_000_000.0  # 2026-11-18


def ends(**days: float) -> dict[str, End]:
    """Accounts whose tokens end in so many days; at the latest where the name says so."""
    return {
        name.replace("_", "-"): End(NOW + left * DAY, not name.endswith("_latest"))
        for name, left in days.items()
    }


@pytest.mark.parametrize(
    ("left", "step"), [(14, "14 days"), (7.01, "14 days"), (7, "7 days"), (3, "3 days"), (1, "1 day")]
)
def test_each_step_is_told_once_it_is_reached(left: float, step: str) -> None:
    assert warnings(ends(acme=left), NOW) == (f"1 token ends within {step}: acme (icesync tokens refresh)",)


def test_before_the_first_step_nothing_is_said() -> None:
    assert warnings(ends(acme=14.01), NOW) == ()


def test_tokens_of_one_step_share_a_sentence_and_the_sentences_are_sorted() -> None:
    assert warnings(ends(c=13, b=2.5, a=2), NOW) == (
        "1 token ends within 14 days: c (icesync tokens refresh)",
        "2 tokens end within 3 days: a, b (icesync tokens refresh)",
    )


def test_an_end_that_is_not_exact_is_the_latest_possible() -> None:
    (told,) = warnings(ends(a=2, b_latest=2), NOW)
    assert told.startswith("2 tokens end within 3 days at the latest: a, b-latest ")


def test_what_has_ended_is_told_with_its_date_unless_it_works_all_the_same() -> None:
    gone = ends(a=-2, b_latest=0)
    (told,) = warnings(gone, NOW)
    assert told.startswith("2 tokens have ended: a (2026-11-16), b-latest (2026-11-18 at the latest): create")
    assert warnings(gone, NOW, working={"a", "b-latest"}) == ()


def test_of_many_accounts_the_first_ten_are_named_and_all_are_counted() -> None:
    (told,) = warnings({f"acme-{n:04}": End(NOW + DAY, True) for n in range(10_000)}, NOW)
    assert told.startswith("10000 tokens end within 1 day: acme-0000, ")
    assert "acme-0009 and 9990 more (" in told
