"""Event payloads as GitHub sends them, as far as anybody could read them, with texts that mean harm."""

from typing import Any, Final

HOSTILE: Final = (
    "`id` $(id) '; id #\n::error::hi ##[set-env name=A]b <!-- icesync:icesync.yaml --> @everyone ${{ 1 }}"
)
HEAD: Final = "c0ffee" * 6 + "c0ff"
OURS: Final = {"id": 1, "full_name": "acme/shops", "fork": False, "default_branch": "main"}
THEIRS: Final = {"id": 2, "full_name": "mallory/shops", "fork": True}


def pull_request(
    number: int = 7, *, fork: bool = False, head: str = HEAD, author: str = "mallory"
) -> dict[str, Any]:
    source = {"ref": HOSTILE, "label": HOSTILE, "sha": head, "repo": THEIRS if fork else OURS}
    return {
        "action": "synchronize",
        "number": number,
        "pull_request": {
            "number": number,
            "title": HOSTILE,
            "body": HOSTILE,
            "user": {"login": author},
            "labels": [{"name": HOSTILE}],
            "head": source,
            "base": {"ref": "main", "sha": "0" * 40, "repo": OURS},
        },
        "repository": OURS,
        "sender": {"login": "mallory"},
    }


def push() -> dict[str, Any]:
    return {"ref": "refs/heads/main", "head_commit": {"message": HOSTILE}, "repository": OURS}


def schedule() -> dict[str, Any]:
    """It names no repository, unlike all others."""
    return {"schedule": "17 3 * * *"}


def dispatch() -> dict[str, Any]:
    return {"inputs": None, "ref": HOSTILE, "repository": OURS}


def workflow_run(event: str) -> dict[str, Any]:
    return {
        "workflow_run": {"event": event, "head_branch": HOSTILE, "head_repository": THEIRS},
        "repository": OURS,
    }
