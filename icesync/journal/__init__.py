"""The state folder: a write-ahead journal for each run, and the lock that keeps applies apart.

`STATE/runs/RUN.jsonl` holds one JSON object a line: `run` (once, first), `write` (before each
request that changes a profile, on disk before it is sent), `outcome`, `subscribe` and `subscribed` (the
same for webhooks), and `end`. A run without its `end` was cut off; its writes may all have been sent.
"""

from icesync.journal.folder import is_locked, locked
from icesync.journal.past import Run, Summary, find, runs
from icesync.journal.writing import FORMAT, Journal, record

__all__ = ["FORMAT", "Journal", "Run", "Summary", "find", "is_locked", "locked", "record", "runs"]
