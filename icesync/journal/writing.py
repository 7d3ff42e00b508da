"""The journal of the run that is under way, written ahead of what it does."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from icesync.clock import stamp
from icesync.journal.folder import cannot_be_kept, make, make_state, names, sync_folder
from icesync.model import Action, Api, Change, Outcome, Write

FORMAT: Final = "icesync.journal/1"


class Journal:
    """The journal of the run that is under way. Raises JournalError when a line cannot be kept."""

    def __init__(self, run: str, file: IO[str]) -> None:
        self.run = run
        self._file = file

    def write(self, *writes: Write) -> None:
        """Record writes; on return they are on disk, and the requests may be sent."""
        for write in writes:
            self._append(_event(write))
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise cannot_be_kept(error) from error

    def outcome(self, outcome: Outcome) -> None:
        kind = "subscribed" if outcome.action is Action.SUBSCRIBE else "outcome"
        event = {"event": kind, "account": outcome.account.name, "status": outcome.status.value}
        if outcome.error is not None and outcome.error.trace is not None:
            event["trace"] = (
                outcome.error.trace
            )  # what Meta's support asks for, long after the terminal is closed
        self._append(event)

    def end(self, finished: str) -> None:
        self._append({"event": "end", "finished": finished})

    def _append(self, line: Mapping[str, Any]) -> None:
        try:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
        except OSError as error:
            raise cannot_be_kept(error) from error


def _event(write: Write) -> dict[str, Any]:
    """A subscription's kind is its own, which tells nothing to versions that know none of them."""
    named = {"account": write.account.name, "id": write.account.id}
    if isinstance(write, Change):
        told = {"before": write.before.as_data(), "after": write.after.as_data()}
        return {"event": "write", **named, "action": write.action.value, **told}
    return {"event": "subscribe", **named, "before": list(write.before), "after": list(write.after)}


@contextmanager
def record(state: Path, *, command: str, api: Api, now: datetime) -> Iterator[Journal]:
    """Open the journal of a new run in the state folder, which is made when it is not there."""
    try:
        make_state(state)
        make(state / "runs")
        name, file = _create(state, now)
    except OSError as error:
        raise cannot_be_kept(error) from error
    try:
        journal = Journal(name, file)
        journal._append(
            {
                "event": "run",
                "format": FORMAT,
                "run": name,
                "started": stamp(now),
                "command": command,
                "api": {"url": api.url, "version": api.version},
            }
        )
        yield journal
    finally:
        # Every line was flushed; what closing could complain about has been told already.
        with suppress(OSError):
            file.close()


def _create(state: Path, now: datetime) -> tuple[str, IO[str]]:
    """A new journal. Its name sorts after those of earlier runs, even when the clock has stepped back."""
    name = f"{now:%Y%m%dT%H%M%SZ}-{now.microsecond * 0x10000 // 1_000_000:04x}"
    newest = max(names(state), default="")
    if name <= newest:
        name = _successor(newest)
    file = (state / "runs" / f"{name}.jsonl").open("x", encoding="utf-8")
    try:
        sync_folder(state / "runs")
    except OSError:
        file.close()
        raise
    return name, file


def _successor(name: str) -> str:
    """The next name in the order of text: `…-00ff`, `…-0100`; and `…-ffff`, `…-ffff0`."""
    stamp, _, part = name.partition("-")
    return f"{stamp}-{int(part, 16) + 1:0{len(part)}x}" if part.strip("f") else f"{name}0"
