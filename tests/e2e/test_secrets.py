"""A token is only ever in memory and in the request header: one sentinel, looked for everywhere."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from icesync.sandbox.world import Fault, World
from tests.support.desk import Desk

SENTINEL = "sandbox-17841400000000001"
HELLO = {"default": [("Where is my order?", "ORDER")]}
OTHER = {"default": [("When are you open?", "HOURS")]}


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


def written_files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("token"))


@pytest.mark.parametrize("faults", [(), (Fault("500"),), (Fault("throttle-app"),)])
@pytest.mark.parametrize("source", ["file:tokens.json#shop", "env:SENTINEL", "command:cat token.txt"])
def test_no_command_ever_shows_a_token_nor_keeps_its_reference(
    desk: Desk,
    log: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    faults: tuple[Fault, ...],
    source: str,
) -> None:
    monkeypatch.setenv("SENTINEL", SENTINEL)
    (desk.folder / "token.txt").write_text(SENTINEL)
    desk.declare({"shop": HELLO}, defaults={"token": source})
    desk.seed(1, OTHER)
    desk.sandbox.api.world = World(faults=faults)
    outputs = [f"-o{kind}={desk.folder / f'out.{kind}'}" for kind in ("json", "markdown", "html", "text")]
    lines = [
        ["-v", "validate"],
        ["-v", "plan", *outputs],
        ["-v", "drift", *outputs],
        ["-v", "apply", "--yes", *outputs],
        ["-v", "rollback", "last", "--yes", *outputs],
        ["-v", "history"],
        ["-v", "doctor", *outputs[:1], *outputs[3:]],
        ["-v", "tokens", "status", "-ojson"],
        ["-v", "pull"],
        ["-v", "pull", f"--snapshot={desk.folder / 'live.json'}"],
        ["-v", "plan", f"--against={desk.folder / 'live.json'}", *outputs],
    ]
    shown = []
    for line in lines:
        told = desk.icesync(*line)
        shown += [told.out, told.err]

    assert desk.sandbox.api.calls
    assert not [text for text in shown if SENTINEL in text]
    assert SENTINEL not in log.text
    for path in written_files(desk.folder):
        text = path.read_text()
        assert SENTINEL not in text, path
        if path.suffix in (".json", ".jsonl"):
            assert source not in text, path


def test_a_token_in_the_file_is_refused_and_not_repeated(desk: Desk) -> None:
    desk.declare({"shop": HELLO}, defaults={"token": SENTINEL})
    for command in ("validate", "plan", "apply"):
        told = desk.icesync(command)
        assert told.code == 65
        assert SENTINEL not in told.out + told.err
        assert "env:" in told.err


def test_an_api_that_echoes_the_token_does_not_get_it_printed(desk: Desk) -> None:
    import httpx

    def echo(request: httpx.Request) -> httpx.Response:
        said = f"who is {request.headers['authorization']}?"
        return httpx.Response(400, json={"error": {"message": said, "code": 190, "fbtrace_id": said}})

    from icesync import cli

    desk.declare({"shop": HELLO})
    path = desk.folder / "plan.json"
    desk.capsys.readouterr()
    line = ["plan", str(desk.config), "-otext", f"-ojson={path}"]
    assert cli.run(line, clock=desk.clock, transport=lambda *_: httpx.MockTransport(echo)) == 3
    out, err = desk.capsys.readouterr()
    assert SENTINEL not in out + err + path.read_text()
    assert "who is Bearer ***?" in out


def test_a_secret_store_that_cannot_be_read_is_not_quoted(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    (desk.folder / "tokens.json").write_text(f'{{"shop": "{SENTINEL}" broken')
    told = desk.icesync("plan", "-o", "json")
    assert told.code == 3
    assert json.loads(told.out)["unreadable"][0]["error"]["kind"] == "credential"
    assert SENTINEL not in told.out + told.err
