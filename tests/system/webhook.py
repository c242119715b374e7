"""A receiver of Alertmanager's webhooks on loopback, which keeps what it is sent.

Knows the format of the messages (version 4) and nothing of who sends them.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from tests.system.processes import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PATIENCE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Notice:
    """What one message says of one alert: which receiver was meant, and `firing` or `resolved`."""

    receiver: str
    status: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    def about(self, alertname: str, **labels: str) -> bool:
        """Say whether it is of an alert with this name and these labels."""
        return self.labels.items() >= {"alertname": alertname, **labels}.items()


class Webhook:
    """Everything that was sent so far, in its order."""

    def __init__(self, port: int) -> None:
        """Hear at this port."""
        self.url = f"http://127.0.0.1:{port}"
        self.notices: list[Notice] = []

    def heard(self, alertname: str, **labels: str) -> list[Notice]:
        """Return what was said of an alert, or of all that have its name and these labels."""
        return [notice for notice in list(self.notices) if notice.about(alertname, **labels)]

    def wait_for(self, status: str, alertname: str, *, seconds: float = PATIENCE, **labels: str) -> Notice:
        """Return the last thing said of the alert, once that is `firing` or `resolved`."""

        def last() -> Notice | None:
            heard = self.heard(alertname, **labels)
            return heard[-1] if heard and heard[-1].status == status else None

        what = f"{alertname} {labels} is {status}; so far there came {self.notices}"
        return eventually(last, what=what, seconds=seconds)

    def take(self, message: Mapping[str, Any]) -> None:
        """Keep each alert of a message apart."""
        for alert in message["alerts"]:
            said = alert["status"], alert["labels"], alert["annotations"]
            self.notices.append(Notice(message["receiver"], *said))


@contextmanager
def listening() -> Iterator[Webhook]:
    """Hear on a free loopback port until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            webhook.take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        webhook = Webhook(server.server_port)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield webhook
        finally:
            server.shutdown()
            thread.join(PATIENCE)
