"""One issue for each fleet while live state differs from the files: opened, kept up to date, closed."""

from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple

from icesync.github.comment import is_ours
from icesync.github.rest import GitHub
from icesync.github.sightings import Text
from icesync.model import Plan

LABEL: Final = "icesync-drift"
_GONE: Final = "Live state is what the files say again, so icesync closes this issue."


class Drift(Enum):
    """What a plan says of drift. UNKNOWN: no account is seen to differ, but not all could be read."""

    THERE = "there"
    UNKNOWN = "unknown"
    GONE = "gone"


def seen(plan: Plan) -> Drift:
    """An account that cannot be read hides nobody else's drift, and ends none."""
    if plan.differing:
        return Drift.THERE
    return Drift.GONE if plan.complete else Drift.UNKNOWN


async def tell(github: GitHub, drift: Drift, mark: str, write: Callable[[str], Text]) -> None:
    """Open our issue when drift appears, bring it up to date while it lasts, close it when it is gone.
    `write` gets what the issue says, nothing where there is none, and gives what it shall say."""
    found = await _open_issue(github, mark)
    if drift is Drift.GONE:
        if found:
            await _close(github, found.number)
        return
    text = write(found.body if found else "")
    content = {"title": text.title, "body": f"{mark}\n{text.body}"}
    if found:
        await github.send("PATCH", f"issues/{found.number}", content)
    elif drift is Drift.THERE:
        await github.send("POST", "issues", {**content, "labels": [LABEL]})


async def _close(github: GitHub, number: int) -> None:
    # Closed first: whoever does this again finds nothing to close, and says nothing twice.
    await github.send("PATCH", f"issues/{number}", {"state": "closed", "state_reason": "completed"})
    await github.send("POST", f"issues/{number}/comments", {"body": _GONE})


class _Issue(NamedTuple):
    number: int
    body: str


async def _open_issue(github: GitHub, mark: str) -> _Issue | None:
    """Our issue; the oldest one, should there be two. GitHub drops the labels of a token
    that may not set them, so that an issue without one is looked for among all that the token opened."""
    login = await github.login()
    for narrowed in ({"labels": LABEL}, {"creator": login}):
        query = {"state": "open", "sort": "created", "direction": "asc", **narrowed}
        async for found in github.every("issues", query):
            # To GitHub's API a pull request is an issue, and some repositories let anybody label their own.
            if "pull_request" not in found and is_ours(found, login, mark):
                return _Issue(found["number"], found["body"])
    return None
