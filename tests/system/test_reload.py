"""A running exporter whose configuration changes under a real Prometheus, and one that is told so early."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from exporter.commands.hangup import HANGUP
from exporter.demo import CHAT_TOKEN, CHAT_USER_ID, DAILY_KEY, DemoTransport, World, accelerated
from tests.commandline import start_process
from tests.system.processes import Process, eventually, free_port
from tests.upstream import run_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.system.conftest import ExporterProcess, StartExporter, StartPrometheus
    from tests.upstream import Running

pytestmark = pytest.mark.system

WORKED: Final = "presence_exporter_config_last_reload_successful"
REFUSED: Final = "configuration not reloaded, the one before stays in force"

STAYS: Final = """
collect: {{min_interval: {interval}}}
ledger: {{url: "sqlite:///ledger.db"}}
sources:
  - {{name: stays, kind: daily, base_url: "{url}/v1", api_key_file: key}}
"""
CHAT: Final = """
  - name: chat
    kind: rocketchat
    base_url: "{url}"
    user_id: {user}
    auth_token: {token}
    connections: {asked}
"""
MORE: Final = """
  - {{name: more, kind: daily, base_url: "{url}/v1", api_key_file: key, meetings: {meetings}}}
"""
SCRAPE: Final = """
global: {{scrape_interval: 3s, scrape_timeout: 3s}}
scrape_configs:
  - job_name: presence
    static_configs: [{{targets: ["{address}"]}}]
