"""A Graph API on loopback that costs next to nothing: it answers every request with one document."""

import asyncio
import sys
from pathlib import Path

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
END = b"\r\n\r\n"


class Answers(asyncio.Protocol):
    """One connection. A request ends with its head: a plan only reads, so none has a body."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.unfinished = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        *requests, self.unfinished = (self.unfinished + data).split(END)
        self.transport.write(self.answer * len(requests))


async def serve(content: bytes) -> None:
    answer = HEAD % len(content) + content
    server = await asyncio.get_running_loop().create_server(lambda: Answers(answer), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]).read_bytes()))
