"""The running exporter under real Prometheus servers, old and new, while its vendors come and go."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.demo import CHAT_ON_CALL, CHAT_TOKEN, CHAT_USER_ID, DAILY_KEY, DemoTransport, World, accelerated
from exporter.metrics.catalogue import FAMILIES
from tests.system.processes import eventually
from tests.upstream import run_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.system.conftest import ExporterProcess, Promtool, StartExporter, StartPrometheus
    from tests.system.prometheus import PrometheusServer
    from tests.upstream import Running

pytestmark = pytest.mark.system

WATCHED_MINUTE: Final = 60.0
NEVER_EMPTY: Final = ("presence_participants", "presence_meetings_ongoing", 'presence_users{status="online"}')
"""Counts that the simulated world never has at 0, so that a stored 0 can only be a false one."""

CONFIG: Final = """
sources:
  - name: acme
    kind: daily
    base_url: {url}/v1
    api_key: {daily_key}
    rooms:
      watch: [frontdesk]
      groups: {{support: "support-.*"}}
  - name: desk
    kind: daily
    base_url: {url}/v1
    api_key: {daily_key}
    presence: rooms
    meetings: false
    rooms: {{watch: [support-1, support-2]}}
  - name: chat
    kind: rocketchat
    base_url: {url}
    user_id: {chat_user}
    auth_token: {chat_token}
    delta: {{full_every: 30s}}
    groups: {{oncall: [{on_call}]}}
    connections: true
"""

SCRAPE: Final = """
global: {{scrape_interval: 5s, scrape_timeout: 4s}}
scrape_configs:
  - job_name: presence
    static_configs: [{{targets: ["{address}"]}}]
"""


@pytest.fixture
def vendors() -> Iterator[Running]:
    """Both vendors on one address, at a busy hour that goes on in real time."""
    clock = accelerated(time.time() // 86400 * 86400 + 10 * 3600 - 86400, 1.0)
    with run_server(DemoTransport(World("prometheus", clock))) as running:
        yield running


@pytest.fixture
def exporter(vendors: Running, exporter_process: StartExporter, tmp_path: Path) -> ExporterProcess:
    """An exporter that asks every kind of question of those vendors."""
    file = tmp_path / "presence.yml"
    file.write_text(
        CONFIG.format(
            url=vendors.url,
            daily_key=DAILY_KEY,
            chat_user=CHAT_USER_ID,
            chat_token=CHAT_TOKEN,
            on_call=", ".join(CHAT_ON_CALL),
        )
    )
    file.chmod(0o600)
    return exporter_process("--config.file", str(file))


def test_a_minute_under_two_prometheus_servers_stores_all_and_never_a_false_zero(
    vendors: Running, exporter: ExporterProcess, prometheus_server: StartPrometheus
) -> None:
    """New and old Prometheus scrape every family by OpenMetrics; a dead vendor makes counts stale, not 0."""
    begun = time.monotonic()
    servers = [
        prometheus_server(SCRAPE.format(address=exporter.address), version=version) for version in (3, 2)
    ]
    for server in servers:
        for count in NEVER_EMPTY:
            server.wait_for(f"{count} > 0")
    vendors.down()
    for server in servers:
        eventually(partial(_all_down, server), what="presence_up is 0 for every source")
        for count in NEVER_EMPTY:
            assert server.query(count) == [], f"{count} is shown while its vendor is dead"
        assert {sample.value for sample in server.query("presence_participants or up")} == {1.0}
    time.sleep(10)
    vendors.up()
    for server in servers:
        eventually(partial(_all_up, server), what="presence_up is 1 for every source")
    time.sleep(max(0.0, WATCHED_MINUTE - (time.monotonic() - begun)))
    for server in servers:
        _must_have_stored_everything(server, exporter)


def test_promtool_finds_nothing_to_say_about_the_page(exporter: ExporterProcess, promtool: Promtool) -> None:
    """`promtool check metrics` is content with names, units and HELP of a whole page."""
    page = httpx.get(f"{exporter.url}/metrics", trust_env=False).text
    said = promtool("check", "metrics", text=page)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def _must_have_stored_everything(server: PrometheusServer, exporter: ExporterProcess) -> None:
    assert {sample.value for sample in server.stored("up")} == {1.0}
    assert [target["lastError"] for target in server.targets()] == [""]
    for count in NEVER_EMPTY:
        values = [sample.value for sample in server.stored(count)]
        assert values, f"{count} was never stored"
        assert min(values) > 0, f"{count} was stored as 0"
    names = server.names()
    assert "presence_status_duration_seconds_created" in names, "OpenMetrics was not what it scraped"
    page = httpx.get(f"{exporter.url}/metrics", trust_env=False).text
    families = list(text_string_to_metric_families(page))
    shown = {family.name for family in families}
    assert {family.name.removesuffix("_total").removesuffix("_info") for family in FAMILIES} <= shown | {
        family.name.removesuffix("_info") for family in families
    }
    series = {sample.name for family in families for sample in family.samples}
    assert series <= names, f"not stored: {sorted(series - names)}"


def _all_down(server: PrometheusServer) -> bool:
    return [sample.value for sample in server.query("presence_up")] == [0.0, 0.0, 0.0]


def _all_up(server: PrometheusServer) -> bool:
    return [sample.value for sample in server.query("presence_up")] == [1.0, 1.0, 1.0]
