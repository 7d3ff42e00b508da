"""One suite, two servers: the sandbox, and with `--live` a real test account."""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from icesync.connection import Traffic
from icesync.graph.client import GraphClient
from icesync.model import Account, Api
from icesync.runtime import Runtime
from icesync.sandbox.server import running

NONSENSE = {"NONSENSE": "nonsense"}


@dataclass(frozen=True)
class Server:
    """An account that may be written, and where it is."""

    api: Api
    account: Account
    environ: dict[str, str]


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> Iterator[Server]:
    if pytestconfig.getoption("live"):
        # A test account whose ice breakers may be lost: its id and its token's variable.
        account = Account("live", os.environ["ICESYNC_LIVE_ID"], "env:ICESYNC_LIVE_TOKEN")
        yield Server(Api(), account, {**os.environ, **NONSENSE})
        return
    with running() as sandbox:
        account = Account("sandbox", "17841400000000001", "env:TOKEN")
        yield Server(Api(sandbox.url), account, {"TOKEN": f"sandbox-{account.id}", **NONSENSE})


@pytest.fixture
async def client(server: Server, tmp_path: Path) -> AsyncIterator[GraphClient]:
    runtime = Runtime(invoke=lambda line, environ: 0, environ=server.environ)
    traffic = Traffic(tmp_path, None, concurrency=1, timeout=30)
    async with runtime.client(server.api, traffic, root=tmp_path) as client:
        yield client
