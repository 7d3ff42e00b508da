"""`plan` as a step: the log, the summary, the comment on the pull request, what the next step gets."""

import json

import pytest

from icesync.documents import planfile
from tests.support.github_api import BOT, Fault, Holder
from tests.support.payloads import HEAD
from tests.support.step import COMMIT, Done, Workplace
from tests.support.workflow_commands import commands

HELLO = {"default": [("Where is my order?", "ORDER"), ("When are you open?", "HOURS")]}
BONJOUR = {**HELLO, "fr_FR": [("Où est ma commande ?", "ORDER")]}
MARK = "<!-- icesync:shops -->"


def plan(workplace: Workplace, **inputs: str) -> Done:
    return workplace.step("plan", fleet="shops", **inputs)


@pytest.fixture
def changing(workplace: Workplace) -> Workplace:
    """A pull request that changes an account."""
    workplace.desk.declare({"shop": BONJOUR, "same": HELLO})
    workplace.desk.seed(1, HELLO)
    workplace.desk.seed(2, HELLO)
    workplace.on_pull_request()
    return workplace


def test_changes_are_no_failure_and_the_pull_request_hears_of_them(changing: Workplace) -> None:
    done = plan(changing)

    assert (done.code, done.outputs["exitcode"], done.outputs["changes"]) == (0, "2", "1")
    (body,) = changing.api.bodies(7)
    assert body.startswith(f"{MARK}\n## icesync plan\n")
    assert "1 to update" in body
    assert HEAD[:12] in body
    assert "https://github.com/acme/shops/actions/runs/4711" in body
    assert "1 to update" in done.summary
    assert done.annotations("error") == done.annotations("warning") == []


def test_the_next_step_gets_the_plan_and_its_totals(changing: Workplace) -> None:
    done = plan(changing)

    saved = planfile.loads(done.plan.read_text(encoding="utf-8"))
    assert [change.account.name for change in saved.changes] == ["shop"]
    assert json.loads(done.outputs["summary-json"])["update"] == 1
    assert "\n" not in done.outputs["summary-json"]
    assert {path.name for path in done.plan.parent.iterdir()} == {
        "plan.json",
        "plan.md",
        "plan.html",
        "plan.commit",
    }
    assert done.plan.with_suffix(".commit").read_text() == f"{COMMIT}\n"
    assert done.outputs["artifact-name"] == "icesync-plan-shops"
    assert done.outputs["artifact-path"] == str(done.plan.parent)


def test_a_second_run_writes_the_comment_anew_where_it_stands(changing: Workplace) -> None:
    plan(changing)
    changing.desk.seed(2, BONJOUR)

    plan(changing)

    (body,) = changing.api.bodies(7)
    assert "2 to update" in body


def test_plans_of_two_selections_have_a_comment_each(changing: Workplace) -> None:
    for _ in ("one push", "another"):
        for name in ("shop", "same"):
            plan(changing, only=name, comment="always")
    assert len(changing.api.bodies(7)) == 2


def test_a_name_of_any_length_has_a_comment_that_is_found_again(changing: Workplace) -> None:
    for _ in ("one push", "another"):
        done = changing.step("plan", fleet="é" * 2000)
        assert (done.code, done.outputs["exitcode"]) == (0, "2")
    assert len(changing.api.bodies(7)) == 1


def test_of_ten_warnings_one_is_left_for_the_missing_comment(workplace: Workplace) -> None:
    long = {"default": [("?" * 81, "ORDER")]}
    workplace.desk.declare({f"shop-{number}": long for number in range(12)})
    workplace.on_pull_request(fork=True)
    warnings = plan(workplace).annotations("warning")
    assert len(warnings) == 10
    assert "there is no comment on the pull request" in warnings[-1].data


@pytest.mark.parametrize("end", ["", "/"])
def test_the_comment_is_found_on_whatever_page_it_is(changing: Workplace, end: str) -> None:
    changing.environ = {"GITHUB_API_URL": f"{changing.api.url}{end}"}
    for _ in range(205):
        changing.api.add_comment(7, "ann", "What do you think?")
    ours = changing.api.add_comment(7, BOT, f"{MARK}\nold")
    changing.api.add_comment(7, "ann", "I agree.")

    plan(changing)

    assert len(changing.api.bodies(7)) == 207
    assert "1 to update" in ours["body"]


