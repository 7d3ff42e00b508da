"""`pull --snapshot` and `plan --against`: plans where there are neither tokens nor a network."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from icesync.documents import strict
from icesync.sandbox.server import running
from tests.support.desk import Desk, Result
from tests.support.repository import new_repository

HELLO = {"default": [("Where is my order?", "ORDER")]}
OTHER = {"default": [("When are you open?", "HOURS")]}
FLEET = {"same": HELLO, "shop": HELLO, "drop": "none", "lab": None, "dead": HELLO}


@dataclass(frozen=True)
class Fork:
    """What a pull request from a fork has: the files and a snapshot, no token, and an API that is gone."""

    desk: Desk
    snapshot: Path

    def icesync(self, *words: str) -> Result:
        return self.desk.icesync(*words, "--against", str(self.snapshot))

    def sign(self, **keys: Any) -> None:
        """Write the snapshot anew with these keys and a digest that holds."""
        document = json.loads(self.snapshot.read_text()) | keys
        document.pop("digest")
        self.snapshot.write_text(json.dumps({**document, "digest": strict.digest(document)}))


def take(desk: Desk, path: Path, *words: str) -> Result:
    return desk.icesync("pull", str(desk.config), *words, "--snapshot", str(path), config=False)


@pytest.fixture
def fork(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Fork]:
    path = tmp_path / "live.json"
    with running() as sandbox:
        desk = Desk(tmp_path, sandbox, capsys)
        desk.declare(FLEET)
        desk.seed(1, HELLO)
        desk.seed(2, OTHER)
        desk.seed(3, OTHER)
        desk.seed(4, OTHER)
        desk.give_tokens(
            {name: f"sandbox-{desk.id_of(n)}" for n, name in enumerate(FLEET, 1) if name != "dead"}
        )
        assert take(desk, path).code == 3
    (tmp_path / "tokens.json").unlink()
    yield Fork(desk, path)
    assert not (tmp_path / ".icesync" / "runs").exists()


def test_a_snapshot_holds_every_account_managed_or_not_and_nothing_secret(fork: Fork) -> None:
    text = fork.snapshot.read_text()
    document = json.loads(text)

    assert [each["account"] for each in document["accounts"]] == ["drop", "lab", "same", "shop"]
    assert [(each["account"], each["error"]["kind"]) for each in document["unreadable"]] == [
        ("dead", "credential")
    ]
    assert document["created"] == "2026-11-23T03:09:11Z"
    assert "tokens.json" not in text
    assert "sandbox-1" not in text


def test_a_fork_plans_without_tokens_and_without_a_network(fork: Fork) -> None:
    planned = fork.icesync("plan", "-o", "json")

    assert planned.code == 3, "one account was unreadable when the snapshot was taken"
    assert {each["account"]: each["action"] for each in planned.json["changes"]} == {
        "drop": "delete",
        "shop": "update",
    }
    assert planned.json["summary"]["unchanged"] == 1
    assert planned.json["summary"]["unmanaged"] == 1
    assert planned.json["unreadable"][0]["error"]["kind"] == "credential"
    assert fork.desk.icesync("plan", "-o", "json").json["summary"]["unreadable"] == 4, "without a snapshot"


def test_a_plan_against_a_snapshot_is_the_plan_that_live_state_gave(desk: Desk) -> None:
    desk.declare({"same": HELLO, "shop": HELLO, "drop": "none"})
    desk.seed(1, HELLO)
    desk.seed(3, OTHER)
    path = desk.folder / "live.json"
    assert take(desk, path).code == 0

    live = desk.icesync("plan", "-o", "json").json
    kept = desk.icesync("plan", "-o", "json", "--against", str(path)).json

    assert kept.pop("against") == {"created": "2026-11-23T03:09:11Z", "age": 0}
    assert live.pop("digest") != kept.pop("digest")
    assert kept == live


def test_no_program_of_a_reference_is_started(fork: Fork) -> None:
    trace = fork.desk.folder / "trace"
    fork.desk.declare(FLEET, defaults={"token": f"command:touch {trace}"})

    assert fork.icesync("plan").code == 3
    assert not trace.exists()


@pytest.mark.parametrize(("later", "age"), [(0, "0 seconds"), (3 * 3600, "3 hours"), (86_400 * 9, "9 days")])
def test_every_format_tells_the_age(fork: Fork, later: int, age: str) -> None:
    fork.desk.clock.start += timedelta(seconds=later)
    files = {kind: fork.desk.folder / f"plan.{kind}" for kind in ("json", "markdown", "html")}
    told = f"Planned against a snapshot of 2026-11-23T03:09:11Z, {age} old."

    planned = fork.icesync("plan", *(f"-o{kind}={path}" for kind, path in files.items()))

    assert told in planned.out
    assert told not in planned.err, "it stands on the screen already"
    assert told in files["markdown"].read_text()
    assert told in files["html"].read_text()
    assert json.loads(files["json"].read_text())["against"] == {
        "created": "2026-11-23T03:09:11Z",
        "age": later,
    }


def test_where_standard_output_is_for_machines_people_are_told_beside_it(fork: Fork) -> None:
    for command in ("plan", "drift"):
        assert "note: Planned against a snapshot of 2026" in fork.icesync(command, "-o", "json").err
    assert fork.desk.icesync("-q", "plan", "--against", str(fork.snapshot), "-o", "json").err == ""


def test_a_snapshot_from_a_clock_a_little_ahead_of_ours_is_new(fork: Fork) -> None:
    fork.desk.clock.start -= timedelta(minutes=5)

    assert fork.icesync("plan", "-o", "json").json["against"]["age"] == 0


def test_a_plan_file_is_as_its_schema_says_and_shows_its_age_again(fork: Fork) -> None:
    from jsonschema import validate

    path = fork.desk.folder / "plan.json"
    fork.desk.clock.start += timedelta(hours=5)
    fork.icesync("plan", "-o", f"json={path}")

    validate(json.loads(path.read_text()), fork.desk.icesync("schema", "plan", config=False).json)
    validate(
        json.loads(fork.snapshot.read_text()), fork.desk.icesync("schema", "snapshot", config=False).json
    )
    assert "5 hours old" in fork.desk.icesync("show", str(path), config=False).out


def test_drift_against_a_snapshot_tells_by_its_exit_code(fork: Fork) -> None:
    assert fork.icesync("drift", "--only=shop").code == 2
    assert fork.icesync("drift", "--only=same").code == 0


NEW = "is not in the snapshot: what is live on it is not known, and all its questions are shown as new"


def test_a_new_account_is_planned_as_if_nothing_were_live_and_the_plan_says_so(fork: Fork) -> None:
    fork.desk.declare({**FLEET, "new": HELLO, "a-new": HELLO, "new-lab": None})
    selected = ["--exclude=dead"]

    planned, told = (fork.icesync("plan", *selected, *words) for words in (["-o", "json"], []))

    assert planned.code == told.code == 0
    assert planned.json["complete"]
    assert planned.json["warnings"] == [f"a-new {NEW}", f"new {NEW}"]
    assert {each["account"]: each["action"] for each in planned.json["changes"]} == {
        "a-new": "create",
        "drop": "delete",
        "new": "create",
        "shop": "update",
    }
    assert f"Warning: new {NEW}\n" in planned.err
    assert f"Warning: new {NEW}\n" in told.out
    assert "+ a-new (" in told.out
    assert fork.icesync("plan").code == 3, "who could not be read when it was taken is not new"


def test_many_new_accounts_have_one_warning(fork: Fork) -> None:
    fork.desk.declare({**FLEET, **{f"new-{n:02}": HELLO for n in range(12)}})

    planned = fork.icesync("plan", "--only=new-*", "-o", "json").json

    assert planned["summary"]["create"] == 12
    names = ", ".join(f"new-{n:02}" for n in range(10))
    (warning,) = planned["warnings"]
    assert warning.startswith("12 accounts are not in the snapshot: what is live on them is not known, ")
    assert warning.endswith(f"and all their questions are shown as new: {names} and 2 more")
    assert len(fork.icesync("plan", "--only=new-0*", "-o", "json").json["warnings"]) == 10


def test_drift_invents_nothing_about_an_account_that_is_not_in_the_snapshot(fork: Fork) -> None:
    fork.desk.declare({**FLEET, "new": HELLO})

    drifted = fork.icesync("drift", "--only=new", "--only=shop", "-o", "json")

    assert drifted.code == 3
    assert [each["account"] for each in drifted.json["changes"]] == ["shop"]
    (new,) = drifted.json["unreadable"]
    assert new["error"]["kind"] == "transient"
    assert "not in the snapshot" in new["error"]["message"]
    assert "pull --snapshot" in new["error"]["hint"]
    assert "warnings" not in drifted.json


def test_a_new_account_is_read_before_it_is_written_and_not_written_if_something_is_live(desk: Desk) -> None:
    desk.declare({"old": HELLO})
    desk.seed(1, HELLO)
    snapshot, plan = desk.folder / "live.json", desk.folder / "plan.json"
    take(desk, snapshot)
    desk.declare({"old": HELLO, "empty": HELLO, "taken": HELLO})
    desk.seed(3, OTHER)
    assert desk.icesync("plan", "--against", str(snapshot), "-o", f"json={plan}").code == 0

    applied = desk.icesync("apply", "--yes", "--plan", str(plan), "-o", "json")

    assert applied.code == 5
    assert {each["account"]: each["status"] for each in applied.json["outcomes"]} == {
        "empty": "applied",
        "taken": "stale",
    }
    assert desk.live(3) == OTHER
    assert not desk.calls(3, "POST")


def test_an_account_is_known_by_its_id_also_under_a_new_name(fork: Fork) -> None:
    fork.desk.declare({"same": HELLO, "store": HELLO})

    planned = fork.icesync("plan", "-o", "json").json

    assert [(each["account"], each["action"]) for each in planned["changes"]] == [("store", "update")]
    assert planned["unreadable"] == []


def test_only_what_changed_in_the_files_is_planned_against_it(
    fork: Fork, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = new_repository(fork.desk.folder, monkeypatch)
    repository.commit()
    fork.desk.declare({**FLEET, "same": OTHER})

    planned = fork.icesync("plan", "--changed-since=main", "-o", "json").json

    assert [each["account"] for each in planned["changes"]] == ["same"]
    assert planned["summary"]["accounts"] == 1


def test_selections_and_what_is_for_requests_do_no_harm(fork: Fork) -> None:
    words = ["--only=s*", "--concurrency=2", "--budget=1/1h", "--max-rps=1", "--timeout=1", "-o", "json"]

    assert fork.icesync("plan", *words).json["summary"]["accounts"] == 2
    assert fork.icesync("plan", *words).code == 0, "no call counts"


def test_a_plan_made_against_a_snapshot_is_carried_out_where_live_is_still_as_it_says(desk: Desk) -> None:
    desk.declare({"shop": HELLO, "moved": HELLO})
    desk.seed(1, OTHER)
    desk.seed(2, OTHER)
    snapshot, plan = desk.folder / "live.json", desk.folder / "plan.json"
    take(desk, snapshot)
    assert desk.icesync("plan", "--against", str(snapshot), "-o", f"json={plan}").code == 0
    desk.seed(2, {"default": [("Is anybody there?", "HI")]})

    applied = desk.icesync("apply", "--yes", "--plan", str(plan), "-o", "json")

    assert applied.code == 5
    assert {each["account"]: each["status"] for each in applied.json["outcomes"]} == {
        "shop": "applied",
        "moved": "stale",
    }


def another_api(fork: Fork) -> None:
    fork.sign(api={"url": "https://graph.facebook.com", "version": "v24.0"})


def no_date(fork: Fork) -> None:
    fork.sign(created="2026-02-30T00:00:00Z")


def of_tomorrow(fork: Fork) -> None:
    fork.sign(created="2026-11-23T03:14:12Z")


def edited(fork: Fork) -> None:
    fork.snapshot.write_text(fork.snapshot.read_text().replace("ORDER", "0RDER"))


def a_plan(fork: Fork) -> None:
    assert fork.icesync("plan", "-o", f"json={fork.snapshot}").code == 3


def not_text(fork: Fork) -> None:
    fork.snapshot.write_bytes(b"\xff\xfe")


def gone(fork: Fork) -> None:
    fork.snapshot.unlink()


def a_pipe(fork: Fork) -> None:
    fork.snapshot.unlink()
    os.mkfifo(fork.snapshot)


@pytest.mark.parametrize(
    ("spoil", "code", "message"),
    [
        (
            another_api,
            5,
            "was taken from https://graph.facebook.com, but this run is about http://127.0.0.1:",
        ),
        (no_date, 5, "damaged at created: there is no 2026-02-30T00:00:00Z"),
        (
            of_tomorrow,
            5,
            "it was taken at 2026-11-23T03:14:12Z, and now is 2026-11-23T03:09:11Z: nobody can tell its age",
        ),
        (edited, 5, "edited or damaged"),
        (a_plan, 5, "the format is 'icesync.plan/1'"),
        (not_text, 5, "is not UTF-8 text"),
        (gone, 1, "cannot be read"),
        (a_pipe, 1, "it is a pipe, which may never have a writer"),
    ],
)
def test_a_snapshot_that_cannot_stand_for_live_state_is_refused_by_name(
    fork: Fork, spoil: Callable[[Fork], None], code: int, message: str
) -> None:
    spoil(fork)
    for command in ("plan", "drift"):
        told = fork.icesync(command)

        assert (told.code, told.out) == (code, "")
        assert "live.json" in told.err
        assert message in told.err


def test_a_snapshot_can_come_through_a_pipe_that_the_shell_opened(fork: Fork) -> None:
    reading, writing = os.pipe()
    os.write(writing, fork.snapshot.read_bytes())
    os.close(writing)

    planned = fork.desk.icesync("plan", "--against", f"/dev/fd/{reading}", "-o", "json")
    os.close(reading)

    assert planned.json["summary"]["accounts"] == 4


def test_a_new_version_of_the_api_is_no_other_place(fork: Fork) -> None:
    document = json.loads(fork.desk.config.read_text())
    document["api"]["version"] = "v25.0"
    fork.desk.config.write_text(json.dumps(document))

    assert fork.icesync("plan", "-o", "json").json["api"]["version"] == "v25.0"


def test_a_cluster_has_nothing_to_do_for_it(fork: Fork) -> None:
    refused = fork.icesync("plan", "--dask=tcp://127.0.0.1:1")

    assert refused.code == 64
    assert "--against" in refused.err
    assert "--dask" in refused.err


def test_commands_that_write_take_no_snapshot(fork: Fork) -> None:
    assert fork.icesync("apply", "--yes").code == 64
    assert fork.icesync("rollback", "last", "--yes").code == 64


def test_a_snapshot_alone_leaves_standard_output_empty(desk: Desk) -> None:
    desk.declare({"shop": HELLO, "lab": None})
    path = desk.folder / "live.json"

    taken = take(desk, path)

    assert (taken.code, taken.out) == (0, "")
    assert taken.err == f"{path}: a snapshot of 2 accounts, taken at 2026-11-23T03:09:11Z\n"


def test_a_snapshot_and_yaml_come_of_one_reading(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    desk.seed(1, OTHER)
    path, adopted = desk.folder / "live.json", desk.folder / "adopted.yaml"

    assert take(desk, path, "-o", str(adopted)).code == 0

    assert desk.calls(1) == 1
    assert "When are you open?" in adopted.read_text()
    assert "When are you open?" in path.read_text()


def test_a_snapshot_of_named_accounts_holds_these(desk: Desk) -> None:
    desk.declare({"shop": HELLO, "other": HELLO})
    path = desk.folder / "live.json"

    assert take(desk, path, "shop").code == 0

    assert [each["account"] for each in json.loads(path.read_text())["accounts"]] == ["shop"]


def test_where_nothing_can_be_read_an_old_snapshot_stays(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    desk.give_tokens({})
    path = desk.folder / "live.json"
    path.write_text("old")

    assert take(desk, path).code == 1
    assert path.read_text() == "old"


def test_a_place_that_takes_no_snapshot_is_told_before_anything_is_read(desk: Desk) -> None:
    desk.declare({"shop": HELLO})

    told = take(desk, desk.folder / "nowhere" / "live.json")

    assert told.code == 1
    assert "cannot be written" in told.err
    assert desk.calls(1) == 0


def test_what_no_file_may_ask_for_can_stand_in_a_snapshot(desk: Desk) -> None:
    """A locale without the default one: in YAML it would be a mistake, here it is what is live."""
    desk.declare({"shop": HELLO})
    desk.seed(1, {"fr_FR": [("Où est ma commande ?", "ORDER")]})
    path = desk.folder / "live.json"

    assert take(desk, path).code == 0
    planned = desk.icesync("plan", "--against", str(path), "-o", "json")
    assert planned.json["changes"][0]["action"] == "update"
