"""Who hears of a result: the pull request in a comment, the repository in a drift issue."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from icesync.credentials import Secret
from icesync.errors import ExitCode
from icesync.github import comment, drift, inputs, pages, sightings, workflow
from icesync.github.events import PullRequest
from icesync.github.inputs import Inputs
from icesync.github.pages import Result, Run
from icesync.github.rest import Forbidden, GitHub, GitHubError, connected, persistently
from icesync.github.step import Step
from icesync.model import Plan
from icesync.runtime import Runtime

_PLANS = ("plan", "show")


def tell(runtime: Runtime, step: Step, given: Inputs, result: Result, run: Run) -> tuple[int, str]:
    """Write the comment or the issue, if there is one to be written. What it adds to the exit code,
    and the annotation that says what went wrong: a comment is a courtesy, a drift that nobody hears
    of is a failure."""
    pull_request = step.event.pull_request
    try:
        if result.command == "drift" and isinstance(result.value, Plan) and not step.event.unmerged:
            _tell_of_drift(runtime, step, given, result, result.value, run)
        elif result.command in _PLANS and pull_request is not None and "comment" in given:
            _comment(runtime, step, given, result, run, pull_request)
    except GitHubError as error:
        if result.command == "drift":
            hint = "; the job needs `permissions: issues: write`" * isinstance(error, Forbidden)
            return ExitCode.FAILED, workflow.remark("error", f"the drift issue is not written: {error}{hint}")
        hint = _who_may_comment(pull_request) if isinstance(error, Forbidden) else ""
        message = f"there is no comment on the pull request: {error}{hint}; the job's summary says the same"
        return ExitCode.DONE, workflow.remark("warning", message)
    return ExitCode.DONE, ""


def _comment(
    runtime: Runtime, step: Step, given: Inputs, result: Result, run: Run, pull_request: PullRequest
) -> None:
    body = pages.comment(result, replace(run, commit=pull_request.head or run.commit))
    mark = pages.mark("", inputs.fleet(given))
    # No changes are no news, unless an earlier comment says otherwise.
    create = given["comment"] == "always" or result.code != ExitCode.DONE or result.changes > 0
    _do(runtime, step, lambda github: comment.put(github, pull_request.number, mark, body, create=create))


def _tell_of_drift(runtime: Runtime, step: Step, given: Inputs, result: Result, plan: Plan, run: Run) -> None:
    fleet, config, selection = inputs.fleet(given), given["config"], inputs.selection(given)
    mark = pages.mark("-drift", fleet)

    def page(chars: int) -> str:
        return pages.drift_issue(result, plan, config, selection, run, chars)

    def write(old: str) -> sightings.Text:
        return sightings.write(old, plan, fleet, page, run)

    _do(runtime, step, lambda github: drift.tell(github, drift.seen(plan), mark, write))


def _do(runtime: Runtime, step: Step, errand: Callable[[GitHub], Awaitable[None]]) -> None:
    token = _token(runtime)

    async def work(_: object) -> None:
        async with connected(step, token, runtime.clock) as github:
            await persistently(lambda: errand(github), runtime.clock)

    runtime.run(work)


def _token(runtime: Runtime) -> Secret:
    """The job's token. Raises GitHubError for what no header could hold."""
    token = runtime.environ.get("GITHUB_TOKEN", "").strip()
    if not token:
        raise GitHubError("the input github-token is empty")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise GitHubError("the input github-token holds characters that no token has")
    return Secret(token)


def _who_may_comment(pull_request: PullRequest | None) -> str:
    if pull_request and pull_request.outsider:
        return f"; a pull request from {pull_request.outsider} gets a token that only reads"
    return "; the job needs `permissions: pull-requests: write`"
