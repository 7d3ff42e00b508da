"""One issue for each fleet while live state differs from the files: opened, kept up to date, closed."""

from enum import Enum
from typing import Final

from icesync.github.comment import is_ours
from icesync.github.rest import GitHub
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


async def tell(github: GitHub, drift: Drift, mark: str, title: str, body: str) -> None:
    """Open our issue when drift appears, bring it up to date while it lasts, close it when it is gone."""
    number = await _open_issue(github, mark)
    text = {"title": title, "body": f"{mark}\n{body}"}
    if number is None:
        if drift is Drift.THERE:
            await github.send("POST", "issues", {**text, "labels": [LABEL]})
    elif drift is Drift.GONE:
        # Closed first: whoever does this again finds nothing to close, and says nothing twice.
        await github.send("PATCH", f"issues/{number}", {"state": "closed", "state_reason": "completed"})
        await github.send("POST", f"issues/{number}/comments", {"body": _GONE})
    else:
        await github.send("PATCH", f"issues/{number}", text)


async def _open_issue(github: GitHub, mark: str) -> int | None:
    """The number of our issue; the oldest one, should there be two. GitHub drops the labels of a token
    that may not set them, so that an issue without one is looked for among all that the token opened."""
    login = await github.login()
    for narrowed in ({"labels": LABEL}, {"creator": login}):
        query = {"state": "open", "sort": "created", "direction": "asc", **narrowed}
        async for found in github.every("issues", query):
            # To GitHub's API a pull request is an issue, and some repositories let anybody label their own.
            if "pull_request" not in found and is_ours(found, login, mark):
                number: int = found["number"]
                return number
    return None
