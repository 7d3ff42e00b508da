"""The state folder: what a run leaves behind, what is read of it, and who may write."""

import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from icesync.errors import JournalError
from icesync.journal import Journal, Run, Summary, find, locked, record, runs
from icesync.model import NOTHING, Account, Action, Api, Change, Outcome, Profile, Status, Subscription

NOW = datetime(2026, 11, 23, 3, 9, 11, tzinfo=UTC)
API = Api("http://127.0.0.1:8080", "v23.0")
ACME = Account("acme", "17841", token="env:SECRET", labels=("eu",))
BETA = Account("beta", "17842")
A = Profile.of({"default": [("A?", "A")], "fr_FR": [("Où \ud800\n?", "{'x': \"y\"}")]})
B = Profile.of({"default": [("B?", "B"), ("C?", "C")]})


def keep(
    state: Path, *changes: Change, statuses: Sequence[Status] = (), now: datetime = NOW, end: bool = True
) -> Path:
    """A run with these writes and outcomes; the path of its journal."""
    with record(state, command="apply", api=API, now=now) as log:
        for change in changes:
            log.write(change)
        for status in statuses:
            log.outcome(Outcome(ACME, Action.UPDATE, status))
        if end:
            log.end("2026-11-23T03:09:14Z")
    return state / "runs" / f"{log.run}.jsonl"


