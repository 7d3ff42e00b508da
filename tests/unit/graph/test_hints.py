"""What a person is told to do about a failed call."""

import pytest

from icesync.graph.hints import hint
from icesync.model import FailureKind


@pytest.mark.parametrize(
    ("subcode", "word"),
    [
        (458, "removed"),
        (459, "checkpoint"),
        (460, "password"),
        (463, "expired"),
        (464, "confirm"),
        (467, "not valid"),
        (492, "role"),
        (None, "new token"),
        (999, "new token"),
    ],
)
def test_every_way_of_losing_a_token_has_its_own_next_step(subcode: int | None, word: str) -> None:
    assert word in hint(FailureKind.TOKEN, 190, subcode)


def test_a_missing_permission_is_named() -> None:
    told = hint(FailureKind.PERMISSION, 200, None)

    assert "instagram_business_basic" in told
    assert "instagram_business_manage_messages" in told


def test_a_missing_object_is_a_matter_of_id_and_token() -> None:
    assert "another account" in hint(FailureKind.INVALID, 100, 33)
    assert hint(FailureKind.INVALID, 100, None) == ""


def test_an_unsupported_request_is_a_matter_of_host_and_token() -> None:
    told = hint(FailureKind.INVALID, 100, None, "IGApiException")

    assert "graph.facebook.com" in told
    assert "token" in told
    assert hint(FailureKind.INVALID, 100, None, "OAuthException") == ""
    assert "another account" in hint(FailureKind.INVALID, 100, 33, "IGApiException")
    assert hint(FailureKind.INVALID, 100, 7, "IGApiException") == ""
    assert hint(FailureKind.INVALID, 110, None, "IGApiException") == ""


@pytest.mark.parametrize("kind", FailureKind)
def test_no_kind_of_failure_lacks_an_entry(kind: FailureKind) -> None:
    told = hint(kind, None, None)

    assert told == told.strip()
