"""The house's own rules, read off the source: layers, owners, purity, cycles and sizes."""

import ast
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent / "icesync"
# From the ground up, by room. `__main__` is the cli under its other name.
LAYERS = (
    "__init__",
    "diagnostics model model.*",
    "clock errors process safe",
    "guard",
    (
        "config.* credentials diff documents.* fleet journal.* planner sharing graph.__init__"
        " graph.catalogue graph.catalogue.* graph.protocol graph.standing graph.usage graph.versions"
    ),
    "revision tokens.*",
    "doctor",
    (
        "graph.allowance graph.client graph.door graph.governor graph.ledger graph.pace graph.transport"
        " graph.vouching"
        " render.* sandbox.*"
    ),
    "progress",
    "console reconciler reconciler.*",
    "refreshing sightings",
    "connection crew",
    "cluster.*",
    "runtime",
    "github.*",
    "commands.*",
    "cli",
    "__main__",
)
OWNERS = {
    "click": "cli commands.*",
    "distributed": "cluster.*",
    "deepdiff": "diff",
    "fcntl": "journal.folder tokens.files",
    "aiohttp": "graph.transport",
    "httpx": "github.rest graph.client graph.transport",
    "keyring": "credentials",
    "sqlite3": "graph.ledger tokens.book",
    "starlette": "sandbox.*",
    "subprocess": "process revision",
    "uvicorn": "sandbox.*",
    "yaml": "config.source",
}
PURE = (
    "diagnostics doctor documents.* diff errors fleet graph.catalogue graph.catalogue.* graph.protocol"
    " graph.standing graph.usage graph.versions guard model model.* planner render.* safe sharing"
    " tokens.due tokens.judging tokens.records tokens.texts"
    " github.events github.pages github.payload github.sightings github.workflow"
    " config.accounts config.comments config.dump config.fields config.grammar config.locales"
    " config.malformed config.phrases config.places config.problems config.profiles config.questions"
    " config.references config.resolve config.rules config.schema config.settings config.shapes"
    " config.variables config.webhooks"
)
IMPURE = "asyncio click datetime httpx logging os pathlib random socket sqlite3 subprocess time"
# The sandbox is a second reading of the manual: with shared code it would agree with the first's mistakes.
STRANGERS = {"sandbox.*": "graph.* model model.*"}
FILE_LINES, FUNCTION_LINES = 300, 45


def stands_in(name: str, rooms: str) -> bool:
    return any(fnmatchcase(name.removeprefix("icesync."), room) for room in rooms.split())


def layer(name: str) -> int | None:
    return next((height for height, rooms in enumerate(LAYERS) if stands_in(name, rooms)), None)


def package(name: str) -> str:
    return ".".join(name.split(".")[:2])


def imported(path: str, modules: Mapping[str, object]) -> str:
    """The module of icesync that an import path names or reaches into, else its first word (`yaml`)."""
    parent = path.rpartition(".")[0]
    candidates = (path, f"{path}.__init__", parent, f"{parent}.__init__")
    return next((known for known in candidates if known in modules), path.partition(".")[0])


