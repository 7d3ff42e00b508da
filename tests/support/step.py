"""A step of the action without the action: `icesync github COMMAND` in this process, on the injected clock,
with what a runner would have put around it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from icesync import cli
from tests.support.desk import Desk
from tests.support.github_api import GitHubApi
from tests.support.payloads import pull_request, push, schedule
from tests.support.runner import outputs_in
from tests.support.workflow_commands import Command, commands

COMMIT = "feed" * 10


@dataclass(frozen=True)
class Done:
    """What a step left behind."""

    code: int
    log: str
    err: str
    outputs: dict[str, str]
    summary: str

    def annotations(self, kind: str) -> list[Command]:
        return [each for each in commands(self.log) if each.name == kind]

    @property
    def plan(self) -> Path:
        return Path(self.outputs["plan-path"])


@dataclass
class Workplace:
    """The desk's folder is the checkout. Events are set by name; a push is the usual one."""

    desk: Desk
    api: GitHubApi
    home: Path
    event: tuple[str, Any] = field(default_factory=lambda: ("push", push()))
    token: str = "job-token"
    environ: dict[str, str] = field(default_factory=dict)

    def on_pull_request(self, *, fork: bool = False) -> None:
        self.event = "pull_request", pull_request(fork=fork)
        if fork:
            self.api.tokens["fork-token"] = self.api.reader()
            self.token = "fork-token"

    def on_schedule(self) -> None:
        self.event = "schedule", schedule()

    def surroundings(self) -> dict[str, str]:
        payload, output, summary = (self.home / name for name in ("event.json", "output", "summary"))
        payload.write_text(json.dumps(self.event[1]), encoding="utf-8")
        output.write_text("", encoding="utf-8")
        summary.write_text("", encoding="utf-8")
        return {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.api.url,
            "GITHUB_GRAPHQL_URL": f"{self.api.url}/graphql",
            "GITHUB_EVENT_NAME": self.event[0],
            "GITHUB_EVENT_PATH": str(payload),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_REPOSITORY": self.api.repository,
            "GITHUB_RUN_ID": "4711",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_SHA": COMMIT,
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_TOKEN": self.token,
            "GITHUB_WORKSPACE": str(self.desk.folder),
            "RUNNER_TEMP": str(self.home),
            **self.environ,
        }

    def step(self, command: str, *, without: str = "", **inputs: str) -> Done:
        """Run the command with these inputs; `config` is the desk's unless it is given."""
        given: Mapping[str, str] = {"config": str(self.desk.config), **inputs}
        environ = self.surroundings() | {f"INPUT_{name.upper()}": value for name, value in given.items()}
        environ.pop(without, None)
        self.desk.capsys.readouterr()
        code = cli.run(["github", command], clock=self.desk.clock, environ=environ)
        out, err = self.desk.capsys.readouterr()
        output, summary = ((self.home / name).read_text(encoding="utf-8") for name in ("output", "summary"))
        return Done(code, out, err, outputs_in(output), summary)
