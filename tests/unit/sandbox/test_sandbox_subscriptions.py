"""Webhook fields of an account: told, set, added to, refused."""

from typing import Any

import pytest

from icesync.sandbox.memory import Memory
from icesync.sandbox.world import World


def told(*fields: str) -> Any:
    return {"data": [{"subscribed_fields": list(fields)}]}


def subscribe(holder: Any, fields: str) -> Any:
    return holder.ask("subscriptions", "POST", account="1", subscribed_fields=fields)


def test_an_account_is_subscribed_to_nothing_at_first(holder: Any) -> None:
    assert holder.ask("subscriptions") == {"data": []}


@pytest.mark.parametrize("account", ["me", "1"])
def test_what_a_test_or_a_person_set_is_told(holder: Any, account: str) -> None:
    holder.api.subscribed["1"] = ["messages"]

    assert holder.ask("subscriptions", account=account) == told("messages")


@pytest.mark.parametrize(
    ("world", "after"),
    [
        (World(subscribe="replace"), ("messages", "messaging_postbacks")),
        (World(subscribe="add"), ("comments", "messages", "messaging_postbacks")),
    ],
    ids=["replace", "add"],
)
def test_a_post_replaces_the_fields_or_adds_to_them(holder: Any, world: World, after: Any) -> None:
    holder.api.subscribed["1"] = ["comments", "messages"] if world.subscribe == "add" else ["comments"]
    holder.api.world = world

    assert subscribe(holder, "messages, messaging_postbacks,messages") == {"success": True}
    assert holder.ask("subscriptions") == told(*after)
    assert list(holder.api.subscribed) == ["1"]


@pytest.mark.parametrize("fields", ["", "postbacks", "messages,", "messages,message_echo", "Messages"])
def test_a_field_that_does_not_exist_is_refused_and_nothing_changes(holder: Any, fields: str) -> None:
    holder.api.subscribed["1"] = ["messages"]

    assert holder.failure(subscribe(holder, fields)) == (100, None)
    assert holder.ask("subscriptions") == told("messages")


def test_another_apps_fields_may_be_listed_before_this_ones(holder: Any) -> None:
    holder.api.subscribed["1"] = ["messages"]
    holder.api.world = World(apps="all")

    other, own = holder.ask("subscriptions")["data"]

    assert own == {"subscribed_fields": ["messages"]}
    assert {"messages", "messaging_postbacks"} < set(other["subscribed_fields"])


def test_a_post_must_name_fields(holder: Any) -> None:
    assert holder.failure(holder.ask("subscriptions", "POST")) == (100, None)


def test_somebody_elses_account_cannot_be_subscribed(holder: Any) -> None:
    answer = holder.ask("subscriptions", "POST", account="2", subscribed_fields="messages")

    assert holder.failure(answer) == (100, 33)
    assert holder.api.subscribed == {}


def test_a_subscription_that_cannot_be_kept_has_no_effect(holder: Any) -> None:
    def full(memory: Memory) -> None:
        raise OSError(28, "No space left on device")

    holder.api.subscribed["1"] = ["comments"]
    holder.memory.keep = full

    assert holder.failure(subscribe(holder, "messages")) == (2, None)
    assert holder.ask("subscriptions") == told("comments")
