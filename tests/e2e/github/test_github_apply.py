"""`apply`, `rollback`, `validate`, `show` and `pull` as steps."""

import json
from pathlib import Path

import pytest

from tests.support.payloads import pull_request, workflow_run
from tests.support.repository import new_repository
from tests.support.step import COMMIT, Workplace

HELLO = {"default": [("Where is my order?", "ORDER")]}
BONJOUR = {**HELLO, "fr_FR": [("Où est ma commande ?", "ORDER")]}


@pytest.fixture
def changing(workplace: Workplace) -> Workplace:
    workplace.desk.declare({"shop": BONJOUR, "new": HELLO})
    workplace.desk.seed(1, HELLO)
    return workplace


def test_a_push_applies_and_says_what_was_done(changing: Workplace) -> None:
    done = changing.step("apply")

    assert (done.code, done.outputs["exitcode"], done.outputs["changes"]) == (0, "0", "2")
    assert changing.desk.live(1) == BONJOUR
    assert "2 applied" in done.summary
    assert json.loads(done.outputs["summary-json"])["applied"] == 2
    assert done.outputs["plan-path"] == ""
    assert (Path(done.outputs["artifact-path"]) / "report.json").exists()
    assert changing.api.calls == []


@pytest.mark.parametrize("command", ["apply", "rollback", "refresh"])
@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("pull_request", pull_request()),
        ("pull_request", pull_request(fork=True)),
        ("pull_request_target", pull_request()),
        ("pull_request_review", pull_request()),
        ("workflow_run", workflow_run("pull_request")),
        ("workflow_run", workflow_run("workflow_run")),
        ("merge_group", {}),
    ],
)
def test_nothing_is_written_of_what_nobody_may_have_merged(
    changing: Workplace, command: str, name: str, payload: object
) -> None:
    changing.event = name, payload

    done = changing.step(command)

    assert (done.code, done.outputs["exitcode"]) == (4, "4")
    (error,) = done.annotations("error")
    assert f"what this job runs may not be merged ({name})" in error.data
    assert "it was refused, and nothing was written" in done.summary
    assert changing.desk.sandbox.api.calls == []


def test_a_saved_plan_of_this_commit_is_carried_out(changing: Workplace) -> None:
    planned = changing.step("plan")

    done = changing.step("apply", plan=planned.outputs["plan-path"])

    assert (done.code, changing.desk.live(1)) == (0, BONJOUR)


@pytest.mark.parametrize(
    ("commit", "reason"),
    [
        ("0" * 40, f"made from the commit 000000000000, but {COMMIT[:12]} is checked out"),
        ("HEAD", "holds no commit"),
        (None, "is missing"),
    ],
)
def test_a_saved_plan_of_another_commit_is_stale(
    changing: Workplace, commit: str | None, reason: str
) -> None:
    planned = changing.step("plan")
    record = planned.plan.with_suffix(".commit")
    record.unlink()
    if commit is not None:
        record.write_text(f"{commit}\n")

    done = changing.step("apply", plan=str(planned.plan))

    assert (done.code, done.outputs["exitcode"]) == (5, "5")
    assert reason in done.annotations("error")[0].data
    assert changing.desk.live(1) == HELLO


