"""The connections under httpx, against bare servers on loopback that misbehave in every way."""

import asyncio
import gc
import logging
import ssl
import traceback
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import trustme

from icesync.credentials import Secret
from icesync.errors import GraphError, IcesyncError, InvalidRequest, Transient
from icesync.graph.client import connected
from icesync.graph.governor import Governor
from icesync.graph.transport import MOST_MIB, Connections
from icesync.model import Account, Api, Profile
from tests.support.clock import FakeClock

pytestmark = pytest.mark.anyio

TOKEN = "IGQVJsentinel"
PASSWORD = "pa55word"
ACME = Account("acme", "17841400000000001")
AUTHORITY = trustme.CA()
"""It signs for localhost, and is trusted by nobody who was not told to."""

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
MOST = MOST_MIB * 2**20
ELSEWHERE = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"


class Cut(bytes):
    """An answer after which the server closes the connection."""


HANG_UP = Cut(b"")
SILENCE = b""


@dataclass
class Server:
    """Gives its answers one by one, the last one again and again, and keeps what it is asked."""

    answers: Sequence[bytes]
    port: int = 0
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    tunnel_to: int | None = None
    greeting: bytes = b""

    def __post_init__(self) -> None:
        self.open: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def rest(self) -> None:
        """Returns when all connections are closed, and the news of it has come over the wire."""
        await asyncio.gather(*(task for task in self.open.values() if task is not None))
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write_eof()
        await reader.read()
        writer.close()
        self.connections -= 1

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open[writer] = asyncio.current_task()
        self.connections += 1
        writer.write(self.greeting)
        try:
            while not isinstance(await self.answer(reader, writer), Cut):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            del self.open[writer]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        request = await reader.readuntil(b"\r\n\r\n")
        for line in request.lower().splitlines():
            if line.startswith(b"content-length:"):
                request += await reader.readexactly(int(line.split(b":")[1]))
        self.requests.append(request)
        self.asked.set()
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        writer.write(answer)
        await writer.drain()
        if self.tunnel_to is not None:
            await tunnel(reader, writer, self.tunnel_to)
        return answer


async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    there, back = await asyncio.open_connection("127.0.0.1", port)

    async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(2**16):
            target.write(data)
        target.close()

    await asyncio.gather(carry(reader, back), carry(there, writer))
    raise ConnectionError


@asynccontextmanager
async def serving(
    *answers: bytes, tls: ssl.SSLContext | None = None, tunnel_to: int | None = None, greeting: bytes = b""
) -> AsyncIterator[Server]:
    server = Server(answers, tunnel_to=tunnel_to, greeting=greeting)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        under_way = [task for task in server.open.values() if task is not None]
        for writer in list(server.open):
            writer.transport.abort()
        await asyncio.gather(*under_way, return_exceptions=True)


def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost").configure_cert(context)
    return context


def answer(size: int, *headers: str) -> bytes:
    head = "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {size}", *headers])
    return f"{head}\r\n\r\n".encode() + b" " * size


def chunked(count: int, chunk: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + (b"%x\r\n%s\r\n" % (len(chunk), chunk)) * count + b"0\r\n\r\n"


@asynccontextmanager
async def client(server: Server, count: int) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=Connections(count, url=server.url), timeout=5) as http:
        yield http


async def send(
    connections: Connections, url: str, method: str = "GET", *, connect: float = 5.0
) -> httpx.Response:
    """One request with a token and nothing that httpx's client would do to it."""
    return await connections.handle_async_request(
        httpx.Request(
            method,
            url,
            headers={"Authorization": f"Bearer {TOKEN}"},
            content=b"{}" if method != "GET" else None,
            extensions={"timeout": {"connect": connect}},
        )
    )


async def fails(url: str, *, connect: float = 5.0) -> Exception:
    """What a request raises that comes to nothing. It never shows the token, nor a proxy's password."""
    async with Connections(1, url=url) as connections:
        with pytest.raises((httpx.TransportError, InvalidRequest)) as caught:
            await send(connections, f"{url}/", connect=connect)
    shown = f"{caught.value!s} {caught.value!r}"
    assert str(caught.value)
    assert TOKEN not in shown + repr(caught.value.__cause__)
    assert PASSWORD not in shown
    assert "0x" not in shown
    return caught.value


