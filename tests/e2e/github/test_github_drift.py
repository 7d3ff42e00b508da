"""`drift` as a step: one issue, opened, kept up to date, closed."""

import json

import pytest

from tests.support.github_api import BOT, Fault, Holder
from tests.support.step import Done, Workplace

HELLO = {"default": [("Where is my order?", "ORDER")]}
BONJOUR = {**HELLO, "fr_FR": [("Où est ma commande ?", "ORDER")]}
LABEL = "icesync-drift"
MARK = "<!-- icesync-drift:shops -->"


@pytest.fixture
def drifting(workplace: Workplace) -> Workplace:
    """A night on which one of two accounts is found changed."""
    workplace.desk.declare({"shop": HELLO, "store": HELLO})
    workplace.desk.seed(1, BONJOUR)
    workplace.desk.seed(2, HELLO)
    workplace.on_schedule()
    return workplace


def drift(workplace: Workplace, **inputs: str) -> Done:
    return workplace.step("drift", fleet="shops", **inputs)


def test_drift_opens_an_issue_that_says_who_wins_and_how(drifting: Workplace) -> None:
    done = drift(drifting)

    assert (done.code, done.outputs["exitcode"], done.outputs["changes"]) == (0, "2", "1")
    (issue,) = drifting.api.open_issues()
    assert issue["title"] == "icesync: 1 account differs from the files (shops)"
    assert issue["labels"] == [{"name": LABEL}]
    assert issue["body"].startswith(MARK)
    assert f"icesync apply --only=shop {drifting.desk.config}" in issue["body"]
    assert f"icesync pull {drifting.desk.config} shop" in issue["body"]
    assert "1 to update" in issue["body"]


def test_the_issue_is_kept_up_to_date_and_closed_when_the_drift_is_gone(drifting: Workplace) -> None:
    drift(drifting)
    drifting.desk.seed(2, BONJOUR)
    drift(drifting)
    (issue,) = drifting.api.open_issues()
    assert issue["title"].startswith("icesync: 2 accounts differ")
    drifting.desk.seed(1, HELLO)
    drifting.desk.seed(2, HELLO)

    assert drift(drifting).outputs["exitcode"] == "0"

    assert drifting.api.open_issues() == []
    assert (issue["state"], issue["state_reason"]) == ("closed", "completed")
    (word,) = drifting.api.bodies(issue["number"])
    assert "closes this issue" in word
    drift(drifting)
    assert len(drifting.api.bodies(issue["number"])) == 1


def test_drift_that_comes_back_has_a_new_issue(drifting: Workplace) -> None:
    drift(drifting)
    drifting.desk.seed(1, HELLO)
    drift(drifting)
    drifting.desk.seed(1, BONJOUR)
    drift(drifting)
    assert len(drifting.api.issues) == 2
    assert len(drifting.api.open_issues()) == 1


def test_an_unreadable_account_hides_nobody_elses_drift_and_fails_the_job(drifting: Workplace) -> None:
    drifting.desk.give_tokens({"shop": f"sandbox-{drifting.desk.id_of(1)}"})

    done = drift(drifting)

    assert (done.code, done.outputs["exitcode"]) == (3, "3")
    (issue,) = drifting.api.open_issues()
    assert "1 account differs" in issue["title"]
    assert "1 unreadable" in issue["body"]


def test_what_cannot_be_read_ends_no_drift_and_opens_no_issue(drifting: Workplace) -> None:
    drift(drifting)
    drifting.desk.seed(1, HELLO)
    drifting.desk.give_tokens({"shop": f"sandbox-{drifting.desk.id_of(1)}"})

    drift(drifting)

    (issue,) = drifting.api.open_issues()
    assert issue["title"] == "icesync: some accounts may differ from the files (shops)"
    assert "No account that could be read differs, but not all could be read" in issue["body"]
    assert "the issue stays open" in issue["body"]
    issue["state"] = "closed"
    assert drift(drifting).code == 3
    assert len(drifting.api.issues) == 1


