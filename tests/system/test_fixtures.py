"""The fixtures of the system tests, tried on the smallest things they can run."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.system.processes import eventually, free_port, start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.system.conftest import Promtool, StartPrometheus

PAGE = "# HELP rooms Rooms.\n# TYPE rooms gauge\nrooms 7\n"
SCRAPE = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: page
    static_configs: [{{targets: ['{target}']}}]
"""

pytestmark = pytest.mark.system


class Page(BaseHTTPRequestHandler):
    """Answers every GET with the same metrics."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture
def page() -> Iterator[str]:
    """Serve the page; yield its host and port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("version", [2, 3])
def test_prometheus_scrapes_and_answers(prometheus_server: StartPrometheus, page: str, version: int) -> None:
    """Each server stores what it scraped and tells it in queries, names and targets."""
    server = prometheus_server(SCRAPE.format(target=page), version=version)
    assert server.get("status/buildinfo")["version"].startswith(f"{version}.")
    (sample,) = server.wait_for("rooms")
    assert (sample.labels["job"], sample.value) == ("page", 7.0)
    assert server.query("rooms", moment=sample.moment - 3600) == []
    assert {stored.value for stored in server.stored("rooms")} == {7.0}
    assert {"rooms", "up"} <= server.names()
    assert [target["health"] for target in server.targets()] == ["up"]


def test_a_bad_configuration_is_told_with_the_servers_words(prometheus_server: StartPrometheus) -> None:
    """A server that leaves at once fails the test with its log, not with a silent wait."""
    with pytest.raises(
        AssertionError, match=r"left with \d+ before .* answered; the program said:[\s\S]*nonsense"
    ):
        prometheus_server("nonsense: 1\n")


def test_promtool_judges_a_page(promtool: Promtool) -> None:
    """A clean page passes, one without HELP does not."""
    assert promtool("check", "metrics", text=PAGE).returncode == 0
    unhelpful = promtool("check", "metrics", text="rooms_open 7\n")
    assert (unhelpful.returncode, unhelpful.stderr) == (3, "rooms_open no help text\n")


def test_a_process_is_stopped_by_signal_and_its_words_kept(tmp_path: Path) -> None:
    """What a program wrote on standard error can be read while it runs and afterwards."""
    code = "import sys, time; print('hello', file=sys.stderr, flush=True); time.sleep(60)"
    process = start([sys.executable, "-c", code], log=tmp_path / "log")
    eventually(lambda: "hello" in process.stderr, what="the greeting")
    assert process.stop() == -signal.SIGTERM
    assert process.stop() == -signal.SIGTERM
    assert process.stderr == "hello\n"


def test_a_process_that_will_not_end_is_killed(tmp_path: Path) -> None:
    """No test leaves a process behind, whatever that process thinks of signals."""
    code = "from signal import *; signal(SIGTERM, SIG_IGN); print('deaf', flush=True); pause()"
    process = start([sys.executable, "-c", code], log=tmp_path / "log")
    eventually(lambda: "deaf" in process.stderr, what="its deafness")
    assert process.stop(patience=0.1) == -signal.SIGKILL


def test_a_free_port_is_kept_for_the_program_that_asks_for_it() -> None:
    """Nobody else gets it meanwhile, as a client's end of a connection could."""
    port = free_port()
    with socket.socket() as somebody, pytest.raises(OSError, match="in use"):
        somebody.bind(("127.0.0.1", port))
    with socket.create_server(("127.0.0.1", port)) as server:
        assert server.getsockname()[1] == port


def test_waiting_has_an_end(tmp_path: Path) -> None:
    """What never comes true fails the test and says what was awaited."""
    with pytest.raises(AssertionError, match=r"not within 0\.1 s: the moon"):
        eventually(lambda: None, what="the moon", seconds=0.1)
    process = start([sys.executable, "-c", "import time; time.sleep(60)"], log=tmp_path / "log")
    with pytest.raises(AssertionError, match="answers 200"):
        process.wait_until_answers(f"http://127.0.0.1:{free_port()}/", seconds=0.2)
    process.stop()
