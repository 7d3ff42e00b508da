"""The lanes under httpx, against a bare server on loopback."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from icesync.graph.transport import Lanes

pytestmark = pytest.mark.anyio

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
NOT_GZIP = b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\nContent-Encoding: gzip\r\n\r\n" + b"x" * 40
ELSEWHERE = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Server:
    """Gives its answers one by one, the last one again and again, and counts what it is asked."""

    answers: Sequence[bytes]
    url: str = ""
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                self.asked.set()
                writer.write(self.answers[min(len(self.requests), len(self.answers)) - 1])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@asynccontextmanager
async def serving(*answers: bytes) -> AsyncIterator[Server]:
    server = Server(answers)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()


@asynccontextmanager
async def client(server: Server, lanes: int) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=Lanes(lanes, url=server.url), timeout=5) as http:
        yield http


async def test_a_lane_keeps_its_connection() -> None:
    async with serving(ANSWER) as server, client(server, 4) as http:
        for _ in range(5):
            assert (await http.get(server.url)).json() == {}

    assert (len(server.requests), server.connections) == (5, 1)


async def test_there_are_as_many_connections_as_requests_at_once() -> None:
    async with serving(ANSWER) as server, client(server, 3) as http:
        for _ in range(2):
            await asyncio.gather(*(http.get(server.url) for _ in range(3)))

    assert (len(server.requests), server.connections) == (6, 3)


async def test_an_answer_that_cannot_be_decoded_frees_its_lane() -> None:
    async with serving(NOT_GZIP, ANSWER) as server, client(server, 1) as http:
        with pytest.raises(httpx.DecodingError):
            await http.get(server.url)

        assert (await http.get(server.url)).json() == {}


async def test_a_request_that_was_given_up_frees_its_lane() -> None:
    async with serving(ANSWER.removesuffix(b"{}"), ANSWER) as server, client(server, 1) as http:
        given_up = asyncio.create_task(http.get(server.url))
        await server.asked.wait()
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up

        assert (await http.get(server.url)).json() == {}


async def test_a_server_that_is_not_there_frees_its_lane() -> None:
    async with serving(ANSWER) as server, client(server, 1) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("http://127.0.0.1:1/")

        assert (await http.get(server.url)).json() == {}


async def test_redirects_are_handed_on_and_not_followed() -> None:
    async with serving(ELSEWHERE) as server, client(server, 1) as http:
        assert (await http.get(server.url)).status_code == 302

    assert len(server.requests) == 1


async def test_a_plain_connection_ignores_the_proxies_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async with serving(ANSWER) as server, client(server, 1) as http:
        assert (await http.get(server.url)).json() == {}
