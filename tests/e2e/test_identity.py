"""Two secrets that were swapped, and one that two accounts share: what the command line does about it."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from icesync.sandbox.tokens import Token
from icesync.sandbox.world import Fault, World
from tests.support.desk import Desk

OLD = {"default": [("What do you sell?", "SALES")]}
NEW = {"default": [("Where is my order?", "ORDER")]}
SHARED = "  - shop and twin hold one token: give each account its own"


def token(number: int) -> str:
    return f"sandbox-{17841400000000000 + number}"


@pytest.fixture
def fleet(desk: Desk) -> Desk:
    """Three accounts that read OLD and shall read NEW, on an API where the token alone says which
    account is meant."""
    desk.declare({"shop": NEW, "twin": NEW, "third": NEW})
    for number in range(1, 4):
        desk.seed(number, OLD)
    desk.sandbox.api.world = World(ids="ignored")
    return desk


def statuses(document: Mapping[str, list[Mapping[str, str]]]) -> dict[str, str]:
    return {each["account"]: each["status"] for each in document["outcomes"]}


def swapped(desk: Desk) -> None:
    desk.give_tokens({"shop": token(2), "twin": token(1), "third": token(3)})


def asked(desk: Desk) -> int:
    """How often anybody asked whose token it is."""
    return sum(endpoint == "identity" for endpoint, _, _ in desk.sandbox.api.others)


def on_record(desk: Desk) -> list[str]:
    """The accounts that the one run so far may have written."""
    (path,) = (desk.folder / ".icesync" / "runs").glob("*.jsonl")
    events = map(json.loads, path.read_text().splitlines())
    return [event["account"] for event in events if event["event"] == "write"]


@pytest.mark.parametrize("saved", [False, True])
def test_swapped_tokens_write_nothing_and_are_told_with_both_ids(fleet: Desk, saved: bool) -> None:
    swapped(fleet)
    plan = fleet.folder / "plan.json"
    assert fleet.icesync("plan", f"-ojson={plan}").code == 0

    applied = fleet.icesync("apply", "--yes", "-ojson", *([f"--plan={plan}"] if saved else []))

    assert applied.code == 3
    assert statuses(applied.json) == {"shop": "failed", "third": "applied", "twin": "failed"}
    error = applied.json["outcomes"][0]["error"]
    assert error["kind"] == "invalid"
    for named in (fleet.id_of(1), fleet.id_of(2), f"shop.{fleet.id_of(2)}"):
        assert named in error["message"]
    assert [fleet.live(number) for number in (1, 2, 3)] == [OLD, OLD, NEW]
    assert on_record(fleet) == ["third"]


def test_a_rollback_with_swapped_tokens_writes_nothing(fleet: Desk) -> None:
    assert fleet.icesync("apply", "--yes").code == 0
    swapped(fleet)

    back = fleet.icesync("rollback", "last", "--yes", "-ojson")

    assert statuses(back.json) == {"shop": "failed", "third": "applied", "twin": "failed"}
    assert [fleet.live(number) for number in (1, 2, 3)] == [NEW, NEW, OLD]


def test_each_account_is_asked_once_a_run_and_only_when_it_is_written(fleet: Desk) -> None:
    assert fleet.icesync("plan").code == 0
    assert fleet.icesync("apply", "--yes", "--only=shop").code == 0
    assert asked(fleet) == 1
    applied = fleet.icesync("apply", "--yes", "-ojson")

    assert asked(fleet) == 3
    assert [each["calls"] for each in applied.json["outcomes"]] == [3, 3], "it is none of the counted calls"


def test_whose_token_it_is_is_known_for_a_day_and_then_asked_again(fleet: Desk) -> None:
    swapped(fleet)
    for questions, pause in ((3, 0.0), (3, 86000.0), (5, 1000.0)):
        fleet.clock.seconds += pause
        assert fleet.icesync("apply", "--yes").code == 3
        assert asked(fleet) == questions
    assert [fleet.live(number) for number in (1, 2, 3)] == [OLD, OLD, NEW]


@pytest.mark.parametrize("identity", ["none", "unnamed"])
def test_an_api_that_does_not_tell_is_used_all_the_same_and_that_is_said_once(
    fleet: Desk, identity: str
) -> None:
    fleet.sandbox.api.world = World(identity="none") if identity == "none" else World(identity="unnamed")

    applied = fleet.icesync("apply", "--yes", "--concurrency=3")

    assert applied.code == 0
    (said,) = [line for line in applied.err.splitlines() if "does not tell whose token" in line]
    assert said.startswith(f"note: {fleet.sandbox.url} ")
    assert [fleet.live(number) for number in (1, 2, 3)] == [NEW] * 3


def test_an_apps_token_of_one_account_does_not_let_a_strangers_token_of_another_pass(fleet: Desk) -> None:
    fleet.sandbox.api.tokens[fleet.id_of(1)] = Token(app=True)
    fleet.give_tokens({"shop": token(1), "twin": token(3), "third": token(2)})

    applied = fleet.icesync("apply", "--yes", "-ojson", "--concurrency=1")

    assert applied.code == 3
    assert {statuses(applied.json)[name] for name in ("twin", "third")} == {"failed"}
    assert (fleet.live(2), fleet.live(3)) == (OLD, OLD)


def test_who_cannot_be_asked_is_not_written(fleet: Desk) -> None:
    fleet.sandbox.api.world = World(faults=(Fault("500", endpoint="identity", account=fleet.id_of(1)),))

    applied = fleet.icesync("apply", "--yes", "-ojson")

    assert statuses(applied.json) == {"shop": "failed", "third": "applied", "twin": "applied"}
    assert fleet.live(1) == OLD


def test_one_token_of_two_accounts_ends_an_apply_before_anybody_is_asked(fleet: Desk) -> None:
    fleet.give_tokens({"shop": token(1), "twin": token(1), "third": token(3)})

    applied = fleet.icesync("apply")

    assert applied.code == 1
    assert applied.err.endswith(f"error: nothing was written:\n{SHARED}\n")
    assert fleet.calls(1, "POST", "DELETE") == fleet.calls(3, "POST", "DELETE") == 0
    assert token(1) not in applied.out + applied.err
    assert not (fleet.folder / ".icesync" / "runs").exists()


def test_one_token_of_two_accounts_is_refused_even_where_only_one_would_change(fleet: Desk) -> None:
    fleet.declare({"shop": NEW, "twin": OLD})
    fleet.give_tokens({"shop": token(1), "twin": token(1)})

    assert fleet.icesync("apply", "--yes").code == 1
    assert fleet.icesync("apply", "--yes", "--only=shop").code == 0


def test_a_saved_plan_and_a_rollback_refuse_a_shared_token_too(fleet: Desk) -> None:
    plan = fleet.folder / "plan.json"
    assert fleet.icesync("plan", f"-ojson={plan}").code == 0
    fleet.give_tokens({"shop": token(1), "twin": token(1), "third": token(3)})

    refused = fleet.icesync("apply", "--yes", f"--plan={plan}")

    assert (refused.code, SHARED in refused.err) == (1, True)
    fleet.give_tokens({"shop": token(1), "twin": token(2), "third": token(3)})
    assert fleet.icesync("apply", "--yes", f"--plan={plan}").code == 0
    fleet.give_tokens({"shop": token(1), "twin": token(1), "third": token(3)})
    back = fleet.icesync("rollback", "last", "--yes")
    assert (back.code, SHARED in back.err) == (1, True)
    assert [fleet.live(number) for number in (1, 2, 3)] == [NEW] * 3


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_what_only_reads_warns_of_a_shared_token(fleet: Desk, command: str) -> None:
    fleet.give_tokens({"shop": token(1), "twin": token(1), "third": token(3)})

    told = fleet.icesync(command, "-ojson")

    assert told.json["warnings"] == [SHARED.removeprefix("  - ")]
    assert told.code == (2 if command == "drift" else 0)


def test_where_all_say_me_one_token_may_serve_them(fleet: Desk) -> None:
    fleet.declare({"shop": OLD, "twin": OLD})
    document = json.loads(fleet.config.read_text())
    for account in document["accounts"].values():
        account["id"] = "me"
    fleet.config.write_text(json.dumps(document))
    fleet.give_tokens({"shop": token(1), "twin": token(1)})

    assert "warnings" not in fleet.icesync("plan", "-ojson").json
    assert fleet.icesync("apply", "--yes").code == 0


def test_a_token_that_cannot_be_had_is_its_accounts_own_failure(fleet: Desk) -> None:
    fleet.give_tokens({"shop": token(1), "third": token(3)})

    applied = fleet.icesync("apply", "--yes", "-ojson")

    assert applied.code == 3
    assert statuses(applied.json) == {"shop": "applied", "third": "applied", "twin": "failed"}


@pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"]])
def test_a_command_that_prints_tokens_is_run_once_a_run(
    fleet: Desk, tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "tell.sh").write_text("echo asked >> asked.txt; cat tokens.json")
    fleet.declare({"shop": NEW, "twin": NEW, "third": NEW}, defaults={"token": "command:sh tell.sh#${name}"})

    assert fleet.icesync(*command).code == 0
    assert (tmp_path / "asked.txt").read_text() == "asked\n"
