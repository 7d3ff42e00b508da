"""How long a version of the Graph API lasts."""

from datetime import date
from itertools import pairwise

import pytest

from icesync.graph.versions import VERSIONS, Standing, Version, find, standing
from icesync.model import USUAL_API


@pytest.mark.parametrize(
    ("name", "today", "expected"),
    [
        ("v24.0", "2026-11-23", Standing.KNOWN),
        ("v24.0", "2027-11-17", Standing.KNOWN),
        ("v24.0", "2027-11-18", Standing.ENDS_SOON),
        ("v24.0", "2028-02-17", Standing.ENDS_SOON),
        ("v24.0", "2028-02-18", Standing.ENDED),
        ("v21.0", "2026-10-20", Standing.KNOWN),
        ("v21.0", "2026-10-21", Standing.ENDS_SOON),
        ("v19.0", "2026-11-23", Standing.ENDED),
        ("v20.0", "2026-06-30", Standing.ENDS_SOON),
        ("v26.0", "2099-12-31", Standing.KNOWN),
        ("v9.0", "2026-11-23", Standing.ENDED),
        ("v2.12", "2026-11-23", Standing.ENDED),
        ("v27.0", "2026-11-23", Standing.UNKNOWN),
        ("v24.1", "2026-11-23", Standing.UNKNOWN),
        ("v0.1", "2026-11-23", Standing.UNKNOWN),
        ("24.0", "2026-11-23", Standing.UNKNOWN),
        ("", "2026-11-23", Standing.UNKNOWN),
    ],
)
def test_a_version_stands_by_its_dates(name: str, today: str, expected: Standing) -> None:
    assert standing(name, today) is expected


def test_the_version_that_is_used_when_nobody_asks_for_one_is_in_the_table() -> None:
    assert find(USUAL_API.version) is not None
    assert find("v1000.0") is None


def test_versions_follow_each_other_and_last_two_years_from_the_next_give_or_take_a_few_days() -> None:
    for version, following in pairwise(VERSIONS):
        released, ends = date.fromisoformat(following.released), date.fromisoformat(version.ends or "")
        assert version.released < following.released
        assert abs((ends - released).days - 730) < 150
    assert [version.name for version in VERSIONS if version.ends is None] == [VERSIONS[-1].name]


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_every_version_says_how_it_is_known(version: Version) -> None:
    assert version.source.startswith("https://developers.facebook.com/")
