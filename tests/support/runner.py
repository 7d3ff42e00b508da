"""A stand-in for GitHub's runner: it carries out the steps of a composite action or of a workflow's job.

Scripts really run, in bash, with the files and variables that a runner gives. Stood in for are the
actions of others, by small functions, and pip: installing is recorded, and the Python that comes of it
is the one that runs the tests.
"""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import yaml

from tests.support.expressions import filled, holds
from tests.support.workflow_commands import Command, commands

ROOT: Final = Path(__file__).parents[2]
LARGEST_SUMMARY: Final = 1024 * 1024
_STATUS: Final = re.compile(r"\b(always|failure|success|cancelled)\(\)")
_PYTHON: Final = """#!/bin/sh
case "$*" in
  "-I -m venv "*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
  "-I -m pip "*) echo "$*" >> "{record}" ;;
  *) exec "{python}" "$@" ;;
esac
"""


@dataclass
class Outcome:
    """What a job or an action came to. `summary` is that of all steps."""

    success: bool = True
    log: str = ""
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)

    @property
    def commands(self) -> list[Command]:
        return list(commands(self.log))

    def annotations(self, kind: str) -> list[Command]:
        return [each for each in self.commands if each.name == kind]


@dataclass
class Runner:
    """A machine that runs jobs of one repository, `source`, whose files each checkout copies.

    Artifacts and caches stay between jobs, everything else is new for each. `github` is the context of
    that name, `environ` what the machine itself has in its environment. Once `cancel` says so while a
    script runs, the job is cancelled.
    """

    home: Path
    source: Path
    github: dict[str, Any]
    environ: dict[str, str]
    environments: dict[str, dict[str, str]] = field(default_factory=dict)
    cancel: Callable[[], bool] = lambda: False
    cancelled: bool = False
    jobs: int = 0
    workspace: Path = Path()
    temporary: Path = Path()
    _done: dict[str, Any] = field(default_factory=dict)

    @property
    def artifacts(self) -> Path:
        return self.home / "artifacts"

    @property
    def installed(self) -> str:
        """What pip was told to do."""
        return (self.home / "pip.txt").read_text(encoding="utf-8")

    def action(self, environ: Mapping[str, str] | None = None, **inputs: str) -> Outcome:
        """One step that uses the action, in a job that has checked the repository out."""
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        steps = [
            {"uses": "actions/checkout@v0"},
            {"id": "it", "uses": "icesync/icesync@v0", "with": given, "env": {**(environ or {})}},
        ]
        return self.steps(steps, {})

    def job(self, workflow: Path, name: str, **contexts: Any) -> Outcome | None:
        """A job of a workflow; None where its `if` says no, or, where that asks nothing else, a job
        that it needs did not do well. `matrix`, `needs` and `inputs` are given. Its secrets are those of
        its environment; a fork's pull request has none, nor has Dependabot's."""
        content = yaml.safe_load(workflow.read_text(encoding="utf-8"))
        job = content["jobs"][name]
        secrets = self.environments.get(job.get("environment", ""), {}) if self._has_secrets() else {}
        needed, needs = job.get("needs", []), contexts.get("needs", {})
        assert needs.keys() == set([needed] if isinstance(needed, str) else needed)
        well = all(each.get("result", "success") == "success" for each in needs.values())
        known = {"github": self.github, "secrets": secrets, **contexts, "cancelled": False, "success": well}
        condition = str(job.get("if", "success()"))
        if not (well or _STATUS.search(condition)) or not holds(condition, known):
            return None
        outcome = self.steps(job["steps"], {}, secrets=secrets, **contexts)
        outputs = {**known, "steps": self._done}
        outcome.outputs = {key: filled(value, outputs) for key, value in job.get("outputs", {}).items()}
        return outcome

    def _has_secrets(self) -> bool:
        pull_request = self.github["event"].get("pull_request", {})
        from_fork = pull_request.get("head", {}).get("repo", {}).get("fork", False)
        return not (from_fork or pull_request.get("user", {}).get("login") == "dependabot[bot]")

    def steps(self, steps: Sequence[Mapping[str, Any]], environ: Mapping[str, str], **more: Any) -> Outcome:
        """The steps of one job on a fresh machine; the outputs are those of the last step that has any."""
        self.jobs += 1
        machine = self.home / f"job-{self.jobs}"
        self.workspace, self.temporary = machine / "work", machine / "temp"
        for folder in (self.workspace, self.temporary, self.artifacts):
            folder.mkdir(parents=True, exist_ok=True)
        contexts = {"github": self.github, "inputs": {}, **more}
        contexts["runner"] = {"temp": str(self.temporary), "os": "Linux"}
        return self._run(steps, contexts, {**self.environ, **environ}, ROOT)

    def _run(
        self,
        steps: Sequence[Mapping[str, Any]],
        contexts: Mapping[str, Any],
        environ: Mapping[str, str],
        action: Path,
    ) -> Outcome:
        whole, done = Outcome(), {}
        for number, step in enumerate(steps):
            known = {**contexts, "steps": done, "always": True, "cancelled": self.cancelled}
            well = whole.success and not self.cancelled
            known |= {"success": well, "failure": not whole.success and not self.cancelled}
            condition = str(step.get("if", "success()"))
            if not (well or _STATUS.search(condition)) or not holds(condition, known):
                continue
            own = {**environ, **{key: filled(value, known) for key, value in step.get("env", {}).items()}}
            given = {key: filled(value, known) for key, value in step.get("with", {}).items()}
            if "uses" in step:
                outcome = self._use(step["uses"], given, own)
            else:
                assert step["shell" if "shell" in step else "run"], "a step of an action names its shell"
                outcome = self._script(filled(step["run"], known), own, action)
            whole.success &= outcome.success
            whole.log += outcome.log
            whole.summary += outcome.summary
            whole.outputs = outcome.outputs or whole.outputs
            done[step.get("id", f"step-{number}")] = {"outputs": outcome.outputs}
        self._done = done
        return whole

    def _use(self, uses: str, given: dict[str, str], environ: Mapping[str, str]) -> Outcome:
        name = uses.partition("@")[0]
        if name.endswith("/icesync"):
            return self._composite(ROOT / "action.yml", given, environ)
        stood_in: dict[str, Callable[[dict[str, str]], Outcome]] = {
            "actions/checkout": self._checkout,
            "actions/setup-python": self._setup_python,
            "actions/upload-artifact": self._upload,
            "actions/download-artifact": self._download,
            "actions/cache/save": self._keep,
            "actions/cache/restore": self._restore,
        }
        return stood_in[name](given)

    def _composite(self, path: Path, given: dict[str, str], environ: Mapping[str, str]) -> Outcome:
        action = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert given.keys() <= action["inputs"].keys(), "an input that the action does not have"
        contexts = {"github": self.github, "runner": {"temp": str(self.temporary)}}
        defaults = {
            name: filled(told.get("default", ""), contexts) for name, told in action["inputs"].items()
        }
        missing = {name for name, told in action["inputs"].items() if told.get("required")} - given.keys()
        assert not missing, f"required: {missing}"
        assert all("shell" in step for step in action["runs"]["steps"] if "run" in step)
        known = {**contexts, "inputs": {**defaults, **given}}
        outcome = self._run(action["runs"]["steps"], known, environ, path.parent)
        known["steps"] = self._done
        outcome.outputs = {name: filled(told["value"], known) for name, told in action["outputs"].items()}
        return outcome

    def _script(self, script: str, environ: Mapping[str, str], action: Path) -> Outcome:
        files = {
            name: self.temporary / f"_{name.lower()}" for name in ("OUTPUT", "STEP_SUMMARY", "ENV", "PATH")
        }
        for file in files.values():
            file.write_text("", encoding="utf-8")
        payload = self.temporary / "_event.json"
        payload.write_text(json.dumps(self.github["event"]), encoding="utf-8")
        told = {key: str(value) for key, value in self.github.items() if key not in ("event", "token")}
        given = {
            **{f"GITHUB_{name.upper()}": value for name, value in told.items()},
            **{f"GITHUB_{name}": str(file) for name, file in files.items()},
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(action),
            "GITHUB_EVENT_PATH": str(payload),
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.temporary),
        }
        path = self.temporary / "_script.sh"
        path.write_text(script, encoding="utf-8")
        printed = self.temporary / "_log.txt"
        with printed.open("wb") as log:
            process = subprocess.Popen(
                ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(path)],
                cwd=self.workspace,
                env={**environ, **given},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            self._wait(process)
        assert files["ENV"].read_bytes() == files["PATH"].read_bytes() == b"", "later steps are left alone"
        summary = files["STEP_SUMMARY"].read_bytes()
        assert len(summary) <= LARGEST_SUMMARY, "GitHub drops such a summary"
        outputs = outputs_in(files["OUTPUT"].read_text(encoding="utf-8"))
        return Outcome(not process.returncode, printed.read_bytes().decode(), summary.decode(), outputs)

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        """Until it has ended. A runner that cancels signals the one process that it started, and none of
        that one's children: SIGINT, 7.5 s later SIGTERM, then SIGKILL (ProcessInvoker.cs)."""
        patience, signals = time.monotonic() + 120, iter((signal.SIGINT, signal.SIGTERM, signal.SIGKILL))
        while process.poll() is None:
            if not self.cancelled and self.cancel():
                self.cancelled, patience = True, 0
            if time.monotonic() > patience:
                process.send_signal(next(signals) if self.cancelled else signal.SIGKILL)
                patience = time.monotonic() + 7.5
            time.sleep(0.01)

    def _checkout(self, given: dict[str, str]) -> Outcome:
        shutil.rmtree(self.workspace)
        shutil.copytree(self.source, self.workspace, symlinks=True)
        return Outcome()

    def _setup_python(self, given: dict[str, str]) -> Outcome:
        assert given["update-environment"] == "false", "the steps after ours keep their own Python"
        python = self.temporary / "python"
        python.write_text(
            _PYTHON.format(record=self.home / "pip.txt", python=sys.executable), encoding="utf-8"
        )
        python.chmod(0o755)
        return Outcome(outputs={"python-path": str(python)})

    def _upload(self, given: dict[str, str]) -> Outcome:
        target, source = self.artifacts / given["name"], self.workspace / given["path"]
        assert re.fullmatch(r'[^":<>|*?\\/\r\n]+', given["name"]), "GitHub takes no such name"
        if target.exists() and given.get("overwrite") != "true":
            return Outcome(success=False, log="an artifact with this name already exists\n")
        shutil.rmtree(target, ignore_errors=True)
        if not source.exists():
            return Outcome(given.get("if-no-files-found") != "error", "no files were found\n")
        hidden = given.get("include-hidden-files") == "true"
        shutil.copytree(source, target, ignore=None if hidden else shutil.ignore_patterns(".*"))
        return Outcome()

    def _download(self, given: dict[str, str]) -> Outcome:
        target = self.workspace / given.get("path", "")
        if "name" in given:
            shutil.copytree(self.artifacts / given["name"], target, dirs_exist_ok=True)
            return Outcome()
        for found in sorted(self.artifacts.iterdir()):
            if fnmatchcase(found.name, given.get("pattern", "*")):
                shutil.copytree(found, target / found.name, dirs_exist_ok=True)
        return Outcome()

    def _keep(self, given: dict[str, str]) -> Outcome:
        target = self.home / "caches" / given["key"]
        target.parent.mkdir(exist_ok=True)
        source = self.workspace / given["path"]
        if not source.exists() or target.exists():
            return Outcome(log="nothing was saved\n")
        copied(source, target)
        return Outcome()

    def _restore(self, given: dict[str, str]) -> Outcome:
        """The cache of this key, else the newest whose key begins with one of `restore-keys`."""
        prefixes = [given["key"], *given.get("restore-keys", "").split()]
        kept = sorted(
            (self.home / "caches").glob("*"), key=lambda path: path.stat().st_mtime_ns, reverse=True
        )
        for prefix in prefixes:
            for found in kept:
                if found.name.startswith(prefix):
                    copied(found, self.workspace / given["path"])
                    return Outcome(outputs={"cache-matched-key": found.name})
        return Outcome(success=given.get("fail-on-cache-miss") != "true")


def copied(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)


def outputs_in(text: str) -> dict[str, str]:
    """The values of a GITHUB_OUTPUT file."""
    found = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if match := re.fullmatch(r"([\w-]+)<<(.+)", line):
            value = []
            while (following := next(lines)) != match[2]:
                value.append(following)
            found[match[1]] = "\n".join(value)
        elif line:
            name, _, value_ = line.partition("=")
            found[name] = value_
    return found
