"""The workers of a cluster, seen from the command line: a part goes out, its result comes back."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Final

from distributed import Client, Event, Future, KilledWorker
from distributed.protocol.pickle import dumps

from icesync import __version__
from icesync.cluster import work
from icesync.errors import IcesyncError
from icesync.graph.catalogue import cases
from icesync.model import GraphFailure

PATIENCE: Final = 60.0
"""Seconds without a single worker after which none is waited for any more."""

TIDYING: Final = 2.0
"""Seconds that tidying up may take: nobody is to wait for a scheduler that has just gone."""

_INTERRUPTED: Final = "interrupted before a worker began it"


@dataclass(frozen=True, slots=True)
class Lost:
    """A part that has no result, and why. `begun`: perhaps a worker has done some of it all the same."""

    begun: bool
    failure: GraphFailure | None = None
    detail: str = ""


class Unfit(IcesyncError):
    """A worker cannot do a part, and has begun nothing."""


@dataclass(slots=True)
class Workers:
    """Hands parts to whatever workers the cluster has, and leaves nothing behind on the scheduler.

    `look`: seconds between two looks at how a part goes. `patience`: see PATIENCE.
    """

    client: Client
    job: work.Job
    look: float = work.LOOK
    patience: float = PATIENCE
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def is_there(self) -> bool:
        """Whether there is a connection to the scheduler."""
        return bool(self.client.status == "running")

    async def hand_out(
        self,
        errand: work.Errand,
        grants: Mapping[str, int],
        *,
        max_rps: float | None = None,
        hindrance: Callable[[], object] = lambda: "",
    ) -> work.Answer | Lost:
        """What became of it. Once there is a hindrance the part ends early. Raises Unfit."""
        if not self.is_there:
            return lost("the Dask scheduler is gone", begun=False)
        claim = f"{self.job.stop}/{next(self._numbers)}"
        job = replace(self.job, traffic=replace(self.job.traffic, max_rps=max_rps))
        part = work.Part(claim, job, errand, grants)
        future = self.client.submit(work.run, __version__, dumps(part), key=claim, pure=False)
        try:
            return await self._result(future, Event(claim, client=self.client), hindrance)
        except CancelledError as error:  # of the future, by the scheduler; not of this task
            return lost(f"the Dask cluster has dropped it: {error}", begun=True)
        except OSError as error:
            return lost(f"the Dask cluster cannot be reached: {error}", begun=True)
        finally:
            await self._forget(future, claim)

    async def close(self) -> None:
        await self._clear(self.job.stop)

    async def _result(
        self, future: "Future[Any]", claim: Event, hindrance: Callable[[], object]
    ) -> work.Answer | Lost:
        answer = asyncio.ensure_future(future.result())
        try:
            if given_up := await self._waited(answer, claim, hindrance):
                return given_up
            result: work.Result = await answer
        except KilledWorker:
            return lost("every worker that took it has died", begun=await claim.is_set())
        except work.WrongVersion as error:
            raise Unfit(f"a worker has icesync {error}, and this is {__version__}") from None
        except ImportError as error:
            raise Unfit(f"a worker has no icesync: {error}") from None
        finally:
            answer.cancel()
        return lost(_INTERRUPTED, begun=False) if isinstance(result, work.Unbegun) else result

    async def _waited(
        self, answer: "asyncio.Future[Any]", claim: Event, hindrance: Callable[[], object]
    ) -> Lost | None:
        """Wait until there is an answer, or until none will come."""
        stopped, workerless = False, 0.0
        while not (await asyncio.wait((answer,), timeout=self.look))[0]:
            if hindrance() and not stopped:
                stopped = True
                await Event(self.job.stop, client=self.client).set()
                if not await claim.is_set():
                    return lost(_INTERRUPTED, begun=False)
            workerless = 0.0 if await self.client.nthreads() else workerless + self.look
            if workerless and (stopped or workerless >= self.patience):
                return lost("the Dask cluster has no workers any more", begun=await claim.is_set())
        return None

    async def _forget(self, future: "Future[Any]", claim: str) -> None:
        """What was not begun is not begun any more, and what is under way is recalled."""
        if self.is_there:
            with suppress(OSError, CancelledError):
                await future.cancel()
        await self._clear(claim)

    async def _clear(self, event: str) -> None:
        if self.is_there:
            with suppress(OSError, CancelledError):
                async with asyncio.timeout(TIDYING):
                    await Event(event, client=self.client).clear()


def lost(message: str, *, begun: bool) -> Lost:
    return Lost(begun, cases.WORKER_LOST.failure(message))
