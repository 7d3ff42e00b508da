"""Many machines: each takes its shard, and `icesync show` makes one document of what they wrote."""

import json
from pathlib import Path

import pytest

from tests.support.desk import Desk, Result

HELLO = {"default": [("Where is my order?", "ORDER")]}
OTHER = {"default": [("When are you open?", "HOURS")]}
SHARDS = 3


@pytest.fixture
def fleet(desk: Desk) -> Desk:
    """Nine accounts: 1 to 3 in sync, 4 to 6 without anything live, 7 updated, 8 unreadable, 9 unmanaged."""
    desk.declare({**{f"shop-{number}": HELLO for number in range(1, 9)}, "shop-9": None})
    for number in (1, 2, 3):
        desk.seed(number, HELLO)
    desk.seed(7, OTHER)
    tokens = {f"shop-{number}": f"sandbox-{desk.id_of(number)}" for number in range(1, 8)}
    desk.give_tokens({**tokens, "shop-8": f"expired-{desk.id_of(8)}"})
    return desk


def sharded(desk: Desk, *line: str) -> list[str]:
    """Run the line for each shard, a second apart, and give the files that the shards wrote."""
    paths = [str(desk.folder / f"{line[0]}-{number}.json") for number in range(1, SHARDS + 1)]
    for number, path in enumerate(paths, 1):
        assert desk.icesync(*line, f"--shard={number}/{SHARDS}", "-o", f"json={path}").code in (0, 3)
        desk.clock.seconds += 1
    return paths


def show(desk: Desk, *words: str) -> Result:
    return desk.icesync("show", *words, config=False)


def edited(path: str, **keys: object) -> None:
    document = json.loads(Path(path).read_text())
    Path(path).write_text(json.dumps({**document, **keys}))


def test_the_plans_of_shards_become_the_plan_of_the_fleet(fleet: Desk) -> None:
    whole = fleet.icesync("plan", "-o", "json")

    merged = show(fleet, *sharded(fleet, "plan"), "-o", "json")

    assert merged.code == 0
    assert merged.json["summary"] == {
        "accounts": 8, "create": 3, "update": 1, "delete": 0, "unchanged": 3, "unmanaged": 1, "unreadable": 1,
    }  # fmt: skip
    assert [each["account"] for each in merged.json["changes"]] == ["shop-4", "shop-5", "shop-6", "shop-7"]
    assert merged.json["created"] == whole.json["created"]
    different = {key for key in whole.json if whole.json[key] != merged.json[key]}
    assert not different - {"unreadable", "digest"}, "an error has a trace of its own each time"


def test_what_apply_would_refuse_is_counted_anew_for_the_whole(fleet: Desk) -> None:
    document = json.loads(fleet.config.read_text())
    document["limits"] = {"max_changes": "3"}
    document["accounts"]["shop-4"]["labels"] = ["retail"]
    fleet.config.write_text(json.dumps(document))
    paths = sharded(fleet, "plan")
    assert not [path for path in paths if "refusals" in json.loads(Path(path).read_text())]

    merged = show(fleet, *paths)

    assert "Apply would refuse this: 4 of 8 accounts would change, the limit max_changes is 3" in merged.out
    assert '<option value="retail">' in show(fleet, *paths, "-o", "html").out


def test_a_merged_plan_is_carried_out_and_shown_as_any_other(fleet: Desk) -> None:
    path = str(fleet.folder / "merged.json")
    assert show(fleet, *sharded(fleet, "plan"), "-o", f"json={path}").code == 0

    applied = fleet.icesync("apply", "--yes", "--plan", path, "-o", "json")

    assert applied.code == 3, "an account is unreadable"
    assert applied.json["summary"]["applied"] == 4
    assert [fleet.live(number) for number in range(1, 8)] == [HELLO] * 7
    assert show(fleet, path).out.endswith(
        "Plan: 3 to create, 1 to update, 0 to delete, 3 unchanged, 1 unreadable.\n"
    )


