"""A static server on loopback, run as a process of its own: ready bodies, and as little work as can be.

It prints its port and the size of each body as a line of JSON, and serves until it is ended. The n-th request
for a path gets the path's n-th variant.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from email.utils import formatdate
from itertools import cycle
from typing import Final

from tools.bench.bodies import chat_presence, daily_meetings, daily_presence

HEAD: Final = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nDate: {}\r\n\r\n"


class Connection(asyncio.Protocol):
    """One client: requests without bodies, one after the other."""

    def __init__(self, bodies: Mapping[bytes, "cycle[bytes]"]) -> None:
        self._bodies = bodies
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are written to."""
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request whose headers are there."""
        *requests, self._unread = (self._unread + data).split(b"\r\n\r\n")
        for request in requests:
            path = request.split(b" ", 2)[1].partition(b"?")[0]
            body = next(self._bodies[path])
            self._transport.write(HEAD.format(len(body), formatdate(usegmt=True)).encode())
            self._transport.write(body)


async def serve(bodies: Mapping[str, Sequence[bytes]]) -> None:
    """Serve, and say where."""
    turns = {path.encode(): cycle(variants) for path, variants in bodies.items()}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(turns), "127.0.0.1", 0, backlog=4096)
    sizes = {path: len(variants[0]) for path, variants in bodies.items()}
    print(json.dumps({"port": server.sockets[0].getsockname()[1], "sizes": sizes}), flush=True)
    await server.serve_forever()


def main() -> None:
    """Make the bodies that the arguments ask for, and serve them."""
    parser = argparse.ArgumentParser()
    for size in ("--rooms", "--people", "--users"):
        parser.add_argument(size, type=int, default=0)
    parser.add_argument("--variants", type=int, default=1)
    asked, now = parser.parse_args(), time.time()
    variants = range(asked.variants)
    bodies = {
        "/presence": [daily_presence(asked.rooms, asked.people, now=now, variant=each) for each in variants],
        "/meetings": [daily_meetings(asked.rooms, now=now)],
        "/api/v1/users.presence": [chat_presence(asked.users, variant=each) for each in variants],
    }
    asyncio.run(serve(bodies))


if __name__ == "__main__":
    main()
