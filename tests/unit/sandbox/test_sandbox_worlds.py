"""The worlds that the facts leave open, each as a caller sees it."""

import json
from typing import Any

import pytest

from icesync.sandbox.world import World

Q = {"question": "Where?", "payload": "WHERE"}
OTHER = {"question": "When?", "payload": "WHEN"}
DEFAULT = {"call_to_actions": [Q], "locale": "default"}
FRENCH = {"call_to_actions": [OTHER], "locale": "fr_FR"}


@pytest.mark.parametrize(
    ("shape", "live", "data"),
    [
        ("wrapped", [], []),
        ("wrapped", [DEFAULT], [{"ice_breakers": [DEFAULT]}]),
        ("wrapped", [DEFAULT, FRENCH], [{"ice_breakers": [DEFAULT, FRENCH]}]),
        ("manual", [], []),
        ("manual", [DEFAULT], [{"call_to_actions": [Q]}]),
        ("manual", [DEFAULT, FRENCH], [DEFAULT, FRENCH]),
        ("flat", [], []),
        ("flat", [DEFAULT], [{"ice_breakers": [Q]}]),
        ("flat", [DEFAULT, FRENCH], [{"ice_breakers": [DEFAULT, FRENCH]}]),
    ],
)
def test_a_read_has_the_shape_of_the_world(caller: Any, shape: Any, live: Any, data: Any) -> None:
    caller.api.world = World(shape=shape)
    caller.api.seed(caller.account, live)

    assert caller.get().json() == {"data": data}


@pytest.mark.parametrize(("post", "left"), [("replace", [DEFAULT]), ("merge", [DEFAULT, FRENCH])])
def test_a_post_replaces_the_document_or_merges_into_it(caller: Any, post: Any, left: Any) -> None:
    caller.api.world = World(post=post)
    caller.api.seed(caller.account, [{"call_to_actions": [OTHER], "locale": "default"}, FRENCH])

    caller.post([DEFAULT])

    assert caller.stored == left


def test_a_delete_clears_all_also_where_posts_merge(caller: Any) -> None:
    caller.api.world = World(post="merge")
    caller.api.seed(caller.account, [DEFAULT, FRENCH])

    caller.delete()

    assert caller.stored == []


@pytest.mark.parametrize(
    ("success", "answer"),
    [("true", {"success": True}), ("string", {"success": "true"}), ("result", {"result": "success"})],
)
def test_a_write_is_confirmed_in_each_documented_way(caller: Any, success: Any, answer: Any) -> None:
    caller.api.world = World(success=success)

    assert caller.post([Q]).json() == answer
    assert caller.delete().json() == answer


def test_reads_after_a_write_lag_behind_and_catch_up(caller: Any) -> None:
    caller.api.world = World(lag=2)
    caller.post([DEFAULT])

    seen = [caller.get().json()["data"] for _ in range(4)]

    assert seen == [[], [], [{"ice_breakers": [DEFAULT]}], [{"ice_breakers": [DEFAULT]}]]


def test_a_second_write_in_the_lag_keeps_the_oldest_value_in_sight(caller: Any) -> None:
    caller.api.world = World(lag=1)
    caller.api.seed(caller.account, [FRENCH])
    caller.delete()
    caller.post([DEFAULT])

    seen = [caller.get().json()["data"] for _ in range(2)]

    assert seen == [[{"ice_breakers": [FRENCH]}], [{"ice_breakers": [DEFAULT]}]]


def test_the_lag_of_one_account_is_not_anothers_and_ends_with_its_world(caller: Any) -> None:
    caller.api.world = World(lag=5)
    caller.api.seed("18000", [FRENCH])
    caller.post([DEFAULT])

    assert caller.get(token="sandbox-18000").json()["data"] == [{"ice_breakers": [FRENCH]}]

    caller.api.world = World()

    assert caller.get().json()["data"] == [{"ice_breakers": [DEFAULT]}]


def test_trim_stores_nfc_without_blanks_at_the_ends_and_keeps_inner_ones(caller: Any) -> None:
    caller.api.world = World(trim=True)

    caller.post([{"question": " Ou\u0300  est\u00a0? \n", "payload": "\tA  B "}])

    assert caller.stored == [
        {"locale": "default", "call_to_actions": [{"question": "O\u00f9  est\u00a0?", "payload": "A  B"}]}
    ]


def test_calls_beyond_the_budget_are_refused_until_the_window_has_moved(caller: Any) -> None:
    caller.api.world = World(budget=3)

    answers = [caller.get(), caller.post([]), caller.post([Q]), caller.delete()]
    assert [answer.status_code for answer in answers] == [200, 400, 200, 400]
    error = answers[3].json()["error"]
    assert (error["code"], error["type"]) == (613, "OAuthException")
    assert caller.stored

    caller.clock.now += 599
    assert caller.get().json()["error"]["code"] == 613

    caller.clock.now += 1
    assert caller.get().status_code == 200


def test_a_budget_is_for_one_account_and_a_closed_door_counts_those_who_knock(caller: Any) -> None:
    caller.api.world = World(budget=1)
    caller.get()
    caller.clock.now += 300
    assert caller.get().status_code == 400
    assert caller.get(token="sandbox-18001").status_code == 200

    caller.clock.now += 300

    assert caller.get().status_code == 400


def test_a_budget_that_runs_out_is_told_in_the_usage_header(caller: Any) -> None:
    caller.api.world = World(budget=4)

    def usage() -> Any:
        header = caller.get().headers.get("x-business-use-case-usage")
        return header and json.loads(header)[caller.account][0]

    assert [usage() for _ in range(3)] == [None, None, None]
    assert usage() == {
        "type": "messenger",
        "call_count": 100,
        "total_cputime": 1,
        "total_time": 1,
        "estimated_time_to_regain_access": 0,
    }
    caller.clock.now += 90
    assert usage()["estimated_time_to_regain_access"] == 9
    caller.clock.now += 90
    assert usage()["estimated_time_to_regain_access"] == 7


def test_a_slow_world_answers_all_the_same(caller: Any) -> None:
    caller.api.world = World(latency=30)

    assert caller.get().elapsed.total_seconds() >= 0.03