def test_while_nothing_can_be_read_the_issue_keeps_what_was_seen_and_says_since_when(
    drifting: Workplace,
) -> None:
    drift(drifting)
    (issue,) = drifting.api.open_issues()
    first = issue["body"].removeprefix(f"{MARK}\n")
    drifting.desk.give_tokens({})
    for _ in ("one night", "another"):
        drifting.desk.clock.seconds += 86_400
        assert drift(drifting).code == 3

    assert issue["title"] == "icesync: accounts that differed from the files could not be read again (shops)"
    above, below = issue["body"].split(first.rstrip("\n"))
    assert below.strip() == ""
    assert above.count("No account that could be read differs. 2 could not be read") == 1
    assert above.count("**Could not be checked since 2026-11-23T03:09:11Z: <code>shop</code>.**") == 1

    drifting.desk.declare({"shop": HELLO, "store": HELLO})
    drift(drifting)
    assert issue["title"] == "icesync: 1 account differs from the files (shops)"
    assert "Could not be checked" not in issue["body"]
    assert issue["body"].count("## icesync drift") == 1


def test_what_is_seen_stands_above_what_could_not_be_read_again(drifting: Workplace) -> None:
    drift(drifting)
    drifting.desk.clock.seconds += 86_400
    drifting.desk.seed(2, BONJOUR)
    drifting.desk.give_tokens({"store": f"sandbox-{drifting.desk.id_of(2)}"})
    drifting.api.faults_of["PATCH", "/repos/acme/shops/issues/100"] = [Fault(502, done=True)]

    drift(drifting)

    (issue,) = drifting.api.open_issues()
    assert issue["title"].startswith("icesync: 1 account differs from the files, others could not be read")
    above, _, below = issue["body"].partition("**Could not be checked since 2026-11-23T03:09:11Z")
    for part, name in ((above, "store"), (below, "shop")):
        assert part.count(f"icesync apply --only={name} {drifting.desk.config}") == 1
    assert "1 unreadable" in above
    assert "Could not be checked" not in below


def test_fleets_and_shards_have_issues_of_their_own(workplace: Workplace) -> None:
    workplace.desk.declare({f"shop-{number}": HELLO for number in range(8)})
    workplace.on_schedule()
    for _ in ("one night", "another"):
        drift(workplace)
        workplace.step("drift", fleet="others")
        for index in (1, 2):
            drift(workplace, shard=f"{index}/2")
    assert sorted(issue["title"].partition(" (")[2] for issue in workplace.api.open_issues()) == [
        "others)",
        "shops 1/2)",
        "shops 2/2)",
        "shops)",
    ]


@pytest.mark.parametrize("other", [{"only": "store"}, {"exclude": "shop"}])
def test_one_selection_does_not_end_the_drift_of_another(drifting: Workplace, other: dict[str, str]) -> None:
    drift(drifting, only="shop")
    assert drift(drifting, **other).outputs["exitcode"] == "0"
    (issue,) = drifting.api.open_issues()
    assert issue["title"] == "icesync: 1 account differs from the files (shops only=shop)"


@pytest.mark.parametrize(
    ("login", "body", "more"),
    [
        ("mallory", MARK, {}),
        (BOT, f"About {MARK}", {}),
        (BOT, MARK, {"pull_request": {"url": "x"}}),
    ],
)
def test_an_issue_that_is_not_ours_is_left_alone(
    drifting: Workplace, login: str, body: str, more: dict[str, object]
) -> None:
    theirs = drifting.api.add_issue(login, "Drift?", body, [LABEL], **more)
    drift(drifting)
    assert (theirs["title"], theirs["body"]) == ("Drift?", body)
    assert len(drifting.api.issues) == 2


def test_it_fails_the_job_when_that_is_asked_for(drifting: Workplace) -> None:
    done = drift(drifting, fail_on_drift="true")
    assert done.code == 2
    assert len(drifting.api.open_issues()) == 1


@pytest.mark.parametrize(
    ("writes", "has_issues", "reason"),
    [
        (frozenset({"pull-requests"}), True, "403: Resource not accessible by integration"),
        (frozenset({"issues"}), False, "410: Issues has been disabled in this repository."),
    ],
)
def test_a_drift_that_nobody_hears_of_is_a_failure(
    drifting: Workplace, writes: frozenset[str], has_issues: bool, reason: str
) -> None:
    drifting.api.tokens["job-token"] = Holder(writes=writes)
    drifting.api.has_issues = has_issues

    done = drift(drifting)

    assert done.code == 1
    assert reason in done.annotations("error")[0].data
    assert "issues: write" in done.annotations("error")[0].data


