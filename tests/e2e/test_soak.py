"""Faults at scale: a fleet behind a bad network, dead tokens, and a SIGKILL in the middle of an apply.

icesync is a real process each time, and the sandbox counts on its own side. Which calls a fault
strikes follows from their numbers, so what every account went through can be told afterwards.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import pytest

from icesync.graph.ledger import FILE_NAME, Ledger
from icesync.model import Budget
from icesync.sandbox.server import Running, running
from icesync.sandbox.world import Fault, World
from tests.support.desk import listed

# A seed by which the answers of writes are lost even where accounts are few.
BAD: Final = World(faults=(Fault("reset", 0.05), Fault("500", 0.05), Fault("lost-answer", 0.02)), seed=53)
# Wide, because runs that follow each other at once are no way to use an account; but kept, so that
# the calls of the process that was killed can be seen to be on the books.
BUDGET: Final = Budget(100, 3600)
MOST_RUNS: Final = 4
SIZES: Final = [pytest.param(200, id="small"), pytest.param(5_000, id="full", marks=pytest.mark.soak)]

# The kernel begins a process's peak with that of its parent: this parent is small, pytest is not.
MEASURED: Final = """
import os, sys
process = os.posix_spawn(sys.executable, [sys.executable, "-m", "icesync", *sys.argv[2:]], os.environ)
_, status, usage = os.wait4(process, 0)
with open(sys.argv[1], "w") as file:
    file.write(str(usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
"""

Document = list[dict[str, Any]]


class Run(NamedTuple):
    """A run that came to its end: its report as data and as text, and its peak of memory."""

    report: Mapping[str, Any]
    text: str
    peak: int


class Arrival(NamedTuple):
    """A call as the sandbox saw it: in which run, for which account, and what struck it."""

    run: int
    method: str
    account: str
    fault: str | None


class Fleet:
    """Accounts by name. One in a hundred has a dead token, one in 25 shall have nothing, some are in
    sync from the beginning, and some have nothing yet."""

    def __init__(self, size: int) -> None:
        numbers = range(1, size + 1)
        self.ids = {f"shop-{n:05}": str(17841400000000000 + n) for n in numbers}
        self.dead = {name for name, n in zip(self.ids, numbers, strict=True) if n % 100 == 7}
        self.wanted: dict[str, Document] = {}
        self.began: dict[str, Document] = {}
        for (name, id_), n in zip(self.ids.items(), numbers, strict=True):
            self.wanted[id_] = said(f"Where is my {name} order?") if n % 25 != 3 else []
            in_sync, empty = n % 5 == 0, n % 4 == 1
            self.began[id_] = self.wanted[id_] if in_sync else [] if empty else said("What do you sell?")

    @property
    def healthy(self) -> list[str]:
        """The ids of the accounts whose token is good."""
        return [id_ for name, id_ in self.ids.items() if name not in self.dead]

    def declare(self, folder: Path, url: str) -> None:
        question = {"question": "Where is my ${name} order?", "payload": "ORDER"}
        document = {
            "version": 1,
            "api": {"url": url, "budget": str(BUDGET)},
            "defaults": {"token": "file:tokens.json#${name}"},
            "templates": {
                "shop": {"ice_breakers": {"default": [question]}},
                "closed": {"ice_breakers": "none"},
            },
            "accounts": {
                name: {"id": id_, "extends": "shop" if self.wanted[id_] else "closed"}
                for name, id_ in self.ids.items()
            },
        }
        tokens = {
            name: f"expired-{id_}" if name in self.dead else f"sandbox-{id_}"
            for name, id_ in self.ids.items()
        }
        (folder / "icesync.yaml").write_text(json.dumps(document), encoding="utf-8")
        (folder / "tokens.json").write_text(json.dumps(tokens), encoding="utf-8")


class Story:
    """What became of a fleet: an apply that was killed, and as many more as it took."""

    def __init__(self, folder: Path, size: int) -> None:
        self.fleet = Fleet(size)
        self.state = folder / ".icesync"
        self.runs: list[Run] = []
        self.calls: list[Sequence[tuple[str, str]]] = []
        with running() as sandbox:
            self.host = urlsplit(sandbox.url).netloc
            self.fleet.declare(folder, sandbox.url)
            for account, document in self.fleet.began.items():
                sandbox.api.seed(account, document)
            sandbox.api.world = BAD
            self._kill_one(folder, sandbox)
            while not self._is_told(sandbox):
                self._run_one(folder, sandbox)
            self.live = sandbox.api.profiles

    def _kill_one(self, folder: Path, sandbox: Running) -> None:
        """SIGKILL, once the journal has the outcomes of a third of the fleet."""
        line = [sys.executable, "-m", "icesync", "apply", "--yes", "-o", "json", str(folder)]
        null = subprocess.DEVNULL
        process = subprocess.Popen(line, stdin=null, stdout=null, stderr=null)
        wait_for(lambda: outcomes(self.state) >= len(self.fleet.ids) / 3)
        assert process.poll() is None, "it was too quick to be killed"
        process.kill()
        process.wait()
        time.sleep(0.3)  # what was on its way arrives
        self._keep_calls(sandbox)

    def _run_one(self, folder: Path, sandbox: Running) -> None:
        peak, text = folder / "peak", folder / "report.txt"
        line = ["apply", "--yes", "-o", "json", "-o", f"text={text}", str(folder)]
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, str(peak), *line],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 3, f"{done.returncode}: {done.stderr}"
        self.runs.append(Run(json.loads(done.stdout), text.read_text("utf-8"), int(peak.read_text())))
        self._keep_calls(sandbox)

    def _keep_calls(self, sandbox: Running) -> None:
        self.calls.append(sandbox.api.calls[sum(map(len, self.calls)) :])

    def _is_told(self, sandbox: Running) -> bool:
        live = sandbox.api.profiles
        in_sync = all(live.get(account, []) == self.fleet.wanted[account] for account in self.fleet.healthy)
        return bool(self.runs) and (in_sync or len(self.runs) == MOST_RUNS)

    def arrivals(self) -> Iterator[Arrival]:
        numbers: Counter[str] = Counter()
        for run, calls in enumerate(self.calls):
            for method, account in calls:
                numbers[account] += 1
                yield Arrival(run, method, account, BAD.fault(account, numbers[account]))


def said(question: str) -> Document:
    return listed({"default": [(question, "ORDER")]})


def outcomes(state: Path) -> int:
    """How many outcomes the journal has."""
    return sum(file.read_bytes().count(b'"event": "outcome"') for file in state.glob("runs/*.jsonl"))


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not happened():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Story]:
    """The story of a fleet of this size, told once."""
    return cache(lambda size: Story(tmp_path_factory.mktemp("fleet"), size))


@pytest.fixture(scope="module", params=SIZES)
def story(request: pytest.FixtureRequest, told: Callable[[int], Story]) -> Story:
    return told(request.param)


def test_every_healthy_account_ends_as_it_was_asked_to_and_no_other_is_touched(story: Story) -> None:
    fleet = story.fleet
    dead = {fleet.ids[name] for name in fleet.dead}
    expected = {id_: fleet.began[id_] if id_ in dead else fleet.wanted[id_] for id_ in fleet.wanted}
    assert {id_: story.live.get(id_, []) for id_ in expected} == expected


def test_each_dead_token_is_named_once_in_a_report(story: Story) -> None:
    named = set()
    for report, text, _ in story.runs:
        of = Counter(outcome["account"] for outcome in report["outcomes"])
        assert {name: of[name] for name in story.fleet.dead} == dict.fromkeys(story.fleet.dead, 1)
        assert [name for name in story.fleet.dead if text.count(name) != 1] == []
        errors = {each["account"]: each["error"] for each in report["outcomes"] if each["error"]}
        named |= {name for name, error in errors.items() if error["kind"] == "token"}
    # In one run or another: where all tries of a read were struck, the token was not even looked at.
    assert named == story.fleet.dead


def test_a_dead_token_is_not_tried_again_once_it_was_refused(story: Story) -> None:
    dead = {story.fleet.ids[name] for name in story.fleet.dead}
    refused = Counter(
        (each.run, each.account) for each in story.arrivals() if each.account in dead and each.fault is None
    )
    assert set(refused.values()) == {1}
    assert {each.method for each in story.arrivals() if each.account in dead} == {"GET"}


def test_no_account_is_written_needlessly(story: Story) -> None:
    """A write is needless when live was as desired before it and icesync could know. It cannot know
    after a write of the same run whose answer was lost, until an answer of the API tells it: sending
    that write once more does no harm, because it says the whole document. What another run wrote, it
    can know: it reads before it writes."""
    fleet, live = story.fleet, dict(story.fleet.began)
    unsure: set[tuple[int, str]] = set()
    needless = []
    for each in story.arrivals():
        run, method, account, fault = each
        if method != "GET":
            if live[account] == fleet.wanted[account] and (run, account) not in unsure:
                needless.append(each)
            if fault in (None, "lost-answer"):
                live[account] = fleet.wanted[account]
            if fault == "lost-answer":
                unsure.add((run, account))
        if fault is None:
            unsure.discard((run, account))
    assert needless == []
    assert {account: document for account, document in live.items() if document} == story.live


def test_the_kill_came_in_the_middle_and_every_kind_of_fault_struck_a_write(story: Story) -> None:
    writes = [each for each in story.arrivals() if each.method != "GET"]
    assert {each.fault for each in writes} == {None, "reset", "500", "lost-answer"}
    assert {each.method for each in writes} == {"POST", "DELETE"}
    written = [{each.account for each in writes if each.run == run} for run in range(2)]
    assert all(len(accounts) > len(story.fleet.ids) / 5 for accounts in written)


def test_every_call_that_arrived_is_on_the_books_even_of_the_run_that_was_killed(story: Story) -> None:
    arrived = Counter(each.account for each in story.arrivals())
    for count in set(arrived.values()):
        books = Ledger(story.state / FILE_NAME, Budget(count, BUDGET.seconds), story.host)
        with closing(books):
            accounts = [account for account, calls in arrived.items() if calls == count]
            assert [each for each in accounts if not books.wait(each, 1, time.time())] == []


@pytest.mark.soak
def test_memory_stays_flat(told: Callable[[int], Story]) -> None:
    few, many = (max(run.peak for run in told(size).runs) for size in (1_000, 5_000))
    assert many < 1.35 * few, "plan, journal and report take some 3 KiB an account"
