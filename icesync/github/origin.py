"""Where a saved plan came from: files of one line beside it. `plan.commit` of `plan.json` tells the commit,
`plan.shard` the part of the fleet, where it is one.

That is no signature, as little as the plan's digest is one: it finds a plan that was carried along
from another run, and one that is missing. What a plan may write is held against the files themselves.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from icesync import revision
from icesync.config.files import root_path
from icesync.errors import IcesyncError, StalePlan
from icesync.github.payload import COMMIT
from icesync.github.step import Step

_SHARD: Final = re.compile(r"([1-9]\d{0,3})/([1-9]\d{0,3})", re.ASCII)
_LONGEST: Final = 100


def checked_out(step: Step, config: str, environ: Mapping[str, str]) -> str:
    """The commit that the files are from. Git knows best; where it is not there, or does not trust
    the folder, the commit that the run is about."""
    return revision.head(root_path(Path(config)).parent, environ) or step.commit


def record(plan: Path, commit: str, shard: str) -> None:
    plan.with_suffix(".commit").write_text(f"{commit}\n", encoding="ascii")
    if shard:
        plan.with_suffix(".shard").write_text(f"{shard}\n", encoding="ascii")


def check(plan: Path, commit: str) -> None:
    """Raise StalePlan for a plan that was made from another commit than this one."""
    made_from = of(plan)
    if made_from != commit:
        what = f"{plan} was made from the commit {made_from[:12]}, but {commit[:12]} is checked out"
        raise StalePlan(f"{what}: make a new plan")


def common(plans: Iterable[Path]) -> str:
    """The one commit that all these plans were made from. Raises StalePlan where they were not."""
    found = {of(plan) for plan in plans}
    if len(found) > 1:
        raise StalePlan(f"the plans were made from different commits: {', '.join(sorted(found))}")
    return found.pop()


def of(plan: Path) -> str:
    """Raises StalePlan for a plan that came without the file beside it."""
    path = plan.with_suffix(".commit")
    text = _line(path)
    if text is None:
        message = f"{path} is missing, which tells the commit that the plan was made from"
        raise StalePlan(f"{message}: keep the files of the plan's artifact together")
    if not COMMIT.fullmatch(text):
        raise StalePlan(f"{path} holds no commit")
    return text


def missing(plans: Iterable[Path]) -> list[str]:
    """The shards that none of these plans is of, as I/N; nothing is missed where no plan is of a shard."""
    texts = [_line(plan.with_suffix(".shard")) or "" for plan in plans]
    there = {(int(found[1]), int(found[2])) for found in map(_SHARD.fullmatch, texts) if found}
    counts = sorted({count for _, count in there})
    every = ((index, count) for count in counts for index in range(1, count + 1))
    return [f"{index}/{count}" for index, count in every if (index, count) not in there]


def _line(path: Path) -> str | None:
    """What the file holds, as much as we would write; None where there is none."""
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST).decode("ascii", "replace").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise IcesyncError(f"{path} cannot be read: {error.strerror}") from error
