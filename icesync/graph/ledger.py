"""Which account was called when, kept across runs and shared by processes. Owns sqlite3.

A budget holds for any stretch of its length, so calls are remembered one by one and forgotten when
they are too old to count. SQLite keeps processes apart, and a process that dies leaves what it
entered: its calls may have arrived.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from math import inf
from pathlib import Path
from typing import Final
from uuid import uuid4

from icesync.errors import IcesyncError
from icesync.model import Budget

FILE_NAME: Final = "calls.sqlite"

SLACK: Final = 2.0
"""Seconds for which a call counts longer than its budget says: it arrives later than it was entered."""

_BUSY: Final = 2.0
# The file outlives the death of a process, not of the machine: then it is the calls of a moment that
# are forgotten, and to be sure of them would cost more than to make them.
_BEGIN: Final = """
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS calls (account TEXT NOT NULL, at REAL NOT NULL, holder TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS calls_of_account ON calls (account, at);
"""
_ENTER: Final = """
INSERT INTO calls SELECT :account, :now, :holder
WHERE (SELECT count(*) FROM calls WHERE account = :account AND at > :since) < :most
"""
_SPEND: Final = """
UPDATE calls SET at = :now, holder = ''
WHERE rowid = (SELECT rowid FROM calls WHERE account = :account AND holder = :holder AND at > :since LIMIT 1)
"""


class Ledger:
    """The calls that every account was given, against what `budget` allows.

    `path` is shared with other processes; None keeps the ledger in memory, for this run alone.
    Calls to different hosts, named by `host`, are different budgets. Times are seconds since 1970.
    Raises IcesyncError when the file cannot be used.
    """

    def __init__(self, path: Path | None, budget: Budget, host: str) -> None:
        self.budget = budget
        self._path = path
        self._host = host
        self._holder = uuid4().hex
        with self._telling(), ExitStack() as unless_ready:
            self._calls = sqlite3.connect(path or ":memory:", timeout=_BUSY, isolation_level=None)
            unless_ready.callback(self._calls.close)
            # Processes that begin at once cannot all switch, nor can every disk; all of them still
            # exclude each other.
            with suppress(sqlite3.OperationalError):
                self._calls.execute("PRAGMA journal_mode = WAL")
            self._calls.executescript(_BEGIN)
            self._longest = self._longest_budget()
            unless_ready.pop_all()

    def forget(self, now: float) -> None:
        """Drop what no longer counts, and what a wrong clock has put into the future."""
        longest = self._longest + SLACK
        bounds = (now - longest, now + longest)
        with self._telling():
            self._calls.execute("DELETE FROM calls WHERE at <= ? OR at > ?", bounds)

    def take(self, account: str, now: float) -> float:
        """Enter one call, made now, and give 0; or enter nothing, and give the seconds until it fits."""
        while not self._enter(account, now):
            # Without a wait another process has just made room: then it must be entered all the same.
            if wait := self.wait(account, 1, now):
                return wait
        return 0.0

    def hold(self, account: str, calls: int, now: float) -> float:
        """Enter calls that are made later, all of them, and give 0; or none, and give the seconds
        until they fit. `spend` makes one of them, `release` gives the others back."""
        with self._telling(), self._calls:  # commits, or rolls back what failed
            self._calls.execute("BEGIN IMMEDIATE")
            wait = self.wait(account, calls, now)
            for _ in range(0 if wait else calls):
                self._enter(account, now, holder=self._holder)
        return wait

    def spend(self, account: str, now: float) -> float:
        """One of the calls that are held is made now. What was held for longer than a budget lasts is
        held no more: then it is a call like any other, as in `take`."""
        row = {"account": self._key(account), "now": now, "since": self._since(now), "holder": self._holder}
        with self._telling():
            spent = self._calls.execute(_SPEND, row).rowcount > 0
        return 0.0 if spent else self.take(account, now)

    def release(self, account: str) -> None:
        """Give back what is held for the account."""
        with self._telling():
            row = (self._key(account), self._holder)
            self._calls.execute("DELETE FROM calls WHERE account = ? AND holder = ?", row)

    def wait(self, account: str, calls: int, now: float) -> float:
        """Seconds until so many calls fit; infinite where they never do."""
        if calls > self.budget.calls:
            return inf
        query = "SELECT at FROM calls WHERE account = ? AND at > ? ORDER BY at"
        with self._telling():
            times = [at for (at,) in self._calls.execute(query, (self._key(account), self._since(now)))]
        too_many = len(times) + calls - self.budget.calls
        return times[too_many - 1] - self._since(now) if too_many > 0 else 0.0

    def close(self) -> None:
        self._calls.close()

    def _longest_budget(self) -> int:
        """The longest that any budget of this file lasts, in seconds: another run may have another."""
        with self._calls:  # commits
            self._calls.execute("BEGIN IMMEDIATE")
            (longest,) = self._calls.execute("PRAGMA user_version").fetchone()
            if longest < self.budget.seconds:
                longest = self.budget.seconds
                self._calls.execute(f"PRAGMA user_version = {longest:d}")
        return int(longest)

    def _enter(self, account: str, now: float, holder: str = "") -> bool:
        row = {"account": self._key(account), "now": now, "holder": holder}
        with self._telling():
            bounds = {"since": self._since(now), "most": self.budget.calls}
            return self._calls.execute(_ENTER, {**row, **bounds}).rowcount > 0

    def _since(self, now: float) -> float:
        return now - self.budget.seconds - SLACK

    def _key(self, account: str) -> str:
        return f"{account}@{self._host}"

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise IcesyncError(
                f"{self._path}, which counts the calls of each account, cannot be used: {error}; "
                "delete it unless another run is at work on it, or run with --budget none"
            ) from error
