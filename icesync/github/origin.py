"""Which commit a saved plan was made from: one line in a file beside it, `plan.commit` for `plan.json`.

That is no signature, as little as the plan's digest is one: it finds a plan that was carried along
from another run. What a plan may write is held against the files themselves.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from icesync import revision
from icesync.config.files import root_path
from icesync.errors import IcesyncError, StalePlan
from icesync.github.step import Step

_COMMIT: Final = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_LONGEST: Final = 100


def checked_out(step: Step, config: str, environ: Mapping[str, str]) -> str:
    """The commit that the files are from. Git knows best; where it is not there, or does not trust
    the folder, the commit that the run is about."""
    return revision.head(root_path(Path(config)).parent, environ) or step.commit


def record(plan: Path, commit: str) -> None:
    plan.with_suffix(".commit").write_text(f"{commit}\n", encoding="ascii")


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
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST).decode("ascii", "replace").strip()
    except FileNotFoundError:
        message = f"{path} is missing, which tells the commit that the plan was made from"
        raise StalePlan(f"{message}: keep the files of the plan's artifact together") from None
    except OSError as error:
        raise IcesyncError(f"{path} cannot be read: {error.strerror}") from error
    if not _COMMIT.fullmatch(text):
        raise StalePlan(f"{path} holds no commit")
    return text
