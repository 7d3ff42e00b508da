"""What triggered a job, by payloads that mean harm or make no sense."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icesync.errors import IcesyncError
from icesync.github import events
from icesync.github.events import Event, PullRequest
from tests.support.payloads import HEAD, pull_request, push, schedule, workflow_run

KEYS = ["pull_request", "number", "head", "base", "repo", "id", "sha", "workflow_run", "event"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just("pull_request"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=20,
)


def read(name: str, payload: Any) -> Event:
    return events.read(name, json.dumps(payload))


@pytest.mark.parametrize(("name", "payload"), [("push", push()), ("schedule", schedule())])
def test_what_no_pull_request_asked_for(name: str, payload: Any) -> None:
    assert read(name, payload) == Event(name)


@pytest.mark.parametrize(
    "name", ["pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment"]
)
@pytest.mark.parametrize("fork", [False, True])
def test_a_pull_request_with_its_number_its_head_and_whose_it_is(name: str, fork: bool) -> None:
    wanted = Event(name, PullRequest(7, fork, HEAD), unmerged=True)
    assert read(name, pull_request(fork=fork)) == wanted


def test_what_waits_in_a_merge_queue_is_not_merged() -> None:
    assert read("merge_group", {}) == Event("merge_group", unmerged=True)


@pytest.mark.parametrize(
    ("fork", "author", "outsider"),
    [(False, "ann", ""), (True, "ann", "a fork"), (False, "dependabot[bot]", "Dependabot")],
)
def test_whose_runs_get_no_secrets(fork: bool, author: str, outsider: str) -> None:
    found = read("pull_request", pull_request(fork=fork, author=author)).pull_request
    assert found
    assert found.outsider == outsider


@pytest.mark.parametrize("repo", [None, {}, {"id": "1"}, {"id": True}, {"id": -1}, "acme/shops", []])
def test_a_head_that_is_nobodys_counts_as_a_fork(repo: Any) -> None:
    payload = pull_request()
    payload["pull_request"]["head"]["repo"] = repo
    if isinstance(repo, dict):
        payload["pull_request"]["base"]["repo"] = repo
    found = read("pull_request", payload).pull_request
    assert found
    assert found.from_fork


@pytest.mark.parametrize("sha", [None, "", "main", "A" * 40, "0" * 41, f"{'0' * 40}\n", 7, ["0" * 40]])
def test_a_commit_that_is_none_is_not_repeated(sha: Any) -> None:
    payload = pull_request()
    payload["pull_request"]["head"]["sha"] = sha
    found = read("pull_request", payload).pull_request
    assert found
    assert found.head == ""


@pytest.mark.parametrize("number", [None, 0, -1, True, 1.5, "7", "7/../../secrets", 2**53, [7]])
def test_a_number_that_is_none_is_refused(number: Any) -> None:
    with pytest.raises(IcesyncError, match="names no pull request"):
        read("pull_request", pull_request(number=number))


@pytest.mark.parametrize("text", ["", "no", "[]", "7", "null", "[" * 100_000, '{"pull_request": []', "\x00"])
def test_a_payload_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(IcesyncError):
        events.read("pull_request", text)


@pytest.mark.parametrize(
    ("first", "asked"),
    [
        ("push", False),
        ("schedule", False),
        ("pull_request", True),
        ("pull_request_target", True),
        ("merge_group", True),
        ("workflow_run", True),
        (None, True),
    ],
)
def test_a_run_that_follows_another_is_as_good_as_what_it_follows(first: Any, asked: bool) -> None:
    assert read("workflow_run", workflow_run(first)) == Event("workflow_run", unmerged=asked)


@given(st.sampled_from(["pull_request", "pull_request_target", "workflow_run", "push", "issues"]), JSON)
def test_any_payload_is_read_or_refused(name: str, payload: Any) -> None:
    try:
        found = read(name, payload)
    except IcesyncError:
        assert name not in ("push", "issues")
    else:
        assert found.unmerged >= (found.pull_request is not None)
