"""What stops an apply: limits, protect, stale and edited plans, another apply, no terminal."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from icesync import journal
from icesync.documents.strict import digest
from tests.support.desk import Desk

HELLO = {"default": [("Where is my order?", "ORDER")]}
OTHER = {"default": [("When are you open?", "HOURS")]}


def amend(desk: Desk, **accounts: dict[str, Any]) -> None:
    document = json.loads(desk.config.read_text())
    for name, keys in accounts.items():
        document["accounts"][name].update(keys)
    desk.config.write_text(json.dumps(document))


def marks_taken_off(page: str) -> str:
    return re.sub("</?(del|ins)>", "", page)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 4),
        (["--max-deletes=1"], 0),
        (["--max-deletes=50%"], 0),
        (["--max-deletes=49%"], 4),
        (["--force"], 0),
    ],
)
def test_deletes_past_the_limit_are_refused(desk: Desk, options: list[str], code: int) -> None:
    desk.declare({"keep": HELLO, "drop": "none"})
    desk.seed(1, HELLO)
    desk.seed(2, HELLO)

    applied = desk.icesync("apply", "--yes", *options)

    assert applied.code == code
    assert desk.live(2) == (HELLO if code else {})
    if code:
        assert "max_deletes" in applied.err
        assert not desk.calls(2, "DELETE")


def test_limits_of_the_files_hold_and_the_plan_foretells_the_refusal(desk: Desk) -> None:
    desk.declare({"one": HELLO, "two": HELLO}, limits={"max_changes": "1"})
    told = "Apply would refuse this: 2 of 2 accounts would change, the limit max_changes is 1"
    for command, code in (("plan", 0), ("drift", 2)):
        seen, beside = desk.icesync(command), desk.icesync(command, "-o", "json")
        assert (seen.code, beside.code) == (code, code)
        assert (told in seen.out, told in seen.err) == (True, False)
        assert f"note: {told}" in beside.err
        assert beside.json["limits"] == {"max_changes": "1", "max_deletes": "10%"}
        assert len(beside.json["refusals"]) == 1
    assert desk.icesync("apply", "--yes").code == 4
    assert desk.icesync("apply", "--yes", "--max-changes=2").code == 0


def test_ten_percent_of_ten_accounts_is_one(desk: Desk) -> None:
    desk.declare({**{f"shop-{n}": HELLO for n in range(1, 10)}, "drop": "none"})
    for number in range(1, 11):
        desk.seed(number, HELLO)
    assert desk.icesync("apply", "--yes").code == 0
    assert desk.live(10) == {}


def test_protect_is_stronger_than_force(desk: Desk) -> None:
    desk.declare({"safe": HELLO, "other": HELLO})
    amend(desk, safe={"protect": True})
    refused = desk.icesync("apply", "--yes", "--force")
    assert refused.code == 4
    assert "safe is protected" in refused.err
    assert (desk.live(1), desk.live(2)) == ({}, {})


def test_without_a_terminal_apply_needs_yes(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    asked = desk.icesync("apply")
    assert asked.code == 64
    assert "--yes" in asked.err
    assert desk.live(1) == {}


def saved_plan(desk: Desk) -> Path:
    path = desk.folder / "plan.json"
    assert desk.icesync("plan", "-o", f"json={path}").code == 0
    return path


def test_a_saved_plan_is_carried_out_exactly(desk: Desk) -> None:
    desk.declare({"shop": HELLO, "same": OTHER})
    desk.seed(2, OTHER)
    path = saved_plan(desk)
    desk.sandbox.api.calls.clear()

    applied = desk.icesync("apply", "--plan", str(path), "--yes", "-o", "json")

    assert applied.code == 0
    assert desk.live(1) == HELLO
    assert (desk.calls(1, "GET"), desk.calls(1, "POST"), desk.calls(2)) == (2, 1, 0)
    assert desk.icesync("apply", "--plan", str(path), "--yes", "-o", "json").json["summary"]["already"] == 1


def test_a_saved_plan_is_stale_when_live_has_moved(desk: Desk) -> None:
    desk.declare({"shop": HELLO, "fresh": HELLO})
    path = saved_plan(desk)
    desk.seed(1, OTHER)

    applied = desk.icesync("apply", "--plan", str(path), "--yes", "-o", "json")

    assert applied.code == 5
    assert (desk.live(1), desk.live(2)) == (OTHER, HELLO)
    assert {each["account"]: each["status"] for each in applied.json["outcomes"]} == {
        "shop": "stale",
        "fresh": "applied",
    }


def test_a_saved_plan_is_stale_when_the_files_have_moved(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    path = saved_plan(desk)
    desk.declare({"shop": OTHER})
    assert desk.icesync("apply", "--plan", str(path), "--yes").code == 5
    assert desk.live(1) == {}


def test_an_edited_plan_is_refused_even_with_a_digest_that_holds(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    path = saved_plan(desk)
    document = json.loads(path.read_text())
    document["changes"][0]["after"]["default"][0]["question"] = "Free money?"
    path.write_text(json.dumps(document))
    assert desk.icesync("apply", "--plan", str(path), "--yes").code == 5

    document["digest"] = digest({key: value for key, value in document.items() if key != "digest"})
    path.write_text(json.dumps(document))
    assert desk.icesync("apply", "--plan", str(path), "--yes").code == 5
    assert desk.live(1) == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", "nonsense", '{"format": "icesync.plan/2"}', "\udcff"])
def test_a_damaged_plan_is_refused(desk: Desk, text: str) -> None:
    desk.declare({"shop": HELLO})
    path = desk.folder / "plan.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    for command in (["show", str(path)], ["apply", "--plan", str(path), "--yes", str(desk.config)]):
        refused = desk.icesync(*command, config=False)
        assert refused.code == 5
        assert "Traceback" not in refused.err


def test_a_saved_plan_shows_labels_and_protection_again(desk: Desk) -> None:
    desk.declare({"shop": HELLO, "safe": HELLO})
    amend(desk, shop={"labels": ["retail"]}, safe={"labels": ["eu"], "protect": True})
    path = desk.folder / "plan.json"
    planned = desk.icesync("plan", "-o", f"json={path}", "-o", "html")

    shown = desk.icesync("show", str(path), "-o", "html", config=False)

    assert shown.out == planned.out
    assert '<option value="retail">retail (1)</option>' in shown.out
    assert shown.out.count('<li class="protected">') == 1
    assert "safe is protected" in shown.out


@pytest.mark.parametrize("saved", [True, False])
def test_the_page_of_a_run_shows_what_people_see_before_and_after(desk: Desk, saved: bool) -> None:
    desk.declare({"shop": HELLO, "same": HELLO})
    desk.seed(1, OTHER)
    desk.seed(2, HELLO)
    plan, report, page = (desk.folder / name for name in ("plan.json", "report.json", "page.html"))
    assert desk.icesync("plan", "-o", f"json={plan}").code == 0
    words = ["--yes", "-o", f"json={report}", "-o", f"html={page}"]

    assert desk.icesync("apply", *words, *["--plan", str(plan)] * saved).code == 0

    for text in ("When are you open?", "Where is my order?"):
        assert text in marks_taken_off(page.read_text())
        assert text not in report.read_text()
    assert desk.icesync("rollback", "last", *words).code == 0
    back = marks_taken_off(page.read_text())
    assert back.index("Where is my order?") < back.index("When are you open?")
    shown = desk.icesync("show", str(report), "-o", "html", config=False).out
    assert "When are you open?" not in shown
    assert "A saved report keeps no chat screens" in shown


@pytest.mark.parametrize("now_protected", [True, False])
def test_protection_and_limits_are_those_of_the_files_whatever_a_saved_plan_says(
    desk: Desk, now_protected: bool
) -> None:
    desk.declare({"shop": HELLO, "drop": "none"})
    desk.seed(2, HELLO)
    amend(desk, shop={"protect": not now_protected})
    path = saved_plan(desk)
    desk.declare({"shop": HELLO, "drop": "none"}, limits={"max_deletes": "1"})
    amend(desk, shop={"protect": now_protected})

    applied = desk.icesync("apply", "--plan", str(path), "--yes")

    assert applied.code == (4 if now_protected else 0)
    assert ("shop is protected" in applied.err) is now_protected
    assert "max_deletes" not in applied.err
    assert "would refuse" not in applied.out, "it is no longer a guess"
    assert desk.live(1) == ({} if now_protected else HELLO)


def test_a_saved_plan_takes_no_selection(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    path = saved_plan(desk)
    assert desk.icesync("apply", "--plan", str(path), "--only=shop", "--yes").code == 64


def test_show_prints_the_plan_as_plan_did(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    path = desk.folder / "plan.json"
    printed = desk.icesync("plan", "-o", f"json={path}", "-o", "text")
    shown = desk.icesync("show", str(path), config=False)
    assert (shown.code, shown.out) == (0, printed.out)


def test_a_second_apply_on_the_same_state_folder_is_refused(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    with journal.locked(desk.folder / ".icesync"):
        refused = desk.icesync("apply", "--yes")
        assert refused.code == 1
        assert "another apply" in refused.err
        assert desk.icesync("apply", "--yes", "--state-dir", str(desk.folder / "elsewhere")).code == 0


def test_a_state_folder_that_cannot_be_written_stops_the_run_before_any_write(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    (desk.folder / ".icesync").write_text("in the way")
    refused = desk.icesync("apply", "--yes")
    assert refused.code == 1
    assert desk.calls(1, "POST") == 0
