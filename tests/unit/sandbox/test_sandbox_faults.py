"""Every fault as a caller meets it, and what it did or did not do to the account."""

import json
from typing import Any

import httpx
import pytest

from icesync.sandbox.call import Call
from icesync.sandbox.world import Fault, World, parse_fault

OLD = {"locale": "default", "call_to_actions": [{"question": "Where?", "payload": "WHERE"}]}
NEW = {"locale": "default", "call_to_actions": [{"question": "When?", "payload": "WHEN"}]}

WITH_AN_ERROR = {"500": (500, 1), "transient": (400, 2), "throttle-app": (400, 4)}
WITHOUT_AN_ANSWER = {"reset": httpx.ReadError, "lost-answer": httpx.RemoteProtocolError}
TAKES_EFFECT = ["truncated", "lost-answer"]


def strike(caller: Any, kind: Any, method: str) -> httpx.Response | None:
    """Make one call in a world where this fault always strikes; None where no answer came."""
    caller.api.seed(caller.account, [OLD])
    caller.api.world = World(faults=(Fault(kind),))
    try:
        return caller.post([NEW]) if method == "post" else getattr(caller, method)()
    except WITHOUT_AN_ANSWER.get(kind, ()):
        return None
    finally:
        caller.api.world = World()


@pytest.mark.parametrize("method", ["get", "post", "delete"])
@pytest.mark.parametrize(("kind", "expected"), WITH_AN_ERROR.items(), ids=WITH_AN_ERROR)
def test_some_faults_are_an_error_of_the_graph_api(
    caller: Any, kind: str, expected: Any, method: str
) -> None:
    answer = strike(caller, kind, method)

    assert answer is not None
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == expected
    assert error.get("is_transient", False) is (kind == "transient")
    assert caller.stored == [OLD]


def test_a_throttled_app_is_told_so_in_its_usage(caller: Any) -> None:
    answer = strike(caller, "throttle-app", "get")

    assert answer is not None
    assert json.loads(answer.headers["x-app-usage"])["call_count"] == 100


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_html_comes_from_a_gateway_and_nothing_happened(caller: Any, method: str) -> None:
    answer = strike(caller, "html", method)

    assert answer is not None
    assert answer.status_code == 502
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>" in answer.text
    assert caller.stored == [OLD]


@pytest.mark.parametrize("method", ["get", "post", "delete"])
@pytest.mark.parametrize("kind", WITHOUT_AN_ANSWER)
def test_a_dropped_connection_gives_no_answer_at_all(caller: Any, kind: str, method: str) -> None:
    assert strike(caller, kind, method) is None
    assert caller.get().status_code == 200


@pytest.mark.parametrize(("method", "after"), [("get", [OLD]), ("post", [NEW]), ("delete", [])])
@pytest.mark.parametrize("kind", TAKES_EFFECT)
def test_what_strikes_on_the_way_back_leaves_the_effect(
    caller: Any, kind: str, method: str, after: Any
) -> None:
    strike(caller, kind, method)

    assert caller.stored == after


@pytest.mark.parametrize("method", ["post", "delete"])
def test_a_reset_comes_before_any_effect(caller: Any, method: str) -> None:
    strike(caller, "reset", method)

    assert caller.stored == [OLD]


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_a_truncated_answer_is_200_and_no_json(caller: Any, method: str) -> None:
    answer = strike(caller, "truncated", method)

    assert answer is not None
    assert answer.status_code == 200
    assert answer.content.startswith(b"{")
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_a_fault_that_strikes_leaves_other_pages_alone(caller: Any) -> None:
    caller.api.world = World(faults=(Fault("reset"),))

    assert caller.client.get("/").status_code == 200