def events(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def run_python(script: str, state: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "always::ResourceWarning", "-c", script, str(state)]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def nameless(change: Change) -> Change:
    """The change as a journal tells it: with the account's name and id only."""
    return Change(Account(change.account.name, change.account.id), change.before, change.after)


def test_a_run_is_read_back_as_it_was(tmp_path: Path) -> None:
    changes = [Change(ACME, A, B), Change(BETA, NOTHING, A)]

    path = keep(tmp_path, *changes, statuses=[Status.APPLIED, Status.FAILED, Status.APPLIED])

    assert find(tmp_path, path.stem) == Run(
        name=path.stem,
        started="2026-11-23T03:09:11Z",
        command="apply",
        api=API,
        writes=tuple(map(nameless, changes)),
        statuses={"applied": 2, "failed": 1},
        finished="2026-11-23T03:09:14Z",
    )


def test_a_write_is_in_the_file_when_it_returns_and_holds_both_sides(tmp_path: Path) -> None:
    with record(tmp_path / "new" / "state", command="apply", api=API, now=NOW) as log:
        log.write(Change(ACME, A, NOTHING))

        found = events(tmp_path / "new" / "state" / "runs" / f"{log.run}.jsonl")[-1]

    assert found == {
        "event": "write",
        "account": "acme",
        "id": "17841",
        "action": "delete",
        "before": {
            "default": [{"question": "A?", "payload": "A"}],
            "fr_FR": [{"question": "Où \ud800\n?", "payload": "{'x': \"y\"}"}],
        },
        "after": {},
    }


def test_no_credential_reference_gets_into_it(tmp_path: Path) -> None:
    assert "SECRET" not in keep(tmp_path, Change(ACME, A, B), statuses=[Status.APPLIED]).read_text()


def test_what_stood_before_the_first_write_of_an_account_is_what_counts(tmp_path: Path) -> None:
    path = keep(
        tmp_path, Change(ACME, A, B), Change(BETA, A, B), Change(ACME, B, NOTHING), Change(ACME, B, A)
    )

    assert find(tmp_path, path.stem).writes == (nameless(Change(ACME, A, B)), Change(BETA, A, B))


@pytest.mark.parametrize("status", Status)
def test_a_write_on_record_counts_unless_its_outcome_says_that_it_was_never_sent(
    tmp_path: Path, status: Status
) -> None:
    path = keep(tmp_path, Change(ACME, A, B), Change(BETA, A, B), statuses=[status])

    written = [change.account.name for change in find(tmp_path, path.stem).writes]

    assert written == (["beta"] if status in (Status.STALE, Status.ALREADY) else ["acme", "beta"])
    assert [run.written for run in runs(tmp_path)] == [len(written)]


def test_a_run_without_an_end_was_cut_off(tmp_path: Path) -> None:
    keep(tmp_path, Change(ACME, A, B), end=False)

    found = find(tmp_path, "last")

    assert (found.finished, found.writes) == (None, (nameless(Change(ACME, A, B)),))


@pytest.mark.parametrize("torn", [b'{"event": "wri', b"{", b"\x00" * 200, b'{"event": "end"}', b"\xff"])
def test_a_last_line_that_was_cut_short_is_left_out(tmp_path: Path, torn: bytes) -> None:
    path = keep(tmp_path, Change(ACME, A, B), end=False)
    whole = find(tmp_path, "last")

    path.write_bytes(path.read_bytes() + torn)

    assert find(tmp_path, "last") == whole


def test_a_journal_that_was_cut_off_anywhere_tells_the_writes_that_are_whole(tmp_path: Path) -> None:
    path = keep(tmp_path, Change(ACME, A, B), Change(BETA, A, B), statuses=[Status.APPLIED])
    content = path.read_bytes()

    for size in range(len(content)):
        path.write_bytes(content[:size])

        assert len(find(tmp_path, "last").writes) == content[:size].count(b'"write"') - (
            content[:size].rpartition(b"\n")[2].count(b'"write"')
        )


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff",
        b"\x00\x00",
        b"[" * 100_000,
        b'{"account": "acme"}',
        b'{"event": "write", "account": "acme"}',
        b'{"event": "write", "account": "acme", "id": "1", "before": 7, "after": {}}',
        b'{"event": "write", "account": "acme", "id": "1", "before": {"default": [{}]}, "after": {}}',
        b'{"event": "outcome"}',
        b'{"event": "outcome", "account": "acme"}',
        b'{"event": "outcome", "account": "acme", "status": []}',
        b'{"event": "outcome", "account": 5, "status": "stale"}',
        b'{"event": "end", "finished": 5}',
        b'{"event": 7}',
        b'{"event": "run"}',
        b'{"event": "write", "account": 7, "id": "1", "before": {}, "after": {}}',
        b'{"event": "write", "account": "acme", "id": 1, "before": {}, "after": {}}',
        b'{"event": "write", "account": "acme", "id": "1", "before": {}, "after": {"default": ""}}',
        b'{"event": "write", "account": "acme", "id": "1", "before": {"default": ["A?"]}, "after": {}}',
        (
            b'{"event": "write", "account": "acme", "id": "1", "before": {}, '
            b'"after": {"default": [{"question": "A?", "payload": 1}]}}'
        ),
    ],
    ids=lambda line: str(line[:70]),
)
def test_a_journal_that_is_damaged_in_the_middle_is_refused(tmp_path: Path, line: bytes) -> None:
    path = keep(tmp_path, Change(ACME, A, B))
    head, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([head, line + b"\n", *rest]))

    with pytest.raises(JournalError, match=f"{path.name} is damaged"):
        find(tmp_path, "last")
    assert list(runs(tmp_path)) == [Summary(path.stem, damaged=True)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"event": None},
        {"event": "end", "finished": ""},
        {"format": None},
        {"format": "icesync.journal/2"},
        {"started": 5},
        {"command": ["apply"]},
        {"api": None},
        {"api": {"host": "x"}},
        {"api": {"url": 5, "version": "v24.0"}},
    ],
    ids=str,
)
def test_a_journal_of_another_kind_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    path = keep(tmp_path, Change(ACME, A, B))
    path.write_text(json.dumps({**events(path)[0], **wrong}) + "\n")

    with pytest.raises(JournalError, match="damaged"):
        find(tmp_path, "last")
    assert list(runs(tmp_path)) == [Summary(path.stem, damaged=True)]


@pytest.mark.parametrize(
    "tail", [b"\x00\x00\n\x00\n", b"\xff\n{\n\n", b"null\n", b"\x00\n" + b'{"event": "end"']
)
def test_lines_at_the_end_that_a_power_loss_left_are_left_out(tmp_path: Path, tail: bytes) -> None:
    path = keep(tmp_path, Change(ACME, A, B), end=False)
    whole = find(tmp_path, "last")

    path.write_bytes(path.read_bytes() + tail)

    assert find(tmp_path, "last") == whole
    assert [run.damaged for run in runs(tmp_path)] == [False]