def imports(name: str, tree: ast.Module) -> Iterator[str]:
    """The dotted path of everything that is imported anywhere in the file, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), name.rpartition(".")[0])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def faults_of_shape(tree: ast.Module, text: str) -> Iterator[str]:
    if not ast.get_docstring(tree):
        yield "opens without a docstring"
    if (lines := len(text.splitlines())) > FILE_LINES:
        yield f"has {lines} lines"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{node.name} has {lines} lines"


def faults_of_company(name: str, need: str, modules: Mapping[str, object]) -> Iterator[str]:
    if need not in modules:
        if need == "icesync":
            yield "imports a module that does not exist"
        if need in OWNERS and not stands_in(name, OWNERS[need]):
            yield f"imports {need}, which belongs to {OWNERS[need]}"
        if need in IMPURE.split() and stands_in(name, PURE):
            yield f"is pure and imports {need}"
        return
    here, there, at_home = layer(name), layer(need), package(name) == package(need)
    if here is not None and there is not None and (there > here or (there == here and not at_home)):
        yield f"imports {need}, which does not lie below it"
    if any(stands_in(name, rooms) and stands_in(need, others) for rooms, others in STRANGERS.items()):
        yield f"imports {need}, which it must not know"


def faults(sources: Mapping[str, str]) -> list[str]:
    """Every rule of the house that these modules (dotted name -> text) break."""
    trees = {name: ast.parse(text) for name, text in sources.items()}
    needs = {name: {imported(path, trees) for path in imports(name, tree)} for name, tree in trees.items()}
    found = [f"{name} stands in no layer" for name in trees if layer(name) is None]
    for name, tree in trees.items():
        found += [f"{name} {fault}" for fault in faults_of_shape(tree, sources[name])]
        found += [f"{name} {fault}" for need in needs[name] for fault in faults_of_company(name, need, trees)]
    try:
        TopologicalSorter({name: need & trees.keys() for name, need in needs.items()}).prepare()
    except CycleError as cycle:
        found.append("cycle: " + " <- ".join(cycle.args[1]))
    return sorted(found)


def sources_of(folder: Path) -> dict[str, str]:
    files = {
        ".".join(file.relative_to(folder.parent).with_suffix("").parts): file for file in folder.rglob("*.py")
    }
    return {name: file.read_text(encoding="utf-8") for name, file in files.items()}


def test_the_house_keeps_its_rules() -> None:
    sources = sources_of(HOUSE)
    assert "icesync.model.desired" in sources
    assert "\n".join(faults(sources)) == ""


def fake(**modules: str) -> dict[str, str]:
    """Modules by short name, `__` for the dot, each with a docstring before its text."""
    return {
        f"icesync.{name.replace('__', '.')}": f'"""What lives here."""\n{text}'
        for name, text in modules.items()
    }


@pytest.mark.parametrize(
    "sources",
    [
        fake(model="import re", planner="from icesync.model import Plan"),
        fake(config__resolve="from icesync.config import source", config__source="import yaml"),
        fake(config__resolve="from .source import read", config__source="from yaml import parse"),
        fake(graph__client="import httpx\nfrom icesync.graph import protocol", graph__protocol=""),
        fake(process="import subprocess", credentials="from icesync import process"),
        fake(journal__writing="import os, pathlib"),
    ],
)
def test_what_the_rules_allow_is_no_fault(sources: dict[str, str]) -> None:
    assert "\n".join(faults(sources)) == ""


@pytest.mark.parametrize(
    ("sources", "fault"),
    [
        (
            fake(planner="from icesync.cli import main", cli=""),
            "icesync.planner imports icesync.cli, which does not lie below it",
        ),
        (
            fake(guard="from icesync import fleet", fleet=""),
            "icesync.guard imports icesync.fleet, which does not lie below it",
        ),
        (
            fake(graph__protocol="from .client import send", graph__client=""),
            "icesync.graph.protocol imports icesync.graph.client, which does not lie below it",
        ),
        (
            fake(planner="def late():\n    import icesync.runtime", runtime=""),
            "icesync.planner imports icesync.runtime, which does not lie below it",
        ),
        (
            fake(render__text="if TYPE_CHECKING:\n    from icesync.sandbox.web import app", sandbox__web=""),
            "icesync.render.text imports icesync.sandbox.web, which does not lie below it",
        ),
        (
            fake(sandbox__world="from icesync.model import Profile", model=""),
            "icesync.sandbox.world imports icesync.model, which it must not know",
        ),
        (
            fake(sandbox__world="import icesync.graph.protocol", graph__protocol=""),
            "icesync.sandbox.world imports icesync.graph.protocol, which it must not know",
        ),
        (
            fake(config__resolve="from yaml import load"),
            "icesync.config.resolve imports yaml, which belongs to config.source",
        ),
        (
            fake(runtime="import sqlite3"),
            "icesync.runtime imports sqlite3, which belongs to graph.ledger tokens.book",
        ),
        (
            fake(cli="import subprocess"),
            "icesync.cli imports subprocess, which belongs to process revision",
        ),
        (fake(planner="from datetime import datetime"), "icesync.planner is pure and imports datetime"),
        (fake(render__html="import os.path"), "icesync.render.html is pure and imports os"),
        (fake(cli="import icesync.lost.found"), "icesync.cli imports a module that does not exist"),
        (fake(helpers=""), "icesync.helpers stands in no layer"),
        (fake(graph__extra=""), "icesync.graph.extra stands in no layer"),
        ({"icesync.model": "import re"}, "icesync.model opens without a docstring"),
        (fake(model="\n" * 300), "icesync.model has 301 lines"),
        (fake(model="def f():" + "\n    pass" * 45), "icesync.model f has 46 lines"),
        (fake(model="class C:\n  async def f():" + "\n    pass" * 45), "icesync.model f has 46 lines"),
    ],
)
def test_a_broken_rule_is_named(sources: dict[str, str], fault: str) -> None:
    assert faults(sources) == [fault]


def test_a_cycle_is_named_even_inside_a_package() -> None:
    sources = fake(
        config__a="from icesync.config import b", config__b="def f():\n    from icesync.config import a"
    )
    (fault,) = faults(sources)
    assert fault.startswith("cycle: ")
    assert {"icesync.config.a", "icesync.config.b"} <= set(fault.split())
