"""Where a step runs: the GITHUB_* variables and files that the runner gives it."""

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from icesync.errors import IcesyncError, UsageError
from icesync.github import events
from icesync.github.events import Event
from icesync.safe import visible

_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_URL: Final = re.compile("https?://[!-~]+")
# What only the runner and this step have use for; a token reference in the files shall not find it.
_OURS: Final = ("GITHUB_TOKEN", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH")


@dataclass(frozen=True, slots=True)
class Step:
    """`run_url` is the page of the run, where its artifacts and summaries are; `attempt` counts from 1."""

    event: Event
    repository: str
    commit: str
    run_url: str
    attempt: int
    api_url: str
    graphql_url: str
    workspace: Path
    temporary: Path
    output: Path
    summary: Path


def of(environ: Mapping[str, str]) -> Step:
    """The step that this environment is one of. Raises UsageError outside of a workflow, and for values
    that no runner gives."""

    def given(name: str) -> str:
        if not (value := environ.get(name)):
            raise UsageError(f"{name} is missing: `icesync github` is a step of a GitHub workflow")
        return value

    def url(name: str) -> str:
        if not _URL.fullmatch(value := given(name)):
            raise UsageError(f"{name} is no URL")
        return value.rstrip("/")

    attempt = environ.get("GITHUB_RUN_ATTEMPT", "1")
    repository = given("GITHUB_REPOSITORY")
    if not _REPOSITORY.fullmatch(repository):
        raise UsageError("GITHUB_REPOSITORY is not OWNER/NAME")
    return Step(
        event=events.read(given("GITHUB_EVENT_NAME"), _payload(environ.get("GITHUB_EVENT_PATH"))),
        repository=repository,
        commit=given("GITHUB_SHA"),
        run_url=f"{url('GITHUB_SERVER_URL')}/{repository}/actions/runs/{given('GITHUB_RUN_ID')}",
        attempt=int(attempt) if attempt.isdecimal() else 1,
        api_url=url("GITHUB_API_URL"),
        graphql_url=url("GITHUB_GRAPHQL_URL"),
        workspace=Path(given("GITHUB_WORKSPACE")),
        temporary=Path(given("RUNNER_TEMP")),
        output=Path(given("GITHUB_OUTPUT")),
        summary=Path(given("GITHUB_STEP_SUMMARY")),
    )


def without_ours(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for a command: without the job's token, which is none of the accounts' tokens,
    and without the files that speak to the runner."""
    return {
        name: value for name, value in environ.items() if name not in _OURS and not name.startswith("INPUT_")
    }


def in_repository(step: Step, file: str) -> str:
    """The path of a file as GitHub knows it: from the root of the checkout, where it is below it."""
    path, root = Path(os.path.realpath(file)), Path(os.path.realpath(step.workspace))
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else file


def append(path: Path, text: str) -> None:
    """Add to one of the runner's files."""
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise IcesyncError(f"{visible(str(path))} cannot be written: {error.strerror}") from error


def new_folder(step: Step) -> Path:
    """A folder of this step's own."""
    try:
        return Path(tempfile.mkdtemp(prefix="icesync-", dir=step.temporary))
    except OSError as error:
        raise IcesyncError(f"RUNNER_TEMP is no folder to write into: {error.strerror}") from error


def _payload(path: str | None) -> str:
    try:
        return Path(path).read_text(encoding="utf-8") if path else ""
    except (OSError, UnicodeDecodeError) as error:
        raise IcesyncError(f"the event's payload cannot be read: {error}") from error
