"""What is known of tokens, kept across runs and shared by processes: never a token, only what it is
known by. Owns `tokens.sqlite` and `tokens.key` in the state folder."""

import hmac
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from math import inf
from pathlib import Path
from secrets import token_bytes
from typing import Any, Final, TypeAlias

from icesync.errors import IcesyncError
from icesync.journal.folder import make_state
from icesync.model import Identity
from icesync.tokens.files import replace
from icesync.tokens.records import Mishap, TokenRecord

_Write: TypeAlias = Callable[[str, Sequence[object]], object]

FILE_NAME: Final = "tokens.sqlite"
KEY_NAME: Final = "tokens.key"
KEY_BYTES: Final = 32

DAY: Final = 86400.0
"""Seconds for which it is known whose token it is; then it must be asked again."""

_BUSY: Final = 10.0
_BEGIN: Final = """
CREATE TABLE IF NOT EXISTS tokens (
    account TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, seen REAL NOT NULL,
    obtained REAL, expires REAL, begun REAL, failed_at REAL, failed TEXT, dead_at REAL, dead TEXT,
    unstored_at REAL, unstored TEXT, unstored_fingerprint TEXT, unstored_expires REAL,
    replaced TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS identities (
    fingerprint TEXT PRIMARY KEY, user_id TEXT NOT NULL, username TEXT NOT NULL, at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS identities_by_time ON identities (at);
CREATE INDEX IF NOT EXISTS dead_tokens ON tokens (fingerprint) WHERE dead IS NOT NULL;
"""
# A token that takes another's place begins anew, unless it is the one that a sink had not taken: of
# that it is known where it comes from. The one that a refresh replaced says nothing: a shell that had it
# in its environment has it still.
_SAW: Final = """
INSERT INTO tokens (account, fingerprint, seen) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET
    fingerprint = excluded.fingerprint, seen = excluded.seen,
    obtained = CASE excluded.fingerprint WHEN unstored_fingerprint THEN unstored_at END,
    expires = CASE excluded.fingerprint WHEN unstored_fingerprint THEN unstored_expires END,
    begun = NULL, failed_at = NULL, failed = NULL, dead_at = NULL, dead = NULL,
    unstored_at = NULL, unstored = NULL, unstored_fingerprint = NULL, unstored_expires = NULL, replaced = NULL
WHERE fingerprint <> excluded.fingerprint AND replaced IS NOT excluded.fingerprint
"""
_DIED: Final = """
INSERT INTO tokens (account, fingerprint, seen, dead_at, dead) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
SET dead_at = coalesce(dead_at, excluded.dead_at), dead = excluded.dead
WHERE fingerprint = excluded.fingerprint
"""
_BEGUN: Final = """
UPDATE tokens SET begun = ?, replaced = ?, failed_at = NULL, failed = NULL WHERE account = ?
"""
_REFRESHED: Final = """
REPLACE INTO tokens (account, fingerprint, seen, obtained, expires, replaced)
VALUES (?, ?, ?, ?, ?, (SELECT replaced FROM tokens WHERE account = ?))
"""
_NOT_STORED: Final = """
UPDATE tokens SET begun = NULL, failed_at = NULL, failed = NULL,
    unstored_at = ?, unstored = ?, unstored_fingerprint = ?, unstored_expires = ?
WHERE account = ?
"""
_HELD: Final = "SELECT fingerprint FROM tokens WHERE account = ?"
_KNOWN: Final = """
SELECT account, fingerprint, seen, obtained, expires, begun,
    failed_at, failed, unstored_at, unstored, dead_at, dead FROM tokens
"""
_WORKS: Final = "UPDATE tokens SET dead_at = NULL, dead = NULL WHERE fingerprint = ? AND dead IS NOT NULL"


