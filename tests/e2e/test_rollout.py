"""A careful apply, seen from the command line: a canary, a pause, an end to failures; and how far it is."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

import pytest
from jsonschema import Draft202012Validator

from icesync.sandbox.world import World
from tests.support.desk import Desk

OLD = {"default": [("What do you sell?", "SALES")]}
NEW = {"default": [("Where is my order?", "ORDER")]}
ACCOUNTS = 6


@dataclass(frozen=True)
class Broken(World):
    """A world in which these accounts can be read once; after that the API only fails."""

    accounts: frozenset[str] = field(default=frozenset())

    def fault(self, account: str, call: int) -> str | None:  # type: ignore[override]
        return "500" if account in self.accounts and call > 1 else None


@pytest.fixture
def fleet(desk: Desk) -> Desk:
    """Six accounts to change, shop-1 to shop-6."""
    desk.declare({f"shop-{number}": NEW for number in range(1, ACCOUNTS + 1)})
    for number in range(1, ACCOUNTS + 1):
        desk.seed(number, OLD)
    return desk


def broken(desk: Desk, *numbers: int) -> None:
    desk.sandbox.api.world = Broken(accounts=frozenset(desk.id_of(number) for number in numbers))


def changed(desk: Desk) -> list[int]:
    return [number for number in range(1, ACCOUNTS + 1) if desk.live(number) == NEW]


def test_a_good_canary_is_verified_and_then_the_others_follow(fleet: Desk) -> None:
    applied = fleet.icesync("apply", "--yes", "--canary", "2", "-o", "json")

    assert applied.code == 0
    assert [(each["status"], each["wave"]) for each in applied.json["outcomes"]] == [
        ("applied", 1), ("applied", 1), ("applied", 2), ("applied", 2), ("applied", 2), ("applied", 2),
    ]  # fmt: skip
    after_reading = fleet.sandbox.api.calls[ACCOUNTS:]
    assert {account for _, account in after_reading[:4]} == {fleet.id_of(1), fleet.id_of(2)}
    assert [method for method, _ in after_reading[:4]].count("GET") == 2, "both were read back"


@pytest.mark.parametrize(("canary", "first"), [("1%", 1), ("50%", 3), ("51%", 4), ("100%", 6), ("99", 6)])
def test_a_canary_is_a_count_or_a_part_of_the_changes(fleet: Desk, canary: str, first: int) -> None:
    applied = fleet.icesync("apply", "--yes", "--canary", canary, "-o", "json")

    assert applied.code == 0
    assert [each["wave"] for each in applied.json["outcomes"]].count(1) == first


def test_a_bad_canary_keeps_the_others_as_they_are(fleet: Desk) -> None:
    broken(fleet, 2)

    applied = fleet.icesync("apply", "--yes", "--canary", "2", "--pause", "600", "-o", "json")

    assert applied.code == 3
    outcomes = applied.json["outcomes"]
    assert [each["status"] for each in outcomes[:2]] == ["applied", "unverified"]
    assert {(each["status"], each["wave"], each["detail"], each["calls"]) for each in outcomes[2:]} == {
        ("deferred", 2, "not begun: 1 of the first wave did not end well", 1)
    }
    assert changed(fleet) == [1]
    assert fleet.clock.seconds < 600, "nobody pauses for a wave that does not come"


def test_a_bad_canary_can_be_taken_back_and_the_rest_goes_on_when_it_is_mended(fleet: Desk) -> None:
    broken(fleet, 1)
    assert fleet.icesync("apply", "--yes", "--canary", "1").code == 3
    fleet.sandbox.api.world = World()
    assert fleet.icesync("rollback", "last", "--yes").code == 0
    assert changed(fleet) == []

    assert fleet.icesync("apply", "--yes", "--canary", "1").code == 0

    assert changed(fleet) == [1, 2, 3, 4, 5, 6]


def test_text_and_markdown_tell_the_waves_and_why_nobody_followed(fleet: Desk) -> None:
    broken(fleet, 1)
    report = fleet.folder / "report"
    told = fleet.icesync("apply", "--yes", "--canary", "1", "-o", "text", "-o", f"markdown={report}")
    assert told.out.count("  wave 1\n") == 1
    assert told.out.count("  wave 2\n") == 5
    assert told.out.count("    not begun: 1 of the first wave did not end well\n") == 5
    assert [report.read_text().count(wave) for wave in ("wave 1", "wave 2")] == [1, 5]


def test_without_a_canary_a_report_has_no_waves(fleet: Desk) -> None:
    applied = fleet.icesync("apply", "--yes", "-o", "json")

    assert applied.code == 0
    assert "wave" not in applied.out


def test_a_report_with_waves_is_as_its_schema_says_and_shows_again(fleet: Desk) -> None:
    path = fleet.folder / "report.json"
    assert fleet.icesync("apply", "--yes", "--canary", "1", "-o", f"json={path}").code == 0

    schema = fleet.icesync("schema", "report", config=False).json
    Draft202012Validator(schema).validate(json.loads(path.read_text()))
    shown = fleet.icesync("show", str(path), "-o", "json", config=False)
    assert shown.json == json.loads(path.read_text())


def test_between_the_waves_is_the_pause_and_then_the_rest_is_read_again(fleet: Desk) -> None:
    assert fleet.icesync("apply", "--yes", "--canary", "1", "--pause", "90").code == 0

    assert fleet.clock.seconds == 90
    assert (fleet.calls(1, "GET"), fleet.calls(2, "GET")) == (2, 3)
    assert changed(fleet) == [1, 2, 3, 4, 5, 6]


def test_what_moves_during_the_pause_is_not_written(fleet: Desk) -> None:
    mine = {"default": [("Mine?", "MINE")]}
    plan = fleet.folder / "plan.json"
    assert fleet.icesync("plan", "-o", f"json={plan}").code == 0
    fleet.seed(4, mine)

    applied = fleet.icesync("apply", "--yes", "--plan", str(plan), "--canary", "2", "-o", "json")

    assert applied.code == 5
    assert [(each["status"], each["wave"]) for each in applied.json["outcomes"]] == [
        ("applied", 1), ("applied", 1), ("applied", 2), ("stale", 2), ("applied", 2), ("applied", 2),
    ]  # fmt: skip
    assert fleet.live(4) == mine


@pytest.mark.parametrize(("limit", "written"), [(1, 1), (2, 2), (9, 6)])
def test_after_so_many_failures_no_more_is_begun(fleet: Desk, limit: int, written: int) -> None:
    broken(fleet, *range(1, ACCOUNTS + 1))

    applied = fleet.icesync(
        "apply", "--yes", "--concurrency", "1", "--stop-after-failures", str(limit), "-o", "json"
    )

    assert applied.code == 3
    assert applied.json["summary"]["unverified"] == written
    reasons = {each["detail"] for each in applied.json["outcomes"] if each["status"] == "deferred"}
    failures = "1 failure" if limit == 1 else f"{limit} failures"
    assert reasons == ({f"not begun: stopped after {failures}"} if written < ACCOUNTS else set())
    assert len({account for method, account in fleet.sandbox.api.calls if method == "POST"}) == written


@pytest.mark.parametrize(("stop", "written"), [("1", []), ("2", [2, 3, 4, 5, 6])])
def test_an_account_that_could_not_be_read_is_in_no_wave_and_has_failed(
    fleet: Desk, stop: str, written: list[int]
) -> None:
    tokens = json.loads((fleet.folder / "tokens.json").read_text())
    fleet.give_tokens({**tokens, "shop-1": f"expired-{fleet.id_of(1)}"})

    applied = fleet.icesync("apply", "--yes", "--canary", "1", "--stop-after-failures", stop, "-o", "json")

    assert applied.code == 3
    first, *others = applied.json["outcomes"]
    assert (first["status"], "wave" in first) == ("failed", False)
    assert [each["wave"] for each in others] == [1, 2, 2, 2, 2]
    assert changed(fleet) == written


def test_a_rollback_goes_as_carefully(fleet: Desk) -> None:
    assert fleet.icesync("apply", "--yes").code == 0

    back = fleet.icesync(
        "rollback", "last", "--yes", "--canary", "50%", "--pause", "5", "--stop-after-failures", "1",
        "--wait", "-o", "json",
    )  # fmt: skip

    assert back.code == 0
    assert [each["wave"] for each in back.json["outcomes"]] == [1, 1, 1, 2, 2, 2]
    assert changed(fleet) == []
    assert fleet.clock.seconds == 5


def test_a_rollback_whose_canary_is_bad_leaves_the_others(fleet: Desk) -> None:
    assert fleet.icesync("apply", "--yes").code == 0
    calls = fleet.calls(1)

    class BrokenLater(World):
        def fault(self, account: str, call: int) -> str | None:  # type: ignore[override]
            return "500" if account == fleet.id_of(1) and call > calls + 1 else None

    fleet.sandbox.api.world = BrokenLater()

    assert fleet.icesync("rollback", "last", "--yes", "--canary", "1").code == 3

    assert changed(fleet) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("command", [["apply", "--yes"], ["rollback", "last", "--yes"]])
@pytest.mark.parametrize(
    "options",
    [
        ["--pause", "5"],
        ["--canary", "1", "--pause", "-1"],
        ["--canary", "1", "--pause", "soon"],
        ["--canary", "some"],
        ["--canary", "101%"],
        ["--canary", "-1"],
        ["--canary", ""],
        ["--stop-after-failures", "0"],
        ["--stop-after-failures", "10%"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_refused_before_the_first_call(
    fleet: Desk, command: list[str], options: list[str]
) -> None:
    assert fleet.icesync(*command, *options).code == 64
    assert fleet.sandbox.api.calls == []


def test_who_only_reads_knows_no_waves(fleet: Desk) -> None:
    for option in ("--canary=1", "--wait", "--stop-after-failures=1"):
        assert fleet.icesync("plan", option).code == 64


def test_an_interrupt_ends_the_pause(fleet: Desk) -> None:
    line = ["apply", "--yes", "--canary=1", "--pause=600", "-o", "json", str(fleet.config)]
    process = subprocess.Popen(
        [sys.executable, "-m", "icesync", *line],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while fleet.calls(1) < 3:
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)

    out, err = process.communicate(timeout=30)

    assert process.returncode == 130, err
    summary = json.loads(out)["summary"]
    assert (summary["applied"], summary["deferred"]) == (1, 5)
    assert changed(fleet) == [1]


SLOWLY = ("--max-rps", "0.5", "--concurrency", "1")


def test_a_ci_log_gets_a_line_now_and_then(fleet: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    applied = fleet.icesync("apply", "--yes", *SLOWLY, "-o", "json")

    assert applied.code == 0
    lines = [line for line in applied.err.splitlines() if not line.startswith("note: ")]
    assert lines[0].startswith("reading: ")
    assert lines[-1].startswith("writing: ")
    assert all(" of 6 accounts, " in line and line.endswith(" s left") for line in lines)
    assert applied.json["summary"]["applied"] == 6, "standard output is the result's alone"


@pytest.mark.parametrize(("ci", "option"), [("true", ["-q"]), ("", []), ("false", []), ("0", []), (None, [])])
def test_who_is_no_ci_or_wants_it_quiet_is_told_nothing(
    fleet: Desk, monkeypatch: pytest.MonkeyPatch, ci: str | None, option: list[str]
) -> None:
    monkeypatch.delenv("CI", raising=False)
    if ci is not None:
        monkeypatch.setenv("CI", ci)

    assert fleet.icesync(*option, "plan", *SLOWLY).err == ""


def test_who_wants_each_account_in_a_ci_log_gets_that(fleet: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    told = fleet.icesync("-v", "plan", *SLOWLY).err.splitlines()

    assert sorted(told) == [f"reading shop-{number}" for number in range(1, ACCOUNTS + 1)]


def test_lines_tell_who_is_throttled_and_who_failed(fleet: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    tokens = json.loads((fleet.folder / "tokens.json").read_text())
    fleet.give_tokens({**tokens, "shop-1": f"expired-{fleet.id_of(1)}"})
    assert fleet.icesync("-q", "plan", "--only", "shop-2", "--budget", "1/10m").code == 0

    told = fleet.icesync("plan", "--budget", "1/10m", "--max-rps", "0.1", "--concurrency", "1").err

    assert "1 throttled, 1 failed, " in told
