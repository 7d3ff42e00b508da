"""The world in one value: environment, clock, terminal, network. Builds the GraphClient.

Everything that a command needs of the world comes from here, so that tests bring another world.
"""

import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from icesync.console import Console
from icesync.errors import Interrupted
from icesync.model import Api

if TYPE_CHECKING:
    import asyncio

    from icesync.graph.client import GraphClient
    from icesync.graph.transport import Transport

T = TypeVar("T")

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class SystemClock:
    """Time as the machine tells it."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        import asyncio

        await asyncio.sleep(seconds)


def network(api: Api, connections: int) -> "Transport":
    """The real way to the API."""
    from icesync.graph.transport import Lanes

    return Lanes(connections, url=api.url)


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


@dataclass(frozen=True)
class Runtime:
    """What a command may use of the world. `invoke` runs another icesync command line in the same
    world, but with the environment that it is given, and gives its exit code."""

    invoke: Callable[[Sequence[str], Mapping[str, str]], int]
    console: Console = field(default_factory=Console)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: SystemClock = field(default_factory=SystemClock)
    transport: Callable[[Api, int], "Transport"] = network

    @asynccontextmanager
    async def client(
        self,
        api: Api,
        *,
        root: Path,
        concurrency: int,
        patience: float,
        stopping: Callable[[], bool] = lambda: False,
    ) -> AsyncIterator["GraphClient"]:
        """A client that resolves token references from `root` and gives one request `patience` seconds.

        Once `stopping()` is true it neither waits at a closed door nor sends a write again.
        """
        from icesync.config.source import read_mapping
        from icesync.credentials import Credentials
        from icesync.graph.client import connected

        tokens = Credentials(self.environ, root, read_mapping)
        transport = self.transport(api, concurrency)
        async with connected(
            api, transport, tokens.token, clock=self.clock, patience=patience, stopping=stopping
        ) as client:
            yield client

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
