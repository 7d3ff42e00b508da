"""`load`, the one way from files to a Fleet."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from icesync.config import files
from icesync.config.accounts import read_accounts
from icesync.config.problems import Layer, Notes, Source, diagnose
from icesync.config.resolve import gather, lay_ground
from icesync.config.settings import check_top, read_api, read_budget, read_limits
from icesync.config.shapes import mapping
from icesync.diagnostics import Diagnostic, Severity, in_order
from icesync.errors import ConfigError
from icesync.model import Fleet

# Not worth a word while a file cannot be read: the template may be in there.
_WANTED_FROM_OTHER_FILES: Final = ("unknown-template", "no-accounts")


@dataclass(frozen=True, slots=True)
class Loaded:
    """The desired state, what is odd about it, and the folder that its `file:` references start at."""

    fleet: Fleet
    warnings: tuple[Diagnostic, ...]
    root: Path


def load(path: Path) -> Loaded:
    """The desired state in a root file, or in a directory's icesync.yaml.

    Raises ConfigError with every mistake in every file, and nothing else.
    """
    path = files.root_path(path)
    diagnostics: list[Diagnostic] = []
    with _without_garbage_collection():
        root = files.read(path, diagnostics)
        fleet = _resolve(root, path, diagnostics) if root else Fleet(())
    told = in_order(diagnostics)
    if any(diagnostic.severity is Severity.ERROR for diagnostic in told):
        raise ConfigError(told)
    return Loaded(fleet, told, path.parent)


def _resolve(root: Source, path: Path, diagnostics: list[Diagnostic]) -> Fleet:
    """The fleet that a root file and what it includes ask for; of use only if nothing is wrong."""
    notes = Notes({}, (Layer(root, (), root.data),))
    includes = files.included(notes, root.data.get("include"), path)
    sources = [source for source in (root, *(files.read(each, diagnostics) for each in includes)) if source]
    for source in sources:
        check_top(notes.on(Layer(source, (), source.data)), source.data, is_root=source is root)
    defaults = Layer(root, ("defaults",), mapping(notes, ("defaults",), root.data.get("defaults")))
    ground = lay_ground(notes, defaults, gather(notes, sources, "templates"))
    accounts = gather(notes, sources, "accounts")
    if not accounts:
        notes.warning(("accounts",), "no-accounts", "there is no account in the desired state")
    fleet = Fleet(
        read_accounts(notes, accounts, ground),
        read_api(notes, root.data.get("api")),
        read_limits(notes, root.data.get("limits")),
        read_budget(notes, root.data.get("api")),
    )
    problems = list(notes.found.values())
    if len(sources) <= len(includes):
        problems = [problem for problem in problems if problem.rule not in _WANTED_FROM_OTHER_FILES]
    diagnostics.extend(diagnose(problems))
    return fleet


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Loading makes many objects and no garbage in circles; looking for it is half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # What was made is here to stay: filed with the old objects, none of it is looked at again.
        gc.freeze()
        gc.unfreeze()
        if enabled:
            gc.enable()
