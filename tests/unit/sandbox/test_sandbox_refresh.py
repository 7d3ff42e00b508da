"""A refresh under every rotation, and what becomes of the token that made it."""

from typing import Any

import pytest

from icesync.sandbox.memory import Memory
from icesync.sandbox.tokens import DAY, HOUR, Token
from icesync.sandbox.world import Fault, World

ALIVE, INVALID, EXPIRED, YOUNG = None, (190, 467), (190, 463), (100, None)


def fate(holder: Any, token: str) -> Any:
    """How a call with this token fails, if it does."""
    holder.token = token
    answer = holder.me()
    return holder.failure(answer) if "error" in answer else ALIVE


@pytest.mark.parametrize(
    ("rotate", "fresh", "old"),
    [("keep", "sandbox-1", ALIVE), ("new", "sandbox-1-1", ALIVE), ("dead", "sandbox-1-1", INVALID)],
)
def test_a_refresh_gives_sixty_days_and_the_old_token_lives_on_or_not(
    holder: Any, rotate: Any, fresh: str, old: Any
) -> None:
    holder.api.world = World(rotate=rotate)

    assert holder.refresh() == {"access_token": fresh, "token_type": "bearer", "expires_in": 60 * 86400}
    assert fate(holder, fresh) is ALIVE
    assert fate(holder, "sandbox-1") == old
    holder.clock.now += 60 * DAY - 1
    assert fate(holder, fresh) is ALIVE
    holder.clock.now += 1
    assert fate(holder, fresh) == EXPIRED


@pytest.mark.parametrize("rotate", ["new", "dead"])
def test_each_refresh_makes_a_token_that_is_not_like_any_before(holder: Any, rotate: Any) -> None:
    holder.api.world = World(rotate=rotate)
    texts = []
    for _ in range(3):
        holder.token = holder.refresh()["access_token"]
        texts.append(holder.token)
        holder.clock.now += DAY

    assert texts == ["sandbox-1-1", "sandbox-1-2", "sandbox-1-3"]


def test_an_old_token_that_lives_can_be_refreshed_again(holder: Any) -> None:
    holder.api.world = World(rotate="new")

    assert [holder.refresh()["access_token"] for _ in range(2)] == ["sandbox-1-1", "sandbox-1-2"]


@pytest.mark.parametrize("rotate", ["keep", "new", "dead"])
def test_a_fresh_token_must_be_a_day_old_before_the_next_refresh(holder: Any, rotate: Any) -> None:
    holder.api.world = World(rotate=rotate)
    holder.token = holder.refresh()["access_token"]

    holder.clock.now += DAY - 1
    assert holder.failure(holder.refresh()) == YOUNG
    holder.clock.now += 1
    assert "access_token" in holder.refresh()


def test_a_young_token_does_everything_but_refresh(holder: Any) -> None:
    holder.api.tokens["1"] = Token(age=23 * HOUR)

    assert holder.failure(holder.refresh()) == YOUNG
    assert fate(holder, "sandbox-1") is ALIVE
    holder.clock.now += HOUR
    assert "access_token" in holder.refresh()


@pytest.mark.parametrize("facts", [Token(ends=0.0), Token(dead="checkpointed"), Token(dead="revoked")])
def test_a_dead_token_is_not_refreshed(holder: Any, facts: Token) -> None:
    holder.api.tokens["1"] = facts

    assert holder.failure(holder.refresh())[0] == 190


def test_a_refresh_just_before_the_end_counts_from_then(holder: Any) -> None:
    holder.api.tokens["1"] = Token(ends=3 * DAY)
    holder.clock.now += 3 * DAY - 1
    holder.refresh()

    holder.clock.now += 59 * DAY
    assert fate(holder, "sandbox-1") is ALIVE


def test_what_a_token_lacks_and_whose_it_is_stays_with_the_new_one(holder: Any) -> None:
    holder.api.tokens["1"] = Token(of="2", lacks=frozenset({"instagram_business_manage_messages"}))
    holder.api.world = World(rotate="new")
    holder.token = holder.refresh()["access_token"]

    assert holder.me()["user_id"] == "2"
    assert holder.failure(holder.ask("profile", fields="ice_breakers")) == (200, None)


def test_a_sandbox_without_memory_believes_the_number_in_a_token(holder: Any) -> None:
    holder.api.world = World(rotate="dead")
    holder.token = "sandbox-1-7"

    assert holder.refresh()["access_token"] == "sandbox-1-8"
    assert [fate(holder, f"sandbox-1-{number}") for number in (7, 8)] == [INVALID, ALIVE]


@pytest.mark.parametrize(
    "text", ["sandbox-1-", "sandbox-1-0", "sandbox-1-01", "sandbox-1-x", "sandbox-1-1-1"]
)
def test_other_endings_make_no_token(holder: Any, text: str) -> None:
    assert fate(holder, text) == (190, None)


@pytest.mark.parametrize("query", [{}, {"grant_type": ""}, {"grant_type": "fb_exchange_token"}])
def test_a_refresh_must_name_its_grant(holder: Any, query: Any) -> None:
    assert holder.failure(holder.ask("refresh", **query)) == (100, None)


@pytest.mark.parametrize(
    ("rotate", "again"), [("keep", YOUNG), ("new", None), ("dead", INVALID)], ids=["keep", "new", "dead"]
)
def test_a_refresh_whose_answer_is_lost_has_happened(holder: Any, rotate: Any, again: Any) -> None:
    holder.api.world = World(rotate=rotate, faults=(Fault("lost-answer", endpoint="refresh", calls=(1,)),))

    lost, answer = holder.refresh(), holder.refresh()

    assert lost is None
    if again:
        assert holder.failure(answer) == again
    else:
        assert answer["access_token"] == "sandbox-1-2"


def test_a_refresh_that_cannot_be_kept_leaves_the_old_token_alive(holder: Any) -> None:
    def full(memory: Memory) -> None:
        raise OSError(28, "No space left on device")

    holder.api.world = World(rotate="dead")
    holder.memory.keep = full

    assert holder.failure(holder.refresh()) == (2, None)
    assert fate(holder, "sandbox-1") is ALIVE
