"""`icesync sandbox` as a user runs it: the URL first, options that mean something, a clean end."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from icesync.commands.sandbox import sandbox

PROGRAM = "from icesync.commands.sandbox import sandbox; sandbox(prog_name='icesync sandbox')"
# What a shell without job control does to a program that it starts with &.
IN_THE_BACKGROUND = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "


@contextmanager
def started(*options: str, program: str = PROGRAM) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A sandbox in a process of its own, and the first line that it printed."""
    command = [sys.executable, "-W", "error", "-c", program, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().rstrip("\n")
        finally:
            process.kill()


@pytest.mark.parametrize("program", [PROGRAM, IN_THE_BACKGROUND + PROGRAM], ids=["foreground", "background"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_url_first_and_ends_well_when_told_to_stop(
    program: str, number: signal.Signals
) -> None:
    with started(program=program) as (process, url):
        process.send_signal(number)
        output, hints = process.communicate(timeout=10)

    assert url.startswith("http://127.0.0.1:")
    assert process.returncode == 0
    assert output == ""
    assert f"export ICESYNC_API_URL={url}" in hints
    assert "sandbox-1" in hints
    assert "Traceback" not in hints


def test_its_options_make_the_world_and_its_state_is_on_disk(tmp_path: Path) -> None:
    options = [
        "--state",
        str(tmp_path / "state.json"),
        "--shape",
        "manual",
        "--success",
        "string",
        "--lag",
        "1",
    ]
    options += [
        "--trim",
        "--post",
        "merge",
        "--budget",
        "4",
        "--latency",
        "1",
        "--fault",
        "html:0",
        "--seed",
        "3",
    ]
    question = {"question": " A ", "payload": "A"}
    body = {"platform": "instagram", "ice_breakers": [question]}

    with started(*options) as (_, url), httpx.Client(base_url=url) as client:
        profile = "/v24.0/me/messenger_profile?fields=ice_breakers&access_token=sandbox-1"
        answers = [client.post(profile, json=body)] + [client.get(profile) for _ in range(4)]

    assert [answer.json() for answer in answers[:3]] == [
        {"success": "true"},
        {"data": []},
        {"data": [{"call_to_actions": [{"question": "A", "payload": "A"}]}]},
    ]
    assert answers[4].json()["error"]["code"] == 613
    assert '"question": "A"' in (tmp_path / "state.json").read_text(encoding="utf-8")


def test_its_options_make_tokens_and_subscriptions(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text(
        '{"format": "icesync.sandbox/1", "profiles": {}, "subscribed": {"4": ["comments"]}}', encoding="utf-8"
    )
    options = ["--state", str(state), "--rotate", "new", "--identity", "listed", "--ids", "ignored"]
    options += ["--subscribe", "add", "--slow", "profile", "--fault", "html@profile"]
    options += ["--token", "1=ends:3d", "--token", "1=of:2", "--token", "3=checkpointed"]
    options += ["--subscribed", "2=messages", "--subscribed", "4=messages"]

    with started(*options) as (_, url), httpx.Client(base_url=url) as client:

        def ask(path: str, token: str, method: str = "GET") -> Any:
            return client.request(method, f"{path}&access_token={token}").json()

        assert ask("/v24.0/1?fields=user_id", "sandbox-1") == {"data": [{"id": "92", "user_id": "2"}]}
        assert client.get("/v24.0/me/messenger_profile").status_code == 502
        assert ask("/v24.0/me?", "sandbox-3")["error"]["error_subcode"] == 459
        grant = ask("/refresh_access_token?grant_type=ig_refresh_token", "sandbox-1")
        assert grant["access_token"] == "sandbox-1-1"
        fields = "/v24.0/me/subscribed_apps?subscribed_fields=messaging_postbacks"
        assert [ask(fields, token, "POST") for token in ("sandbox-1-1", "sandbox-4")] == [
            {"success": True}
        ] * 2

    kept = json.loads(state.read_text(encoding="utf-8"))["subscribed"]
    assert kept == {"2": ["messages", "messaging_postbacks"], "4": ["comments", "messaging_postbacks"]}


def test_a_dropped_connection_prints_nothing() -> None:
    with started("--fault", "reset", "--port", "0") as (process, url):
        for _ in range(3):
            with pytest.raises(httpx.TransportError):
                httpx.get(f"{url}/v24.0/me/messenger_profile")
        process.send_signal(signal.SIGTERM)
        _, hints = process.communicate(timeout=10)

    assert process.returncode == 0
    assert hints.endswith("export ICESYNC_BUDGET=none\n")


def test_a_busy_port_is_one_clear_line() -> None:
    with started() as (_, url):
        port = url.rpartition(":")[2]
        result = CliRunner().invoke(sandbox, ["--port", port])

    assert result.exit_code == 1
    assert result.output == f"Error: the sandbox cannot listen on 127.0.0.1:{port}: Address already in use\n"


def test_a_broken_state_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{}", encoding="utf-8")

    result = CliRunner().invoke(sandbox, ["--state", str(tmp_path / "state.json")])

    assert result.exit_code == 1
    assert result.output.startswith(f"Error: the state file {tmp_path / 'state.json'} is broken: ")
    assert result.output.count("\n") == 1


@pytest.mark.parametrize(
    "options",
    [
        ["--port", "65536"],
        ["--state", "."],
        ["--shape", "round"],
        ["--post", "patch"],
        ["--lag", "-1"],
        ["--success", "yes"],
        ["--budget", "0"],
        ["--latency", "-1"],
        ["--latency", "0.5"],
        ["--fault", "418"],
        ["--fault", "reset:2"],
        ["--fault", "reset@me"],
        ["--seed", "x"],
        ["--slow", "me"],
        ["--token", "sandbox-1"],
        ["--token", "1=old"],
        ["--rotate", "old"],
        ["--identity", "nested"],
        ["--ids", "any"],
        ["--subscribed", "1=postbacks"],
        ["--subscribe", "remove"],
    ],
    ids=" ".join,
)
def test_a_value_that_cannot_be_is_a_usage_error(options: list[str]) -> None:
    result = CliRunner().invoke(sandbox, options)

    assert result.exit_code == 2
    assert f"Invalid value for '{options[0]}'" in result.output
