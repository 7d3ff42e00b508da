"""The main job as a user sees it: plan, apply, drift, repair, roll back, pull."""

import json

import pytest

from tests.support.desk import Desk

HELLO = {"default": [("Where is my order?", "ORDER"), ("When are you open?", "HOURS")]}
BONJOUR = {**HELLO, "fr_FR": [("Où est ma commande ?", "ORDER")]}


def test_a_plan_tells_what_apply_does_and_writes_nothing(desk: Desk) -> None:
    desk.declare({"new": HELLO, "old": "none", "same": HELLO, "shown": BONJOUR, "apart": None})
    desk.seed(2, HELLO)
    desk.seed(3, HELLO)
    desk.seed(4, HELLO)

    planned = desk.icesync("plan")

    assert planned.code == 0
    assert planned.out.splitlines()[-1] == "Plan: 1 to create, 1 to update, 1 to delete, 1 unchanged."
    assert "Où est ma commande ?" in planned.out
    assert [method for method, _ in desk.sandbox.api.calls] == ["GET"] * 4
    assert desk.calls(5) == 0


def test_after_apply_live_is_desired_and_a_second_apply_writes_nothing(desk: Desk) -> None:
    desk.declare({"new": HELLO, "shown": BONJOUR, "gone": "none"})
    desk.seed(3, HELLO)

    applied = desk.icesync("apply", "--yes", "--max-deletes=1", "-o", "json")

    assert applied.code == 0
    assert (desk.live(1), desk.live(2), desk.live(3)) == (HELLO, BONJOUR, {})
    assert applied.json["summary"] == {
        "applied": 3,
        "already": 0,
        "stale": 0,
        "unverified": 0,
        "failed": 0,
        "deferred": 0,
        "unchanged": 0,
    }
    assert {(each["account"], each["action"], each["calls"]) for each in applied.json["outcomes"]} == {
        ("new", "create", 3),
        ("shown", "create", 3),
        ("gone", "delete", 3),
    }
    writes = (
        desk.calls(1, "POST", "DELETE") + desk.calls(2, "POST", "DELETE") + desk.calls(3, "POST", "DELETE")
    )
    again = desk.icesync("apply", "--yes")
    assert (again.code, writes) == (0, 3)
    assert again.out.splitlines()[-1].startswith("Apply: ")
    assert sum(method != "GET" for method, _ in desk.sandbox.api.calls) == 3


