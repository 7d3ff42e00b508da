"""Runs on a Dask cluster: a real scheduler, real workers, some of them killed, and the sandbox beyond."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from icesync import cli
from icesync.sandbox.server import running
from icesync.sandbox.world import World
from tests.support.clock import FakeClock
from tests.support.desk import Desk, Profile, Result

OLD = {"default": [("What do you sell?", "SALES")]}
NEW = {"default": [("Where is my order?", "ORDER")]}
TOKENS = "WORKERS_TOKENS"  # only the workers have it
FLEET = 180
BUDGET = 10
LONELY = "version: 1\naccounts: {a: {id: '1', token: env:T, ice_breakers: none}}\n"

# Run before the program in its process: Python imports a sitecustomize from the path by itself.
OTHER_VERSION = "import icesync; icesync.__version__ = '0.0.1'"
BLOCKED = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "{package}":
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocker())
"""
NO_TOKENS_HERE = """
import sys
def refuse(event, arguments):
    if event == "open" and str(arguments[0]).endswith(("tokens.json", "token.txt")):
        raise RuntimeError("the command line has opened a file of tokens")
sys.addaudithook(refuse)
"""


def environment(**more: str) -> dict[str, str]:
    """This one without proxies, and with what is said."""
    usual = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {**usual, **more}


def path_with(folder: Path, preamble: str) -> str:
    """A PYTHONPATH on which this is run before any program."""
    (folder / "sitecustomize.py").write_text(preamble)
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])


def tokens() -> dict[str, str]:
    return {f"shop-{n:03}": f"sandbox-{17841400000000000 + n}" for n in range(1, FLEET + 1)}


