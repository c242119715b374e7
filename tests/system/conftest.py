"""Fixtures that start the exporter and Prometheus as real processes and stop them after the test."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.programs import require_prometheus, require_tool
from tests.system.processes import Process, free_port, start
from tests.system.prometheus import PrometheusServer, start_prometheus
from tests.system.world import StoredWorld, begin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

OURS = ("DAILY_", "ROCKETCHAT_", "PRESENCE_EXPORTER_")
"""What the exporter reads from the environment: a tester's own settings must not leak into a test."""


@dataclass(frozen=True, slots=True)
class ExporterProcess:
    """The exporter as a process, ready to be scraped at `url`."""

    url: str
    process: Process

    @property
    def address(self) -> str:
        """Its host and port, as a Prometheus target."""
        return self.url.removeprefix("http://")

    @property
    def stderr(self) -> str:
        """What it has logged so far."""
        return self.process.stderr

    def stop(self) -> int:
        """End it by SIGTERM; return its exit status."""
        return self.process.stop()


class StartExporter(Protocol):
    """Starts `python -m exporter` with these arguments on a free port, and waits for /-/ready."""

    def __call__(
        self, *arguments: str, env: Mapping[str, str] | None = None, port: int | None = None
    ) -> ExporterProcess: ...


class StartPrometheus(Protocol):
    """Starts a Prometheus of that major version with that configuration, and waits until it is ready."""

    def __call__(
        self, config_yaml: str, *, version: int = 3, flags: Sequence[str] = ()
    ) -> PrometheusServer: ...


class Promtool(Protocol):
    """Runs promtool with these arguments, `text` on its standard input."""

    def __call__(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]: ...


@pytest.fixture
def exporter_process(tmp_path: Path) -> Iterator[StartExporter]:
    """Start exporters for this test; give `env` for more variables, `port` to come back where one was."""
    with ExitStack() as stack:
        yield _starting_in(tmp_path, stack)


def _starting_in(folder: Path, stack: ExitStack) -> StartExporter:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    count = iter(range(100))

    def run(
        *arguments: str, env: Mapping[str, str] | None = None, port: int | None = None
    ) -> ExporterProcess:
        address = f"127.0.0.1:{port or free_port()}"
        command = [sys.executable, "-m", "exporter", "--web.listen-address", address, *arguments]
        log = folder / f"exporter-{next(count)}.log"
        process = start(command, log=log, env={**inherited, **(env or {})})
        stack.callback(process.stop)
        process.wait_until_answers(f"http://{address}/-/ready")
        return ExporterProcess(f"http://{address}", process)

    return run


@pytest.fixture(scope="session")
def stored_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredWorld]:
    """Nine days of the simulated world in a Prometheus that goes on scraping a demo; one for each process."""
    folder = tmp_path_factory.mktemp("world")
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "nine-days"
    with ExitStack() as stack:
        exporter = _starting_in(folder, stack)("--demo")
        yield begin(folder, shared=shared, address=exporter.address, stack=stack)


@pytest.fixture
def prometheus_server(tmp_path: Path) -> Iterator[StartPrometheus]:
    """Start Prometheus servers for this test: 3 as `make tools` built it, 2 as Debian has it."""
    with ExitStack() as stack:
        count = iter(range(100))

        def run(config_yaml: str, *, version: int = 3, flags: Sequence[str] = ()) -> PrometheusServer:
            program = require_prometheus(version)
            folder = tmp_path / f"prometheus-{next(count)}"
            server = start_prometheus(program, config_yaml, folder=folder, flags=flags)
            stack.callback(server.process.stop)
            return server

        yield run


@pytest.fixture
def promtool() -> Promtool:
    """Run promtool of Prometheus 3; the caller looks at its exit status and words."""
    program = require_tool("promtool")

    def run(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *arguments], input=text, capture_output=True, text=True, timeout=60, check=False
        )

    return run