def test_the_reports_of_shards_become_the_report_of_the_fleet(fleet: Desk) -> None:
    paths = sharded(fleet, "apply", "--yes")
    runs = [json.loads(Path(path).read_text())["run"] for path in paths]

    merged = show(fleet, *paths, "-o", "json").json

    assert {each["account"]: each["status"] for each in merged["outcomes"]} == {
        **{f"shop-{number}": "applied" for number in (4, 5, 6, 7)},
        "shop-8": "failed",
    }
    assert merged["summary"]["unchanged"] == 3
    assert merged["run"] == ", ".join(sorted(filter(None, runs)))
    assert (merged["started"], merged["finished"]) == ("2026-11-23T03:09:11Z", "2026-11-23T03:09:13Z")


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_one_report_is_shown_alone_as_the_run_showed_it(fleet: Desk, form: str) -> None:
    path = fleet.folder / "report.json"
    applied = fleet.icesync("apply", "--yes", "-o", f"json={path}", "-o", form)

    assert applied.out.endswith(show(fleet, str(path), "-o", form).out)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([], 64, "FILE"),
        (["part.json", "report.json"], 64, "part.json is a plan and report.json a report"),
        (["part.json", "./part.json"], 64, "is named 2 times"),
        (["part.json", "whole.json"], 64, "stands in part.json and in whole.json"),
        (["part.json", "moved.json"], 5, "part.json and moved.json were made from different files"),
        (["part.json", "elsewhere.json"], 5, "part.json and elsewhere.json were made against different"),
        (["part.json", "nowhere.json"], 1, "nowhere.json cannot be read"),
        (["part.json", "edited.json"], 5, "edited.json: edited or damaged"),
        (["report.json", "edited-report.json"], 5, "edited-report.json: made up"),
        (["icesync.yaml"], 5, "icesync.yaml: not an icesync document"),
        (["."], 1, "cannot be read"),
    ],
)
def test_what_does_not_belong_together_is_refused_by_name(
    fleet: Desk, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, message: str
) -> None:
    monkeypatch.chdir(fleet.folder)
    fleet.icesync("plan", "--only=shop-[1-4]", "-o", "json=part.json")
    fleet.icesync("plan", "-o", "json=whole.json")
    fleet.icesync("plan", "-o", "json=edited.json")
    edited("edited.json", created="2027-01-01T00:00:00Z")
    fleet.icesync(
        "plan", "--api-url", fleet.sandbox.url.replace("127.0.0.1", "localhost"), "-ojson=elsewhere.json"
    )
    fleet.icesync("apply", "--yes", "-o", "json=report.json")
    fleet.icesync("apply", "--yes", "-o", "json=edited-report.json")
    edited("edited-report.json", outcomes=[])
    document = json.loads(fleet.config.read_text())
    document["accounts"]["shop-1"]["ice_breakers"] = "none"
    fleet.config.write_text(json.dumps(document))
    fleet.icesync("plan", "-o", "json=moved.json")

    told = show(fleet, *words)

    assert (told.code, told.out) == (code, "")
    assert message in told.err


def test_a_job_counts_its_pods_from_0_and_shards_count_from_1(
    fleet: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, SHARDS + 1):
        monkeypatch.setenv("JOB_COMPLETION_INDEX", str(number - 1))
        own = fleet.icesync("plan", f"--shard=auto/{SHARDS}", "-o", "json").json
        same = fleet.icesync("plan", f"--shard={number}/{SHARDS}", "-o", "json").json
        assert own["changes"] == same["changes"]
        assert own["summary"] == same["summary"]


@pytest.mark.parametrize(
    ("index", "shard", "message"),
    [
        (None, "auto/3", "auto/3 needs JOB_COMPLETION_INDEX"),
        ("3", "auto/3", "JOB_COMPLETION_INDEX is '3', no number from 0 to 2"),
        ("-1", "auto/3", "JOB_COMPLETION_INDEX is '-1', no number"),
        ("", "auto/3", "JOB_COMPLETION_INDEX is '', no number"),
        ("one", "auto/3", "JOB_COMPLETION_INDEX is 'one', no number"),
        ("²", "auto/3", "JOB_COMPLETION_INDEX is '²', no number"),
        ("0", "auto/0", "'auto/0' is neither"),
        ("0", "auto", "'auto' is neither"),
        ("0", "automatic/3", "'automatic/3' is neither"),
    ],
)
def test_a_shard_that_cannot_be_told_is_wrong_usage(
    fleet: Desk, monkeypatch: pytest.MonkeyPatch, index: str | None, shard: str, message: str
) -> None:
    monkeypatch.delenv("JOB_COMPLETION_INDEX", raising=False)
    if index is not None:
        monkeypatch.setenv("JOB_COMPLETION_INDEX", index)

    told = fleet.icesync("plan", f"--shard={shard}")

    assert told.code == 64
    assert message in told.err
    assert not fleet.sandbox.api.calls


def test_without_auto_the_index_of_the_pod_means_nothing(
    fleet: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "no number")
    assert fleet.icesync("plan", "--shard=1/3").code in (0, 3)