def wait_for(happened: Callable[[], Any], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


@dataclass
class Cluster:
    """A scheduler of its own process, and as many workers as are started."""

    folder: Path
    scheduler: subprocess.Popen[bytes]
    started: list[subprocess.Popen[bytes]]

    @property
    def file(self) -> Path:
        return self.folder / "scheduler.json"

    @property
    def address(self) -> str:
        address: str = json.loads(self.file.read_text())["address"]
        return address

    @property
    def log(self) -> str:
        """What scheduler and workers have said so far."""
        return "".join(path.read_text() for path in self.folder.glob("*.log"))

    def worker(self, preamble: str = "") -> subprocess.Popen[bytes]:
        """Start one more, and wait until it can be given work."""
        known = self.log.count("Registered to:")
        name = f"worker-{len(self.started)}"
        path = self.folder / name
        path.mkdir()
        process = dask(
            self.folder / f"{name}.log",
            *("worker", f"--scheduler-file={self.file}", "--no-nanny", "--nthreads=1"),
            f"--local-directory={path}",
            **{TOKENS: json.dumps(tokens()), "PYTHONPATH": path_with(path, preamble)},
        )
        self.started.append(process)
        wait_for(lambda: self.log.count("Registered to:") > known)
        return process

    def dismiss(self, worker: subprocess.Popen[bytes]) -> None:
        gone = self.log.count("Remove worker")
        worker.kill()
        worker.wait()
        wait_for(lambda: self.log.count("Remove worker") > gone)

    def holds(self) -> tuple[int, int]:
        """How many tasks and events the scheduler knows."""
        from distributed import Client

        def count(dask_scheduler: Any) -> tuple[int, int]:
            return len(dask_scheduler.tasks), len(dask_scheduler.extensions["events"]._events)

        with Client(self.address, set_as_default=False) as client:
            found: tuple[int, int] = client.run_on_scheduler(count)
        return found


def dask(log: Path, part: str, *arguments: str, **environ: str) -> subprocess.Popen[bytes]:
    line = [sys.executable, "-m", f"distributed.cli.dask_{part}", "--no-dashboard", *arguments]
    with log.open("wb") as output:
        return subprocess.Popen(line, env=environment(**environ), stdout=output, stderr=output)


@contextmanager
def starting(folder: Path, workers: int, preamble: str = "") -> Iterator[Cluster]:
    scheduler = dask(
        folder / "scheduler.log",
        *("scheduler", "--host=127.0.0.1", "--port=0", f"--scheduler-file={folder / 'scheduler.json'}"),
        PYTHONPATH=path_with(folder, preamble),
    )
    cluster = Cluster(folder, scheduler, [])
    try:
        wait_for(cluster.file.exists)
        for _ in range(workers):
            cluster.worker()
        yield cluster
    finally:
        for process in (*cluster.started, scheduler):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with starting(tmp_path_factory.mktemp("dask"), 2) as started:
        yield started


@pytest.fixture(scope="module", autouse=True)
def nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """A command line that waits for a scheduler where none is; that takes a while."""
    folder = tmp_path_factory.mktemp("nobody")
    (folder / "icesync.yaml").write_text(LONELY)
    line = [sys.executable, "-W", "error", "-m", "icesync", "plan", folder, "--dask", "tcp://127.0.0.1:1"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@dataclass
class Fleet:
    """A desk whose tokens only the workers have, and a cluster to do its work."""

    desk: Desk
    cluster: Cluster
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @contextmanager
    def at_work(self) -> Iterator["Fleet"]:
        """In the end no process is left."""
        try:
            yield self
        finally:
            for process in self.started:
                process.kill()
                process.communicate()

    def declare(
        self,
        accounts: int,
        more: Mapping[str, Profile | str | None] | None = None,
        *,
        token: str = f"env:{TOKENS}#${{name}}",
        **root: Any,
    ) -> None:
        """So many accounts that are to change, and more. No token is beside their file."""
        names = {f"shop-{number:03}": NEW for number in range(1, accounts + 1)}
        self.desk.declare({**names, **(more or {})}, defaults={"token": token}, **root)
        (self.desk.folder / "tokens.json").unlink()
        for number in range(1, accounts + 1):
            self.desk.seed(number, OLD)

    def planned(self, latency: int) -> list[str]:
        """The command line that carries out a plan which was just made, on an API that takes its time."""
        plan = self.desk.folder / "plan.json"
        assert self.icesync("plan", f"-ojson={plan}").code == 0
        self.desk.sandbox.api.world = World(latency=latency)
        return ["apply", "--yes", "-ojson", "--plan", str(plan)]

    def icesync(self, *arguments: str) -> Result:
        return self.desk.icesync(*arguments, "--dask", self.cluster.address)

    def start(self, *arguments: str, preamble: str = "") -> subprocess.Popen[str]:
        """The same in a process of its own."""
        program = f"{preamble}\nfrom icesync.__main__ import main\nmain()"
        line = [*arguments, str(self.desk.config), "--dask", self.cluster.address]
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", program, *line],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    @property
    def calls(self) -> list[tuple[str, str]]:
        return self.desk.sandbox.api.calls

    def writes(self) -> int:
        return sum(method == "POST" for method, _ in self.calls)

    def changed(self) -> set[str]:
        live = self.desk.sandbox.api.profiles
        wanted = [{"question": question, "payload": payload} for question, payload in NEW["default"]]
        return {
            f"shop-{int(account) - 17841400000000000:03}"
            for account, profile in live.items()
            if profile[0]["call_to_actions"] == wanted
        }

    def journal(self) -> list[Mapping[str, Any]]:
        newest = max((self.desk.folder / ".icesync" / "runs").iterdir())
        return [json.loads(line) for line in newest.read_text().splitlines()]


@pytest.fixture
def fleet(desk: Desk, cluster: Cluster) -> Iterator[Fleet]:
    with Fleet(desk, cluster).at_work() as found:
        yield found


@pytest.fixture(scope="module", autouse=True)
def orphan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """An apply whose scheduler dies in its midst; until that is given up takes a while."""
    folder = tmp_path_factory.mktemp("orphan")
    with (
        running() as sandbox,
        starting(tmp_path_factory.mktemp("short-lived"), 1) as cluster,
        Fleet(Desk(folder, sandbox), cluster).at_work() as fleet,
    ):
        fleet.declare(FLEET)
        sandbox.api.world = World(latency=30)
        fleet.start("apply", "--yes", "-ojson", "--concurrency=4")
        wait_for(lambda: fleet.writes() >= 20)
        cluster.scheduler.kill()
        yield fleet


def statuses(out: str) -> dict[str, str]:
    return {each["account"]: each["status"] for each in json.loads(out)["outcomes"]}


@pytest.mark.parametrize(
    "line",
    [
        ["plan", "-ojson"],
        ["plan", "--detailed-exitcode", "--shard=1/2", "-omarkdown"],
        ["plan", "--max-rps=500", "--concurrency=3", "--timeout=20", "--budget=10/10m"],
        ["drift", "--only=shop-00*", "--exclude=shop-002"],
        ["pull"],
    ],
    ids=" ".join,
)
def test_what_only_reads_tells_the_same_as_without(
    fleet: Fleet, line: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # For two there are no tokens; one of them is unmanaged, which only a pull reads.
    fleet.declare(9, {"shop-010": None, "lost-1": None, "shop-012": "none", "lost-2": NEW})
    fleet.desk.seed(3, NEW)

    told = fleet.icesync(*line)

    assert told.out
    monkeypatch.setenv(TOKENS, json.dumps(tokens()))
    assert told == fleet.desk.icesync(*line)


def test_an_apply_and_its_rollback_do_the_same_as_without(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        ["apply", "--yes", "-ojson", "--canary=2", "--pause=1", "--max-deletes=1"],
        ["apply", "--yes", "-ojson"],
        ["drift", "-ojson"],
        ["rollback", "last", "--yes", "-ojson"],
    ]
    fleet.declare(9, {"shop-010": "none"})
    fleet.desk.seed(10, OLD)
    fleet.desk.seed(4, NEW)
    told = [fleet.icesync(*line) for line in lines]
    live = fleet.desk.sandbox.api.profiles

    monkeypatch.setenv(TOKENS, json.dumps(tokens()))
    fleet.desk.clock = FakeClock()
    state = fleet.desk.folder / ".icesync"
    state.rename(state.with_name("before"))
    alone = [fleet.desk.icesync(*line) for line in lines]

    assert [each.code for each in told] == [each.code for each in alone] == [0, 0, 0, 0]
    assert [told_by(each) for each in told] == [told_by(each) for each in alone]
    assert live == fleet.desk.sandbox.api.profiles


def told_by(result: Result) -> Any:
    """What a report or a plan says, but for the calls it took and its times: on a cluster an account
    is always read again before it is written."""
    told = result.json
    outcomes = [{**each, "calls": 0} for each in told.get("outcomes", ())]
    return {**told, "outcomes": outcomes, "created": "", "started": "", "finished": ""}


def test_a_saved_plan_is_carried_out_but_for_what_has_moved_since(fleet: Fleet) -> None:
    fleet.declare(60)
    line = fleet.planned(latency=0)
    fleet.desk.seed(7, {"default": [("Are you open?", "OPEN")]})
    fleet.desk.seed(8, NEW)

    told = fleet.icesync(*line)

    assert told.code == 5
    found = statuses(told.out)
    assert (found.pop("shop-007"), found.pop("shop-008")) == ("stale", "already")
    assert set(found.values()) == {"applied"}
    # Neither of the two was written by this run, so neither is taken back.
    assert fleet.icesync("rollback", "last", "--yes").code == 0
    assert fleet.changed() == {"shop-008"}
    assert fleet.desk.live(7) == {"default": [("Are you open?", "OPEN")]}


def test_a_bad_canary_and_too_many_failures_stop_the_run(fleet: Fleet) -> None:
    fleet.declare(120, token="file:tokens.json#${name}")
    fleet.desk.give_tokens(tokens())
    line = fleet.planned(latency=0)
    fleet.desk.give_tokens({name: f"no-{token}" for name, token in tokens().items()})

    canary = fleet.icesync(*line, "--canary=2")
    halted = fleet.icesync(*line, "--stop-after-failures=3", "--concurrency=1")

    assert (canary.code, halted.code) == (3, 3)
    assert Counter(statuses(canary.out).values()) == {"failed": 2, "deferred": 118}
    assert [each["wave"] for each in canary.json["outcomes"]] == [1, 1, *[2] * 118]
    assert 3 <= Counter(statuses(halted.out).values())["failed"] <= 6, "three for each of two workers"
    details = {each["detail"] for each in halted.json["outcomes"] if each["status"] == "deferred"}
    assert all(detail.startswith("not begun: stopped after") for detail in details), details
    assert fleet.writes() == 0


def test_tokens_are_looked_up_by_the_workers_and_never_travel(fleet: Fleet) -> None:
    sources = {"shop-001": f"env:{TOKENS}#${{name}}", "shop-002": "file:tokens.json#${name}"}
    sources["shop-003"] = "command:cat token.txt"
    sentinels = [tokens()[name] for name in sources]
    fleet.declare(3)
    document = json.loads(fleet.desk.config.read_text())
    for name, source in sources.items():
        document["accounts"][name]["token"] = source
    fleet.desk.config.write_text(json.dumps(document))
    fleet.desk.give_tokens({"shop-002": sentinels[1]})
    (fleet.desk.folder / "token.txt").write_text(sentinels[2])
    kinds = ("json", "markdown", "html", "text")
    outputs = [f"-o{kind}={fleet.desk.folder / f'out.{kind}'}" for kind in kinds]

    shown = ""
    for line in (["-v", "apply", "--yes", *outputs], ["-v", "rollback", "last", "--yes", *outputs]):
        process = fleet.start(*line, preamble=NO_TOKENS_HERE)
        shown += "".join(process.communicate(timeout=30))
        assert process.returncode == 0, shown

    assert fleet.writes() == 6
    kept = [path for path in fleet.desk.folder.rglob("*") if path.is_file()]
    texts = [path.read_text("latin-1") for path in kept if not path.name.startswith("token")]
    for sentinel in sentinels:
        assert [text for text in (shown, fleet.cluster.log, *texts) if sentinel in text] == []


def test_a_worker_that_is_killed_in_the_middle_of_an_apply_loses_nothing(fleet: Fleet) -> None:
    fleet.declare(FLEET, api={"url": fleet.desk.sandbox.url, "budget": f"{BUDGET}/10m"})
    victim = fleet.cluster.worker()
    process = fleet.start(*fleet.planned(latency=80), "--concurrency=8")
    wait_for(lambda: fleet.writes() >= FLEET // 3)
    victim.kill()
    victim.wait()
    out, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    assert err == ""
    assert set(statuses(out).values()) == {"applied"}
    assert len(fleet.changed()) == FLEET
    calls = Counter(account for _, account in fleet.calls)
    writes = Counter(account for method, account in fleet.calls if method == "POST")
    assert max(calls.values()) <= BUDGET, "no account got more than it may"
    assert max(calls.values()) > 4, "some were taken again"
    assert max(writes.values()) <= 2
    assert writes.total() <= FLEET + 8, "only those that were under way are written twice"
    events = fleet.journal()
    assert {each["account"] for each in events if each["event"] == "write"} == fleet.changed()
    assert events[-1]["event"] == "end"
    assert fleet.cluster.holds() == (0, 0)
    fleet.desk.sandbox.api.world = World()

    assert fleet.icesync("rollback", "last", "--yes", "--budget=none").code == 0
    assert fleet.changed() == set()


def test_ctrl_c_drops_a_plan_at_once_everywhere(fleet: Fleet) -> None:
    fleet.declare(FLEET)
    fleet.desk.sandbox.api.world = World(latency=150)
    process = fleet.start("plan", "--concurrency=2")
    wait_for(lambda: len(fleet.calls) >= 10)
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    out, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert (out, err) == ("", "error: interrupted: nothing was written\n")
    assert time.monotonic() - begun < 2
    assert fleet.cluster.holds() == (0, 0)
    wait_for(lambda: is_quiet(fleet), 5)
    assert len(fleet.calls) < FLEET / 2


def is_quiet(fleet: Fleet) -> bool:
    """Nobody calls the API any more."""
    before = len(fleet.calls)
    time.sleep(0.5)
    return len(fleet.calls) == before


def test_ctrl_c_ends_an_apply_with_what_is_under_way(fleet: Fleet) -> None:
    fleet.declare(FLEET)
    process = fleet.start(*fleet.planned(latency=60), "--concurrency=4")
    wait_for(lambda: fleet.writes() >= 20)
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    out, err = process.communicate(timeout=30)

    assert process.returncode == 130, err
    assert err == "interrupted: finishing the writes under way, beginning no more\n"
    assert time.monotonic() - begun < 5
    found = statuses(out)
    applied = {name for name, status in found.items() if status == "applied"}
    assert applied == fleet.changed()
    assert 20 <= len(applied) < FLEET / 2
    assert Counter(found.values()) == {"applied": len(applied), "deferred": FLEET - len(applied)}
    events = fleet.journal()
    assert events[-1]["event"] == "end"
    assert {each["account"] for each in events if each["event"] == "write"} >= applied
    assert fleet.cluster.holds() == (0, 0)
    assert is_quiet(fleet)
    fleet.desk.sandbox.api.world = World()

    assert fleet.icesync("rollback", "last", "--yes").code == 0
    assert fleet.changed() == set()


def test_a_command_line_that_is_killed_is_the_end_of_its_writes(fleet: Fleet) -> None:
    fleet.declare(FLEET)
    process = fleet.start(*fleet.planned(latency=60), "--concurrency=4")
    wait_for(lambda: fleet.writes() >= 20)
    process.kill()
    process.communicate(timeout=30)
    wait_for(lambda: is_quiet(fleet), 5)
    assert len(fleet.changed()) < FLEET / 2
    fleet.desk.sandbox.api.world = World()

    assert fleet.icesync("rollback", "last", "--yes").code == 0
    assert fleet.changed() == set()


@pytest.mark.parametrize(
    ("preamble", "what"),
    [
        (OTHER_VERSION, "has icesync 0.0.1, and this is "),
        (BLOCKED.format(package="icesync"), "has no icesync that works: "),
    ],
    ids=["another icesync", "no icesync"],
)
def test_a_worker_that_cannot_do_it_is_told_before_anything_is_done(
    fleet: Fleet, preamble: str, what: str
) -> None:
    fleet.declare(2)
    worker = fleet.cluster.worker(preamble)
    try:
        told = fleet.icesync("apply", "--yes")
    finally:
        fleet.cluster.dismiss(worker)
    assert (told.code, told.out, fleet.calls) == (1, "", [])
    assert what in told.err


def test_a_scheduler_without_workers_is_told(desk: Desk, tmp_path: Path) -> None:
    with starting(tmp_path, 0) as cluster:
        fleet = Fleet(desk, cluster)
        fleet.declare(1)
        told = fleet.icesync("plan")
    assert (told.code, told.out) == (1, "")
    assert "has no workers" in told.err


def test_a_scheduler_without_icesync_is_told(desk: Desk, tmp_path: Path) -> None:
    with starting(tmp_path, 0, BLOCKED.format(package="icesync")) as cluster:
        fleet = Fleet(desk, cluster)
        fleet.declare(1)
        told = fleet.icesync("plan")
    assert (told.code, told.out) == (1, "")
    assert "the Dask scheduler has no icesync that works: " in told.err


@pytest.mark.parametrize(
    ("address", "code", "what"),
    [
        *(
            (address, 64, "--dask wants the address of a scheduler, tcp://HOST:PORT or tls://HOST:PORT: ")
            for address in ("", "127.0.0.1:8786", "http://127.0.0.1:8786", "tcp://127.0.0.1", "tcp://h:x")
        ),
        ("tls://127.0.0.1:8786", 1, "needs certificates, which Dask's configuration names"),
    ],
)
def test_what_cannot_be_the_address_of_a_scheduler_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str, code: int, what: str
) -> None:
    (tmp_path / "icesync.yaml").write_text(LONELY)

    assert cli.run(["plan", str(tmp_path), "--dask", address]) == code

    out, err = capsys.readouterr()
    assert out == ""
    assert what in err


def test_without_distributed_the_extra_is_named(fleet: Fleet) -> None:
    fleet.declare(1)
    process = fleet.start("plan", preamble=BLOCKED.format(package="distributed"))
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (64, "")
    assert err.startswith("error: --dask needs more: pip install 'icesync[dask]'")


def test_that_nobody_answers_is_told_in_the_end(nobody: subprocess.Popen[str]) -> None:
    out, err = nobody.communicate(timeout=30)
    assert (nobody.returncode, out) == (1, "")
    assert err.startswith("error: there is no Dask scheduler at tcp://127.0.0.1:1: ")
    assert "Traceback" not in err


def test_a_token_that_accounts_share_is_found_on_the_workers(fleet: Fleet) -> None:
    fleet.declare(2, token=f"env:{TOKENS}#shop-001")

    assert fleet.icesync("plan", "-ojson").json["warnings"] == [
        "shop-001 and shop-002 hold one token: give each account its own"
    ]
    refused = fleet.icesync("apply", "--yes")

    assert (refused.code, fleet.writes()) == (1, 0)
    assert "shop-001 and shop-002 hold one token" in refused.err


def test_a_strangers_token_is_not_written_with_on_a_worker(fleet: Fleet) -> None:
    fleet.declare(1, token=f"env:{TOKENS}#shop-002")
    fleet.desk.seed(2, OLD)
    fleet.desk.sandbox.api.world = World(ids="ignored")

    applied = fleet.icesync("apply", "--yes", "-ojson")

    assert statuses(applied.out) == {"shop-001": "failed"}
    assert fleet.desk.id_of(2) in applied.json["outcomes"][0]["error"]["message"]
    assert fleet.writes() == 0


def test_without_a_scheduler_that_lives_nothing_is_said_to_be_known(orphan: Fleet) -> None:
    (process,) = orphan.started
    out, err = process.communicate(timeout=40)

    assert process.returncode == 3, err
    assert err == ""
    found = statuses(out)
    assert set(found.values()) == {"unverified", "deferred"}
    perhaps = {name for name, status in found.items() if status == "unverified"}
    assert orphan.changed() <= perhaps
    assert orphan.journal()[-1]["event"] == "end"
