"""One step of the action: run a command line, then tell GitHub what came of it."""

import json
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from icesync import config
from icesync.diagnostics import Diagnostic
from icesync.documents import planfile, reportfile, strict, tokensfile
from icesync.errors import ConfigError, ExitCode, IcesyncError, Interrupted, Refused, UsageError
from icesync.github import inputs, origin, pages, step, workflow
from icesync.github.inputs import Inputs
from icesync.github.pages import Result, Run
from icesync.github.step import Step
from icesync.model import Plan, RefreshStatus, Report
from icesync.runtime import Runtime

# What a command says on standard error to people who do not read logs. Progress is not among it, and
# what is wrong with the files is known as data.
_TOLD: Final = ("error: ", "Error: ", "note: ", "  - ")
_NO_SECRETS: Final = (
    "note: this pull request comes from {}, and its runs get no secrets:"
    " give the input `snapshot`, as examples/github-actions/fork-safe.yml does"
)
_MOST_MISSING: Final = 10


def run(runtime: Runtime, command: str) -> int:
    """Do the step of this command. The exit code is the job's: 0 where nothing has gone wrong."""
    try:
        return _begin(runtime, step.of(runtime.environ), command)
    except IcesyncError as error:
        # Outside of a workflow, or where the runner's own files cannot be written.
        _say(workflow.remark("error", str(error)))
        return error.exit_code


def _begin(runtime: Runtime, here: Step, command: str) -> int:
    try:
        given = inputs.read(command, runtime.environ)
    except UsageError as error:
        return _give_up(here, command, error).code
    return _Job(runtime, here, command, given).run()


@dataclass(frozen=True, slots=True)
class _Job:
    runtime: Runtime
    step: Step
    command: str
    inputs: Inputs

    def run(self) -> int:
        try:
            return self._do()
        except Interrupted as error:
            return _give_up(self.step, self.command, error).code
        except IcesyncError as error:
            # A comment of an earlier run shall not go on saying what this one could not find out.
            result = _give_up(self.step, self.command, error)
            return max(result.code, self._tell(result, self.step.commit))

    def _do(self) -> int:
        folder = step.new_folder(self.step)
        self._permit()
        mistakes = self._mistakes()
        commit = self._commit()
        result, totals = self._carry_out(folder, mistakes)
        if isinstance(result.value, Plan):
            origin.record(folder / "plan.json", commit, self.inputs.get("shard", ""))
        _put_out(self.step, self._outputs(result, totals, folder))
        verdict = self._verdict(result.code)
        if verdict and result.code != ExitCode.INVALID:  # whose mistakes are annotated one by one
            _say(workflow.remark("error", pages.failure(result)))
        step.append(self.step.summary, pages.summary(result, self._run_of(commit)))
        if result.code == ExitCode.INTERRUPTED:
            return result.code
        return max(verdict, self._tell(result, commit))

    def _tell(self, result: Result, commit: str) -> int:
        """What the others who hear of it add to the exit code."""
        from icesync.github.telling import tell

        trouble, remark = tell(self.runtime, self.step, self.inputs, result, self._run_of(commit))
        if remark:
            _say(remark)
        return trouble

    def _run_of(self, commit: str) -> Run:
        return Run(commit, self.step.run_url, "artifact" in self.inputs)

    def _permit(self) -> None:
        """Raise Refused for a write of what nobody may have merged yet."""
        event = self.step.event
        if self.command in inputs.WRITING and event.unmerged:
            what = f"{self.command} changes things, and what this job runs may not be merged"
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

    def _carry_out(self, folder: Path, mistakes: tuple[Diagnostic, ...]) -> tuple[Result, str]:
        """What the command came to, and the totals of the document that it left."""
        line = inputs.line(self.command, self.inputs, folder)
        with _uninterpreted() as heard:
            code = self.runtime.invoke(line, step.without_ours(self.runtime.environ))
        said = [each for each in heard.getvalue().splitlines() if each.startswith(_TOLD)]
        if code not in (ExitCode.DONE, ExitCode.PENDING, ExitCode.INVALID):
            said += self._lack_of_secrets()
        value, totals = _saved(folder)
        said += _troubled(folder)
        if self.command == "show" and isinstance(value, Plan) and not code:
            missing = origin.missing(map(Path, inputs.saved_plans(self.inputs)))
            said += _told_missing(missing)
            code = ExitCode.PENDING if value.differing else ExitCode.DONE
            code = code if value.complete and not missing else ExitCode.PARTIAL
        return Result(self.command, code, value, tuple(said), mistakes), totals

    def _lack_of_secrets(self) -> list[str]:
        pull_request = self.step.event.pull_request
        if pull_request is None or not pull_request.outsider or "snapshot" in self.inputs:
            return []
        return [_NO_SECRETS.format(pull_request.outsider)]

    def _outputs(self, result: Result, totals: str, folder: Path) -> dict[str, str]:
        plan = folder / "plan.json"
        return {
            "exitcode": str(int(result.code)),
            "changes": str(result.changes),
            "plan-path": str(plan) if plan.exists() else "",
            "summary-json": totals,
            "artifact-path": str(folder) if any(folder.iterdir()) else "",
            "artifact-name": inputs.artifact(self.command, self.inputs, self.step.attempt),
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


def _give_up(here: Step, command: str, error: IcesyncError) -> Result:
    """Tell the log, the later steps and the summary of a step that came to nothing."""
    said = f"error: {error}".splitlines()
    result = Result(command, error.exit_code, None, tuple(said), ())
    _say(workflow.remark("error", str(error)))
    _put_out(here, {"exitcode": str(int(result.code))})
    step.append(here.summary, pages.summary(result, Run(here.commit, here.run_url, artifact=False)))
    return result


def _told_missing(shards: Sequence[str]) -> Iterator[str]:
    if shards:
        some = [*shards[:_MOST_MISSING], *["…"] * (len(shards) > _MOST_MISSING)]
        yield f"error: this is not the whole fleet: there is no plan of shard {', '.join(some)}"


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


class _Saved(NamedTuple):
    """What a command left, and its `summary` as JSON in one line; None and nothing where it left none."""

    value: Plan | Report | None
    totals: str


def _saved(folder: Path) -> _Saved:
    for name, form, from_document in (
        ("plan.json", planfile.FORMAT, planfile.from_document),
        ("report.json", reportfile.FORMAT, reportfile.from_document),
    ):
        if (path := folder / name).exists():
            document = strict.read(path.read_text(encoding="utf-8"), form)
            return _Saved(from_document(document), json.dumps(document["summary"], separators=(",", ":")))
    return _Saved(None, "")


def _troubled(folder: Path) -> Iterator[str]:
    """The tokens that somebody must look at after a refresh."""
    if (path := folder / "tokens.json").exists():
        document = strict.read(path.read_text(encoding="utf-8"), tokensfile.FORMAT)
        for token in document["tokens"]:
            refresh = token["refresh"]
            if not RefreshStatus(refresh["status"]).good:
                yield f"error: {token['account']}: {refresh['status']}: {refresh['detail']}"