def test_a_journal_of_which_nothing_reached_the_disk_wrote_nothing(tmp_path: Path) -> None:
    path = keep(tmp_path, Change(ACME, A, B))
    path.write_bytes(b"\x00" * path.stat().st_size)

    assert find(tmp_path, "last") == Run(path.stem, "", "", Api())


def test_runs_are_summed_up(tmp_path: Path) -> None:
    changes = [Change(ACME, A, NOTHING), Change(ACME, A, B), Change(BETA, A, B)]
    first = keep(tmp_path, *changes, statuses=[Status.APPLIED, Status.FAILED, Status.APPLIED])
    second = keep(tmp_path, *changes[:1], end=False)

    started = "2026-11-23T03:09:11Z"
    assert list(runs(tmp_path)) == [
        Summary(second.stem, started, "apply", {}, 1),
        Summary(first.stem, started, "apply", {"applied": 2, "failed": 1}, 2, "2026-11-23T03:09:14Z"),
    ]


def test_one_damaged_journal_does_not_hide_the_others(tmp_path: Path) -> None:
    older, damaged, newer = (keep(tmp_path, Change(ACME, A, B)) for _ in range(3))
    damaged.write_text("{}\n")

    assert [(run.name, run.damaged) for run in runs(tmp_path)] == [
        (newer.stem, False),
        (damaged.stem, True),
        (older.stem, False),
    ]
    assert find(tmp_path, older.stem).finished


def test_listing_runs_takes_less_memory_than_one_of_them(tmp_path: Path) -> None:
    many = [Change(Account(f"acme-{number}", "1"), A, B) for number in range(200)]
    path = keep(tmp_path, *many)
    for number in range(5):
        path.with_name(f"20261124T000000Z-{number:04x}.jsonl").write_bytes(path.read_bytes())

    tracemalloc.start()
    try:
        assert [run.written for run in runs(tmp_path)] == [200] * 6
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < path.stat().st_size


def test_what_a_later_version_adds_is_left_out(tmp_path: Path) -> None:
    path = keep(tmp_path, Change(ACME, A, B), end=False)
    with path.open("a") as file:
        file.write('{"event": "pause", "seconds": 3}\n{"event": "end", "finished": "then", "more": 1}\n')

    assert find(tmp_path, "last").finished == "then"


def test_runs_are_listed_newest_first_those_of_one_second_too(tmp_path: Path) -> None:
    times = [
        NOW,
        NOW,
        NOW,
        NOW + timedelta(milliseconds=1),
        NOW + timedelta(seconds=1),
        NOW + timedelta(days=40),
    ]

    names = [keep(tmp_path, now=now).stem for now in times]

    assert [run.name for run in runs(tmp_path)] == names[::-1]
    assert find(tmp_path, "last").name == names[-1]


@pytest.mark.parametrize(
    "newest", ["20261123T040000Z-0000", "20261123T030911Z-00ff", "20991231T235959Z-ffff"]
)
def test_a_new_run_is_the_last_though_the_clock_has_stepped_back(tmp_path: Path, newest: str) -> None:
    path = keep(tmp_path)
    path.rename(path.with_name(f"{newest}.jsonl"))

    names = [newest, *(keep(tmp_path, now=NOW - timedelta(days=number)).stem for number in range(20))]

    assert [run.name for run in runs(tmp_path)] == names[::-1]
    assert names == sorted(names)
    assert find(tmp_path, "last").name == names[-1]


def test_a_run_is_named_after_its_time(tmp_path: Path) -> None:
    assert keep(tmp_path, now=NOW + timedelta(microseconds=500_000)).name == "20261123T030911Z-8000.jsonl"


