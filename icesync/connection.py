"""From what a run may do to a GraphClient that does it: tokens, ledger, governor and network put together."""

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from urllib.parse import urlsplit

from icesync.clock import Clock
from icesync.config.source import read_mapping
from icesync.credentials import Credentials
from icesync.graph.client import GraphClient, connected
from icesync.graph.door import PATIENCE
from icesync.graph.governor import Governor
from icesync.graph.ledger import FILE_NAME, Ledger
from icesync.graph.transport import Connections, Transport
from icesync.graph.vouching import Identities
from icesync.journal.folder import make_state
from icesync.model import Api, Budget


@dataclass(frozen=True, slots=True)
class Traffic:
    """How a run may use the API: calls at once, seconds for a request, calls in a second, and how
    many an account may get, which is counted in the folder `state`.

    `waits`: an account without room for its calls is waited for, however long that takes.
    """

    state: Path
    budget: Budget | None
    concurrency: int
    timeout: float
    max_rps: float | None = None
    waits: bool = False


def network(api: Api, connections: int) -> Transport:
    """The real way to the API."""
    return Connections(connections, url=api.url)


def ledger(api: Api, budget: Budget, state: Path | None, say: Callable[[str], None]) -> Ledger:
    """Where calls are counted: in the state folder, or in memory where there is none that can be written."""
    host = urlsplit(api.url).netloc
    if state is None:
        return Ledger(None, budget, host)
    try:
        make_state(state)
        file = state / FILE_NAME
        writable = os.access(state, os.W_OK) and (not file.exists() or os.access(file, os.W_OK))
    except OSError:
        writable = False
    if not writable:
        say(f"note: {state} cannot be written: calls count for this run alone")
    return Ledger(state / FILE_NAME if writable else None, budget, host)


@asynccontextmanager
async def client(
    api: Api,
    traffic: Traffic,
    *,
    environ: Mapping[str, str],
    clock: Clock,
    transport: Transport,
    root: Path,
    ledger: Ledger | None,
    stopping: Callable[[], bool] = lambda: False,
    identities: Identities | None = None,
    say: Callable[[str], None] = lambda note: None,
) -> AsyncIterator[GraphClient]:
    """A client that resolves token references from `root` and in `environ`; closed at the end.

    Once `stopping()` is true it neither waits at a closed door nor sends a write again. Without
    `identities` this run alone remembers whose tokens it holds; `say` gets its notes for people.
    """
    tokens = Credentials(environ, root, read_mapping)
    governor = Governor(
        clock,
        ledger=ledger,
        max_rps=traffic.max_rps,
        concurrency=traffic.concurrency,
        patience=inf if traffic.waits else PATIENCE,
        stopping=stopping,
    )
    async with connected(
        api,
        transport,
        tokens.token,
        governor,
        clock=clock,
        patience=traffic.timeout,
        stopping=stopping,
        identities=identities,
        say=say,
    ) as client:
        yield client
