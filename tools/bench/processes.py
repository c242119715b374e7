"""Processes under measurement: their processor time and memory, as the kernel counts them (Linux).

Each child is a process of its own, so that nothing of the measuring is counted.
"""

import gzip
import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

ROOT: Final = Path(__file__).resolve().parents[2]
PATIENCE: Final = 60.0
OPENMETRICS: Final = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
TEXT: Final = "text/plain;version=0.0.4"


class BenchError(Exception):
    """Nothing was measured, since something did not work; the text says what."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one piece of work took, in seconds: of processor time, and by the clock."""

    cpu: float
    wall: float


class Child:
    """A process; some do a piece of work for each line they get, and answer with a line."""

    def __init__(self, *command: str, python: Path | None = None) -> None:
        self._popen = subprocess.Popen(
            [str(python or sys.executable), *command],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        """End it with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._popen.kill()
        self._popen.communicate()

    def cpu(self) -> float:
        """Seconds of processor time since its start, those of all threads."""
        return time.clock_gettime(_processor_clock(self._popen.pid))

    def memory(self, field: str) -> int:
        """Bytes: `VmRSS` is what it holds now, `VmHWM` the most it ever held."""
        status = Path(f"/proc/{self._popen.pid}/status").read_text(encoding="ascii")
        found = next(line for line in status.splitlines() if line.startswith(field + ":"))
        return int(found.split()[1]) * 1024

    def line(self) -> str:
        """Wait for its next line."""
        line = self._popen.stdout.readline() if self._popen.stdout else ""
        if not line:
            raise BenchError(f"{self._popen.args!r} ended with {self._popen.wait()}")
        return line

    def ask(self, text: str = "") -> str:
        """Send it a line, and wait for its own."""
        if self._popen.stdin:
            self._popen.stdin.write(text + "\n")
            self._popen.stdin.flush()
        return self.line()

    def running(self) -> bool:
        """Whether it has not ended."""
        return self._popen.poll() is None


def _processor_clock(pid: int) -> int:
    """The number of a process's clock: what clock_getcpuclockid(3) makes of its id."""
    return ~pid << 3 | 2


def cost(child: Child, work: Callable[[], object]) -> Cost:
    """What a piece of work takes of that child."""
    cpu, wall = child.cpu(), time.perf_counter()
    work()
    return Cost(child.cpu() - cpu, time.perf_counter() - wall)


class Upstream(Child):
    """The static server."""

    def __init__(self, **sizes: int) -> None:
        options = [f"--{name}={value}" for name, value in sizes.items()]
        super().__init__("-m", "tools.bench.upstream", *options)
        said = json.loads(self.line())
        self.url = f"http://127.0.0.1:{said['port']}"
        self.sizes: Mapping[str, int] = said["sizes"]


class Exporter(Child):
    """The exporter as its command starts it; ready when made."""

    def __init__(self, *options: str, python: Path | None = None) -> None:
        began = time.perf_counter()
        port = _free_port()
        listen = ("--web.listen-address", f"127.0.0.1:{port}", "--log.level", "error")
        super().__init__("-m", "exporter", *options, *listen, python=python)
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        while not self._is_ready():
            if not self.running() or time.perf_counter() - began > PATIENCE:
                self.__exit__()
                raise BenchError(f"the exporter does not start with {options}")
            time.sleep(0.002)
        self.start = Cost(self.cpu(), time.perf_counter() - began)

    def scrape(self, accept: str = OPENMETRICS) -> str:
        """Ask for a page as Prometheus does with its default timeout."""
        headers = {"Accept": accept, "Accept-Encoding": "gzip", "X-Prometheus-Scrape-Timeout-Seconds": "10"}
        self._connection.request("GET", "/metrics", headers=headers)
        answer = self._connection.getresponse()
        page = gzip.decompress(answer.read()).decode()
        if answer.status != http.client.OK:
            raise BenchError(f"a scrape was answered with {answer.status}")
        return page

    def _is_ready(self) -> bool:
        try:
            self._connection.request("GET", "/-/ready")
            return self._connection.getresponse().read() == b"ready\n"
        except OSError:
            self._connection.close()
            return False


def figure_of(page: str, series: str) -> float:
    """The value of one series of a page."""
    found = [line for line in page.splitlines() if line.startswith(series + " ")]
    if len(found) != 1:
        raise BenchError(f"{len(found)} lines for {series}")
    return float(found[0].split(" ")[1])


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
