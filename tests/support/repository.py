"""A Git repository in a temporary folder, which knows nothing of the user's settings."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

ENVIRONMENT: Final = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "icesync",
    "GIT_AUTHOR_EMAIL": "icesync@example.com",
    "GIT_COMMITTER_NAME": "icesync",
    "GIT_COMMITTER_EMAIL": "icesync@example.com",
}


@dataclass(frozen=True)
class Repository:
    folder: Path

    def git(self, *words: str, given: str = "") -> str:
        """Run git in the repository; its standard output without the line end."""
        done = subprocess.run(
            ["git", "-C", str(self.folder), *words], input=given, capture_output=True, text=True, check=True
        )
        return done.stdout.removesuffix("\n")

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def commit(self, files: dict[str, str] | None = None) -> str:
        """Write these files, commit all that is there, and give the commit."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=state")
        return self.git("rev-parse", "HEAD")


def new_repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with nothing in it. Discovery ends at it: there is none around the folder's parent."""
    for name, value in {**ENVIRONMENT, "GIT_CEILING_DIRECTORIES": str(folder.parent)}.items():
        monkeypatch.setenv(name, value)
    folder.mkdir(parents=True, exist_ok=True)
    repository = Repository(folder)
    repository.git("init", "--quiet", "--initial-branch=main")
    return repository