async def write_fails(url: str, patience: float = 10.0) -> GraphError:
    """What a write of the whole client raises, over real connections, after all its tries."""

    async def token(account: Account) -> Secret:
        return Secret(TOKEN)

    clock = FakeClock()
    api, connections = Api(url), Connections(1, url=url)
    async with connected(api, connections, token, Governor(clock), clock=clock, patience=patience) as graph:
        with pytest.raises(GraphError) as caught:
            await graph.set_profile(ACME, Profile.of({"default": [("Where?", "WHERE")]}))
    assert TOKEN not in f"{caught.value!s} {caught.value.failure!r}"
    assert PASSWORD not in f"{caught.value!s} {caught.value.failure!r}"
    return caught.value


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.fixture
def trusting(no_proxy: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    no_proxy.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return no_proxy


async def test_a_connection_is_kept() -> None:
    async with serving(ANSWER) as server, client(server, 4) as http:
        for _ in range(5):
            assert (await http.get(server.url)).json() == {}

    assert (len(server.requests), server.connections) == (5, 1)


async def test_there_are_as_many_connections_as_requests_at_once() -> None:
    async with serving(ANSWER) as server, client(server, 3) as http:
        for _ in range(2):
            await asyncio.gather(*(http.get(server.url) for _ in range(3)))

    assert (len(server.requests), server.connections) == (6, 3)


async def test_there_are_never_more_connections_than_were_asked_for() -> None:
    async with serving(ANSWER) as server, client(server, 2) as http:
        await asyncio.gather(*(http.get(server.url) for _ in range(20)))

    assert (len(server.requests), server.connections) == (20, 2)


async def test_what_goes_out_is_what_was_asked_and_a_host() -> None:
    async with serving(ANSWER) as server, Connections(1, url=server.url) as connections:
        await send(connections, f"{server.url}/v24.0/1?fields=a%2Cb&q=%C3%BC", "DELETE")

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    first, *headers = head.split(b"\r\n")
    assert first == b"DELETE /v24.0/1?fields=a%2Cb&q=%C3%BC HTTP/1.1"
    assert sorted(header.lower() for header in headers) == [
        f"authorization: bearer {TOKEN.lower()}".encode(),
        b"content-length: 2",
        f"host: 127.0.0.1:{server.port}".encode(),
    ]
    assert body == b"{}"


async def test_no_cookie_is_kept() -> None:
    baked = ANSWER.replace(b"\r\n\r\n", b"\r\nSet-Cookie: session=acme; Path=/\r\n\r\n")
    async with serving(baked) as server, Connections(1, url=server.url) as connections:
        for _ in range(2):
            await send(connections, server.url)

    assert len(server.requests) == 2
    assert not any(b"cookie" in request.lower() for request in server.requests)


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param(answer(MOST + 1), id="large"),
        pytest.param(chunked(MOST_MIB + 1, b" " * 2**20), id="chunks"),
        pytest.param(answer(2, "Content-Encoding: gzip"), id="gzip"),
        pytest.param(answer(2, "Content-Encoding: identity, gzip"), id="gzip too"),
        pytest.param(
            answer(2, "Content-Encoding: identity", "Content-Encoding: gzip"), id="gzip in a second header"
        ),
        pytest.param(answer(2, "Content-Encoding: what-is-this"), id="unknown encoding"),
    ],
)
async def test_an_answer_that_is_too_large_or_compressed_is_refused_and_frees_its_connection(
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
        (answer(7, "Content-Encoding: identity", "Content-Encoding: IDENTITY"), 7),
        (Cut(b"HTTP/1.0 200 OK\r\n\r\nuntil the end"), 13),
        (answer(2, "X-Long: " + "x" * 60_000), 2),
        (answer(2, *(f"X-{number}: 1" for number in range(100))), 2),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 0),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(3), 3),
    ],
    ids=[
        "as large as may be",
        "chunks",
        "identity",
        "identity twice",
        "without a length",
        "a long header",
        "many headers",
        "nothing",
        "hints before it",
    ],
)
async def test_every_other_answer_is_handed_on_whole(fitting: bytes, size: int) -> None:
    async with serving(fitting) as server, client(server, 1) as http:
        assert len((await http.get(server.url)).content) == size


async def test_a_request_that_was_given_up_frees_its_connection() -> None:
    async with serving(ANSWER.removesuffix(b"{}"), ANSWER) as server, client(server, 1) as http:
        given_up = asyncio.create_task(http.get(server.url))
        await server.asked.wait()
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up

        assert (await http.get(server.url)).json() == {}


async def test_a_server_that_is_not_there_frees_its_connection() -> None:
    async with serving(ANSWER) as server, client(server, 1) as http:
        with pytest.raises(httpx.ConnectError, match=r"^cannot connect to 127\.0\.0\.1: "):
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


