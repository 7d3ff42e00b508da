"""The README is the manual: its tour is run as it stands, its YAML loads, its table is complete."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from icesync import cli, config

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def bash(script: str, folder: Path) -> str:
    """What a script prints in a folder of its own, errors too. It must end well."""
    script = "\n".join(["trap 'kill $(jobs -p) || true' EXIT", script])
    for port in ("8585", "8586"):
        script = script.replace(port, str(free_port()))
    environ = {key: value for key, value in os.environ.items() if not key.startswith("ICESYNC_")}
    environ["PATH"] = f"{folder / 'bin'}:{environ['PATH']}"
    (folder / "bin").mkdir()
    command = folder / "bin" / "icesync"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m icesync "$@"\n')
    command.chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_tour_runs_as_it_stands(tmp_path: Path) -> None:
    told = bash("\n".join(["set -e", *blocks("sh")]), tmp_path)

    assert "exit code 2" in told
    assert "What are your opening times?" in told
    assert "Plan: 0 to create, 0 to update, 0 to delete, 1 unchanged." in told


def steps(transcript: str) -> Iterator[tuple[str, str]]:
    """The commands of a transcript, and what each prints."""
    command, printed = "", ""
    for line in transcript.splitlines(keepends=True):
        if line.startswith("$ "):
            if command:
                yield command, printed
            command, printed = line[2:], ""
        elif line.startswith("> ") and not printed:
            command += line[2:]
        else:
            printed += line
    yield command, printed


def steady(text: str) -> str:
    """The text without the name of the run and the trace, which are new each time."""
    return re.sub(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}|(?<=trace: )\S+", "…", text).strip()


def test_the_transcripts_are_what_is_printed(tmp_path: Path) -> None:
    mark = "=== the next command ==="
    told = list(steps("".join(blocks("console"))))
    assert len(told) > 15

    printed = bash("".join(f"{command}\necho; echo {mark}\n" for command, _ in told), tmp_path)

    assert [steady(each) for each in printed.split(mark)[:-1]] == [steady(each) for _, each in told]


def test_its_desired_state_loads(tmp_path: Path) -> None:
    (text,) = blocks("yaml")
    (tmp_path / "accounts").mkdir()
    (tmp_path / "accounts" / "more.yaml").write_text("accounts: {}\n")
    (tmp_path / "icesync.yaml").write_text(text, encoding="utf-8")
    fleet = config.load(tmp_path).fleet
    assert [each.account.name for each in fleet.accounts] == ["acme-lab", "acme-old", "acme-us"]


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_it_tells_every_command(name: str) -> None:
    assert f"| `icesync {name}" in README


def test_it_names_no_file_that_is_not_there() -> None:
    root = Path(__file__).parents[2]
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (root / link).exists()] == []
