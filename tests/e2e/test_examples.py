"""Each example is run as its reader would run it, against the sandbox."""

import json
import shutil
from pathlib import Path

import pytest

from icesync import config
from tests.support.desk import Desk

EXAMPLES = Path(__file__).parents[2] / "examples"


def tokens_for(folder: Path) -> dict[str, str]:
    return {each.account.name: f"sandbox-{each.account.id}" for each in config.load(folder).fleet.accounts}


@pytest.mark.parametrize(("name", "managed"), [("quickstart", 1), ("fleet", 11), ("kubernetes", 12)])
def test_an_example_validates_applies_and_is_in_sync_then(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str, managed: int
) -> None:
    folder = desk.folder / name
    shutil.copytree(EXAMPLES / name, folder)
    tokens = tokens_for(folder)
    monkeypatch.setenv("ICESYNC_API_URL", desk.sandbox.url)
    monkeypatch.setenv("IG_TOKEN", next(iter(tokens.values())))
    monkeypatch.setenv("IG_TOKENS", json.dumps(tokens))

    validated = desk.icesync("validate", str(folder), config=False)
    assert (validated.code, validated.err) == (0, "")
    assert f"{managed} managed, 0 warnings" in validated.out
    assert desk.icesync("apply", "--yes", str(folder), config=False).code == 0
    planned = desk.icesync("plan", str(folder), config=False)
    assert planned.code == 0
    assert planned.out.endswith(f"Plan: 0 to create, 0 to update, 0 to delete, {managed} unchanged.\n")


def test_every_example_is_among_them() -> None:
    elsewhere = {"github-actions"}  # tests/e2e/github/test_github_examples.py
    assert {path.name for path in EXAMPLES.iterdir()} == {"quickstart", "fleet", "kubernetes"} | elsewhere
