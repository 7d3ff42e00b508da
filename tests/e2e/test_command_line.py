"""The command line itself: exit codes, outputs, colour, offline commands, bugs."""

import io
import json
import os
import stat
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from icesync import __version__, cli
from tests.support.desk import Desk

HELLO = {"default": [("Where is my order?", "ORDER")]}


@pytest.mark.parametrize(
    "line",
    [
        [],
        ["paln"],
        ["plan", "--shard=3/2"],
        ["plan", "--shard=0/2"],
        ["plan", "-o", "yaml"],
        ["plan", "-o", "json="],
        ["plan", "-o", "json", "-o", "html"],
        ["plan", "-o", "json=plan", "-o", "html=../{here}/plan"],
        ["apply", "--yes", "-o", "json=new", "-o", "markdown=link"],
        ["pull", "-o", "live", "--snapshot", "./live"],
        ["apply", "--max-changes=101%"],
        ["plan", "--api-url=http://graph.example.com"],
        ["plan", "--api-url=ftp://127.0.0.1"],
    ],
)
def test_wrong_usage_is_64(desk: Desk, monkeypatch: pytest.MonkeyPatch, line: list[str]) -> None:
    desk.declare({"shop": HELLO})
    monkeypatch.chdir(desk.folder)
    (desk.folder / "link").symlink_to("new")
    words = [word.replace("{here}", desk.folder.name) for word in line]

    used = desk.icesync(*words, config=line[:1] not in ([], ["paln"], ["pull"]))

    assert used.code == 64
    assert "Traceback" not in used.err
    assert desk.calls(1) == 0
    assert {each.name for each in desk.folder.iterdir()} == {"icesync.yaml", "tokens.json", "link"}


def test_version_and_help_are_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"icesync {__version__}\n"
    assert cli.run(["--help"]) == 0
    listed = capsys.readouterr().out
    assert all(f"  {name} " in listed for name in cli.COMMANDS)


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([name, "--help"]) == 0
    assert f"icesync {name}" in capsys.readouterr().out


def test_an_invalid_file_is_65_with_places(desk: Desk) -> None:
    desk.config.write_text("version: 1\naccounts:\n  shop:\n    id: '1'\n    ice_breaker: none\n")
    for command in ("validate", "plan", "apply", "drift", "pull"):
        told = desk.icesync(command)
        assert told.code == 65
        assert f"{desk.config}:5:5: error: " in told.err
        assert "ice_breakers" in told.err


def test_validate_needs_neither_network_nor_tokens(desk: Desk) -> None:
    desk.declare({"shop": HELLO, "apart": None}, defaults={"token": "env:NOT_SET"})
    told = desk.icesync("validate")
    assert (told.code, told.out) == (0, f"{desk.config} is valid: 2 accounts, 1 managed, 0 warnings.\n")
    assert desk.sandbox.api.calls == []


