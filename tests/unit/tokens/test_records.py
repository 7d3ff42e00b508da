"""When a token ends, as far as anybody knows."""

import pytest

from icesync.tokens.records import LIFETIME, End, TokenRecord, ends

NOW = 1_795_403_351.0
HOUR = 3600.0


def test_a_token_lives_sixty_days() -> None:
    assert LIFETIME == 60 * 24 * HOUR


@pytest.mark.parametrize(
    ("record", "end"),
    [
        (TokenRecord("f", NOW), End(NOW + LIFETIME, exact=False)),
        (TokenRecord("f", NOW, obtained=NOW - HOUR), End(NOW - HOUR + LIFETIME, exact=False)),
        (TokenRecord("f", NOW, NOW - HOUR, expires=NOW + 9), End(NOW + 9, exact=True)),
    ],
)
def test_the_end_is_exact_only_where_the_api_told_it(record: TokenRecord, end: End) -> None:
    assert ends(record) == end


def test_only_a_refresh_tells_when_a_token_was_obtained() -> None:
    assert TokenRecord("f", NOW).refreshed is None
    assert TokenRecord("f", NOW, obtained=NOW - 1).refreshed == NOW - 1