def test_an_issue_whose_label_was_dropped_is_found_again_and_closed(drifting: Workplace) -> None:
    drifting.api.tokens["job-token"] = Holder(login="ann")
    drifting.api.drops_labels = True
    for _ in ("one night", "another"):
        assert drift(drifting).code == 0
    (issue,) = drifting.api.issues
    assert issue["labels"] == []
    drifting.desk.seed(1, HELLO)
    drift(drifting)
    assert issue["state"] == "closed"


def test_without_a_token_it_fails(drifting: Workplace) -> None:
    drifting.token = ""
    assert drift(drifting).code == 1


def test_a_lost_answer_opens_no_second_issue(drifting: Workplace) -> None:
    drifting.api.faults_of["POST", "/repos/acme/shops/issues"] = [Fault(500, done=True), Fault(502)]
    assert drift(drifting).code == 0
    assert len(drifting.api.issues) == 1


@pytest.mark.parametrize("fault", [Fault(502), Fault(502, done=True)])
@pytest.mark.parametrize(("method", "path"), [("PATCH", "issues/100"), ("POST", "issues/100/comments")])
def test_a_closing_that_is_cut_short_is_finished_and_says_nothing_twice(
    drifting: Workplace, fault: Fault, method: str, path: str
) -> None:
    drift(drifting)
    drifting.desk.seed(1, HELLO)
    drifting.api.faults_of[method, f"/repos/acme/shops/{path}"] = [fault]

    assert drift(drifting).code == 0

    assert drifting.api.open_issues() == []
    assert len(drifting.api.bodies(100)) <= 1


def test_a_github_that_is_down_is_asked_four_times(drifting: Workplace) -> None:
    drifting.api.faults = [Fault(503)] * 10
    done = drift(drifting)
    assert done.code == 1
    assert len(drifting.api.calls) == 4
    assert "out of order for now (503" in done.annotations("error")[0].data


def test_on_a_pull_request_no_issue_is_opened(drifting: Workplace) -> None:
    drifting.on_pull_request()
    assert drift(drifting).outputs["exitcode"] == "2"
    assert drifting.api.calls == []


@pytest.mark.parametrize(
    ("inputs", "options"), [({}, ""), ({"exclude": "store", "shard": "1/1"}, "--exclude=store --shard=1/1 ")]
)
def test_a_drift_of_many_accounts_has_the_commands_for_all_that_were_looked_at(
    workplace: Workplace, inputs: dict[str, str], options: str
) -> None:
    names = [f"shop-{'x' * 60}-{number}" for number in range(20)]
    workplace.desk.declare(dict.fromkeys([*names, "store"], HELLO))
    workplace.on_schedule()
    drift(workplace, **inputs)
    (issue,) = workplace.api.open_issues()
    assert f"icesync apply {options}{workplace.desk.config}\n" in issue["body"]
    assert f"icesync pull {options}{workplace.desk.config}\n" in issue["body"]


def test_missing_subscriptions_alone_are_drift_too(workplace: Workplace) -> None:
    workplace.desk.declare({"shop": HELLO}, webhooks={"shop": ["messages", "messaging_postbacks"]})
    workplace.desk.seed(1, HELLO)
    workplace.on_schedule()

    done = drift(workplace)

    assert (done.code, done.outputs["exitcode"], done.outputs["changes"]) == (0, "2", "1")
    assert json.loads(done.outputs["summary-json"])["subscribe"] == 1
    (issue,) = workplace.api.open_issues()
    assert issue["title"] == "icesync: 1 account differs from the files (shops)"
    assert "1 to subscribe" in issue["body"]
    workplace.desk.subscribe(1, "messages", "messaging_postbacks")
    assert drift(workplace).outputs["exitcode"] == "0"
    assert workplace.api.open_issues() == []
