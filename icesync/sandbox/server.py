"""The sandbox as a process or a thread. Owns uvicorn, the listening socket and the signals."""

import asyncio
import os
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread
from types import MappingProxyType
from typing import Any, Final, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from icesync.sandbox import state
from icesync.sandbox.answers import Drop
from icesync.sandbox.api import GraphApi
from icesync.sandbox.app import web_app
from icesync.sandbox.errors import CannotStart
from icesync.sandbox.tokens import Token
from icesync.sandbox.world import HEALTHY, World

HOST: Final = "127.0.0.1"
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_BACKLOG: Final = 2048
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that answers at `url`; `api` shows and changes what it holds."""

    url: str
    api: GraphApi


def serve(
    world: World,
    *,
    port: int,
    state_path: Path | None,
    announce: Callable[[str], None],
    tokens: Mapping[str, Token] = NOTHING,
    subscribed: Mapping[str, Sequence[str]] = NOTHING,
) -> None:
    """Serve until Ctrl-C or SIGTERM; main thread only. Port 0 takes a free one.

    `announce` gets the URL once the socket listens. `subscribed` is for accounts of which the state
    says nothing. CannotStart: the port or the state cannot be had.
    """
    api = _api(world, state_path, time.monotonic, time.time)
    api.tokens.update(tokens)
    api.subscribed.update({**subscribed, **api.subscribed})
    with _listening(port) as listener:
        server = _server(api)
        with _stopped_by_signals(server):
            announce(_url(listener))
            server.run(sockets=[listener])


@contextmanager
def running(
    world: World = HEALTHY,
    *,
    port: int = 0,
    state_path: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], float] = time.time,
) -> Iterator[Running]:
    """A sandbox in a thread, which listens from the first line of the block and is gone after the last."""
    api = _api(world, state_path, clock, now)
    with _listening(port) as listener:
        server = _server(api)
        thread = Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="icesync-sandbox", daemon=True
        )
        thread.start()
        try:
            yield Running(_url(listener), api)
        finally:
            server.should_exit = True
            thread.join()


class _Connection(H11Protocol):
    """Answers at once, and lets the app hang up on its caller, for which ASGI has no word."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast("asyncio.Transport", transport)
        super().connection_made(stream)
        # Head and body go out in two writes. asyncio sets this by itself only on sockets that it opened.
        stream.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state = {**self.app_state, "hang_up": partial(_hang_up, stream)}


def _hang_up(transport: asyncio.Transport, drop: Drop) -> None:
    if drop is Drop.RESET:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()


def _api(world: World, path: Path | None, clock: Callable[[], float], now: Callable[[], float]) -> GraphApi:
    if path is None:
        return GraphApi(world, clock=clock, now=now)
    memory = state.load(path)
    memory.keep = partial(state.save, path)
    return GraphApi(world, memory=memory, clock=clock, now=now)


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port), backlog=_BACKLOG)
    except OSError as error:
        reason = os.strerror(error.errno or 0)  # without the address, which Python adds
        raise CannotStart(f"the sandbox cannot listen on {HOST}:{port}: {reason}") from error


def _url(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"


def _server(api: GraphApi) -> uvicorn.Server:
    config = uvicorn.Config(
        web_app(api),
        http=_Connection,
        loop="asyncio",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=60,  # longer than any client here pauses between two calls
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


@contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """To be told to stop is no failure. uvicorn raises its signals again at the end: they land here."""

    def stop(*_: object) -> None:
        server.should_exit = True

    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, stop) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
