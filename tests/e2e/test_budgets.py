"""How many calls an account gets, seen from the command line: counted across runs, folders and processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from icesync.sandbox.world import Fault, World
from tests.support.desk import Desk, Result

OLD = {"default": [("What do you sell?", "SALES")], "fr_FR": [("Quoi ?", "SALES")]}
NEW = {"default": [("Where is my order?", "ORDER")]}

# An answer may take a while to arrive, so calls count two seconds longer than the budget says.
WINDOW = 602


def declare(desk: Desk, *names: str, budget: str | None = None, live: Any = None) -> None:
    """Accounts that want NEW, under this budget or the usual one."""
    api = {"url": desk.sandbox.url}
    desk.declare(dict.fromkeys(names, NEW), api=api if budget is None else {**api, "budget": budget})
    for number in range(1, len(names) + 1):
        desk.seed(number, NEW if live is None else live)


def exhaust(desk: Desk, calls: int = 10, account: str = "shop") -> None:
    for _ in range(calls):
        assert desk.icesync("plan", "--only", account).code == 0


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """One account with the usual budget, which is as it shall be."""
    declare(desk, "shop")
    return desk


def test_the_eleventh_call_in_ten_minutes_is_not_sent(shop: Desk) -> None:
    exhaust(shop)

    planned = shop.icesync("plan", "-o", "json")

    assert planned.code == 3
    (unreadable,) = planned.json["unreadable"]
    error = unreadable["error"]
    assert (unreadable["account"], error["kind"], error["code"]) == ("shop", "throttled", None)
    assert error["not_before"] == "2026-11-23T03:19:13Z"
    assert "10/10m" in error["message"]
    assert shop.calls(1) == 10
    assert shop.icesync("plan").out.count("not before: 2026-11-23T03:19:13Z") == 1


def test_every_command_counts_and_none_goes_past_the_budget(shop: Desk) -> None:
    shop.seed(1, OLD)
    assert shop.icesync("plan").code == 0
    assert shop.icesync("drift").code == 2
    assert shop.icesync("pull").code == 0
    assert shop.icesync("apply", "--yes").code == 0
    assert shop.icesync("rollback", "last", "--yes").code == 0
    assert shop.calls(1) == 9
    assert shop.icesync("drift").code == 2
    for command in (["plan"], ["drift"], ["apply", "--yes"], ["rollback", "last", "--yes"]):
        assert shop.icesync(*command).code == 3
    assert shop.icesync("pull").code == 1, "nothing could be read"
    assert shop.calls(1) == 10


def test_an_account_without_calls_left_is_deferred_and_the_others_go_on(desk: Desk) -> None:
    declare(desk, "busy", "calm", live=OLD)
    exhaust(desk, account="busy")

    applied = desk.icesync("apply", "--yes", "-o", "json")

    assert applied.code == 3
    busy, calm = applied.json["outcomes"]
    assert (busy["status"], busy["calls"], busy["error"]["kind"]) == ("deferred", 0, "throttled")
    assert busy["error"]["not_before"] == "2026-11-23T03:19:13Z"
    assert calm["status"] == "applied"
    assert (desk.live(1), desk.live(2), desk.calls(1)) == (OLD, NEW, 10)


def test_calls_come_back_one_by_one_as_they_grow_old(shop: Desk) -> None:
    exhaust(shop, 5)
    shop.clock.seconds = 300
    exhaust(shop, 5)

    shop.clock.seconds = WINDOW - 21
    assert shop.icesync("plan").code == 3
    shop.clock.seconds = WINDOW
    exhaust(shop, 5)
    assert shop.icesync("plan").code == 3
    shop.clock.seconds = 300 + WINDOW
    exhaust(shop, 5)
    assert shop.calls(1) == 20


def test_a_short_wait_is_sat_out(shop: Desk) -> None:
    exhaust(shop)
    shop.clock.seconds = WINDOW - 20

    assert shop.icesync("plan").code == 0
    assert shop.clock.seconds >= WINDOW


def test_a_new_name_brings_no_new_calls(shop: Desk) -> None:
    exhaust(shop)

    declare(shop, "boutique")

    assert shop.icesync("plan").code == 3
    assert shop.calls(1) == 10


def test_the_state_folder_keeps_the_count_however_it_is_named(
    shop: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    state = tmp_path / "elsewhere"
    for _ in range(5):
        assert shop.icesync("plan", f"--state-dir={state}").code == 0
    monkeypatch.setenv("ICESYNC_STATE_DIR", str(state))
    exhaust(shop, 5)
    assert shop.icesync("plan").code == 3
    monkeypatch.delenv("ICESYNC_STATE_DIR")
    assert shop.icesync("plan").code == 0, "another state folder knows nothing of it"
    assert shop.calls(1) == 11


def test_tries_again_are_calls_too(shop: Desk) -> None:
    shop.sandbox.api.world = World(faults=(Fault("500"),))

    assert shop.icesync("plan", "--budget", "2/10m").code == 3

    assert shop.calls(1) == 2


def fit(desk: Desk, *options: str) -> int:
    """How many plans in a row go through."""
    for count in range(9):
        if desk.icesync("plan", *options).code:
            assert desk.calls(1) == count
            return count
    return 9


@pytest.mark.parametrize(
    ("file", "variable", "option", "calls"),
    [
        ("3/10m", None, None, 3),
        ("3/10m", "2/10m", None, 2),
        ("3/10m", "2/10m", "1/10m", 1),
        ("1/10m", "2/10m", "3/10m", 3),
        (None, None, "4/1h", 4),
        ("1/10m", "none", None, 9),
        ("1/10m", None, "none", 9),
        ("none", None, None, 9),
        ("none", None, "2/10m", 2),
        ("2/10m", "", None, 2),
    ],
)
def test_the_option_goes_before_the_environment_and_that_before_the_file(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    file: str | None,
    variable: str | None,
    option: str | None,
    calls: int,
) -> None:
    declare(desk, "shop", budget=file)
    if variable is not None:
        monkeypatch.setenv("ICESYNC_BUDGET", variable)

    assert fit(desk, *([] if option is None else ["--budget", option])) == calls


def test_another_budget_counts_the_calls_that_were_made_before(shop: Desk) -> None:
    exhaust(shop)
    assert shop.icesync("plan").code == 3
    assert shop.icesync("plan", "--budget", "11/10m").code == 0
    assert shop.icesync("plan", "--budget", "11/10m").code == 3
    assert shop.icesync("plan", "--budget", "9/5m").code == 3
    shop.clock.seconds += 302
    assert shop.icesync("plan", "--budget", "9/5m").code == 0


WRONG = ["lots", "10", "10/10", "0/10m", "10/0m", "-1/10m", "10/10d", "1e3/10m", "None", "10/10m "]


@pytest.mark.parametrize("budget", [*WRONG, ""])
def test_a_budget_that_is_none_is_refused_on_the_command_line(shop: Desk, budget: str) -> None:
    told = shop.icesync("plan", "--budget", budget)

    assert (told.code, shop.calls(1)) == (64, 0)
    assert "10/10m" in told.err


@pytest.mark.parametrize("budget", WRONG)
def test_a_budget_that_is_none_is_refused_in_the_environment(
    shop: Desk, monkeypatch: pytest.MonkeyPatch, budget: str
) -> None:
    monkeypatch.setenv("ICESYNC_BUDGET", budget)

    told = shop.icesync("plan")

    assert (told.code, shop.calls(1)) == (64, 0)
    assert "ICESYNC_BUDGET" in told.err


@pytest.mark.parametrize("budget", ["lots", "10", "0/10m", "", "10/10m x"])
def test_a_budget_that_is_none_is_refused_in_the_file_at_its_place(desk: Desk, budget: str) -> None:
    declare(desk, "shop", budget=budget)

    told = desk.icesync("validate")

    (line,) = [
        number for number, text in enumerate(desk.config.read_text().splitlines(), 1) if '"budget"' in text
    ]
    assert told.code == 65
    assert f"{desk.config}:{line}:13: error: " in told.err
    assert "[budget]" in told.err


def test_what_cannot_be_read_written_and_read_back_is_not_even_read(desk: Desk) -> None:
    declare(desk, "shop", live=OLD)
    exhaust(desk, 8)

    applied = desk.icesync("apply", "--yes", "-o", "json")

    assert applied.code == 3
    (outcome,) = applied.json["outcomes"]
    assert (outcome["action"], outcome["status"], outcome["calls"]) == (None, "deferred", 0)
    assert outcome["error"]["not_before"] == "2026-11-23T03:19:13Z"
    assert (desk.live(1), desk.calls(1)) == (OLD, 8)
    assert desk.icesync("plan").code == 0, "a plan may use the last calls"


def test_applies_in_a_row_do_not_keep_an_account_from_being_written(desk: Desk) -> None:
    declare(desk, "shop", live=OLD)
    exhaust(desk, 8)

    for _ in range(6):
        assert desk.icesync("apply", "--yes").code == 3
        desk.clock.seconds += 60
    desk.clock.seconds += 300

    assert desk.icesync("apply", "--yes").code == 0
    assert desk.live(1) == NEW


def test_the_last_two_calls_are_enough_for_a_write(desk: Desk) -> None:
    declare(desk, "shop", live=OLD)
    exhaust(desk, 7)

    assert desk.icesync("apply", "--yes").code == 0

    assert (desk.live(1), desk.calls(1)) == (NEW, 10)


@pytest.mark.parametrize(("budget", "code"), [("7/10m", 3), ("8/10m", 0)])
def test_locales_are_cleared_away_only_when_all_its_calls_are_affordable(
    desk: Desk, budget: str, code: int
) -> None:
    declare(desk, "shop", budget=budget, live=OLD)
    desk.sandbox.api.world = World(post="merge")

    assert desk.icesync("apply", "--yes").code == code

    assert desk.live(1) == ({**OLD, **NEW} if code else NEW)
    assert desk.calls(1, "DELETE") == (0 if code else 1)


@pytest.mark.parametrize("used", [8, 10])
def test_apply_may_wait_for_its_calls_and_then_goes_on(desk: Desk, used: int) -> None:
    declare(desk, "shop", "other", live=OLD)
    exhaust(desk, used)

    applied = desk.icesync("apply", "--yes", "--wait", "--concurrency", "1", "-o", "json")

    assert applied.code == 0
    assert applied.json["summary"]["applied"] == 2
    assert (desk.live(1), desk.live(2)) == (NEW, NEW)
    assert WINDOW <= desk.clock.seconds < WINDOW + 10
    assert max(desk.clock.slept) == 1, "and looks every second whether to stop"


def test_a_rollback_may_wait_too(desk: Desk) -> None:
    declare(desk, "shop", live=OLD)
    assert desk.icesync("apply", "--yes").code == 0
    exhaust(desk, 7)
    assert desk.icesync("rollback", "last", "--yes").code == 3
    assert desk.live(1) == NEW

    assert desk.icesync("rollback", "last", "--yes", "--wait").code == 0

    assert desk.live(1) == OLD
    assert desk.clock.seconds >= WINDOW


def test_a_budget_in_which_no_write_fits_is_not_waited_for(desk: Desk) -> None:
    declare(desk, "shop", budget="1/10m", live=OLD)

    applied = desk.icesync("apply", "--yes", "--wait", "-o", "json")

    assert applied.code == 3
    (outcome,) = applied.json["outcomes"]
    assert (outcome["status"], outcome["error"].get("not_before")) == ("deferred", None)
    assert desk.clock.seconds < 60


def test_a_plan_tells_what_it_costs_and_who_cannot_go_now(desk: Desk) -> None:
    declare(desk, "busy", "calm", live=OLD)

    assert desk.icesync("plan", "-o", "json").json["forecast"] == {
        "calls": 6,
        "waiting": 0,
        "not_before": None,
    }
    exhaust(desk, 7, account="busy")
    desk.clock.seconds = 60
    planned = desk.icesync("plan", "-o", "json").json
    assert planned["forecast"] == {"calls": 6, "waiting": 1, "not_before": "2026-11-23T03:19:13Z"}
    assert "takes 6 calls.\n" in desk.icesync("plan", "--budget", "none").out
    told = "takes 3 calls. 1 account has no room for theirs in the budget before 2026-11-23T03:19:13Z.\n"
    assert told in desk.icesync("plan", "--only", "busy").out


def test_a_plan_without_changes_costs_nothing(shop: Desk) -> None:
    planned = shop.icesync("plan", "-o", "json")

    assert "forecast" not in planned.json
    assert "calls" not in shop.icesync("plan").out


def test_a_state_folder_that_cannot_be_made_is_told_and_the_plan_goes_on(shop: Desk) -> None:
    nowhere = f"--state-dir={shop.folder}/tokens.json/state"

    planned = shop.icesync("plan", nowhere)

    assert planned.code == 0
    assert "cannot be written: calls count for this run alone" in planned.err
    assert shop.icesync("-q", "plan", nowhere).err == ""
    assert shop.icesync("plan", nowhere, "--budget", "none").err == "", "who has no budget needs no folder"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_folder_that_takes_no_file_is_told_and_the_plan_goes_on(shop: Desk) -> None:
    state = shop.folder / "state"
    state.mkdir(mode=0o500)

    planned = shop.icesync("plan", f"--state-dir={state}")

    assert planned.code == 0
    assert "calls count for this run alone" in planned.err


def test_a_damaged_count_is_told_with_what_to_do(shop: Desk) -> None:
    exhaust(shop, 1)
    ledger = shop.folder / ".icesync" / "calls.sqlite"
    ledger.write_bytes(b"no database at all" * 100)
    for beside in ("-wal", "-shm"):
        ledger.with_name(f"calls.sqlite{beside}").unlink(missing_ok=True)

    told = shop.icesync("plan")

    assert (told.code, shop.calls(1)) == (1, 1)
    assert f"{ledger}" in told.err
    assert "delete it" in told.err
    ledger.unlink()
    assert shop.icesync("plan").code == 0


def test_no_more_calls_a_second_than_allowed(desk: Desk) -> None:
    desk.declare({f"shop-{number}": NEW for number in range(10)})

    assert desk.icesync("plan", "--max-rps", "2", "--concurrency", "1").code == 0

    assert desk.clock.seconds == 4.5


@pytest.mark.parametrize("rate", ["0", "-1", "fast"])
def test_a_rate_that_is_none_is_refused(shop: Desk, rate: str) -> None:
    assert shop.icesync("plan", "--max-rps", rate).code == 64
    assert shop.calls(1) == 0


def start(desk: Desk, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "icesync", *arguments, str(desk.config)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> Result:
    out, err = process.communicate(timeout=60)
    return Result(process.returncode, out, err)


def test_processes_share_one_count(desk: Desk) -> None:
    declare(desk, "shop", "other", budget="5/10m")

    processes = [start(desk, "plan", "-o", "json") for _ in range(7)]
    ended = [finished(process) for process in processes]

    assert {each.code for each in ended} <= {0, 3}, [each.err for each in ended]
    assert (desk.calls(1), desk.calls(2)) == (5, 5)
    refused = [each["account"] for found in ended for each in found.json["unreadable"]]
    assert sorted(refused) == ["other", "other", "shop", "shop"]


@pytest.mark.parametrize("used", [1, 2])
def test_an_interrupt_ends_the_wait_for_calls(desk: Desk, used: int) -> None:
    declare(desk, "shop", budget="3/10m", live=OLD)
    for _ in range(used):
        assert finished(start(desk, "plan")).code == 0
    process = start(desk, "-v", "apply", "--yes", "--wait")
    time.sleep(2)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)

    ended = finished(process)

    assert ended.code == 130, ended.err
    assert (desk.live(1), desk.calls(1)) == (OLD, used)