@pytest.mark.parametrize(
    ("login", "body"),
    [
        ("mallory", f"{MARK}\nNothing will change."),
        (BOT, f"Somebody wrote: {MARK}"),
        (BOT, "<!-- icesync:shops-2 -->\nother fleet"),
        ("github-actions", f"{MARK}\na person of nearly this name"),
    ],
)
def test_a_comment_that_is_not_ours_is_left_alone(changing: Workplace, login: str, body: str) -> None:
    theirs = changing.api.add_comment(7, login, body)

    plan(changing)

    assert theirs["body"] == body
    assert len(changing.api.bodies(7)) == 2


def test_no_changes_are_no_news_but_an_old_comment_is_put_right(workplace: Workplace) -> None:
    workplace.desk.declare({"shop": HELLO})
    workplace.desk.seed(1, BONJOUR)
    workplace.on_pull_request()
    plan(workplace)
    workplace.desk.seed(1, HELLO)

    assert plan(workplace).outputs["exitcode"] == "0"

    (body,) = workplace.api.bodies(7)
    assert "No changes" in body


@pytest.mark.parametrize(("comment", "count"), [("true", 0), ("false", 0), ("always", 1)])
def test_without_changes_a_comment_is_made_only_when_it_is_asked_for(
    workplace: Workplace, comment: str, count: int
) -> None:
    workplace.desk.declare({"shop": HELLO})
    workplace.desk.seed(1, HELLO)
    workplace.on_pull_request()
    assert plan(workplace, comment=comment).code == 0
    assert len(workplace.api.bodies(7)) == count


def test_on_a_push_or_without_a_wish_for_it_nobody_is_called(changing: Workplace) -> None:
    plan(changing, comment="false")
    changing.event = ("push", {})
    plan(changing)
    assert changing.api.calls == []


def test_mistakes_are_annotated_at_their_place_and_the_comment_says_so(changing: Workplace) -> None:
    plan(changing)
    config = changing.desk.folder / "shops" / "icesync.yaml"
    config.parent.mkdir()
    config.write_text("version: 1\naccounts:\n  shop:\n    id: '1'\n    qestion: x\n", encoding="utf-8")

    done = plan(changing, config="shops")

    assert (done.code, done.outputs["exitcode"]) == (65, "65")
    (found,) = done.annotations("error")
    assert (found.properties["file"], found.properties["line"]) == ("shops/icesync.yaml", "5")
    assert "qestion" in found.data
    (body,) = changing.api.bodies(7)
    assert "the desired state is invalid" in body
    assert "to update" not in body
    assert done.outputs["plan-path"] == done.outputs["artifact-path"] == ""


def test_unreadable_accounts_fail_the_job_after_everything_is_told(changing: Workplace) -> None:
    changing.desk.give_tokens({"shop": f"sandbox-{changing.desk.id_of(1)}", "same": "expired"})

    done = plan(changing)

    assert (done.code, done.outputs["exitcode"], done.outputs["changes"]) == (3, "3", "1")
    assert "not all accounts could be read" in changing.api.bodies(7)[0]


def test_what_apply_would_refuse_is_said_in_the_comment(workplace: Workplace) -> None:
    workplace.desk.declare({"shop": "none"})
    workplace.desk.seed(1, HELLO)
    workplace.on_pull_request()
    done = plan(workplace)
    assert done.code == 0
    for told in (workplace.api.bodies(7)[0], done.summary):
        assert told.count("**Apply would refuse this.**") == 1
        assert told.count("1 of 1 accounts would lose all ice breakers") == 1


@pytest.mark.parametrize(
    ("holder", "fork", "hint"),
    [
        (Holder(writes=frozenset()), False, "pull-requests: write"),
        (Holder(writes=frozenset()), True, "a pull request from a fork gets a token that only reads"),
    ],
)
def test_a_token_that_may_not_write_is_a_warning_with_the_reason(
    changing: Workplace, holder: Holder, fork: bool, hint: str
) -> None:
    changing.on_pull_request(fork=fork)
    changing.api.tokens[changing.token] = holder

    done = plan(changing)

    assert done.code == 0
    (warning,) = done.annotations("warning")
    assert "403: Resource not accessible by integration" in warning.data
    assert hint in warning.data
    assert "1 to update" in done.summary


def test_a_token_that_github_does_not_know_is_a_warning(changing: Workplace) -> None:
    changing.token = "revoked"
    done = plan(changing)
    assert done.code == 0
    (warning,) = done.annotations("warning")
    assert "401" in warning.data
    assert "revoked" not in done.log + done.err + done.summary


