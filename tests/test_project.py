"""The repository itself: what its workflow may do, what its files may name, where its version stands."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from icesync import __version__

ROOT = Path(__file__).parent.parent
GITHUB = ROOT / ".github"
ROOMS = ("icesync", "tests", "examples", "benchmarks", ".github", ".ci")
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted({*(GITHUB / "ISSUE_TEMPLATE").glob("*.yml")} - {GITHUB / "ISSUE_TEMPLATE" / "config.yml"})
# A registry belongs to whoever installs, a path to whoever typed it: neither to the project.
FOREIGN = re.compile(
    r"\bpypi\.(?:org|python)|\bpythonhosted\.|(?<![\w.>}*-])/(?:home|Users|root|work|opt)/\w"
)


def project_files() -> Iterator[Path]:
    yield from (path for pattern in ("*.md", "*.toml", "Makefile") for path in ROOT.glob(pattern))
    yield from (
        path
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    )


def load(path: Path) -> dict[Any, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize(
    "foreign",
    [
        "/".join(["see ", "home", "me", "icesync"]),
        "/".join(["file:", "", "", "opt", "x"]),
        ".".join(["//pypi", "org"]),
    ],
)
def test_a_registry_and_a_path_of_a_machine_are_recognised(foreign: str) -> None:
    assert FOREIGN.search(foreign)


def test_no_file_names_a_registry_or_a_path_of_somebodys_machine() -> None:
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in project_files()}
    assert ROOT / "pyproject.toml" in texts
    assert {str(path): found[0] for path, text in texts.items() if (found := FOREIGN.search(text))} == {}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_starts_without_rights_and_its_jobs_only_read(workflow: Path) -> None:
    content = load(workflow)
    assert content["permissions"] == {}
    for job in content["jobs"].values():
        assert job["permissions"] == {"contents": "read"}
        assert job["timeout-minutes"] <= 15
        checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_pins_each_action_by_commit_and_tells_its_version(workflow: Path) -> None:
    lines = [line for line in workflow.read_text(encoding="utf-8").splitlines() if "uses:" in line]
    assert lines
    assert [
        line for line in lines if not re.search(r"uses: [\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)
    ] == []


def test_the_workflow_runs_the_gate_on_every_python_that_is_promised() -> None:
    job = load(GITHUB / "workflows" / "ci.yml")["jobs"]["gate"]
    promised = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["classifiers"]
    assert {
        f"Programming Language :: Python :: {python}" for python in job["strategy"]["matrix"]["python"]
    } == {line for line in promised if line.startswith("Programming Language :: Python ::")}
    assert job["steps"][-1]["run"] == ".ci/run"


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.name)
def test_an_issue_form_has_what_github_demands_of_it(form: Path) -> None:
    content = load(form)
    assert {"name", "description", "body"} <= content.keys()
    fields = [field for field in content["body"] if field["type"] != "markdown"]
    assert all(field["attributes"]["label"] for field in fields)
    assert len({field["id"] for field in fields}) == len(fields) > 0


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"]["path"] == "icesync/__init__.py"
    code = {
        path for path in (ROOT / "icesync").rglob("*.py") if __version__ in path.read_text(encoding="utf-8")
    }
    assert code == {ROOT / "icesync" / "__init__.py"}


def test_the_gate_can_be_run_and_ends_with_the_tests() -> None:
    gate = ROOT / ".ci" / "run"
    assert gate.stat().st_mode & 0o111
    assert gate.read_text(encoding="utf-8").splitlines()[-2:] == ["step make lint", "step make test"]