def test_other_files_in_the_folder_are_no_runs(tmp_path: Path) -> None:
    path = keep(tmp_path)
    path.with_name("99991231T235959Z-0000.jsonl").mkdir()
    for name in ("notes.jsonl", f"{path.name}.bak", ".20261123T030911Z-0000.jsonl", "99991231T235959Z.jsonl"):
        path.with_name(name).write_text("not a run")

    assert [run.name for run in runs(tmp_path)] == [path.stem]
    assert find(tmp_path, "last").name == path.stem


def test_a_new_state_folder_has_no_runs(tmp_path: Path) -> None:
    assert list(runs(tmp_path / "nowhere")) == []
    with pytest.raises(JournalError, match="there is no run"):
        find(tmp_path / "nowhere", "last")


@pytest.mark.parametrize(
    "name", ["", "20261123T030911Z-ffff", "../lock", "20261123T030911Z-0000.jsonl", "*", "\0"]
)
def test_a_run_that_is_not_there_is_not_found(tmp_path: Path, name: str) -> None:
    keep(tmp_path)
    (tmp_path / "lock").touch()

    with pytest.raises(JournalError, match="there is no run"):
        find(tmp_path, name)


@pytest.mark.parametrize("begin", [locked, lambda state: record(state, command="apply", api=API, now=NOW)])
def test_a_state_folder_that_cannot_be_made_stops_the_run(tmp_path: Path, begin: Any) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(JournalError, match="cannot be recorded"), begin(tmp_path / "file" / "state"):
        pytest.fail("the run went on")


@pytest.mark.parametrize(
    "keep_line",
    [
        lambda log: log.write(Change(ACME, A, B)),
        lambda log: log.outcome(Outcome(ACME, Action.UPDATE, Status.APPLIED)),
        lambda log: log.end("then"),
    ],
    ids=["write", "outcome", "end"],
)
def test_a_line_that_cannot_be_kept_is_told(keep_line: Any) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    broken = os.fdopen(writer, "w")

    with pytest.raises(JournalError, match="nothing more is written"):
        keep_line(Journal("run", broken))

    with pytest.raises(BrokenPipeError):
        broken.close()


def test_a_write_counts_only_where_it_can_be_brought_to_disk() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader), os.fdopen(writer, "w") as pipe:
        log = Journal("run", pipe)
        log.outcome(Outcome(ACME, Action.UPDATE, Status.APPLIED))

        with pytest.raises(JournalError):
            log.write(Change(ACME, A, B))


@pytest.mark.parametrize("begin", [locked, lambda state: record(state, command="apply", api=API, now=NOW)])
def test_git_leaves_a_new_state_folder_alone(tmp_path: Path, begin: Any) -> None:
    with begin(tmp_path / "new" / "state"):
        pass

    assert (tmp_path / "new" / "state" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("begin", [locked, lambda state: record(state, command="apply", api=API, now=NOW)])
def test_a_folder_of_ones_own_keeps_what_git_sees(tmp_path: Path, begin: Any) -> None:
    with begin(tmp_path):
        pass

    assert not (tmp_path / ".gitignore").exists()


# Prints every folder that is opened, as whoever syncs one must.
MAKE = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from icesync.journal import locked, record
from icesync.model import Api

def tell(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, os.PathLike)) and Path(arguments[0]).is_dir():
        print(arguments[0])

sys.addaudithook(tell)
state = Path(sys.argv[1])
with locked(state), record(state, command="apply", api=Api(), now=datetime(2026, 11, 23, tzinfo=UTC)):
    pass
"""


def test_the_folders_that_are_made_outlive_a_power_loss(tmp_path: Path) -> None:
    state = tmp_path / "new" / "state"

    told = run_python(MAKE, state)

    assert told.stdout.split() == [str(each) for each in (tmp_path, state.parent, state, state / "runs")]


# The next file is the last one that this process may open, so its folder cannot be synced.
LAST_FILE = """
import os, resource, sys
from datetime import UTC, datetime
from pathlib import Path
from icesync.errors import JournalError
from icesync.journal import record
from icesync.model import Api

free = os.dup(0)
os.close(free)
resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
try:
    with record(Path(sys.argv[1]), command="apply", api=Api(), now=datetime(2026, 11, 23, tzinfo=UTC)):
        pass
