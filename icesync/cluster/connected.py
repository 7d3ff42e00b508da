"""A crew on the Dask cluster at an address, from the first word to the last."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Final
from uuid import uuid4

import dask.config
from distributed import Client

from icesync import __version__
from icesync.clock import Clock
from icesync.cluster import work
from icesync.cluster.crew import DaskCrew
from icesync.cluster.grants import Grants
from icesync.cluster.workers import Workers
from icesync.connection import Traffic
from icesync.errors import IcesyncError, UsageError
from icesync.graph.door import PATIENCE
from icesync.graph.governor import Governor
from icesync.graph.ledger import Ledger
from icesync.model import Api
from icesync.sightings import Sightings

SCHEMES: Final = ("tcp://", "tls://")
CONNECT_PATIENCE: Final = 10
"""Seconds within which the scheduler has to answer, and to come back when it was gone."""

_SETTINGS: Final = {
    "distributed.comm.timeouts.connect": CONNECT_PATIENCE,
    "distributed.admin.large-graph-warning-threshold": "1 GiB",  # a part of a run is large, and known to be
}


@asynccontextmanager
async def crew(
    address: str,
    api: Api,
    traffic: Traffic,
    *,
    clock: Clock,
    root: Path,
    ledger: Ledger | None,
    sightings: Sightings,
    stopping: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = lambda note: None,
) -> AsyncIterator[DaskCrew]:
    """The crew, until the end. `root` is where relative references to tokens start, on the workers: an
    absolute path. Workers tell tokens apart by the key of `sightings`; `say` gets their notes for people.

    Certificates for `tls://` come from Dask's own configuration. Raises UsageError, and IcesyncError
    where there is no scheduler, where it has no workers, or where these have no or another icesync.
    """
    async with _connected(address) as client:
        slots = await _slots(client, address)
        governor = Governor(
            clock, ledger=ledger, patience=inf if traffic.waits else PATIENCE, stopping=stopping
        )
        name = f"icesync-{uuid4().hex}"
        job = work.Job(name, api, root, replace(traffic, max_rps=None, waits=False), sightings.key)
        workers = Workers(client, job)
        try:
            grants = Grants(governor, ledger, clock)
            yield DaskCrew(workers, grants, clock, slots, traffic, sightings, stopping, say)
        finally:
            await workers.close()


@asynccontextmanager
async def _connected(address: str) -> AsyncIterator[Client]:
    """A client of the scheduler, which tells its troubles to us and not to the terminal."""
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with dask.config.set(_SETTINGS):
        client = await _client(address)
        async with client:
            yield client


async def _client(address: str) -> Client:
    if not address.startswith(SCHEMES):
        raise _no_address(f"{address!r} is none")
    client = Client(address, asynchronous=True, timeout=CONNECT_PATIENCE, set_as_default=False)
    try:
        await client
        return client
    except ValueError as error:
        raise _no_address(str(error)) from error
    except TypeError as error:  # what Dask raises where no certificate is named
        raise IcesyncError(f"{address} needs certificates, which Dask's configuration names") from error
    except OSError as error:
        raise IcesyncError(f"there is no Dask scheduler at {address}: {error}") from error
    finally:
        if client.status != "running":
            await client.close()


def _no_address(why: str) -> UsageError:
    forms = " or ".join(f"{scheme}HOST:PORT" for scheme in SCHEMES)
    return UsageError(f"--dask wants the address of a scheduler, {forms}: {why}")


async def _slots(client: Client, address: str) -> int:
    """How many parts the workers can do at once."""
    try:
        await client.run_on_scheduler(work.version)
    except (ImportError, AttributeError, ValueError) as error:  # none, another, or none that it may load
        raise IcesyncError(f"the Dask scheduler has no icesync that works: {error}") from error
    slots: int = sum((await client.nthreads()).values())
    if not slots:
        raise IcesyncError(f"the Dask cluster at {address} has no workers")
    told = await client.run(work.version, on_error="return")
    for worker, version in told.items():
        if isinstance(version, Exception):
            raise IcesyncError(f"the Dask worker {worker} has no icesync that works: {version}")
        if version != __version__:
            raise IcesyncError(f"the Dask worker {worker} has icesync {version}, and this is {__version__}")
    return slots