"""
NEVER_FALLS: Final = (
    "presence_collector_runs_total",
    "presence_upstream_requests_total",
    "presence_upstream_request_duration_seconds_count",
    "presence_exporter_collections_total",
    "presence_exporter_collections_shared_total",
    "presence_meeting_duration_seconds_count",
)


@pytest.fixture
def vendors() -> Iterator[Running]:
    """Both vendors on one address, at a busy hour."""
    clock = accelerated(time.time() // 86400 * 86400 + 10 * 3600 - 86400, 1.0)
    with run_server(DemoTransport(World("reload", clock))) as running:
        yield running


@pytest.fixture
def started() -> Iterator[list[Process]]:
    """Processes that end with the test, whatever becomes of it."""
    processes: list[Process] = []
    yield processes
    for process in processes:
        process.stop()


def written(file: Path, text: str, url: str, **changes: Any) -> None:
    """Write a configuration in one go, as whatever manages files does."""
    values = {
        "interval": "0s",
        "user": CHAT_USER_ID,
        "token": CHAT_TOKEN,
        "asked": "true",
        "meetings": "true",
    }
    fresh = file.with_name("fresh")
    fresh.write_text(text.format(url=url, **values | changes))
    fresh.chmod(0o600)
    fresh.replace(file)


def hang_up(exporter: ExporterProcess, *, event: str) -> None:
    """Send SIGHUP, and wait until the log says what came of it."""
    before = exporter.stderr.count(event)
    assert HANGUP is not None
    exporter.process.popen.send_signal(HANGUP)
    eventually(lambda: exporter.stderr.count(event) > before, what=f"the log says: {event}", seconds=60)


def post(exporter: ExporterProcess) -> tuple[int, str]:
    """Ask for a reload by HTTP."""
    answer = httpx.post(f"{exporter.url}/-/reload", trust_env=False, timeout=60)
    return answer.status_code, answer.text


def test_a_real_prometheus_notices_nothing_but_what_changed(
    vendors: Running, exporter_process: StartExporter, prometheus_server: StartPrometheus, tmp_path: Path
) -> None:
    """No scrape fails across reloads by signal and by HTTP, good and bad ones, and no counter falls."""
    file, key = tmp_path / "presence.yml", tmp_path / "key"
    key.write_text(DAILY_KEY)
    key.chmod(0o600)
    written(file, STAYS + CHAT, vendors.url)
    exporter = exporter_process("--config.file", str(file))
    server = prometheus_server(SCRAPE.format(address=exporter.address))
    server.wait_for("presence_up == 1")
    for text, changes in (
        (STAYS + CHAT + MORE, {}),
        (STAYS + MORE, {"meetings": "false", "interval": "2s"}),
        (STAYS, {}),
    ):
        written(file, text, vendors.url, **changes)
        hang_up(exporter, event="configuration reloaded")
        file.write_text("sources: [canary")
        status, told = post(exporter)
        assert status == 500
        assert "this is not YAML" in told
        hang_up(exporter, event=REFUSED)
        server.wait_for(f"{WORKED} == 0", seconds=60)
        written(file, STAYS + CHAT, vendors.url, asked="false")
        assert post(exporter) == (200, "reloaded\n")
        server.wait_for(f"{WORKED} == 1", seconds=60)
    written(file, STAYS, vendors.url)
    assert post(exporter) == (200, "reloaded\n")
    eventually(
        lambda: server.query("presence_source_info{source!='stays'}") == [],
        what="the others are gone",
        seconds=60,
    )

    scrapes = [sample.value for sample in server.stored("up")]
    assert len(scrapes) > 6
    assert set(scrapes) == {1.0}
    assert [target["lastError"] for target in server.targets()] == [""]
    for name in NEVER_FALLS:
        assert {sample.value for sample in server.query(f'resets({name}{{source="stays"}}[1h])')} == {0.0}, (
            name
        )
    assert "canary" not in exporter.stderr
    assert "traceback" not in exporter.stderr
    assert exporter.stop() == 0


def test_a_secret_of_the_environment_is_read_again(
    vendors: Running, exporter_process: StartExporter, tmp_path: Path
) -> None:
    """Its file may have changed; the variables of a running process cannot."""
    key = tmp_path / "key"
    key.write_text(DAILY_KEY)
    exporter = exporter_process(env={"DAILY_API_KEY_FILE": str(key), "DAILY_API_URL": f"{vendors.url}/v1"})
    key.write_text("canary-key")
    hang_up(exporter, event="configuration reloaded")
    httpx.get(f"{exporter.url}/metrics", trust_env=False, timeout=60)
    key.unlink()
    status, told = post(exporter)

    assert {seen.headers["authorization"] for seen in vendors.requests} == {"Bearer canary-key"}
    assert (status, told.partition(" ")[0]) == (500, "DAILY_API_KEY_FILE:")
    assert "canary" not in exporter.stderr + told


def test_the_demo_has_nothing_to_read(exporter_process: StartExporter) -> None:
    """A reload of it is a harmless success."""
    exporter = exporter_process("--demo", "--log.format", "json")
    assert post(exporter) == (200, "reloaded\n")
    lines = [json.loads(line) for line in exporter.stderr.splitlines()]
    [line] = [line for line in lines if line["event"] == "configuration reloaded"]
    assert (line["kept"], line["added"], line["changed"], line["removed"]) == (2, "", "", "")


def test_a_signal_that_comes_before_it_listens_does_not_end_it(
    tmp_path: Path, started: list[Process]
) -> None:
    """It is remembered; a configuration that came through a pipe cannot be read again, and stays in force."""
    pipe, address = tmp_path / "presence.yml", f"127.0.0.1:{free_port()}"
    os.mkfifo(pipe)
    process = start_process("--config.file", str(pipe), "--web.listen-address", address, folder=tmp_path)
    started.append(process)

    def reading() -> int | None:
        # A pipe can be opened for writing without waiting once somebody reads from it.
        with suppress(OSError):
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        return None

    writing = eventually(reading, what="it reads its configuration", seconds=60)
    for _ in range(3):
        process.popen.send_signal(signal.SIGHUP)
    os.write(writing, b"sources: [{name: a, kind: daily, api_key: k}]")
    os.close(writing)
    process.wait_until_answers(f"http://{address}/-/ready", seconds=60)
    eventually(lambda: REFUSED in process.stderr, what="it tries to read again", seconds=60)

    assert "is not a regular file" in process.stderr
    assert process.stop() == 0