def test_blanks_around_a_token_are_no_part_of_it(changing: Workplace) -> None:
    changing.token = " job-token\n"
    assert plan(changing).annotations("warning") == []
    assert len(changing.api.bodies(7)) == 1


@pytest.mark.parametrize("token", ["jöb-token", "job\ntoken", "job token", "job\udcfftoken"])
def test_a_token_that_no_header_can_hold_is_a_warning_that_does_not_repeat_it(
    changing: Workplace, token: str
) -> None:
    changing.token = token
    done = plan(changing)
    assert (done.code, done.outputs["exitcode"]) == (0, "2")
    (warning,) = done.annotations("warning")
    assert "github-token holds characters that no token has" in warning.data
    assert "token" not in (done.err + done.log).replace("github-token", "").replace("no token has", "")
    assert changing.api.calls == []


def test_a_secondary_limit_is_waited_for_and_the_comment_is_there_once(changing: Workplace) -> None:
    changing.api.faults = [
        Fault(403, "You have exceeded a secondary rate limit.", (("retry-after", "17"),)),
    ]
    assert plan(changing).annotations("warning") == []
    assert 17.0 in changing.desk.clock.slept
    assert len(changing.api.bodies(7)) == 1


def test_an_answer_that_is_lost_makes_no_second_comment(changing: Workplace) -> None:
    changing.api.faults_of["POST", "/repos/acme/shops/issues/7/comments"] = [Fault(502, done=True)]

    assert plan(changing).annotations("warning") == []

    assert len(changing.api.bodies(7)) == 1


def test_a_limit_that_lasts_is_told_instead_of_sat_out(changing: Workplace) -> None:
    until = changing.desk.clock.now().timestamp() + 3000
    headers = (("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", f"{until:.0f}"))
    changing.api.faults = [Fault(403, "API rate limit exceeded", headers)]

    done = plan(changing)

    assert done.code == 0
    assert "rate limit is reached for another 3000 s" in done.annotations("warning")[0].data
    assert changing.api.bodies(7) == []


def test_a_large_plan_fits_into_comment_and_summary(workplace: Workplace) -> None:
    questions = {"default": [("?" * 80, "P" * 900), ("!" * 80, "Q" * 900)]}
    workplace.desk.declare({f"shop-{number}": questions for number in range(1, 601)})
    workplace.on_pull_request()

    done = plan(workplace, concurrency="64", artifact="false")

    assert done.code == 0
    assert done.annotations("warning") == []
    (body,) = workplace.api.bodies(7)
    assert 40_000 < len(body) <= 60_000
    assert "Left out here" in body
    assert "The whole plan is in the log of [this run]" in body
    assert 60_000 < len(done.summary.encode()) <= 1_000_000


def test_what_questions_say_is_no_command_to_the_runner(workplace: Workplace) -> None:
    injected = ["::error::pwned", "##[error]pwned", "::set-output name=exitcode::0", "::add-mask::e"]
    workplace.desk.declare({"shop": {"default": [(text, text) for text in injected]}})
    workplace.on_pull_request()

    done = plan(workplace)

    assert "::error::pwned" in done.log
    assert done.annotations("error") == done.annotations("set-output") == done.annotations("add-mask") == []
    assert done.outputs["exitcode"] == "2"


@pytest.mark.parametrize("name", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "RUNNER_TEMP", "GITHUB_API_URL"])
def test_a_place_that_the_runner_names_and_cannot_be_used_is_no_command(
    changing: Workplace, name: str
) -> None:
    changing.environ = {name: f"{changing.home}/nowhere/x\n::add-mask::y"}

    done = plan(changing)

    assert done.code not in (0, 70)
    assert done.annotations("error")
    assert not [found for found in commands(done.log + done.err) if found.name == "add-mask"]


def test_the_jobs_token_is_no_token_of_an_account(workplace: Workplace) -> None:
    workplace.desk.declare({"shop": HELLO}, defaults={"token": "env:GITHUB_TOKEN"})
    config = workplace.desk.config.read_text().replace("file:tokens.json#${name}", "env:GITHUB_TOKEN")
    workplace.desk.config.write_text(config)

    done = plan(workplace)

    assert done.outputs["exitcode"] == "3"
    assert workplace.desk.calls(1) == 0
    assert "job-token" not in done.log + done.err + done.summary
