"""Each workflow of examples/github-actions, job by job, on the files of examples/fleet."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from icesync import config
from icesync.sandbox.world import World
from tests.support.desk import Desk
from tests.support.expressions import holds
from tests.support.github_api import GitHubApi, Holder
from tests.support.payloads import dispatch, pull_request, push, schedule
from tests.support.runner import ROOT, Outcome, Runner

EXAMPLES = ROOT / "examples"
WORKFLOWS = EXAMPLES / "github-actions"
FILES = sorted(WORKFLOWS.glob("*.yml"))
COMMIT = "feed" * 10
CREATED = 10  # of its eleven managed accounts, one shall have none


@dataclass
class Repository:
    """The fleet of the examples on GitHub; nothing of it is live yet."""

    runner: Runner
    api: GitHubApi
    desk: Desk

    def on(self, name: str, event: Any) -> None:
        ref = "refs/pull/7/merge" if "pull_request" in name else "refs/heads/main"
        self.runner.github.update(event_name=name, event=event, ref=ref)

    def kill_token(self, name: str) -> None:
        for secrets in self.runner.environments.values():
            secrets["IG_TOKENS"] = json.dumps({**json.loads(secrets["IG_TOKENS"]), name: "expired"})

    def job(self, workflow: str, name: str, **contexts: Any) -> Outcome | None:
        """The job, with the rights that it asks for and its event gives."""
        path = WORKFLOWS / workflow
        asked = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"][name]["permissions"]
        writes = frozenset(right for right, level in asked.items() if level == "write")
        fork = self.runner.github["event"].get("pull_request", {}).get("head", {}).get("repo", {}).get("fork")
        self.api.tokens["job-token"] = Holder(writes=frozenset() if fork else writes)
        return self.runner.job(path, name, **contexts)

    def done(self, workflow: str, name: str, **contexts: Any) -> Outcome:
        """The job, which must be there and do well."""
        outcome = self.job(workflow, name, **contexts)
        assert outcome is not None
        assert outcome.success, outcome.log
        return outcome

    def live(self) -> int:
        return sum(map(bool, self.desk.sandbox.api.profiles.values()))


@pytest.fixture
def repository(desk: Desk, api: GitHubApi, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    source = desk.folder / "repository"
    shutil.copytree(EXAMPLES / "fleet", source)
    accounts = config.load(source).fleet.accounts
    tokens = json.dumps({each.account.name: f"sandbox-{each.account.id}" for each in accounts})
    context = {
        "event_name": "push",
        "event": push(),
        "token": "job-token",
        "repository": api.repository,
        "sha": COMMIT,
        "ref": "refs/heads/main",
        "run_id": "4711",
        "run_attempt": "1",
        "server_url": "https://github.com",
        "api_url": api.url,
        "graphql_url": f"{api.url}/graphql",
    }
    machine = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path_factory.mktemp("home")),
        "LANG": "C.UTF-8",
        "ICESYNC_API_URL": desk.sandbox.url,
        "ICESYNC_BUDGET": "none",
    }
    environments = {name: {"IG_TOKENS": tokens} for name in ("icesync", "icesync-read")}
    runner = Runner(tmp_path_factory.mktemp("runner"), source, context, machine, environments)
    return Repository(runner, api, desk)


def test_a_pull_request_is_planned_and_commented_and_a_forks_is_not(repository: Repository) -> None:
    repository.on("pull_request", pull_request())
    repository.done("pull-request.yml", "plan")
    (body,) = repository.api.bodies(7)
    assert f"{CREATED} to create" in body

    for event in (pull_request(8, fork=True), pull_request(8, author="dependabot[bot]")):
        repository.on("pull_request", event)
        assert repository.job("pull-request.yml", "plan") is None
        assert repository.job("matrix.yml", "plan", matrix={"shard": 1}) is None
        assert repository.job("matrix.yml", "merge", needs={"plan": {"result": "skipped"}}) is None
    assert repository.api.bodies(8) == []


def test_a_push_is_planned_applied_after_the_gate_and_taken_back(repository: Repository) -> None:
    planned = repository.done("apply.yml", "plan")
    assert planned.outputs == {"artifact": "icesync-plan", "changes": str(CREATED)}
    assert repository.live() == 0

    repository.done("apply.yml", "apply", needs={"plan": {"outputs": planned.outputs}})
    assert repository.live() == CREATED
    assert (repository.runner.artifacts / "icesync-state-1" / "runs").is_dir()

    shutil.rmtree(repository.runner.artifacts / "icesync-plan")
    again = repository.done("apply.yml", "plan")
    assert repository.job("apply.yml", "apply", needs={"plan": {"outputs": again.outputs}}) is None

    given = {"run-id": "4711", "attempt": "1", "force": False}
    refused = repository.job("rollback.yml", "rollback", inputs=given)
    assert refused is not None
    assert not refused.success
    assert repository.live() == CREATED
    repository.done("rollback.yml", "rollback", inputs={**given, "force": True})
    assert repository.live() == 0


def test_what_each_attempt_has_written_can_be_taken_back(repository: Repository) -> None:
    good = {name: dict(secrets) for name, secrets in repository.runner.environments.items()}
    planned = repository.done("apply.yml", "plan")
    needs = {"plan": {"outputs": planned.outputs}}
    repository.kill_token("cafe-berlin")

    first = repository.job("apply.yml", "apply", needs=needs)
    assert first is not None
    assert not first.success
    assert repository.live() == CREATED - 1
    repository.runner.environments = good
    repository.runner.github["run_attempt"] = "2"
    repository.done("apply.yml", "apply", needs=needs)
    assert repository.live() == CREATED
    assert (repository.runner.artifacts / "icesync-apply-attempt-2" / "report.json").exists()

    repository.runner.github.update(run_id="4712", run_attempt="1")
    for attempt, live in (("2", CREATED - 1), ("1", 0)):
        shutil.rmtree(repository.runner.artifacts / "icesync-rollback", ignore_errors=True)
        given = {"run-id": "4711", "attempt": attempt, "force": True}
        repository.done("rollback.yml", "rollback", inputs=given)
        assert repository.live() == live


@pytest.mark.parametrize(("branch", "looks"), [("main", True), ("feature", False)])
def test_drift_is_looked_for_by_hand_on_the_default_branch_alone(branch: str, looks: bool) -> None:
    condition = yaml.safe_load((WORKFLOWS / "drift.yml").read_text())["jobs"]["drift"]["if"]
    context = {"event_name": "workflow_dispatch", "event": dispatch(), "ref_name": branch}
    assert holds(condition, {"github": context}) is looks


def test_drift_of_the_night_has_its_issue(repository: Repository) -> None:
    repository.on("schedule", schedule())
    repository.done("drift.yml", "drift")
    (issue,) = repository.api.open_issues()
    assert f"{CREATED} accounts differ" in issue["title"]


def test_four_quarters_are_planned_and_merged_for_a_comment_and_carried_out_as_one(
    repository: Repository,
) -> None:
    repository.on("pull_request", pull_request())
    for shard in (1, 2, 3, 4):
        repository.done("matrix.yml", "plan", matrix={"shard": shard})
    assert repository.api.comments == []
    planned = {"plan": {"result": "success"}}
    merged = repository.done("matrix.yml", "merge", needs=planned)
    assert merged.outputs == {"artifact": "icesync-plan", "changes": str(CREATED)}
    (body,) = repository.api.bodies(7)
    assert f"{CREATED} to create" in body
    needs = {**planned, "merge": {"result": "success", "outputs": merged.outputs}}
    assert repository.job("matrix.yml", "apply", needs=needs) is None

    repository.on("push", push())
    repository.done("matrix.yml", "apply", needs=needs)
    assert repository.live() == CREATED


def test_a_quarter_that_is_missing_is_told_in_the_comment_and_nothing_is_applied(
    repository: Repository,
) -> None:
    repository.on("pull_request", pull_request())
    failed = {"plan": {"result": "failure"}}
    repository.done("matrix.yml", "plan", matrix={"shard": 4})

    merged = repository.job("matrix.yml", "merge", needs=failed)

    assert merged is not None
    assert not merged.success
    (body,) = repository.api.bodies(7)
    assert "there is no plan of shard 1/4, 2/4, 3/4" in body.replace("&#47;", "/")

    shutil.rmtree(repository.runner.artifacts)
    repository.job("matrix.yml", "merge", needs=failed)
    (body,) = repository.api.bodies(7)
    assert "there is no saved plan" in body
    repository.on("push", push())
    needs = {**failed, "merge": {"result": "failure", "outputs": merged.outputs}}
    assert repository.job("matrix.yml", "apply", needs=needs) is None


def test_a_dead_token_takes_no_plan_of_the_other_accounts_from_a_fork(repository: Repository) -> None:
    repository.kill_token("cafe-berlin")
    taken = repository.job("fork-safe.yml", "snapshot")
    assert taken is not None
    assert not taken.success

    repository.on("pull_request", pull_request(fork=True))

    planned = repository.job("fork-safe.yml", "plan")
    assert planned is not None
    assert f"{CREATED - 1} to create" in planned.summary
    assert "1 unreadable" in planned.summary


def test_a_fork_is_planned_against_the_newest_snapshot_of_main(repository: Repository) -> None:
    repository.done("fork-safe.yml", "snapshot")
    assert repository.job("fork-safe.yml", "plan") is None
    calls = len(repository.desk.sandbox.api.calls)

    repository.on("pull_request", pull_request(fork=True))

    assert repository.job("fork-safe.yml", "snapshot") is None
    planned = repository.done("fork-safe.yml", "plan")
    assert f"{CREATED} to create" in planned.summary
    assert planned.annotations("warning") == []
    assert len(repository.desk.sandbox.api.calls) == calls
    assert repository.api.calls == []


def test_tokens_are_refreshed_in_time_and_what_is_known_of_them_stays(repository: Repository) -> None:
    """`gh` is a program that writes down what it is asked for, and keeps the secret as GitHub would."""
    runner = repository.runner
    (runner.source / "icesync.yaml").write_text(
        "version: 1\n"
        "defaults:\n"
        "  token: env:IG_TOKEN_${NAME}\n"
        "  sink: command:gh secret set IG_TOKEN_${NAME} --env icesync-read\n"
        'accounts: {acme-de: {id: "17841400000000001"}, acme-us: {id: "17841400000000002"}}\n'
    )
    kept = Path(runner.environ["HOME"])
    (kept / "gh").write_text('#!/bin/sh\nenv | grep ^GH_ > "$HOME/asked"\ncat > "$HOME/$*"\n')
    (kept / "gh").chmod(0o755)
    runner.environ["PATH"] = f"{kept}:{runner.environ['PATH']}"
    secrets = {"ICESYNC_GH_TOKEN": "may-write", "IG_TOKEN_ACME_DE": "sandbox-17841400000000001"}
    runner.environments["icesync-read"] = {**secrets, "IG_TOKEN_ACME_US": "sandbox-17841400000000002"}
    repository.desk.sandbox.api.world = World(rotate="new")
    repository.on("schedule", schedule())

    done = repository.done("refresh.yml", "refresh")

    stored = (kept / "secret set IG_TOKEN_ACME_DE --env icesync-read").read_text()
    assert stored == "sandbox-17841400000000001-1"
    assert "GH_TOKEN=may-write" in (kept / "asked").read_text()
    assert "Tokens: 2 refreshed." in done.log
    assert "sandbox-1784" not in done.log + done.summary

    for name, number in (("IG_TOKEN_ACME_DE", "1"), ("IG_TOKEN_ACME_US", "2")):
        runner.environments["icesync-read"][name] = f"sandbox-1784140000000000{number}-1"
    shutil.rmtree(runner.artifacts / "icesync-refresh")
    assert "Tokens: 2 too young." in repository.done("refresh.yml", "refresh").log

    runner.environments["icesync-read"]["IG_TOKEN_ACME_US"] = "expired"
    shutil.rmtree(runner.artifacts / "icesync-refresh")
    failed = repository.job("refresh.yml", "refresh")
    assert failed is not None
    assert not failed.success
    assert "acme-us&#58; dead&#58; token 190" in failed.summary

    repository.on("pull_request", pull_request())
    assert repository.job("refresh.yml", "refresh") is None


def test_the_cache_of_the_tokens_is_read_before_github_deletes_it() -> None:
    """GitHub deletes one that nobody has read for seven days, and a scheduled run may come late or fail."""
    workflow = yaml.load((WORKFLOWS / "refresh.yml").read_text(encoding="utf-8"), yaml.BaseLoader)
    [schedule] = workflow["on"]["schedule"]
    days = sorted(int(day) for day in schedule["cron"].split()[4].split(","))
    pauses = [later - day for day, later in zip(days, [*days[1:], days[0] + 7], strict=True)]
    assert max(pauses) <= 4


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_an_example_asks_for_little_and_is_pinned(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    assert content["permissions"] == {}
    assert set(content["concurrency"]) == {"group", "cancel-in-progress"}
    for job in content["jobs"].values():
        assert job["timeout-minutes"] <= 120
        writes = {right for right, level in job["permissions"].items() if level == "write"}
        assert writes <= {"pull-requests", "issues"}
        checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        assert all(step["with"] == {"persist-credentials": False} for step in checkouts)
        assert not [step for step in job["steps"] if "run" in step]
    uses = re.findall(r"uses: (.*)", text)
    assert uses
    assert [
        use for use in uses if not re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)
    ] == []
    for job in content["jobs"].values():
        if job.get("environment") == "icesync":
            alone = {"group": "icesync-apply", "cancel-in-progress": False}
            assert alone in (content["concurrency"], job.get("concurrency"))


def test_the_same_action_has_the_same_pin_everywhere() -> None:
    files = [*FILES, ROOT / "action.yml", *(ROOT / ".github" / "workflows").glob("*.yml")]
    pins = {pin for path in files for pin in re.findall(r"uses: (\S+@\S+ # \S+)", path.read_text())}
    names = [re.sub(r"(/\w+)?@.*", "", pin) if "cache" in pin else pin.partition("@")[0] for pin in pins]
    assert len({pin.partition("@")[2] for pin in pins}) == len(set(names))


def test_the_readme_explains_each_in_ten_lines() -> None:
    text = (WORKFLOWS / "README.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE))
    assert set(told) == {path.name for path in FILES}
    assert all(1 <= len(words.split("\n")) - words.count("\n\n") <= 10 for words in told.values())
