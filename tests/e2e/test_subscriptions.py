"""Webhooks that an account asks for: planned, applied and told like the rest, and never taken away."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from icesync.documents import strict
from icesync.sandbox.tokens import BASIC, MESSAGES, Token
from icesync.sandbox.world import Fault, World
from tests.support.desk import Desk

HELLO = {"default": [("Where is my order?", "ORDER")]}
OTHER = {"default": [("When are you open?", "HOURS")]}
TAPS = ("messages", "messaging_postbacks")
BLOCK = "    webhooks\n      + messages\n      + messaging_postbacks\n"


def posts(desk: Desk, number: int) -> int:
    """How often account number n was told what to be subscribed to."""
    return desk.sandbox.api.others.count(("subscriptions", "POST", desk.id_of(number)))


def resigned(path: Path, edit: Callable[[Any], object]) -> None:
    """Edit a saved document, and give it a digest that holds."""
    document = json.loads(path.read_text())
    edit(document)
    document.pop("digest")
    path.write_text(json.dumps({**document, "digest": strict.digest(document)}))


@pytest.fixture
def fleet(desk: Desk) -> Desk:
    """Three shops: the first lacks everything, the second is subscribed to more, the third has no ice
    breakers of its own and lacks one field."""
    desk.declare({"one": HELLO, "two": HELLO, "three": None}, defaults={"webhooks": list(TAPS)})
    desk.seed(2, HELLO)
    desk.subscribe(2, "comments", *TAPS)
    desk.subscribe(3, "comments", "messages")
    return desk


@pytest.mark.parametrize("meaning", ["replace", "add"])
def test_what_is_missing_is_planned_applied_and_then_there(fleet: Desk, meaning: Any) -> None:
    fleet.sandbox.api.world = World(subscribe=meaning)

    planned = fleet.icesync("plan")
    assert (planned.code, posts(fleet, 1)) == (0, 0)
    assert f"+ one (17841400000000001)\n{BLOCK}" in planned.out
    assert "+ three (17841400000000003)\n    webhooks\n      + messaging_postbacks\n" in planned.out
    last = "Plan: 1 to create, 0 to update, 0 to delete, 1 unchanged, 2 to subscribe."
    assert planned.out.splitlines()[-1] == last
    assert fleet.icesync("drift").code == 2

    applied = fleet.icesync("apply", "--yes", "-o", "json")

    assert applied.code == 0
    told = [
        (each["account"], each["action"], each["status"], each["calls"]) for each in applied.json["outcomes"]
    ]
    assert told == [
        ("one", "create", "applied", 3),
        ("one", "subscribe", "applied", 0),
        ("three", "subscribe", "applied", 0),
    ]
    assert applied.json["summary"]["applied"] == 3
    assert fleet.live(1) == HELLO
    assert [fleet.subscribed(n) for n in (1, 2, 3)] == [set(TAPS), {"comments", *TAPS}, {"comments", *TAPS}]
    assert (posts(fleet, 2), fleet.calls(3)) == (0, 0)
    again = fleet.icesync("drift")
    assert (again.code, "No changes. Live state matches the files." in again.out) == (0, True)
    assert fleet.icesync("apply", "--yes").code == 0
    assert (posts(fleet, 1), posts(fleet, 3)) == (1, 1)


def test_a_difference_of_subscriptions_alone_is_drift_and_a_change(desk: Desk) -> None:
    desk.declare({"one": HELLO}, webhooks={"one": TAPS})
    desk.seed(1, HELLO)

    assert desk.icesync("drift").code == 2
    assert desk.icesync("plan").code == 0
    seen = desk.icesync("plan", "--detailed-exitcode", "-o", "json")
    assert seen.code == 2
    assert seen.json["summary"]["subscribe"] == 1
    assert "forecast" not in seen.json, "no account has a budget of these calls"
    assert desk.icesync("apply").code == 64, "there is no terminal to ask on"
    assert posts(desk, 1) == 0


def test_without_the_key_nothing_is_asked_and_nothing_is_said(desk: Desk) -> None:
    desk.declare({"one": HELLO})

    assert "subscri" not in desk.icesync("plan", "-o", "json").out
    assert desk.icesync("apply", "--yes").code == 0
    assert {endpoint for endpoint, *_ in desk.sandbox.api.others} == {"identity"}


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        (Fault("lost-answer", endpoint="subscriptions", calls={3}), 0, "applied"),
        (Fault("lost-answer", endpoint="subscriptions", calls={3, 4, 5}), 0, "applied"),
        (Fault("reset", endpoint="subscriptions", calls={3, 4, 5}), 3, "unverified"),
        (Fault("throttle-app", endpoint="subscriptions", calls={3}), 3, "deferred"),
        (Fault("500", endpoint="subscriptions", calls=range(4, 99)), 3, "unverified"),
    ],
)
def test_what_goes_wrong_on_the_way_is_told_and_mended_by_the_next_apply(
    desk: Desk, fault: Fault, code: int, status: str
) -> None:
    desk.declare({"one": None}, webhooks={"one": TAPS})
    desk.subscribe(1, "comments")
    desk.sandbox.api.world = World(faults=(fault,))

    applied = desk.icesync("apply", "--yes", "-o", "json")

    assert (applied.code, [each["status"] for each in applied.json["outcomes"]]) == (code, [status])
    assert "comments" in desk.subscribed(1)
    desk.sandbox.api.world = World()
    desk.clock.seconds += 3600
    assert desk.icesync("apply", "--yes").code == 0
    assert desk.subscribed(1) == {"comments", *TAPS}


@pytest.mark.parametrize(
    ("token", "action", "kind"),
    [
        (Token(lacks=frozenset({MESSAGES})), "subscribe", "permission"),
        (Token(lacks=frozenset({BASIC})), None, "permission"),
        (Token(dead="revoked"), None, "token"),
    ],
)
def test_who_may_not_subscribe_or_holds_a_dead_token_fails_and_the_others_go_on(
    desk: Desk, token: Token, action: str | None, kind: str
) -> None:
    desk.declare({"one": None, "two": None}, defaults={"webhooks": list(TAPS)})
    desk.sandbox.api.tokens[desk.id_of(1)] = token

    applied = desk.icesync("apply", "--yes", "-o", "json")

    one, two = applied.json["outcomes"]
    assert applied.code == 3
    assert (one["action"], one["status"], one["error"]["kind"]) == (action, "failed", kind)
    assert two["status"] == "applied"
    assert (desk.subscribed(1), desk.subscribed(2)) == (set(), set(TAPS))


def test_subscriptions_that_cannot_be_read_make_the_account_unreadable_as_a_whole(fleet: Desk) -> None:
    fleet.sandbox.api.world = World(faults=(Fault("500", endpoint="subscriptions", account=fleet.id_of(1)),))

    applied = fleet.icesync("apply", "--yes")

    assert (applied.code, fleet.live(1), posts(fleet, 1)) == (3, {}, 0)
    assert "could not be read" in applied.out
    assert fleet.subscribed(3) == {"comments", *TAPS}


def test_the_fields_of_another_app_are_not_taken_for_this_ones(desk: Desk) -> None:
    desk.declare({"one": None}, webhooks={"one": TAPS})
    desk.sandbox.api.subscribed[desk.id_of(1)] = ["comments"]
    desk.sandbox.api.world = World(apps="all")

    planned = desk.icesync("plan")

    assert planned.code == 3
    assert "not which is this one" in planned.out
    (found,) = desk.icesync("doctor", "-o", "json").json["accounts"]
    assert found["findings"]["webhooks"]["verdict"] == "unknown"


def test_a_strangers_token_subscribes_nobody(desk: Desk) -> None:
    desk.declare({"one": None, "two": HELLO}, webhooks={"one": TAPS})
    desk.sandbox.api.world = World(ids="ignored")
    desk.give_tokens({"one": f"sandbox-{desk.id_of(9)}", "two": f"sandbox-{desk.id_of(2)}"})

    applied = desk.icesync("apply", "--yes", "-o", "json")

    assert [each["status"] for each in applied.json["outcomes"]] == ["failed", "applied"]
    assert desk.id_of(9) in applied.json["outcomes"][0]["error"]["message"]
    assert not any(method == "POST" for endpoint, method, _ in desk.sandbox.api.others)


def test_two_accounts_that_share_a_token_subscribe_nobody(desk: Desk) -> None:
    desk.declare({"one": None, "two": None}, defaults={"webhooks": list(TAPS)})
    desk.sandbox.api.world = World(ids="ignored")
    desk.give_tokens(dict.fromkeys(("one", "two"), f"sandbox-{desk.id_of(1)}"))

    assert "one and two hold one token" in desk.icesync("plan").out
    assert desk.icesync("apply", "--yes").code == 1
    assert not desk.sandbox.api.subscribed


def test_protected_accounts_and_limits_hold_subscriptions_back(fleet: Desk) -> None:
    document = json.loads(fleet.config.read_text())
    document["accounts"]["three"]["protect"] = True
    fleet.config.write_text(json.dumps(document))

    refused = fleet.icesync("apply", "--yes", "--force")
    assert (refused.code, posts(fleet, 1)) == (4, 0)
    assert "three is protected: `protect: true` must be lifted before it can subscribe" in refused.err
    limited = fleet.icesync("apply", "--yes", "--max-changes=1", "--exclude=three")
    assert limited.code == 0, "an account that is written and subscribed is one"


def test_a_canary_that_went_wrong_leaves_subscriptions_for_later(desk: Desk) -> None:
    desk.declare({"one": HELLO, "two": HELLO}, defaults={"webhooks": list(TAPS)})
    desk.sandbox.api.world = World(
        faults=(Fault("500", endpoint="profile", account=desk.id_of(1), calls=range(2, 99)),)
    )

    applied = desk.icesync("apply", "--yes", "--canary", "1", "-o", "json")

    assert applied.code == 3
    assert [each["status"] for each in applied.json["outcomes"] if each["action"] == "subscribe"] == [
        "deferred"
    ] * 2
    assert not desk.sandbox.api.subscribed


@pytest.fixture
def saved(fleet: Desk) -> Path:
    path = fleet.folder / "plan.json"
    assert fleet.icesync("plan", "-o", f"json={path}").code == 0
    return path


def test_a_saved_plan_subscribes_to_what_the_files_say_beside_what_is_live_then(
    fleet: Desk, saved: Path
) -> None:
    fleet.subscribe(1, *TAPS)
    fleet.subscribe(3, "mentions")
    assert "to subscribe" in fleet.icesync("show", str(saved), config=False).out

    applied = fleet.icesync("apply", "--yes", "--plan", str(saved), "-o", "json")

    assert applied.code == 0
    told = {(each["account"], each["action"]): each["status"] for each in applied.json["outcomes"]}
    assert told == {
        ("one", "create"): "applied",
        ("one", "subscribe"): "already",
        ("three", "subscribe"): "applied",
    }
    assert (posts(fleet, 1), fleet.subscribed(3)) == (0, {"mentions", *TAPS})


def test_a_plan_of_other_webhooks_is_stale(fleet: Desk, saved: Path) -> None:
    fleet.declare({"one": HELLO, "two": HELLO, "three": None}, defaults={"webhooks": ["messages"]})

    assert fleet.icesync("apply", "--yes", "--plan", str(saved)).code == 5
    assert posts(fleet, 1) == 0


@pytest.mark.parametrize(
    "after", [["comments", "messages"], ["comments", "follow", "messages", "messaging_postbacks"]]
)
def test_a_plan_that_was_made_to_say_something_else_is_refused(
    fleet: Desk, saved: Path, after: list[str]
) -> None:
    def edit(document: Any) -> None:
        document["subscriptions"][1].update(before=["comments"], after=after)

    resigned(saved, edit)

    refused = fleet.icesync("apply", "--yes", "--plan", str(saved))

    assert (refused.code, posts(fleet, 3)) == (5, 0)
    assert "would subscribe to something else than the files say" in refused.err


def test_the_plans_of_shards_carry_their_subscriptions_into_the_whole(fleet: Desk) -> None:
    whole = fleet.icesync("plan", "-o", "json").json
    paths = [str(fleet.folder / f"{number}.json") for number in (1, 2)]
    for number, path in enumerate(paths, 1):
        assert fleet.icesync("plan", f"--shard={number}/2", "-o", f"json={path}").code == 0

    merged = fleet.folder / "merged.json"
    assert fleet.icesync("show", *paths, "-o", f"json={merged}", config=False).code == 0

    found = json.loads(merged.read_text())
    assert (found["subscriptions"], found["summary"]) == (whole["subscriptions"], whole["summary"])
    assert fleet.icesync("apply", "--yes", "--plan", str(merged)).code == 0
    assert fleet.icesync("drift").code == 0


def test_a_rollback_takes_the_profile_back_and_says_what_stays(fleet: Desk) -> None:
    assert fleet.icesync("apply", "--yes").code == 0
    assert "3 applied" not in fleet.icesync("history").out
    assert "1 applied, 2 subscriptions applied" in fleet.icesync("history").out

    back = fleet.icesync("rollback", "last", "--yes", "--force", "-o", "json")

    assert back.code == 0
    assert [(each["account"], each["action"]) for each in back.json["outcomes"]] == [("one", "delete")]
    assert "note: nothing is ever unsubscribed, so 2 subscriptions of that run will stay" in back.err
    assert (fleet.live(1), fleet.subscribed(1)) == ({}, set(TAPS))


def test_a_run_that_only_subscribed_has_nothing_to_take_back(desk: Desk) -> None:
    desk.declare({"one": None}, webhooks={"one": TAPS})
    assert desk.icesync("apply", "--yes").code == 0

    back = desk.icesync("rollback", "last", "--yes")

    assert back.code == 0
    assert "Nothing was written by run" in back.err
    assert "1 subscription of that run will stay" in back.err
    assert desk.subscribed(1) == set(TAPS)


def test_a_snapshot_knows_subscriptions_that_were_asked_for(fleet: Desk) -> None:
    path = fleet.folder / "live.json"
    taken = fleet.icesync("pull", str(fleet.config), "--snapshot", str(path), config=False)
    assert taken.code == 0
    fleet.sandbox.api.others.clear()

    known = fleet.icesync("plan", "--against", str(path), "-o", "json")
    assert (known.json["summary"]["subscribe"], fleet.sandbox.api.others) == (2, [])
    assert "warnings" not in known.json

    resigned(path, lambda document: [each.pop("webhooks") for each in document["accounts"]])
    unknown = fleet.icesync("plan", "--against", str(path), "-o", "json")
    assert "subscribe" not in unknown.json["summary"]
    assert unknown.json["warnings"] == [
        "the snapshot does not know the subscriptions of 3 accounts, so none is planned there"
    ]


def test_pull_keeps_the_key_asks_for_no_subscription_and_can_adopt_the_profile(fleet: Desk) -> None:
    fleet.seed(3, OTHER)

    pulled = fleet.icesync("pull", str(fleet.config), config=False)

    assert pulled.out.count("webhooks: [messages, messaging_postbacks]") == 3
    assert "When are you open?" in pulled.out
    assert fleet.sandbox.api.others == []


def test_markdown_and_html_tell_subscriptions_too(fleet: Desk) -> None:
    assert "### Webhooks" in fleet.icesync("plan", "-o", "markdown").out
    assert "<dt>to subscribe</dt><dd>2</dd>" in fleet.icesync("plan", "-o", "html").out