except JournalError as error:
    print(error)
"""


def test_a_journal_whose_folder_cannot_be_synced_is_closed(tmp_path: Path) -> None:
    keep(tmp_path)

    told = run_python(LAST_FILE, tmp_path)

    assert told.stdout.startswith("the run cannot be recorded")
    assert told.stderr == ""


FULL_DISK = """
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
from icesync.errors import JournalError
from icesync.journal import record
from icesync.model import NOTHING, Account, Api, Change, Profile

state, profile = Path(sys.argv[1]), Profile.of({"default": [("B?", "B"), ("C?", "C")]})
try:
    with record(state, command="apply", api=Api(), now=datetime(2026, 11, 23, tzinfo=UTC)) as log:
        log.write(Change(Account("beta", "17842"), NOTHING, profile))
        size = (state / "runs" / f"{log.run}.jsonl").stat().st_size + 20
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        log.write(Change(Account("acme", "17841"), NOTHING, profile))
except JournalError as error:
    print(error)
"""


def test_a_disk_that_fills_up_is_told_and_keeps_what_it_has(tmp_path: Path) -> None:
    told = run_python(FULL_DISK, tmp_path)

    assert told.stdout.startswith("the run cannot be recorded")
    assert find(tmp_path, "last").writes == (Change(BETA, NOTHING, B),)


def test_one_lock_at_a_time(tmp_path: Path) -> None:
    with locked(tmp_path):
        with pytest.raises(JournalError, match="another apply is at work"), locked(tmp_path):
            pytest.fail("the second one was let in")
        with locked(tmp_path / "elsewhere"):
            pass

    with locked(tmp_path):
        pass


def test_the_lock_is_freed_when_a_run_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path):
        raise ZeroDivisionError

    with locked(tmp_path):
        pass


HOLD = """
import sys
from pathlib import Path
from icesync.journal import locked

with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_lock_is_freed_when_its_process_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(JournalError), locked(tmp_path):
            pytest.fail("the second one was let in")

        holder.kill()
        holder.wait()

    with locked(tmp_path):
        pass


def test_subscriptions_are_events_of_their_own_and_no_write_is_taken_back_for_them(tmp_path: Path) -> None:
    fields = ("messages", "messaging_postbacks")
    with record(tmp_path, command="apply", api=API, now=NOW) as log:
        log.write(Change(ACME, A, B))
        log.outcome(Outcome(ACME, Action.UPDATE, Status.APPLIED))
        log.write(Subscription(ACME, ("messages",), fields), Subscription(BETA, (), fields))
        log.outcome(Outcome(ACME, Action.SUBSCRIBE, Status.ALREADY))
        log.outcome(Outcome(BETA, Action.SUBSCRIBE, Status.APPLIED))

    _, _, _, first, *rest = events(tmp_path / "runs" / f"{log.run}.jsonl")
    assert first == {
        "event": "subscribe", "account": "acme", "id": "17841",
        "before": ["messages"], "after": ["messages", "messaging_postbacks"],
    }  # fmt: skip
    assert [event["event"] for event in rest] == ["subscribe", "subscribed", "subscribed"]
    past = find(tmp_path, "last")
    assert [write.account.name for write in past.writes] == ["acme"]
    assert (past.statuses, past.subscribed) == ({"applied": 1}, 1)
    (told,) = runs(tmp_path)
    assert (told.written, told.subscriptions, told.subscribed) == (1, {"already": 1, "applied": 1}, 1)


@pytest.mark.parametrize(
    ("status", "count"),
    [(None, 1), *((each, each in (Status.APPLIED, Status.UNVERIFIED)) for each in Status if each != "stale")],
)
def test_a_subscription_counts_unless_its_outcome_says_that_there_was_none(
    tmp_path: Path, status: Status | None, count: int
) -> None:
    with record(tmp_path, command="apply", api=API, now=NOW) as log:
        log.write(Subscription(ACME, (), ("messages",)))
        if status is not None:
            log.outcome(Outcome(ACME, Action.SUBSCRIBE, status))

    assert find(tmp_path, "last").subscribed == count