def test_calls_that_a_fault_strikes_are_recorded_and_cost_their_budget(caller: Any) -> None:
    before = len(caller.api.calls)
    caller.api.world = World(faults=(Fault("500"),))
    caller.get()
    caller.api.world = World(budget=1)

    assert caller.get().json()["error"]["code"] == 613
    assert caller.api.calls[before:] == [("GET", caller.account)] * 2


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("500", Fault("500", 1.0)),
        ("lost-answer:0.25", Fault("lost-answer", 0.25)),
        ("reset:0", Fault("reset", 0.0)),
        ("html:1", Fault("html", 1.0)),
        ("lost-answer@refresh", Fault("lost-answer", 1.0, "refresh")),
        ("500:0.5@identity", Fault("500", 0.5, "identity")),
    ],
)
def test_a_fault_is_written_as_kind_and_rate(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    "text",
    [
        "",
        "404",
        "reset:",
        "reset:x",
        "reset:1.1",
        "reset:-0.1",
        "reset:nan",
        "500:1:1",
        "reset@",
        "reset@me",
        "reset@refresh:1",
        "@refresh",
    ],
)
def test_anything_else_is_no_fault(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not one of (500, html|profile)|must be a number from 0 to 1"):
        parse_fault(text)


ALL: list[Any] = ["profile", "identity", "subscriptions", "refresh"]


def struck(holder: Any, *faults: Fault) -> set[str]:
    """The endpoints whose call answers 500 in a world with these faults."""
    holder.api.world = World(faults=faults)
    calls = [Call("GET", "me", "sandbox-1", endpoint=endpoint) for endpoint in ALL]
    answers = [holder.api.handle(call) for call in calls]
    return {endpoint for endpoint, answer in zip(ALL, answers, strict=True) if answer.status == 500}


def test_a_fault_strikes_every_endpoint_unless_it_names_one(holder: Any) -> None:
    assert struck(holder, Fault("500")) == set(ALL)
    assert [struck(holder, Fault("500", endpoint=endpoint)) for endpoint in ALL] == [{each} for each in ALL]


def test_a_fault_may_be_for_one_account_and_for_some_of_its_calls() -> None:
    world = World(faults=(Fault("500", endpoint="refresh", account="1", calls=(2, 3)),))

    assert [world.fault_of("refresh", "1", call) for call in range(1, 5)] == [None, "500", "500", None]
    assert world.fault_of("refresh", "2", 2) is None


def test_each_endpoint_numbers_its_calls_and_has_a_luck_of_its_own(holder: Any) -> None:
    holder.me()
    assert struck(holder, Fault("500", calls=(1,))) == set(ALL) - {"identity"}

    world = World(faults=(Fault("500", 0.5),))
    luck = {endpoint: tuple(world.fault_of(endpoint, "1", call) for call in range(99)) for endpoint in ALL}
    assert len(set(luck.values())) == len(ALL)


def test_other_calls_are_recorded_apart_and_cost_no_budget(holder: Any) -> None:
    holder.api.world = World(budget=1)
    for _ in range(3):
        holder.me()
    holder.ask("subscriptions", "POST", account="2")
    holder.refresh()

    assert holder.ask("profile", fields="ice_breakers") == {"data": []}
    assert holder.api.calls == [("GET", "1")]
    assert holder.api.others == [
        *[("identity", "GET", "1")] * 3,
        ("subscriptions", "POST", "2"),
        ("refresh", "GET", "1"),
    ]


def test_latency_is_for_all_endpoints_or_for_the_slow_one() -> None:
    assert [World(latency=500).wait(endpoint) for endpoint in ALL] == [0.5] * 4
    assert [World(latency=500, slow="refresh").wait(endpoint) for endpoint in ALL] == [0.0, 0.0, 0.0, 0.5]


def test_a_slow_refresh_happens_though_nobody_waits_for_it(caller: Any) -> None:
    query = {"grant_type": "ig_refresh_token", "access_token": f"sandbox-{caller.account}"}
    caller.api.world = World(latency=50, slow="refresh", rotate="dead")

    with pytest.raises(httpx.ReadTimeout):
        caller.client.get("/refresh_access_token", params=query, timeout=0.02)
    pages = (caller.client.get("/") for _ in range(2000))
    assert any(page and ("refresh", "GET", caller.account) in caller.api.others for page in pages)

    assert caller.get().json()["error"]["error_subcode"] == 467


def strikes(world: World, account: str = "1") -> list[Any]:
    return [world.fault(account, call) for call in range(1000)]


def test_a_rate_is_the_share_of_calls_that_are_struck() -> None:
    assert strikes(World(faults=(Fault("reset", 0.0),))) == [None] * 1000
    assert strikes(World(faults=(Fault("reset"),))) == ["reset"] * 1000
    assert 200 < strikes(World(faults=(Fault("reset", 0.25),))).count("reset") < 300


def test_the_first_of_several_faults_that_hits_is_the_one() -> None:
    mixed = strikes(World(faults=(Fault("reset", 0.5), Fault("html"))))

    assert set(mixed) == {"reset", "html"}


def test_the_seed_and_the_account_decide_which_calls_are_struck() -> None:
    world = World(faults=(Fault("reset", 0.5),), seed=7)

    assert strikes(world) == strikes(World(faults=(Fault("reset", 0.5),), seed=7))
    assert strikes(world) != strikes(World(faults=(Fault("reset", 0.5),), seed=8))
    assert strikes(world) != strikes(world, account="2")
