"""What can be true of a token, said in words or set in a test, and what a caller sees of it."""

from typing import Any

import pytest

from icesync.sandbox.facts import parse_subscribed, parse_token
from icesync.sandbox.tokens import BASIC, DAY, MESSAGES, ORDINARY, Token, told

ENDPOINTS = ["profile", "identity", "subscriptions", "refresh"]


@pytest.mark.parametrize(
    ("facts", "subcode"),
    [
        (Token(ends=0.0), 463),
        (Token(dead="revoked"), 458),
        (Token(dead="checkpointed"), 459),
        (Token(dead="password"), 460),
        (Token(dead="invalid"), 467),
        (Token(dead="checkpointed", ends=0.0), 459),
    ],
)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_dead_token_is_dead_everywhere_and_says_why(
    holder: Any, endpoint: Any, facts: Token, subcode: int
) -> None:
    holder.api.tokens["1"] = facts

    assert holder.failure(holder.ask(endpoint)) == (190, subcode)


def test_a_token_lives_until_its_end(holder: Any) -> None:
    holder.api.tokens["1"] = Token(ends=3 * DAY)

    holder.clock.now += 3 * DAY - 1
    assert holder.me()["user_id"] == "1"
    holder.clock.now += 1
    assert holder.failure(holder.me()) == (190, 463)


def test_a_token_of_which_nothing_is_said_lives_for_ever(holder: Any) -> None:
    holder.clock.now += 10_000 * DAY

    assert holder.me()["user_id"] == "1"


def test_the_facts_of_one_token_are_not_those_of_another(holder: Any) -> None:
    holder.api.tokens["1"] = Token(dead="revoked")
    holder.token = "sandbox-2"

    assert holder.me()["user_id"] == "2"


CALLS: dict[str, tuple[Any, ...]] = {
    "read a profile": ("profile", "GET"),
    "tell the identity": ("identity", "GET"),
    "read subscriptions": ("subscriptions", "GET"),
    "subscribe": ("subscriptions", "POST"),
    "refresh": ("refresh", "GET"),
}


@pytest.mark.parametrize(
    ("permission", "code", "refused"),
    [
        (BASIC, 10, set(CALLS)),
        (MESSAGES, 200, {"read a profile", "subscribe"}),
    ],
)
def test_a_permission_that_is_missing_is_named_by_what_needs_it(
    holder: Any, permission: str, code: int, refused: set[str]
) -> None:
    holder.api.tokens["1"] = Token(lacks=frozenset({permission}))

    answers = {name: holder.ask(*call) for name, call in CALLS.items()}

    told = {name for name, answer in answers.items() if permission in str(answer)}
    assert told == refused
    assert {holder.failure(answers[name]) for name in refused} == {(code, None)}


@pytest.mark.parametrize(
    ("fact", "token"),
    [
        ("expired", Token(ends=0.0)),
        ("revoked", Token(dead="revoked")),
        ("checkpointed", Token(dead="checkpointed")),
        ("password", Token(dead="password")),
        ("invalid", Token(dead="invalid")),
        ("age:12h", Token(age=43200.0)),
        ("age:0s", Token(age=0.0)),
        ("ends:3d", Token(ends=259200.0)),
        ("ends:90m", Token(ends=5400.0)),
        (f"lacks:{BASIC}", Token(lacks=frozenset({BASIC}))),
        ("of:17", Token(of="17")),
        ("app", Token(app=True)),
    ],
)
def test_a_fact_can_be_said_in_a_word(fact: str, token: Token) -> None:
    assert parse_token(f"1={fact}") == ("1", fact)
    assert told(ORDINARY, fact) == token


def test_several_facts_add_up() -> None:
    token = ORDINARY
    for fact in ("age:50d", "ends:10d", f"lacks:{BASIC}", f"lacks:{MESSAGES}"):
        token = told(token, fact)

    assert token == Token(age=50 * DAY, ends=10 * DAY, lacks=frozenset({BASIC, MESSAGES}))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not of the form ID="),
        ("expired", "is not of the form ID="),
        ("shop=expired", "is not of the form ID="),
        ("1=", "is not of the form ID="),
        ("1=dead", "is not one of expired, checkpointed"),
        ("1=expired:3d", "is not one of expired, checkpointed"),
        ("1=age", "is not one of expired, checkpointed"),
        ("1=age:", "is no time such as"),
        ("1=age:12", "is no time such as"),
        ("1=ends:-1d", "is no time such as"),
        ("1=lacks:pages_show_list", f"is not one of {BASIC}"),
        ("1=of:shop", "is not one of expired, checkpointed"),
    ],
)
def test_what_is_no_fact_is_told_so(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_token(text)


def test_a_subscription_is_written_with_commas() -> None:
    assert parse_subscribed("1=messages,comments,messages") == ("1", ("messages", "comments"))


@pytest.mark.parametrize("text", ["", "1", "1=", "shop=messages", "1=postbacks", "1=messages,"])
def test_what_is_no_subscription_is_told_so(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not one of comment|is not of the form ID="):
        parse_subscribed(text)
