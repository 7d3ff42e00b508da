"""action.yml, step by step, as a runner would do it: scripts run in bash, icesync in a process of its own.

Stood in for are the actions of others and pip (see tests/support/runner.py)."""

import json
from pathlib import Path
from typing import Any

import pytest

from icesync.sandbox.world import World
from tests.support.desk import Desk
from tests.support.github_api import GitHubApi
from tests.support.payloads import pull_request, push, schedule
from tests.support.runner import Runner

HELLO = {"default": [("Where is my order?", "ORDER")]}
BONJOUR = {**HELLO, "fr_FR": [("Où est ma commande ?", "ORDER")]}
COMMIT = "feed" * 10


@pytest.fixture
def runner(desk: Desk, api: GitHubApi, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """The desk's folder is what is in Git."""
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
    machine = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path_factory.mktemp("home")), "LANG": "C.UTF-8"}
    desk.declare({"shop": BONJOUR, "same": HELLO})
    desk.seed(1, HELLO)
    desk.seed(2, HELLO)
    return Runner(tmp_path_factory.mktemp("runner"), desk.folder, context, machine)


def on(runner: Runner, name: str, event: Any, token: str = "job-token") -> None:
    runner.github.update(event_name=name, event=event, token=token)


def test_a_branchs_pull_request_is_planned_commented_and_its_plan_uploaded(
    runner: Runner, api: GitHubApi
) -> None:
    on(runner, "pull_request", pull_request())

    done = runner.action(command="plan", label="", fleet="shops")

    assert done.success, done.log
    assert (done.outputs["exitcode"], done.outputs["changes"]) == ("2", "1")
    assert json.loads(done.outputs["summary-json"])["update"] == 1
    assert "1 to update" in done.summary
    assert [body.splitlines()[0] for body in api.bodies(7)] == ["<!-- icesync:shops -->"]
    assert {path.name for path in (runner.artifacts / "icesync-plan-shops").iterdir()} == {
        "plan.json",
        "plan.md",
        "plan.html",
        "plan.commit",
    }


def test_what_is_installed_is_locked_by_hash_and_the_checkout_itself(runner: Runner) -> None:
    assert runner.action(command="validate").success
    locked, itself = runner.installed.splitlines()
    assert {"--require-hashes", "--only-binary"} < set(locked.split())
    assert locked.endswith("/.github/requirements.txt")
    assert {"--no-deps", "--no-build-isolation"} < set(itself.split())


def test_what_a_pull_request_brings_along_is_no_module_of_ours(runner: Runner, desk: Desk) -> None:
    for name in ("icesync", "click", "sitecustomize", "httpx", "json"):
        (desk.folder / f"{name}.py").write_text("raise SystemExit('pwned')\n")
    on(runner, "pull_request", pull_request())
    done = runner.action(environ={"PYTHONPATH": "."}, command="plan")
    assert done.success, done.log
    assert "pwned" not in done.log


def test_a_fork_gets_a_plan_in_the_summary_and_a_warning_for_the_comment(
    runner: Runner, desk: Desk, api: GitHubApi
) -> None:
    assert desk.icesync("pull", "--snapshot", str(desk.folder / "snapshot.json")).code == 0
    desk.give_tokens({})
    api.tokens["fork-token"] = api.reader()
    on(runner, "pull_request", pull_request(fork=True), token="fork-token")

    done = runner.action(command="plan", snapshot="snapshot.json")

    assert done.success, done.log
    assert "1 to update" in done.summary
    assert api.comments == []
    (warning,) = done.annotations("warning")
    assert "from a fork" in warning.data


def test_mistakes_fail_the_job_and_are_annotated(runner: Runner, desk: Desk) -> None:
    desk.config.write_text("version: 1\naccounts: {shop: {id: '1', qestion: '::error::%0A x'}}\n")
    on(runner, "pull_request", pull_request())

    done = runner.action(command="plan")

    assert not done.success
    assert done.outputs["exitcode"] == "65"
    (error,) = done.annotations("error")
    assert error.properties["file"] == "icesync.yaml"
    assert not list(runner.artifacts.iterdir())


def test_a_push_applies_and_leaves_its_report(runner: Runner, desk: Desk) -> None:
    done = runner.action(command="apply", max_changes="1")

    assert done.success, done.log
    assert desk.live(1) == BONJOUR
    assert (runner.artifacts / "icesync-apply" / "report.json").exists()


def test_a_job_that_is_cancelled_finishes_the_writes_under_way_and_keeps_its_records(
    runner: Runner, desk: Desk
) -> None:
    desk.declare({f"shop-{number}": BONJOUR for number in range(1, 25)})
    desk.sandbox.api.world = World(latency=60)
    runner.cancel = lambda: sum(method == "POST" for method, _ in desk.sandbox.api.calls) >= 2

    done = runner.action(command="apply", concurrency="2", state_dir="state")

    assert not done.success
    assert done.outputs["exitcode"] == "130"
    assert "it was interrupted" in done.summary
    written = sum(desk.live(number) == BONJOUR for number in range(1, 25))
    assert 2 <= written < 24
    (journal,) = (runner.workspace / "state" / "runs").iterdir()
    events = [json.loads(line)["event"] for line in journal.read_text().splitlines()]
    assert (events.count("write"), events[-1]) == (written, "end")
    report = json.loads((runner.artifacts / "icesync-apply" / "report.json").read_text())
    assert report["summary"]["applied"] == written


def test_a_job_that_is_run_again_replaces_its_plan_and_none_of_the_same_attempt(
    runner: Runner, desk: Desk
) -> None:
    saved = runner.artifacts / "icesync-plan" / "plan.json"
    assert runner.action(command="plan").success
    desk.seed(1, BONJOUR)
    assert not runner.action(command="plan").success, "two steps would leave one name"
    assert len(json.loads(saved.read_text())["changes"]) == 1

    runner.github["run_attempt"] = "2"

    assert runner.action(command="plan").success
    assert json.loads(saved.read_text())["changes"] == []


@pytest.mark.parametrize("name", ["pull_request", "pull_request_target"])
def test_a_pull_request_applies_nothing(runner: Runner, desk: Desk, name: str) -> None:
    on(runner, name, pull_request())
    done = runner.action(command="apply")
    assert (done.success, done.outputs["exitcode"], desk.live(1)) == (False, "4", HELLO)


def test_a_schedule_opens_one_issue_for_drift(runner: Runner, api: GitHubApi) -> None:
    on(runner, "schedule", schedule())
    assert runner.action(command="drift").success
    assert runner.action(command="drift", artifact="false", fail_on_drift="false").success is True
    assert len(api.open_issues()) == 1


def test_inputs_that_would_be_scripts_are_text(runner: Runner) -> None:
    done = runner.action(
        command="plan",
        only='$(touch pwned) "; touch pwned; `touch pwned`\n--help',
        fleet="'; touch pwned #",
        artifact="false",
    )
    assert not done.success
    assert done.outputs["exitcode"] == "64"
    assert not list(Path(runner.home).rglob("pwned"))


def test_a_command_that_is_none_is_refused(runner: Runner) -> None:
    assert not runner.action(command="--help").success
    assert not runner.action(command="sandbox; id").success