class Book:
    """What is known of tokens, in a state folder, or in memory where that is None or cannot be written.

    Accounts are named by their `identity`, tokens by their fingerprint with `key`; both mean something
    else on another host of the API. Times are seconds since 1970. Raises IcesyncError when what is in
    the folder cannot be used.
    """

    def __init__(self, state: Path | None, host: str = "") -> None:
        self._file = state / FILE_NAME if state is not None and _is_writable(state) else None
        self._host = host
        with self._telling(), ExitStack() as unless_ready:
            name = ":memory:" if self._file is None else _private(self._file)
            self._db = sqlite3.connect(name, timeout=_BUSY, isolation_level=None)
            unless_ready.callback(self._db.close)
            # Processes that begin at once cannot all switch, nor can every disk.
            with suppress(sqlite3.OperationalError):
                self._db.execute("PRAGMA journal_mode = WAL")
            self._db.executescript(_BEGIN)
            with self._writing():  # one process makes the key, the others wait for it
                secret = token_bytes(KEY_BYTES) if self._file is None else _secret(self._file.parent)
            self.key = hmac.digest(secret, host.encode(), "sha256")
            unless_ready.pop_all()

    @property
    def is_kept(self) -> bool:
        """It outlives the run."""
        return self._file is not None

    def identity(self, fingerprint: str, now: float) -> Identity | None:
        """Whose token it is, where that was learned less than a day ago."""
        query = "SELECT user_id, username FROM identities WHERE fingerprint = ? AND at > ? AND at <= ?"
        with self._telling():
            found = self._db.execute(query, (fingerprint, now - DAY, now)).fetchone()
        return Identity(*found) if found else None

    def keep_identity(self, fingerprint: str, identity: Identity, now: float) -> None:
        row = (fingerprint, identity.user_id, identity.username, now)
        with self._writing() as write:
            write("DELETE FROM identities WHERE at <= ?", (now - DAY,))
            write("REPLACE INTO identities VALUES (?, ?, ?, ?)", row)
            write(_WORKS, (fingerprint,))

    def saw(self, tokens: Iterable[tuple[str, str]], now: float, *, since: float = inf) -> None:
        """These accounts have these tokens, as (account, fingerprint). What is known of a token that is
        there no more is forgotten. They were looked up after `since`: what another process has seen
        later than that is newer, and stays."""
        with self._telling():
            found = self._db.execute("SELECT account, fingerprint, seen FROM tokens")
            known = {account: (fingerprint, seen) for account, fingerprint, seen in found}
        rows = []
        for account, fingerprint in tokens:
            other, seen = known.get(self._named(account), ("", 0.0))
            if fingerprint != other and not since < seen <= now:
                rows.append((self._named(account), fingerprint, now))
        if rows:
            with self._writing():
                self._db.executemany(_SAW, rows)

    def died(self, account: str, fingerprint: str, reason: str, now: float) -> None:
        """The API says that this token is no good; of one that was replaced nothing is kept."""
        with self._writing() as write:
            write(_DIED, (self._named(account), fingerprint, now, now, reason))

    def works(self, fingerprints: Iterable[str]) -> None:
        """The API took these tokens: what was said of them before holds no more."""
        with self._telling():
            dead = {
                found
                for (found,) in self._db.execute("SELECT fingerprint FROM tokens WHERE dead IS NOT NULL")
            }
        if dead := dead.intersection(fingerprints):
            with self._writing():
                self._db.executemany(_WORKS, ((fingerprint,) for fingerprint in dead))

    def begin_refresh(self, account: str, fingerprint: str, now: float) -> None:
        """This token is about to be refreshed. On return that outlives a power loss."""
        with self._writing(safely=True) as write:
            write(_SAW, (self._named(account), fingerprint, now))
            write(_BEGUN, (now, fingerprint, self._named(account)))

    def refreshed(self, account: str, fingerprint: str, obtained: float, expires: float) -> None:
        """The refresh gave this token, and its sink has it. What was begun with is replaced: that it is
        seen again, where a reference still gives it, changes nothing."""
        name = self._named(account)
        with self._writing(safely=True) as write:
            write(_REFRESHED, (name, fingerprint, obtained, obtained, expires, name))

    def not_stored(self, account: str, fingerprint: str, now: float, reason: str, expires: float) -> None:
        """The refresh gave this token, and its sink did not take it."""
        with self._telling():
            held = self._db.execute(_HELD, (self._named(account),)).fetchone()
        if held == (fingerprint,):
            # It is the same once more, and stands where it stood.
            self.refreshed(account, fingerprint, now, expires)
            return
        with self._writing(safely=True) as write:
            write(_NOT_STORED, (now, reason, fingerprint, expires, self._named(account)))

    def refresh_failed(self, account: str, reason: str, now: float) -> None:
        """The refresh gave nothing."""
        update = "UPDATE tokens SET begun = NULL, failed_at = ?, failed = ? WHERE account = ?"
        with self._writing() as write:
            write(update, (now, reason, self._named(account)))

    def known(self, accounts: Collection[str]) -> Mapping[str, TokenRecord]:
        """What is known, by account; nothing of an account whose token was never seen."""
        names = {self._named(account): account for account in accounts}
        with self._telling():
            return {names[row[0]]: _record(row) for row in self._db.execute(_KNOWN) if row[0] in names}

    def close(self) -> None:
        self._db.close()

    def _named(self, account: str) -> str:
        return f"{account}@{self._host}"

    @contextmanager
    def _writing(self, *, safely: bool = False) -> Iterator[_Write]:
        """All of it or nothing; what is done safely outlives a power loss, too."""
        with self._telling():
            self._db.execute(f"PRAGMA synchronous = {'FULL' if safely else 'NORMAL'}")
            with self._db:  # commits, or rolls back what failed
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db.execute

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise IcesyncError(
                f"{self._file}, which tells what is known of tokens, cannot be used: {error}; "
                f"delete it and {KEY_NAME} unless another run is at work on them"
            ) from error


def _record(row: Sequence[Any]) -> TokenRecord:
    _, fingerprint, seen, obtained, expires, begun, *mishaps = row
    pairs = zip(mishaps[::2], mishaps[1::2], strict=True)
    failed, unstored, dead = (None if reason is None else Mishap(at, reason) for at, reason in pairs)
    return TokenRecord(fingerprint, seen, obtained, expires, begun, failed, unstored, dead)


def _is_writable(state: Path) -> bool:
    try:
        make_state(state)
    except OSError:
        return False
    names = (state, state / FILE_NAME, state / KEY_NAME)
    return all(os.access(name, os.R_OK | os.W_OK) for name in names if name.exists())


def _private(file: Path) -> str:
    """The name of the file, which is there and for its owner alone; what SQLite puts beside it is so, too."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    return str(file)


def _secret(state: Path) -> bytes:
    """The key of this folder, made where there is none."""
    file = state / KEY_NAME
    if not file.exists():
        replace(file, token_bytes(KEY_BYTES))
    secret = file.read_bytes()
    if len(secret) != KEY_BYTES:
        raise OSError(f"{KEY_NAME} is damaged")
    return secret