def test_removing_one_locale_is_one_post_of_the_whole_document(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    desk.seed(1, BONJOUR)

    assert desk.icesync("apply", "--yes").code == 0

    assert desk.live(1) == HELLO
    assert (desk.calls(1, "POST"), desk.calls(1, "DELETE")) == (1, 0)


def test_drift_tells_by_its_exit_code(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    desk.seed(1, HELLO)
    assert desk.icesync("drift").code == 0
    desk.seed(1, BONJOUR)
    assert desk.icesync("drift").code == 2
    assert desk.icesync("plan").code == 0
    assert desk.icesync("plan", "--detailed-exitcode").code == 2


def test_rollback_last_restores_what_stood_before(desk: Desk) -> None:
    desk.declare({"shop": BONJOUR, "new": HELLO})
    desk.seed(1, HELLO)
    assert desk.icesync("apply", "--yes").code == 0

    refused = desk.icesync("rollback", "last", "--yes")
    assert (refused.code, desk.live(2)) == (4, HELLO), "taking a create back is a delete: past the limit"
    assert desk.icesync("rollback", "last", "--yes", "--force").code == 0

    assert (desk.live(1), desk.live(2)) == (HELLO, {})
    history = desk.icesync("history").out.splitlines()
    assert history[0].split() == ["RUN", "STARTED", "COMMAND", "OUTCOMES"]
    assert "rollback" in history[1]
    assert "2 applied" in history[2]


def test_a_rollback_can_be_rolled_back_by_name(desk: Desk) -> None:
    desk.declare({"shop": BONJOUR})
    desk.seed(1, HELLO)
    desk.icesync("apply", "--yes")
    desk.icesync("rollback", "last", "--yes")
    assert desk.live(1) == HELLO

    assert desk.icesync("rollback", "last", "--yes").code == 0

    assert desk.live(1) == BONJOUR


def test_an_account_that_left_the_files_is_told_by_rollback(desk: Desk) -> None:
    desk.declare({"shop": BONJOUR, "gone": HELLO})
    desk.seed(1, HELLO)
    desk.seed(2, BONJOUR)
    desk.icesync("apply", "--yes")
    desk.declare({"shop": BONJOUR})

    rolled = desk.icesync("rollback", "last", "--yes")

    assert rolled.code == 3
    assert "gone" in rolled.out
    assert (desk.live(1), desk.live(2)) == (HELLO, HELLO)


def test_pull_gives_files_whose_plan_is_empty(desk: Desk) -> None:
    desk.declare({"shop": "none", "hostile": HELLO, "apart": None})
    desk.seed(1, BONJOUR)
    desk.seed(2, {"default": [("${brand} # null: [x]", '{"a": "${b}"}'), ("yes", "0123"), (" ~", "#")]})
    desk.seed(3, HELLO)

    pulled = desk.icesync("pull")

    assert pulled.code == 0
    desk.config.write_text(pulled.out, encoding="utf-8")
    planned = desk.icesync("plan")
    assert planned.out.splitlines()[-1] == "Plan: 0 to create, 0 to update, 0 to delete, 3 unchanged."


def test_pull_takes_names_and_a_file(desk: Desk) -> None:
    desk.declare({"shop": "none", "other": "none"})
    desk.seed(2, HELLO)
    target = desk.folder / "pulled.yaml"

    pulled = desk.icesync("pull", str(desk.config), "other", "-o", str(target), config=False)

    assert (pulled.code, pulled.out) == (0, "")
    text = target.read_text(encoding="utf-8")
    assert "other:" in text
    assert "shop:" not in text


def test_pull_leaves_out_what_it_cannot_read_and_says_so(desk: Desk) -> None:
    desk.declare({"shop": "none", "dead": "none"})
    desk.seed(1, HELLO)
    desk.give_tokens({"shop": f"sandbox-{desk.id_of(1)}", "dead": f"expired-{desk.id_of(2)}"})

    pulled = desk.icesync("pull")

    assert pulled.code == 3
    assert "dead" not in pulled.out
    assert "dead is left out" in pulled.err


@pytest.mark.parametrize(
    ("selection", "read"),
    [
        (["--only=us-*"], {1, 2}),
        (["--only=us-*", "--exclude=us-2"], {1}),
        (["--only=us-1", "--only=fr-1"], {1, 3}),
        (["--label=shop"], {3}),
    ],
)
def test_a_selection_reads_only_what_it_names(desk: Desk, selection: list[str], read: set[int]) -> None:
    desk.declare({"us-1": HELLO, "us-2": HELLO, "fr-1": HELLO})
    document = json.loads(desk.config.read_text())
    document["accounts"]["fr-1"]["labels"] = ["shop"]
    desk.config.write_text(json.dumps(document))

    planned = desk.icesync("plan", *selection, "-o", "json")

    assert {account for _, account in desk.sandbox.api.calls} == {desk.id_of(number) for number in read}
    assert planned.json["summary"]["accounts"] == len(read)


def test_a_name_that_selects_nothing_is_a_mistake(desk: Desk) -> None:
    desk.declare({"us-1": HELLO})
    assert desk.icesync("plan", "--only=su-1").code == 64


def test_shards_share_the_fleet_out(desk: Desk) -> None:
    desk.declare({f"shop-{number}": HELLO for number in range(1, 13)})
    planned = [desk.icesync("plan", f"--shard={index}/3", "-o", "json").json for index in (1, 2, 3)]
    names = [each["account"] for plan in planned for each in plan["changes"]]
    assert sorted(names) == sorted(f"shop-{number}" for number in range(1, 13))


def test_pull_tells_what_is_live_and_cannot_stand_in_a_file(desk: Desk) -> None:
    desk.declare({"odd": "none"})
    desk.seed(1, {"default": HELLO["default"], "en": [("Hello?", "HELLO")]})
    pulled = desk.icesync("pull")
    assert pulled.code == 3
    assert "en:" in pulled.out
    assert "cannot stand in a file" in pulled.err


def test_pull_writes_no_file_when_nothing_could_be_read(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    desk.give_tokens({})
    before = desk.config.read_text()
    pulled = desk.icesync("pull", str(desk.config), "-o", str(desk.config), config=False)
    assert pulled.code == 1
    assert desk.config.read_text() == before


def test_rollback_knows_an_account_by_its_id_under_a_new_name(desk: Desk) -> None:
    desk.declare({"shop": BONJOUR})
    desk.seed(1, HELLO)
    desk.icesync("apply", "--yes")
    desk.declare({"store": BONJOUR})
    assert desk.icesync("rollback", "last", "--yes").code == 0
    assert desk.live(1) == HELLO
