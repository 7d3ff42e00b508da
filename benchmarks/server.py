"""A Graph API on loopback that costs next to nothing: it answers every request with one document.

Where the document says {id}, the answer says the id of the account that was asked for.
"""

import argparse
import asyncio
from pathlib import Path

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
END = b"\r\n\r\n"


class Answers(asyncio.Protocol):
    """One connection. A request ends with its head: a plan only reads, so none has a body."""

    def __init__(self, document: bytes, latency: float) -> None:
        self.document = document
        self.latency = latency
        self.unfinished = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        *requests, self.unfinished = (self.unfinished + data).split(END)
        if self.latency and requests:
            # What came together is answered together, so the answers keep the order of the requests.
            asyncio.get_running_loop().call_later(self.latency, self.respond, requests)
        else:
            self.respond(requests)

    def respond(self, requests: list[bytes]) -> None:
        for request in requests:
            if self.transport.is_closing():
                return
            content = self.document.replace(b"{id}", request.split(b"/", 3)[2])
            self.transport.write(HEAD % len(content) + content)
            if b"\r\nconnection: close" in request.lower():
                self.transport.close()


async def serve(document: bytes, latency: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answers(document, latency), "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("document", type=Path)
    parser.add_argument("--latency", type=float, default=0, metavar="MS", help="how long each answer waits")
    options = parser.parse_args()
    asyncio.run(serve(options.document.read_bytes(), options.latency / 1000))
