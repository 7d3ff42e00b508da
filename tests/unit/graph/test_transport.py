"""The lanes under httpx, against a bare server on loopback."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from icesync.errors import IcesyncError, InvalidRequest
from icesync.graph.transport import MOST_MIB, Lanes

pytestmark = pytest.mark.anyio

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
MOST = MOST_MIB * 2**20
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


def answer(size: int, *headers: str) -> bytes:
    head = "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {size}", *headers])
    return f"{head}\r\n\r\n".encode() + b" " * size


def chunked(count: int, chunk: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + (b"%x\r\n%s\r\n" % (len(chunk), chunk)) * count + b"0\r\n\r\n"


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


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param(answer(MOST + 1), id="large"),
        pytest.param(chunked(MOST_MIB + 1, b" " * 2**20), id="chunks"),
        pytest.param(answer(2, "Content-Encoding: gzip"), id="gzip"),
        pytest.param(answer(2, "Content-Encoding: identity, gzip"), id="gzip too"),
        pytest.param(answer(2, "Content-Encoding: what-is-this"), id="unknown encoding"),
    ],
)
async def test_an_answer_that_is_too_large_or_compressed_is_refused_and_frees_its_lane(
    refused: bytes,
) -> None:
    async with serving(refused, ANSWER) as server, client(server, 1) as http:
        with pytest.raises(InvalidRequest, match=r"^the API's answer is ") as caught:
            await http.get(server.url)

        assert caught.value.may_have_arrived
        assert (await http.get(server.url)).json() == {}


async def test_a_compressed_answer_is_refused_before_its_body_comes() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 600000\r\nContent-Encoding: gzip\r\n\r\n"
    async with serving(head) as server, client(server, 1) as http:
        with pytest.raises(InvalidRequest, match="compressed"):
            await http.get(server.url)


@pytest.mark.parametrize(
    ("fitting", "size"),
    [
        (answer(MOST), MOST),
        (chunked(3, b"abc"), 9),
        (answer(7, "Content-Encoding: Identity"), 7),
    ],
    ids=["as large as may be", "chunks", "identity"],
)
async def test_every_other_answer_is_handed_on_whole(fitting: bytes, size: int) -> None:
    async with serving(fitting) as server, client(server, 1) as http:
        assert len((await http.get(server.url)).content) == size


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


async def test_status_and_headers_of_an_answer_are_handed_on() -> None:
    told = ANSWER.replace(b"200 OK", b"503 Away").replace(b"\r\n\r\n", b"\r\nRetry-After: 7\r\n\r\n")
    async with serving(told) as server, client(server, 1) as http:
        found = await http.get(server.url)

    assert (found.status_code, found.headers["retry-after"], found.json()) == (503, "7", {})


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_certificates_that_cannot_be_read_are_told_by_where_to_look(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "certificates.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    with pytest.raises(IcesyncError, match="SSL_CERT_FILE"):
        Lanes(1, url="https://graph.instagram.com")


async def test_a_plain_connection_ignores_the_proxies_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async with serving(ANSWER) as server, client(server, 1) as http:
        assert (await http.get(server.url)).json() == {}
