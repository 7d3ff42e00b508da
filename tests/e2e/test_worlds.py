"""Every world and every fault that the sandbox knows, seen from the command line."""

import pytest

from icesync.sandbox.world import Fault, World
from tests.support.desk import Desk

OLD = {"default": [("What do you sell?", "SALES")], "de_DE": [("Was verkauft ihr?", "SALES")]}
NEW = {"default": [("Where is my order?", "ORDER"), ("Café?", "CAFÉ")], "fr_FR": [("Où ?", "ORDER")]}
ONLY_DEFAULT = {"default": NEW["default"]}

WORLDS = {
    "wrapped": World(shape="wrapped"),
    "manual": World(shape="manual"),
    "flat": World(shape="flat"),
    "replace": World(post="replace"),
    "merge": World(post="merge"),
    "lag 1": World(lag=1),
    "lag 2": World(lag=2),
    "merge and lag": World(post="merge", lag=2),
    "trim": World(trim=True),
    "success true": World(success="true"),
    "success string": World(success="string"),
    "success result": World(success="result"),
    "a budget of ten": World(budget=10),
    "merge, lag and a budget of ten": World(post="merge", lag=2, budget=10),
    "latency": World(latency=5),
    "everything": World(shape="manual", post="merge", lag=1, trim=True, success="result", budget=20),
}


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS.keys())
def test_apply_converges_in_every_world(desk: Desk, world: World) -> None:
    desk.declare(
        {"new": NEW, "changed": NEW, "smaller": ONLY_DEFAULT, "gone": "none", "same": OLD, "apart": None}
    )
    for number in (2, 4, 5, 6):
        desk.seed(number, OLD)
    desk.seed(3, {**ONLY_DEFAULT, "it_IT": [("Dove?", "ORDER")]})
    desk.sandbox.api.world = world

    applied = desk.icesync("apply", "--yes", "--force", "-o", "json")

    assert applied.code == 0, applied.out
    assert [desk.live(number) for number in range(1, 7)] == [NEW, NEW, ONLY_DEFAULT, {}, OLD, OLD]
    assert applied.json["summary"]["applied"] == 4
    assert desk.calls(6) == 0
    if not world.budget:
        assert desk.icesync("drift").code == 0


def test_text_that_the_server_normalises_is_no_difference(desk: Desk) -> None:
    desk.declare({"shop": {"default": [("  Cafe\u0301?  ", " PAYLOAD ")]}})
    desk.sandbox.api.world = World(trim=True)
    assert desk.icesync("apply", "--yes").code == 0
    assert desk.live(1) == {"default": [("Café?", "PAYLOAD")]}
    assert desk.icesync("drift").code == 0


def test_a_read_that_lags_too_long_is_unverified_and_not_called_applied(desk: Desk) -> None:
    desk.declare({"shop": NEW})
    desk.sandbox.api.world = World(lag=9)

    applied = desk.icesync("apply", "--yes", "-o", "json")

    assert applied.code == 3
    assert applied.json["outcomes"][0]["status"] == "unverified"
    desk.sandbox.api.world = World()
    assert desk.icesync("apply", "--yes", "-o", "json").json["summary"]["unchanged"] == 1


RETRIED = ["500", "html", "reset", "truncated", "transient", "lost-answer"]


@pytest.mark.parametrize("kind", RETRIED)
def test_a_fault_now_and_then_is_retried_and_converges(desk: Desk, kind: str) -> None:
    fleet = {f"shop-{number}": NEW for number in range(1, 13)}
    desk.declare(fleet)
    desk.sandbox.api.world = World(faults=(Fault(kind, 0.2),), seed=4)  # type: ignore[arg-type]

    applied = desk.icesync("apply", "--yes", "-o", "json")

    outcomes = {each["account"]: each for each in applied.json["outcomes"]}
    for number, name in enumerate(fleet, 1):
        assert outcomes[name]["status"] == "applied" or outcomes[name]["error"]
        assert (desk.live(number) == NEW) or outcomes[name]["status"] != "applied"
    assert applied.json["summary"]["applied"] >= 10
    desk.sandbox.api.world = World()
    assert desk.icesync("apply", "--yes").code == 0
    assert all(desk.live(number) == NEW for number in range(1, 13))


@pytest.mark.parametrize("kind", RETRIED)
def test_a_fault_at_every_call_leaves_accounts_unreadable_after_few_tries(desk: Desk, kind: str) -> None:
    desk.declare({"shop": NEW})
    desk.sandbox.api.world = World(faults=(Fault(kind),))  # type: ignore[arg-type]

    planned = desk.icesync("plan", "-o", "json")

    assert planned.code == 3
    assert planned.json["unreadable"][0]["error"]["kind"] == "transient"
    assert planned.json["complete"] is False
    assert desk.calls(1) == 3
    assert desk.clock.slept, "retries wait on the injected clock"


def striking(kind: str, calls: range) -> World:
    """A world that strikes these calls of every account, counted from 1."""

    class Striking(World):
        def fault(self, account: str, call: int) -> str | None:  # type: ignore[override]
            return kind if call in calls else None

    return Striking()


