"""Ctrl-C, SIGTERM and kill -9 in the middle of an apply, as real signals to a real process."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from icesync.sandbox.world import World
from tests.support.desk import Desk

OLD = {"default": [("What do you sell?", "SALES")]}
NEW = {"default": [("Where is my order?", "ORDER")]}
ACCOUNTS = 24


@pytest.fixture
def fleet(desk: Desk) -> Desk:
    """Two dozen accounts to change, on an API that takes its time."""
    desk.declare({f"shop-{number:02}": NEW for number in range(1, ACCOUNTS + 1)})
    for number in range(1, ACCOUNTS + 1):
        desk.seed(number, OLD)
    desk.sandbox.api.world = World(latency=60)
    return desk


def start(desk: Desk, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "icesync", *arguments, str(desk.config)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.005)


def writes(desk: Desk) -> int:
    return sum(method == "POST" for method, _ in desk.sandbox.api.calls)


def changed(desk: Desk) -> set[int]:
    return {number for number in range(1, ACCOUNTS + 1) if desk.live(number) == NEW}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_finishes_the_writes_under_way_and_begins_no_more(
    fleet: Desk, number: signal.Signals
) -> None:
    process = start(fleet, "apply", "--yes", "--concurrency=3", "-o", "json")
    wait_for(lambda: writes(fleet) >= 4)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 130, err
    statuses = {each["account"]: each["status"] for each in json.loads(out)["outcomes"]}
    applied = {int(name[-2:]) for name, status in statuses.items() if status == "applied"}
    assert applied == changed(fleet)
    assert 4 <= len(applied) < ACCOUNTS
    assert set(statuses.values()) == {"applied", "deferred"}
    (journal,) = (fleet.folder / ".icesync" / "runs").iterdir()
    events = [json.loads(line)["event"] for line in journal.read_text().splitlines()]
    assert events[-1] == "end"
    assert events.count("write") == len(applied)


def test_an_interrupt_while_reading_writes_nothing(fleet: Desk) -> None:
    process = start(fleet, "apply", "--yes", "--concurrency=1")
    wait_for(lambda: len(fleet.sandbox.api.calls) >= 2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "nothing was written" in err
    assert writes(fleet) == 0


@pytest.mark.parametrize("after", [0, 1, 5, 12, 23])
def test_after_kill_9_rollback_restores_every_account(fleet: Desk, after: int) -> None:
    process = start(fleet, "apply", "--yes", "--concurrency=4")
    wait_for(lambda: writes(fleet) > after)
    process.kill()
    process.communicate(timeout=30)
    time.sleep(0.2)  # what was on its way arrives
    assert len(changed(fleet)) > after
    fleet.sandbox.api.world = World()

    rolled = fleet.icesync("rollback", "last", "--yes")

    assert rolled.code == 0, rolled.err
    assert changed(fleet) == set()
    assert "cut off" in fleet.icesync("history").out


def test_after_kill_9_a_second_apply_finishes_the_work(fleet: Desk) -> None:
    process = start(fleet, "apply", "--yes")
    wait_for(lambda: writes(fleet) > 3)
    process.kill()
    process.communicate(timeout=30)
    fleet.sandbox.api.world = World()
    assert fleet.icesync("apply", "--yes").code == 0
    assert len(changed(fleet)) == ACCOUNTS


def test_an_interrupt_during_the_reads_of_a_saved_plan_keeps_its_writes_back(fleet: Desk) -> None:
    plan = fleet.folder / "plan.json"
    assert fleet.icesync("plan", "-o", f"json={plan}").code == 0
    fleet.sandbox.api.calls.clear()
    fleet.sandbox.api.world = World(latency=500)
    process = start(fleet, "apply", "--yes", "--plan", str(plan), "--concurrency=4")
    wait_for(lambda: len(fleet.sandbox.api.calls) >= 1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "finishing the writes under way" in err
    assert writes(fleet) <= 1, "only the account whose read was answered before the signal"


def test_an_interrupt_sends_a_failing_write_no_second_time(fleet: Desk) -> None:
    class FailingWrites(World):
        def fault(self, account: str, call: int) -> str | None:  # type: ignore[override]
            return "500" if call > 1 else None

    fleet.sandbox.api.world = FailingWrites(latency=100)
    process = start(fleet, "apply", "--yes", "--concurrency=1")
    wait_for(lambda: writes(fleet) >= 1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert writes(fleet) <= 2, "of three tries, the second may have been on its way"
