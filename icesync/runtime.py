"""The world in one value: environment, clock, terminal, network. Builds the GraphClient.

Everything that a command needs of the world comes from here, so that tests bring another world.
"""

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from icesync.clock import SystemClock
from icesync.console import Console
from icesync.errors import IcesyncError, Interrupted
from icesync.model import Api

if TYPE_CHECKING:
    import asyncio

    from icesync.connection import Traffic
    from icesync.graph.client import GraphClient
    from icesync.graph.ledger import Ledger
    from icesync.graph.transport import Transport
    from icesync.sightings import Sightings
    from icesync.tokens.book import Book

T = TypeVar("T")

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Ctrl-C and SIGTERM. Reads are dropped at once; while `writing`, what is under way is finished."""

    def __init__(self, task: "asyncio.Task[Any] | None", console: Console) -> None:
        self.writing = False
        self.requested = False
        self._task = task
        self._console = console

    def request(self) -> None:
        if self.writing and not self.requested:
            self._console.complain("interrupted: finishing the writes under way, beginning no more")
        self.requested = True
        if self._task is not None and not self.writing:
            self._task.cancel()

    def listen(self) -> None:
        import asyncio

        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.request)

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """While a person is asked, a signal ends the question at once, as KeyboardInterrupt."""
        import asyncio

        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.default_int_handler)
        try:
            yield
        finally:
            self.listen()


def _network(api: Api, connections: int) -> "Transport":
    from icesync.connection import network

    return network(api, connections)


@dataclass(frozen=True)
class Runtime:
    """What a command may use of the world. `invoke` runs another icesync command line in the same
    world, but with the environment that it is given, and gives its exit code."""

    invoke: Callable[[Sequence[str], Mapping[str, str]], int]
    console: Console = field(default_factory=Console)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: SystemClock = field(default_factory=SystemClock)
    transport: Callable[[Api, int], "Transport"] = _network

    @asynccontextmanager
    async def client(
        self,
        api: Api,
        traffic: "Traffic",
        *,
        root: Path,
        stopping: Callable[[], bool] = lambda: False,
        sightings: "Sightings | None" = None,
    ) -> AsyncIterator["GraphClient"]:
        """A client that resolves token references from `root`.

        Once `stopping()` is true it neither waits at a closed door nor sends a write again. What it sees
        of tokens goes into `sightings`, or into the book at the end.
        """
        from icesync import connection

        with ExitStack() as closed_at_the_end:
            ledger = closed_at_the_end.enter_context(self.ledger(api, traffic))
            if sightings is None:
                sightings = closed_at_the_end.enter_context(self.sightings(api, traffic))
            async with connection.client(
                api,
                traffic,
                environ=self.environ,
                clock=self.clock,
                transport=self.transport(api, traffic.concurrency),
                root=root,
                ledger=ledger,
                stopping=stopping,
                identities=sightings,
                say=self.console.say,
            ) as client:
                yield client

    @contextmanager
    def ledger(self, api: Api, traffic: "Traffic") -> Iterator["Ledger | None"]:
        """Where the calls of this run are counted; None where accounts have no budget."""
        from icesync import connection

        if traffic.budget is None:
            yield None
            return
        with closing(connection.ledger(api, traffic.budget, traffic.state, self.console.say)) as ledger:
            ledger.forget(self.clock.now().timestamp())
            yield ledger

    @contextmanager
    def book(self, api: Api, traffic: "Traffic") -> Iterator["Book"]:
        """What is known of tokens on this host."""
        from urllib.parse import urlsplit

        from icesync.tokens.book import Book

        with closing(Book(traffic.state, urlsplit(api.url).netloc)) as book:
            yield book

    @contextmanager
    def sightings(self, api: Api, traffic: "Traffic") -> Iterator["Sightings"]:
        """What the run sees of tokens: entered in the book when it ends, however it ends."""
        from icesync.sightings import Sightings

        with self.book(api, traffic) as book:
            sightings = Sightings(book, self.clock.now().timestamp())
            try:
                yield sightings
            finally:
                try:
                    sightings.enter(self.clock.now().timestamp())
                except IcesyncError as error:
                    self.console.say(f"note: what was seen of tokens is not kept: {error}")

    def run(self, work: Callable[[Interruption], Awaitable[T]]) -> T:
        """Run asynchronous work to its end. Raises Interrupted when Ctrl-C cut it short."""
        import asyncio

        try:
            return asyncio.run(_until_interrupted(work, self.console))
        except asyncio.CancelledError:
            raise Interrupted("interrupted: nothing was written") from None


async def _until_interrupted(work: Callable[[Interruption], Awaitable[T]], console: Console) -> T:
    import asyncio

    interruption = Interruption(asyncio.current_task(), console)
    interruption.listen()
    return await work(interruption)
