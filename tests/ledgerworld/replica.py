"""An exporter in a process of its own that is scraped, killed by SIGKILL at any moment, and replaced."""

from __future__ import annotations

import itertools
import os
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import httpx

from tests.ledgerworld.pages import Scraped
from tests.system.processes import Process, eventually, free_port, start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.ledgerworld.paced import PacedClock

CONFIG: Final = """
collect: {{min_interval: 0s}}
ledger: {{url: "{ledger}", interval: 0s, requests_per_minute: 600, since: 8h}}
sources:
  - name: video
    kind: daily
    base_url: {vendor}/v1
    api_key: {key}
    presence: "off"
    http: {{proxy: none}}
"""

OURS: Final = ("DAILY_", "ROCKETCHAT_", "PRESENCE_EXPORTER_")
"""What the exporter reads from the environment: a tester's own settings must not leak into a test."""


def write_config(folder: Path, *, ledger: str, vendor: str, key: str) -> Path:
    """The configuration of all replicas; gives the file."""
    path = folder / "exporter.yml"
    path.write_text(CONFIG.format(ledger=ledger, vendor=vendor, key=key), encoding="utf-8")
    path.chmod(0o600)
    return path


@dataclass(slots=True)
class Replica:
    """One place where always some exporter runs, and what was scraped there."""

    config: Path
    name: str
    clock: PacedClock
    scraped: Scraped = field(default_factory=Scraped)
    kills: int = 0
    lost: int = 0
    """Scrapes that got no page, since there was nobody to answer."""
    _port: int = field(default_factory=free_port)
    _process: Process | None = None
    _count: Iterator[int] = field(default_factory=itertools.count)

    def begin(self) -> None:
        """Start a process; nobody waits for it."""
        address = f"127.0.0.1:{self._port}"
        command = [sys.executable, "-m", "exporter", "--web.listen-address", address]
        log = self.config.parent / f"{self.name}-{next(self._count)}.log"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self._process = start([*command, "--config.file", str(self.config)], log=log, env=inherited)

    def kill(self) -> None:
        """End the process by a signal that it cannot hear."""
        assert self._process is not None
        self._process.popen.kill()
        self._process.popen.wait()
        self.kills += 1

    def stop(self) -> None:
        """End the process as it should."""
        if self._process is not None:
            self._process.stop()

    def scrape(self) -> dict[str, float] | None:
        """Scrape once; None where there was no page, or not all of it."""
        try:
            answer = httpx.get(
                f"http://127.0.0.1:{self._port}/metrics",
                headers={"Accept": "application/openmetrics-text; version=1.0.0"},
                timeout=15.0,
                trust_env=False,
            )
        except httpx.TransportError:
            self.lost += 1
            # Whoever is not there refuses at once.
            threading.Event().wait(0.02)
            return None
        assert answer.status_code == 200
        self.clock.seen()
        return self.scraped.add(answer.text)

    def be_ready(self) -> None:
        """Wait until the process answers, however slowly it starts."""
        assert self._process is not None
        self._process.wait_until_answers(f"http://127.0.0.1:{self._port}/-/ready")

    def scrape_until(self, seconds: float, *, then_kill: bool) -> None:
        """Scrape again and again for so long; perhaps kill the process then, whatever it is doing."""
        over = threading.Event()

        def end() -> None:
            if then_kill:
                self.kill()
            over.set()

        timer = threading.Timer(seconds, end)
        timer.start()
        while not over.is_set():
            self.scrape()
        timer.join()

    def page(self) -> dict[str, float]:
        """The next page that comes."""
        return eventually(self.scrape, what=f"a page of {self.name}", seconds=60)