METHODS = ("GET", "POST", "DELETE")


@pytest.mark.parametrize("method", METHODS)
async def test_a_connection_that_died_under_a_request_is_not_tried_again_unseen(method: str) -> None:
    async with serving(ANSWER, HANG_UP) as server, Connections(1, url=server.url) as connections:
        await send(connections, server.url, method)
        with pytest.raises(httpx.ReadError):
            await send(connections, server.url, method)

        assert (len(server.requests), server.connections) == (2, 1)


@pytest.mark.parametrize("method", METHODS)
async def test_a_connection_that_was_closed_between_requests_is_not_used_again(method: str) -> None:
    async with serving(Cut(ANSWER)) as server, Connections(1, url=server.url) as connections:
        for calls in (1, 2, 3):
            await send(connections, server.url, method)
            assert len(server.requests) == calls
            await server.rest()

    assert server.connections == 3


BROKEN = {
    "hung up": HANG_UP,
    "half a status": Cut(b"HTTP/1.1 20"),
    "half a head": Cut(b"HTTP/1.1 200 OK\r\nContent-Len"),
    "no http": Cut(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "shorter than it says": Cut(b'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"data"'),
    "cut between chunks": Cut(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
    "cut in a chunk": Cut(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n30\r\nabc"),
    "a broken chunk": Cut(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n"),
    "two lengths": Cut(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} "),
    "length and chunks": Cut(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    ),
    "a header without end": Cut(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n"),
    "headers without end": Cut(b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 5000 + b"\r\n"),
    "a nul in a header": Cut(b"HTTP/1.1 200 OK\r\nX\x00: x\r\nContent-Length: 2\r\n\r\n{}"),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
async def test_an_answer_that_is_broken_or_cut_is_an_error_and_frees_its_connection(broken: bytes) -> None:
    async with serving(broken, ANSWER) as server, Connections(1, url=server.url) as connections:
        with pytest.raises(httpx.ReadError) as caught:
            await send(connections, server.url)

        assert TOKEN not in f"{caught.value!s} {caught.value!r} {caught.value.__cause__!r}"
        assert caught.value.__suppress_context__
        assert 0 < len(str(caught.value)) < 1000
        assert "\n" not in str(caught.value)
        assert (await send(connections, server.url)).json() == {}
    assert len(server.requests) == 2


@pytest.mark.parametrize("broken", [*BROKEN.values(), SILENCE], ids=[*BROKEN.keys(), "silence"])
async def test_a_write_whose_answer_is_broken_or_cut_may_have_arrived_and_each_try_is_seen(
    broken: bytes,
) -> None:
    async with serving(broken) as server:
        error = await write_fails(server.url, patience=10.0 if broken else 0.5)

    assert isinstance(error, Transient)
    assert (error.may_have_arrived, error.answer_lost) == (True, True)
    assert len(server.requests) == 3


async def test_an_answer_that_repeats_the_token_where_it_must_not_shows_no_token() -> None:
    async with serving(Cut(f"HTTP/1.1 200 OK\r\nBad {TOKEN}\x00: 1\r\n\r\n".encode())) as server:
        error = await write_fails(server.url)

    assert "***" in error.failure.message


async def test_nothing_that_is_logged_holds_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(ANSWER, HANG_UP) as server, Connections(1, url=server.url) as connections:
        await send(connections, server.url)
        with pytest.raises(httpx.ReadError):
            await send(connections, server.url)

    assert TOKEN not in caplog.text


# A name that is too long for any question to a name server is refused by the machine itself.
NOBODY = ".".join(["x" * 60] * 5)


async def test_a_name_that_nobody_has_was_never_called(no_proxy: pytest.MonkeyPatch) -> None:
    assert isinstance(await fails(f"https://{NOBODY}"), httpx.ConnectError)

    error = await write_fails(f"https://{NOBODY}")
    assert isinstance(error, Transient)
    assert not error.may_have_arrived


async def test_a_port_where_nobody_listens_was_never_called(no_proxy: pytest.MonkeyPatch) -> None:
    assert isinstance(await fails("http://127.0.0.1:1"), httpx.ConnectError)
    assert not (await write_fails("http://127.0.0.1:1")).may_have_arrived


async def test_tls_speaks_to_a_server_whose_certificate_is_trusted(trusting: pytest.MonkeyPatch) -> None:
    async with serving(ANSWER, tls=tls()) as server:
        url = f"https://localhost:{server.port}"
        async with Connections(1, url=url) as connections:
            for _ in range(3):
                assert (await send(connections, url)).json() == {}

    assert (len(server.requests), server.connections) == (3, 1)


async def test_a_certificate_that_signs_itself_is_never_spoken_to(no_proxy: pytest.MonkeyPatch) -> None:
    no_proxy.delenv("SSL_CERT_FILE", raising=False)
    async with serving(ANSWER, tls=tls()) as server:
        url = f"https://localhost:{server.port}"
        error = await fails(url)
        lost = await write_fails(url)

    assert isinstance(error, httpx.ConnectError)
    assert "certificate" in str(error)
    assert not lost.may_have_arrived
    assert server.requests == []


@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
async def test_a_certificate_of_another_host_is_never_spoken_to(
    trusting: pytest.MonkeyPatch, scheme: str
) -> None:
    async with serving(ANSWER, tls=tls()) as server:
        error = await fails(f"{scheme}://127.0.0.1:{server.port}")

    assert isinstance(error, httpx.ConnectError)
    assert "127.0.0.1" in str(error)
    assert server.requests == []


async def test_a_server_that_speaks_no_tls_was_never_called(no_proxy: pytest.MonkeyPatch) -> None:
    async with serving(greeting=b"220 mail.example ESMTP\r\n") as server:
        error = await fails(f"https://127.0.0.1:{server.port}")

    assert isinstance(error, httpx.ConnectError)
    assert server.requests == []


async def test_a_connection_that_takes_too_long_was_never_made(no_proxy: pytest.MonkeyPatch) -> None:
    async with serving(SILENCE) as server:
        url = f"https://127.0.0.1:{server.port}"
        error = await fails(url, connect=0.05)
        lost = await write_fails(url, patience=0.2)

    assert isinstance(error, httpx.ConnectTimeout)
    assert isinstance(lost, Transient)
    assert not lost.may_have_arrived


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_certificates_that_cannot_be_read_are_told_by_where_to_look(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "certificates.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    with pytest.raises(IcesyncError, match="SSL_CERT_FILE"):
        Connections(1, url="https://graph.instagram.com")


async def test_a_plain_connection_ignores_the_proxies_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async with serving(ANSWER) as server, client(server, 1) as http:
        assert (await http.get(server.url)).json() == {}


OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


@pytest.mark.parametrize("named", ["http://{}", "{}", f"http://icesync:{PASSWORD}@{{}}"])
async def test_tls_goes_through_a_proxy_that_sees_nothing_of_it(
    trusting: pytest.MonkeyPatch, named: str
) -> None:
    async with serving(ANSWER, tls=tls()) as server, serving(OPEN, tunnel_to=server.port) as proxy:
        trusting.setenv("https_proxy", named.format(f"127.0.0.1:{proxy.port}"))
        url = f"https://localhost:{server.port}"
        async with Connections(1, url=url) as connections:
            for _ in range(3):
                assert (await send(connections, url)).json() == {}

    assert len(server.requests) == 3
    assert len(proxy.requests) == 1
    assert proxy.requests[0].startswith(f"CONNECT localhost:{server.port} HTTP/1.1\r\n".encode())
    assert (b"proxy-authorization: basic" in proxy.requests[0].lower()) is (PASSWORD in named)
    assert TOKEN.encode() not in proxy.requests[0]


REFUSING = {
    "407": b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
    "403": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
    "502": Cut(b"HTTP/1.1 502 Bad Gateway\r\n\r\n"),
    "302": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "hung up": HANG_UP,
    "half a head": Cut(b"HTTP/1.1 200 Connec"),
    "no http": Cut(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
}


@pytest.mark.parametrize("refusal", REFUSING.values(), ids=REFUSING.keys())
async def test_a_proxy_that_does_not_let_it_through_was_handed_nothing(
    no_proxy: pytest.MonkeyPatch, refusal: bytes
) -> None:
    async with serving(refusal) as proxy:
        no_proxy.setenv("https_proxy", f"http://icesync:{PASSWORD}@127.0.0.1:{proxy.port}")
        error = await fails("https://graph.example")
        lost = await write_fails("https://graph.example")

    assert isinstance(error, httpx.ProxyError)
    assert isinstance(lost, Transient)
    assert not lost.may_have_arrived
    assert len(proxy.requests) == 4
    assert not any(TOKEN.encode() in request for request in proxy.requests)


async def test_a_proxy_that_is_not_there_was_handed_nothing(no_proxy: pytest.MonkeyPatch) -> None:
    no_proxy.setenv("https_proxy", f"http://icesync:{PASSWORD}@127.0.0.1:1")

    assert isinstance(await fails("https://graph.example"), httpx.ProxyError)
    assert not (await write_fails("https://graph.example")).may_have_arrived


async def test_a_proxy_that_never_answers_was_handed_nothing(no_proxy: pytest.MonkeyPatch) -> None:
    async with serving(SILENCE) as proxy:
        no_proxy.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        error = await fails("https://graph.example", connect=0.05)
        lost = await write_fails("https://graph.example", patience=0.2)

    assert isinstance(error, httpx.ConnectTimeout)
    assert not lost.may_have_arrived


async def test_a_certificate_is_checked_behind_a_proxy_too(no_proxy: pytest.MonkeyPatch) -> None:
    no_proxy.delenv("SSL_CERT_FILE", raising=False)
    async with serving(ANSWER, tls=tls()) as server, serving(OPEN, tunnel_to=server.port) as proxy:
        no_proxy.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        error = await fails(f"https://localhost:{server.port}")

    assert isinstance(error, httpx.ConnectError)
    assert "certificate" in str(error)
    assert server.requests == []


@pytest.mark.parametrize(
    "url",
    [
        f"socks5://icesync:{PASSWORD}@127.0.0.1:1080",
        f"https://icesync:{PASSWORD}@127.0.0.1:8443",
        f"http://icesync:{PASSWORD}@",
        f"http://icesync:{PASSWORD}@127.0.0.1:0",
        f"http://icesync:{PASSWORD}@127.0.0.1:99999",
        f"http://icesync:{PASSWORD}@127.0.0.1:port",
        f"http://icesync:{PASSWORD}@[::1",
        f"file:///{PASSWORD}",
        "http://",
    ],
)
async def test_a_proxy_that_cannot_be_used_is_told_without_its_url(
    no_proxy: pytest.MonkeyPatch, url: str
) -> None:
    no_proxy.setenv("https_proxy", url)

    with pytest.raises(IcesyncError, match="https_proxy") as caught:
        Connections(1, url="https://graph.instagram.com")

    assert PASSWORD not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)


async def test_a_host_that_no_proxy_names_is_called_without_one(trusting: pytest.MonkeyPatch) -> None:
    trusting.setenv("https_proxy", "http://127.0.0.1:1")
    trusting.setenv("no_proxy", "localhost")
    async with serving(ANSWER, tls=tls()) as server:
        url = f"https://localhost:{server.port}"
        async with Connections(1, url=url) as connections:
            assert (await send(connections, url)).json() == {}


GONE = Cut(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
NO_HTTP = b"GET /refresh_access_token?access_token=IGQVJsentinel HTTP/9\r\n\r\n"


@pytest.mark.parametrize(
    "answers",
    [[HANG_UP], [GONE], [NO_HTTP], [ELSEWHERE], [SILENCE], [answer(MOST + 1)], [ANSWER]],
    ids=range(7),
)
async def test_a_refresh_that_fails_is_sent_once_and_shows_its_token_to_no_log_and_in_no_error(
    answers: Sequence[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    async def token(account: Account) -> Secret:
        return Secret(TOKEN)

    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    clock = FakeClock()
    async with serving(*answers) as server:
        connections = Connections(1, url=server.url)
        governor = Governor(clock)
        async with connected(
            Api(server.url), connections, token, governor, clock=clock, patience=0.5
        ) as graph:
            with pytest.raises(GraphError) as caught:
                await graph.refresh(ACME)
    asyncio.get_running_loop().set_debug(False)
    gc.collect()

    assert len(server.requests) == 1
    assert f"access_token={TOKEN}".encode() in server.requests[0]
    assert caught.value.answer_lost is (answers != [ELSEWHERE])
    assert TOKEN not in f"{caught.value!r} {caught.value.failure!r}"
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert TOKEN not in caplog.text


async def test_a_post_without_a_body_says_so() -> None:
    async def token(account: Account) -> Secret:
        return Secret(TOKEN)

    clock = FakeClock()
    async with serving(b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"success":true}') as server:
        network = Connections(1, url=server.url)
        async with connected(
            Api(server.url), network, token, Governor(clock), clock=clock, patience=5.0
        ) as graph:
            await graph.subscribe(ACME, ("messages",))

    assert b"content-length: 0\r\n" in server.requests[0].lower()
