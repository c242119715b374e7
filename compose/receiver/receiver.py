"""Prints what Alertmanager sends by webhook, a line for each alert; nothing but the standard library.

It knows the format of the messages (version 4). The path is the name of who would be told.
"""

from __future__ import annotations

import json
import signal
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LARGEST: Final = 4 * 2**20
"""Bytes of a message; Alertmanager's are some kilobytes."""


def told(receiver: str, message: Mapping[str, Any]) -> Iterator[str]:
    """A line for each alert of a message: to whom, whether it fires or has ended, what, and where."""
    for alert in message["alerts"]:
        labels, words = alert["labels"], alert["annotations"]
        where = " ".join(f"{name}={labels[name]}" for name in sorted(labels) if name != "alertname")
        yield f"{receiver}: {alert['status']} {labels['alertname']} {where}: {words.get('summary', '')}"


class Handler(BaseHTTPRequestHandler):
    """Takes one message by POST."""

    def do_POST(self) -> None:
        """Print it; 400 where it is none."""
        status = HTTPStatus.OK
        try:
            length = int(self.headers["Content-Length"])
            if not 0 < length <= LARGEST:
                raise ValueError("a length that no message has")
            lines = list(told(self.path.strip("/"), json.loads(self.rfile.read(length))))
        except (AttributeError, KeyError, TypeError, ValueError):
            status = HTTPStatus.BAD_REQUEST
        else:
            for line in lines:
                print(line.encode("unicode_escape").decode("ascii"), flush=True)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing of requests: what they bring is printed."""


def main(address: str) -> None:
    """Listen there until SIGTERM."""
    host, _, port = address.rpartition(":")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ThreadingHTTPServer((host, int(port)), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
