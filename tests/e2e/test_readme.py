"""The README is the manual: its tour is run as it stands, its YAML loads, its table is complete."""

import os
import re
import socket
import subprocess
import sys
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


def test_the_tour_runs_as_it_stands(tmp_path: Path) -> None:
    script = "\n".join(["set -e", "trap 'kill $(jobs -p) || true' EXIT", *blocks("sh")]).replace(
        "8585", str(free_port())
    )
    environ = {key: value for key, value in os.environ.items() if not key.startswith("ICESYNC_")}
    environ["PATH"] = f"{tmp_path / 'bin'}:{environ['PATH']}"
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "icesync"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m icesync "$@"\n')
    command.chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "exit code 2" in done.stdout
    assert "What are your opening times?" in done.stdout
    assert "Plan: 0 to create, 0 to update, 0 to delete, 1 unchanged." in done.stdout


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