def test_a_write_whose_answer_is_lost_counts_when_it_reads_back(desk: Desk) -> None:
    desk.declare({"shop": NEW})
    desk.sandbox.api.world = striking("lost-answer", range(2, 5))

    applied = desk.icesync("apply", "--yes", "-o", "json")

    assert (applied.code, applied.json["outcomes"][0]["status"]) == (0, "applied")
    assert (desk.live(1), desk.calls(1, "POST")) == (NEW, 3)


def test_a_write_that_is_lost_with_all_reads_after_it_is_unverified(desk: Desk) -> None:
    desk.declare({"shop": NEW})
    desk.sandbox.api.world = striking("lost-answer", range(2, 99))

    applied = desk.icesync("apply", "--yes", "-o", "json")

    assert applied.code == 3
    assert applied.json["outcomes"][0]["status"] == "unverified"
    assert desk.live(1) == NEW


def test_a_write_that_never_arrives_is_failed(desk: Desk) -> None:
    desk.declare({"shop": NEW})
    desk.sandbox.api.world = striking("500", range(2, 5))

    applied = desk.icesync("apply", "--yes", "-o", "json")

    assert applied.code == 3
    outcome = applied.json["outcomes"][0]
    assert (outcome["status"], outcome["error"]["kind"]) == ("failed", "transient")
    assert desk.live(1) == {}


def test_a_throttled_app_pauses_every_account_and_is_not_hammered(desk: Desk) -> None:
    desk.declare({f"shop-{number}": NEW for number in range(1, 31)})
    desk.sandbox.api.world = World(faults=(Fault("throttle-app"),))

    applied = desk.icesync("apply", "--yes", "-o", "json")

    assert applied.code == 3
    assert applied.json["summary"]["deferred"] == 30
    assert {each["error"]["code"] for each in applied.json["outcomes"]} == {4}
    assert len(desk.sandbox.api.calls) <= 2


def test_a_throttled_account_waits_alone(desk: Desk) -> None:
    desk.declare({"busy": NEW, "calm": NEW})
    desk.sandbox.api.world = World(budget=10)
    for _ in range(11):
        desk.icesync("plan", "--only=busy")
    desk.sandbox.api.calls.clear()

    applied = desk.icesync("apply", "--yes", "-o", "json")

    assert applied.code == 3
    assert {each["account"]: each["status"] for each in applied.json["outcomes"]} == {
        "busy": "deferred",
        "calm": "applied",
    }
    assert desk.calls(1) <= 2
    assert desk.live(2) == NEW


def test_usage_that_is_told_with_the_read_defers_the_write(desk: Desk) -> None:
    desk.declare({"shop": NEW})
    desk.sandbox.api.world = World(budget=1)

    applied = desk.icesync("apply", "--yes", "-o", "json")

    assert applied.code == 3
    (outcome,) = applied.json["outcomes"]
    assert (outcome["status"], outcome["error"]["kind"]) == ("deferred", "throttled")
    assert (desk.live(1), desk.calls(1), desk.calls(1, "POST")) == ({}, 1, 0)


def test_a_door_that_closes_between_read_and_write_defers_the_write(desk: Desk) -> None:
    class ClosesAfterTheRead(World):
        def fault(self, account: str, call: int) -> str | None:  # type: ignore[override]
            if call > 1:
                desk.sandbox.api.world = World(budget=1)
            return None

    desk.declare({"shop": NEW})
    desk.sandbox.api.world = ClosesAfterTheRead()

    applied = desk.icesync("apply", "--yes", "-o", "json")

    assert applied.code == 3
    assert applied.json["outcomes"][0]["status"] == "deferred"
    assert (desk.live(1), desk.calls(1, "POST")) == ({}, 1)


@pytest.mark.parametrize(
    ("token", "kind", "code", "subcode"),
    [
        ("expired-17841400000000001", "token", 190, 463),
        ("revoked-17841400000000001", "token", 190, 458),
        ("sandbox-17841400000000099", "invalid", 100, 33),
        ("", "credential", None, None),
    ],
)
def test_a_dead_token_stops_its_account_only(
    desk: Desk, token: str, kind: str, code: int | None, subcode: int | None
) -> None:
    desk.declare({"dead": NEW, "fine": NEW})
    desk.give_tokens({"dead": token, "fine": f"sandbox-{desk.id_of(2)}"})

    planned = desk.icesync("plan", "-o", "json")

    assert planned.code == 3
    (unreadable,) = planned.json["unreadable"]
    error = unreadable["error"]
    assert (unreadable["account"], error["kind"], error["code"], error["subcode"]) == (
        "dead",
        kind,
        code,
        subcode,
    )
    assert [change["account"] for change in planned.json["changes"]] == ["fine"]
    assert desk.calls(1) <= 1
    assert desk.icesync("apply", "--yes").code == 3
    assert (desk.live(1), desk.live(2)) == ({}, NEW)
