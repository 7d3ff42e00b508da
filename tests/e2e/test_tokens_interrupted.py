"""Ctrl-C and kill -9 in the middle of `icesync tokens refresh`, as real signals to a real process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from icesync.sandbox.world import World
from tests.support.desk import Desk

HELLO = {"default": [("Where is my order?", "ORDER")]}


@pytest.fixture
def fleet(desk: Desk) -> Desk:
    """Three accounts with a sink that takes its time; it begins when it has made the file `NAME.begun`."""
    names = ("one", "three", "two")
    desk.declare(dict.fromkeys(names, HELLO), defaults={"sink": "command:sh sink.sh ${name}"})
    (desk.folder / "sink.sh").write_text('touch "$1.begun"; sleep 0.5; cat > "$1.new"')
    return desk


def start(desk: Desk) -> subprocess.Popen[str]:
    line = ["tokens", "refresh", "--concurrency=1", "-ojson", str(desk.config)]
    return subprocess.Popen(
        [sys.executable, "-m", "icesync", *line],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.005)


def begun(desk: Desk) -> list[Path]:
    return list(desk.folder.glob("*.begun"))


@pytest.mark.parametrize("rotate", ["new", "dead"])
def test_after_kill_9_between_refresh_and_sink_status_says_what_is_left(fleet: Desk, rotate: Any) -> None:
    fleet.sandbox.api.world = World(rotate=rotate)
    process = start(fleet)
    wait_for(lambda: bool(begun(fleet)))
    process.kill()
    process.communicate(timeout=30)
    name = begun(fleet)[0].stem

    told = fleet.icesync("tokens", "status", "-ojson")

    (cut,) = [each for each in told.json["tokens"] if each["standing"] != "ok"]
    assert told.code == 3
    assert (cut["account"], cut["standing"]) == (name, "cut off")
    assert cut["why"].startswith("a refresh was cut off on ")
    if rotate == "new":
        assert cut["why"].endswith("; the old token works: run `icesync tokens refresh` again")
    else:
        assert "; the old token is dead (token 190/467" in cut["why"]
        assert "create a new one in the App Dashboard and store it" in cut["why"]
    assert "sandbox-" not in told.out + told.err
    kept = (fleet.folder / ".icesync").rglob("*")
    assert not [path for path in kept if path.is_file() and b"sandbox-1784" in path.read_bytes()]


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_at_a_terminal_finishes_what_is_under_way_and_begins_no_more(fleet: Desk, times: int) -> None:
    fleet.sandbox.api.world = World(rotate="dead")
    process = start(fleet)
    wait_for(lambda: bool(begun(fleet)))
    for _ in range(times):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.05)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 130, err
    assert len(begun(fleet)) == 1
    name = begun(fleet)[0].stem
    assert (fleet.folder / f"{name}.new").read_text().endswith("-1")
    statuses = {each["account"]: each["refresh"]["status"] for each in json.loads(out)["tokens"]}
    assert statuses.pop(name) == "refreshed"
    assert set(statuses.values()) == {"not begun"}
    assert sum(endpoint == "refresh" for endpoint, _, _ in fleet.sandbox.api.others) == 1