def test_an_output_that_cannot_be_written_is_told(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    told = desk.icesync("plan", "-o", f"json={desk.folder}/nowhere/plan.json")
    assert told.code == 1
    assert "cannot be written" in told.err


@pytest.mark.parametrize(
    ("option", "no_color", "colored"),
    [("always", "", True), ("always", "1", True), ("never", "", False), ("auto", "", False)],
)
def test_colour_is_decided_by_the_option(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, option: str, no_color: str, colored: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    desk.declare({"shop": HELLO})
    assert ("\x1b[" in desk.icesync("--color", option, "plan").out) is colored


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("kind", "option", "colored"),
    [
        ("xterm", "auto", True),
        ("dumb", "auto", False),
        ("dumb", "always", True),
    ],
)
def test_a_terminal_has_colours_unless_it_is_dumb(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, kind: str, option: str, colored: bool
) -> None:
    monkeypatch.setenv("TERM", kind)
    monkeypatch.delenv("NO_COLOR", raising=False)
    desk.declare({"shop": HELLO})

    with redirect_stdout(Terminal()) as screen:
        desk.icesync("--color", option, "plan")

    assert "shop" in screen.getvalue()
    assert ("\x1b[" in screen.getvalue()) is colored


def test_the_environment_names_the_api_and_the_state_folder(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.declare({"shop": HELLO}, api={"version": "v24.0"})
    monkeypatch.setenv("ICESYNC_API_URL", desk.sandbox.url)
    monkeypatch.setenv("ICESYNC_STATE_DIR", str(desk.folder / "state"))
    assert desk.icesync("apply", "--yes").code == 0
    assert len(list((desk.folder / "state" / "runs").iterdir())) == 1
    assert not (desk.folder / ".icesync").exists()


def test_quiet_keeps_results_and_verbose_tells_each_account(desk: Desk) -> None:
    desk.declare({"shop": HELLO}, limits={"max_changes": "0"})
    assert desk.icesync("-q", "plan").err == ""
    assert "reading shop" in desk.icesync("-v", "plan").err


@pytest.mark.parametrize("document", ["config", "plan", "report", "snapshot", "doctor", "tokens"])
def test_schema_prints_a_json_schema(document: str, capsys: pytest.CaptureFixture[str]) -> None:
    from jsonschema import Draft202012Validator

    assert cli.run(["schema", document]) == 0
    Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))


def test_plans_and_reports_are_as_their_schemas_say(desk: Desk) -> None:
    from jsonschema import validate

    desk.declare({"shop": HELLO, "dead": HELLO, "drop": "none"})
    desk.seed(3, HELLO)
    desk.give_tokens({"shop": f"sandbox-{desk.id_of(1)}", "drop": f"sandbox-{desk.id_of(3)}"})
    for document, line in (("plan", ["plan"]), ("report", ["apply", "--yes", "--force"])):
        schema = desk.icesync("schema", document, config=False).json
        validate(desk.icesync(*line, "-o", "json").json, schema)


def test_init_writes_a_file_that_validates_and_never_overwrites(desk: Desk) -> None:
    folder = desk.folder / "new"
    assert desk.icesync("init", str(folder), config=False).code == 0
    told = desk.icesync("validate", str(folder), config=False)
    assert (told.code, told.err) == (0, "")
    (folder / "icesync.yaml").write_text("mine")
    assert desk.icesync("init", str(folder), config=False).code == 1
    assert (folder / "icesync.yaml").read_text() == "mine"


def test_history_of_nothing_is_no_failure(desk: Desk) -> None:
    told = desk.icesync("history")
    assert (told.code, told.out) == (0, "")
    assert desk.icesync("rollback", "last", "--yes").code == 65, "there is no file yet"
    desk.declare({"shop": HELLO})
    assert desk.icesync("rollback", "last", "--yes").code == 1
    assert desk.icesync("rollback", "../../etc/passwd", "--yes").code == 1


def test_a_bug_is_70_and_leaves_a_traceback_in_a_private_file(desk: Desk) -> None:
    desk.declare({"shop": HELLO})

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("a bug")

    code = cli.run(["plan", str(desk.config)], transport=broken)

    told = desk.capsys.readouterr().err
    assert code == 70
    assert "Traceback" not in told
    report = Path(told.split()[-1])
    assert "ZeroDivisionError: a bug" in report.read_text()
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    report.unlink()


def test_a_reader_that_goes_away_leaves_no_traceback(desk: Desk) -> None:
    desk.declare({f"shop-{number}": {"default": [("?" * 80, "P" * 900)]} for number in range(200)})
    done = subprocess.run(
        f"{sys.executable} -m icesync plan {desk.config} | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    assert done.stderr == ""


def test_the_demo_walks_the_whole_tour(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["demo"]) == 0
    told = capsys.readouterr().out
    for command in ("plan", "apply --yes", "drift", "history", "rollback last --yes"):
        assert f"$ icesync {command}" in told