def test_the_commit_is_the_one_that_git_has_checked_out(
    changing: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = new_repository(changing.desk.folder, monkeypatch)
    first = repository.commit()
    planned = changing.step("plan")
    assert planned.plan.with_suffix(".commit").read_text() == f"{first}\n"
    repository.commit({"README": "another commit, the same files\n"})

    done = changing.step("apply", plan=str(planned.plan))

    assert done.code == 5


def test_limits_of_the_step_refuse(changing: Workplace) -> None:
    done = changing.step("apply", max_changes="1")
    assert (done.code, changing.desk.live(1)) == (4, HELLO)
    assert "it was refused, and nothing was written" in done.summary
    assert "2 of 2 accounts" in done.summary.replace("&#", "")


def test_a_run_can_be_taken_back_by_a_later_step(changing: Workplace) -> None:
    changing.step("apply", state_dir="state")

    done = changing.step("rollback", state_dir="state", force="true")

    assert (done.code, changing.desk.live(1), changing.desk.live(2)) == (0, HELLO, {})
    assert done.summary.startswith("## icesync rollback\n")
    assert "2 applied" in done.summary


def test_validate_needs_nothing_and_annotates_at_most_ten_of_a_kind(workplace: Workplace) -> None:
    accounts = "".join(f"  shop-{n}: {{id: '{n}', qestion: x}}\n" for n in range(1, 41))
    workplace.desk.config.write_text(f"version: 1\naccounts:\n{accounts}", encoding="utf-8")
    workplace.on_pull_request()

    done = workplace.step("validate")

    assert done.code == 65
    assert len(done.annotations("error")) == 10
    assert "shop-40" not in "".join(each.data for each in done.annotations("error"))
    assert done.summary.count("icesync&#46;yaml") == 40
    assert workplace.desk.sandbox.api.calls == workplace.api.calls == []


def test_validate_is_content_with_good_files(changing: Workplace) -> None:
    done = changing.step("validate")
    assert (done.code, done.outputs["exitcode"]) == (0, "0")
    assert "**Done.**" in done.summary


def test_shards_are_planned_apart_shown_as_one_and_applied(changing: Workplace) -> None:
    changing.on_pull_request()
    usual = {"config": "icesync.yaml", "comment": "false"}
    parts = [changing.step("plan", shard=f"{index}/2", **usual) for index in (1, 2)]
    assert [part.outputs["artifact-name"] for part in parts] == [
        "icesync-plan-1-of-2",
        "icesync-plan-2-of-2",
    ]

    shown = changing.step("show", plan="\n".join(part.outputs["plan-path"] for part in parts))

    assert (shown.code, shown.outputs["exitcode"], shown.outputs["changes"]) == (0, "2", "2")
    assert len(changing.api.bodies(7)) == 1
    changing.event = "push", {}
    assert changing.step("apply", plan=shown.outputs["plan-path"]).code == 0
    assert changing.desk.live(1) == BONJOUR


@pytest.mark.parametrize("present", [1, 2])
def test_a_shard_that_is_missing_is_told_and_fails_the_job(changing: Workplace, present: int) -> None:
    changing.on_pull_request()
    part = changing.step("plan", shard=f"{present}/2", comment="false")

    shown = changing.step("show", plan=part.outputs["plan-path"])

    assert (shown.code, shown.outputs["exitcode"]) == (3, "3")
    (body,) = changing.api.bodies(7)
    told = f"error: this is not the whole fleet: there is no plan of shard {3 - present}/2"
    assert told in body.replace("&#58;", ":").replace("&#47;", "/")


def test_a_plan_that_misses_accounts_is_shown_and_fails_the_job(changing: Workplace) -> None:
    changing.desk.give_tokens({"shop": f"sandbox-{changing.desk.id_of(1)}"})
    part = changing.step("plan")
    shown = changing.step("show", plan=part.outputs["plan-path"])
    assert (part.code, shown.code, shown.outputs["changes"]) == (3, 3, "1")
    assert "1 unreadable" in shown.summary


def test_a_comment_does_not_go_on_saying_what_could_not_be_found_out_again(changing: Workplace) -> None:
    changing.on_pull_request()
    part = changing.step("plan", comment="false")
    changing.step("show", plan=part.outputs["plan-path"])
    assert "1 to update" in changing.api.bodies(7)[0]

    gone = changing.step("show", plan="nowhere/*.json")

    assert gone.code == 64
    (body,) = changing.api.bodies(7)
    assert "1 to update" not in body
    assert "there is no saved plan" in body
    assert "there is no saved plan" in gone.summary


def test_shards_of_different_commits_are_no_plan(changing: Workplace) -> None:
    parts = [changing.step("plan", shard=f"{index}/2") for index in (1, 2)]
    parts[0].plan.with_suffix(".commit").write_text("0" * 40)
    shown = changing.step("show", plan="\n".join(str(part.plan) for part in parts))
    assert shown.code == 5


def test_a_fork_plans_against_a_snapshot_without_a_token_or_a_request(changing: Workplace) -> None:
    assert changing.step("pull", snapshot="snapshot.json").code == 0
    calls = len(changing.desk.sandbox.api.calls)
    changing.desk.give_tokens({})
    changing.on_pull_request(fork=True)

    done = changing.step("plan", snapshot="snapshot.json")

    assert (done.code, done.outputs["changes"]) == (0, "2")
    assert len(changing.desk.sandbox.api.calls) == calls
    assert "2026-11-23" in done.summary.replace("&#45;", "-")


@pytest.mark.parametrize(
    ("fork", "author", "who"), [(True, "mallory", "a fork"), (False, "dependabot[bot]", "Dependabot")]
)
def test_who_gets_no_secrets_is_told_why_it_fails(
    changing: Workplace, fork: bool, author: str, who: str
) -> None:
    changing.desk.give_tokens({})
    changing.event = "pull_request", pull_request(fork=fork, author=author)
    changing.api.tokens[changing.token] = changing.api.reader()
    done = changing.step("plan")
    assert done.code == 3
    assert f"comes from {who}, and its runs get no secrets" in done.summary
    assert f"a pull request from {who} gets a token that only reads" in done.annotations("warning")[0].data


@pytest.mark.parametrize(
    ("command", "inputs", "reason"),
    [
        ("plan", {"max_changes": "1"}, "the command plan takes no input max-changes"),
        ("validate", {"shard": "1/2", "only": "x"}, "the command validate takes no input only, shard"),
        ("apply", {"force": "yes"}, "the input force is 'yes', not one of true, false"),
        ("plan", {"comment": "TRUE"}, "the input comment is 'TRUE'"),
        ("plan", {"fail_on_drift": "true"}, "the command plan takes no input fail-on-drift"),
        ("apply", {"comment": "always"}, "the command apply takes no input comment"),
        ("apply", {"only": "false"}, "--only 'false' matches no account"),
        ("pull", {}, "needs the input snapshot"),
        ("show", {}, "needs the input plan"),
        ("show", {"plan": "nowhere/*.json"}, "there is no saved plan at nowhere/*.json"),
    ],
)
def test_an_input_that_makes_no_sense_is_not_ignored(
    changing: Workplace, command: str, inputs: dict[str, str], reason: str
) -> None:
    done = changing.step(command, **inputs)
    assert done.code == 64
    assert reason in done.annotations("error")[0].data
    assert "it was asked for something that cannot be" in done.summary
    assert changing.desk.sandbox.api.calls == []


def test_an_input_is_a_value_and_never_an_option(changing: Workplace) -> None:
    done = changing.step("apply", only="--force\n--max-changes=9", max_changes="1 --force")
    assert done.code == 64
    assert "Invalid value for '--max-changes'" in done.err
    done = changing.step("apply", only="--force")
    assert done.code == 64
    assert "--only '--force' matches no account" in done.annotations("error")[0].data


@pytest.mark.parametrize(
    "name", ["GITHUB_REPOSITORY", "GITHUB_EVENT_NAME", "GITHUB_OUTPUT", "RUNNER_TEMP", "GITHUB_SHA"]
)
def test_outside_of_a_workflow_it_says_so(changing: Workplace, name: str) -> None:
    done = changing.step("plan", without=name)
    assert done.code == 64
    assert f"{name} is missing" in done.annotations("error")[0].data


def test_a_plan_against_a_snapshot_starts_no_program_of_the_pull_request(changing: Workplace) -> None:
    changing.step("pull", snapshot="snapshot.json")
    text = changing.desk.config.read_text().replace("file:tokens.json#${name}", "command:touch pwned")
    changing.desk.config.write_text(text)
    changing.on_pull_request(fork=True)

    assert changing.step("plan", snapshot="snapshot.json").code == 0
    assert not list(changing.desk.folder.rglob("pwned"))

    changing.step("plan")
    assert list(changing.desk.folder.rglob("pwned")), "and without one it does"
