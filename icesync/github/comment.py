"""One comment for each pull request and fleet, written anew where it stands."""

from collections.abc import Mapping
from typing import Any

from icesync.github.rest import GitHub


def is_ours(found: Mapping[str, Any], login: str, mark: str) -> bool:
    """Whether this is the text that we wrote: the mark alone proves nothing, since anybody can type it,
    and who wrote a comment can change it after us."""
    user, body = found.get("user"), found.get("body")
    return (
        isinstance(user, dict)
        and user.get("login") == login
        and isinstance(body, str)
        and body.startswith(mark)
    )


async def put(github: GitHub, number: int, mark: str, body: str, *, create: bool) -> None:
    """Write our comment on a pull request. Where there is none, make one if `create` says so."""
    login, path = await github.login(), f"issues/{number}/comments"
    async for found in github.every(path, {}):
        if is_ours(found, login, mark):
            await github.send("PATCH", f"issues/comments/{found['id']}", {"body": f"{mark}\n{body}"})
            return
    if create:
        await github.send("POST", path, {"body": f"{mark}\n{body}"})
