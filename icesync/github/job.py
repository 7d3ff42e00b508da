"""One step of the action: run a command line, then tell GitHub what came of it."""

import json
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final, TextIO

from icesync import config
from icesync.diagnostics import Diagnostic
from icesync.documents import planfile, reportfile
from icesync.errors import ConfigError, ExitCode, IcesyncError, Refused, UsageError
from icesync.github import inputs, origin, pages, step, workflow
from icesync.github.inputs import Inputs
from icesync.github.pages import Result
from icesync.github.step import Step
from icesync.model import Plan, Report
from icesync.runtime import Runtime

_WRITING: Final = ("apply", "rollback")
# What a command says on standard error to people who do not read logs. Progress is not among it, and
# what is wrong with the files is known as data.
_TOLD: Final = ("error: ", "Error: ", "note: ", "  - ")
_NO_SECRETS: Final = (
    "note: this pull request comes from a fork, and forks get no secrets:"
    " give the input `snapshot`, as examples/github-actions/fork-safe.yml does"
)


def run(runtime: Runtime, command: str) -> int:
    """Do the step of this command. The exit code is the job's: 0 where nothing has gone wrong."""
    try:
        here = step.of(runtime.environ)
    except IcesyncError as error:
        return _give_up(error)
    try:
        return _Job(runtime, here, command, inputs.read(command, runtime.environ)).run()
    except IcesyncError as error:
        _put_out(here, {"exitcode": str(int(error.exit_code))})
        return _give_up(error)


@dataclass(frozen=True, slots=True)
class _Job:
    runtime: Runtime
    step: Step
    command: str
    inputs: Inputs

    def run(self) -> int:
        from icesync.github.telling import tell

        folder = Path(tempfile.mkdtemp(prefix="icesync-", dir=self.step.temporary))
        self._permit()
        mistakes = self._mistakes()
        commit = self._commit()
        result = self._carry_out(folder, mistakes)
        if isinstance(result.value, Plan):
            origin.record(folder / "plan.json", commit)
        _put_out(self.step, self._outputs(result, folder))
        verdict = self._verdict(result.code)
        if verdict and result.code != ExitCode.INVALID:  # whose mistakes are annotated one by one
            _say(workflow.remark("error", pages.failure(result)))
        step.append(self.step.summary, pages.summary(result, commit, self.step.run_url))
        if result.code == ExitCode.INTERRUPTED:
            return result.code
        trouble, remark = tell(self.runtime, self.step, self.inputs, result, commit)
        if remark:
            _say(remark)
        return max(verdict, trouble)

    def _permit(self) -> None:
        """Raise Refused for a write that a pull request asks for: nobody has merged it yet."""
        event = self.step.event
        if self.command in _WRITING and event.asked_for_by_one:
            what = f"{self.command} writes to accounts, and a pull request triggered this job"
            raise Refused([f"{what} ({event.name}): let it run on a push to the default branch"])
        if self.command == "pull" and "snapshot" not in self.inputs:
            raise UsageError("the command pull needs the input snapshot: the file to be written")

    def _mistakes(self) -> tuple[Diagnostic, ...]:
        """Everything that is wrong or odd in the files, by its place in the repository; annotated."""
        if self.command == "show":
            return ()
        try:
            found = config.load(Path(self.inputs["config"])).warnings
        except ConfigError as error:
            found = error.diagnostics
        told = tuple(
            each._replace(span=each.span._replace(file=step.in_repository(self.step, each.span.file)))
            for each in found
        )
        for line in workflow.annotations(told):
            _say(line)
        return told

    def _commit(self) -> str:
        """The commit that the run is about. A saved plan of another one is not carried out."""
        if self.command == "show":
            return origin.common(map(Path, inputs.saved_plans(self.inputs)))
        commit = origin.checked_out(self.step, self.inputs["config"], self.runtime.environ)
        if self.command == "apply" and "plan" in self.inputs:
            origin.check(Path(self.inputs["plan"]), commit)
        return commit

    def _carry_out(self, folder: Path, mistakes: tuple[Diagnostic, ...]) -> Result:
        line = inputs.line(self.command, self.inputs, folder)
        with _uninterpreted() as heard:
            code = self.runtime.invoke(line, step.without_ours(self.runtime.environ))
        said = [each for each in heard.getvalue().splitlines() if each.startswith(_TOLD)]
        if self._lacks_secrets() and code not in (ExitCode.DONE, ExitCode.PENDING, ExitCode.INVALID):
            said.append(_NO_SECRETS)
        value = _saved(folder)
        if self.command == "show" and isinstance(value, Plan) and not code:
            code = ExitCode.PENDING if value.changes else ExitCode.DONE
        return Result(self.command, code, value, tuple(said), mistakes)

    def _lacks_secrets(self) -> bool:
        pull_request = self.step.event.pull_request
        return pull_request is not None and pull_request.from_fork and "snapshot" not in self.inputs

    def _outputs(self, result: Result, folder: Path) -> dict[str, str]:
        plan = folder / "plan.json"
        return {
            "exitcode": str(int(result.code)),
            "changes": str(result.changes),
            "plan-path": str(plan) if plan.exists() else "",
            "summary-json": _summary(folder),
            "artifact-path": str(folder) if any(folder.iterdir()) else "",
            "artifact-name": inputs.artifact(self.command, self.inputs),
        }

    def _verdict(self, code: int) -> int:
        """Changes are what a plan is for. Drift fails the job where that is asked for."""
        fails = self.command == "drift" and "fail-on-drift" in self.inputs
        return ExitCode.DONE if code == ExitCode.PENDING and not fails else code


class _Heard(StringIO):
    """Standard error, passed on and remembered."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def write(self, text: str, /) -> int:
        self._stream.write(text)
        self._stream.flush()
        return super().write(text)


@contextmanager
def _uninterpreted() -> Iterator[StringIO]:
    """What is printed here is no command to the runner, whatever questions and names it holds."""
    token = secrets.token_hex(16)
    heard = _Heard(sys.stderr)
    _say(workflow.quiet(token))
    try:
        with redirect_stderr(heard):
            yield heard
    finally:
        _say(f"\n{workflow.loud(token)}")


def _give_up(error: IcesyncError) -> int:
    _say(workflow.remark("error", str(error)))
    return error.exit_code


def _put_out(here: Step, values: Mapping[str, str]) -> None:
    """What later steps and jobs get of this one."""
    delimiter = secrets.token_hex(16)
    step.append(
        here.output, "".join(workflow.output(name, value, delimiter) for name, value in values.items())
    )


def _say(line: str) -> None:
    """A line to the runner."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _saved(folder: Path) -> Plan | Report | None:
    """What the command left; None where it came to nothing."""
    for name, loads in (("plan.json", planfile.loads), ("report.json", reportfile.loads)):
        if (path := folder / name).exists():
            return loads(path.read_text(encoding="utf-8"))
    return None


def _summary(folder: Path) -> str:
    """The `summary` of the saved document in one line; empty where there is none."""
    for name in ("plan.json", "report.json"):
        if (path := folder / name).exists():
            found = json.loads(path.read_text(encoding="utf-8"))["summary"]
            return json.dumps(found, separators=(",", ":"))
    return ""
