"""Real Prometheus servers take the documented configurations, and find each source as a target of its own."""

from __future__ import annotations

import re
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx
import pytest
import yaml

from exporter.demo import (
    CHAT_TOKEN,
    CHAT_USER_ID,
    DAILY_KEY,
    ChatWorkspace,
    DailyDomain,
    DemoTransport,
    World,
    accelerated,
)
from tests.programs import PROJECT
from tests.system.processes import eventually, free_port
from tests.upstream import run_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.conftest import Promtool, StartExporter, StartPrometheus
    from tests.system.prometheus import PrometheusServer
    from tests.upstream import Running

pytestmark = pytest.mark.system

PAGE: Final = (PROJECT / "docs" / "targets.md").read_text(encoding="utf-8")
EXAMPLES: Final = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ALL_IN_ONE, EACH_SOURCE, REPLICAS, SHARDS, SOME = EXAMPLES

QUICK: Final = "global: {scrape_interval: 3s, scrape_timeout: 3s}\n"

DAILY: Final = '  - {{name: {name}, kind: daily, base_url: "{url}/v1", api_key: "{key}"}}'
CHAT: Final = (
    '  - {{name: {name}, kind: rocketchat, base_url: "{url}", user_id: "{user}", auth_token: "{token}"}}'
)
VIDEO: Final = [f"video-{number:02}" for number in range(25)]
CHATS: Final = [f"chat_{number:02}" for number in range(25)]
SOURCES: Final = sorted([*VIDEO, *CHATS])


@pytest.fixture
def vendors() -> Iterator[Running]:
    """Both vendors on one address, whose limits fifty accounts do not share."""
    clock = accelerated(time.time() // 86400 * 86400 + 10 * 3600 - 86400, 1.0)
    daily = DailyDomain("targets", clock=clock, calls=None)
    world = World("targets", clock, daily=daily, chat=ChatWorkspace("targets", clock=clock, calls=None))
    with run_server(DemoTransport(world)) as running:
        yield running


@pytest.fixture
def fifty(vendors: Running, tmp_path: Path) -> str:
    """A configuration with fifty sources, half of each kind."""
    url, file = vendors.url, tmp_path / "presence.yml"
    daily = [DAILY.format(name=name, url=url, key=DAILY_KEY) for name in VIDEO]
    chat = [CHAT.format(name=name, url=url, user=CHAT_USER_ID, token=CHAT_TOKEN) for name in CHATS]
    file.write_text("\n".join(["sources:", *daily, *chat, ""]))
    file.chmod(0o600)
    return str(file)


@pytest.mark.parametrize("example", EXAMPLES)
def test_promtool_takes_every_documented_configuration(
    example: str, promtool: Promtool, tmp_path: Path
) -> None:
    """As it stands, with nothing to warn of."""
    file = tmp_path / "prometheus.yml"
    file.write_text(example)
    said = promtool("check", "config", str(file))

    assert (said.returncode, said.stderr) == (0, "")
    assert "is valid prometheus config file syntax" in said.stdout
    assert "WARNING" not in said.stdout


def test_fifty_sources_are_fifty_targets_that_are_up(
    fifty: str, exporter_process: StartExporter, prometheus_server: StartPrometheus
) -> None:
    """Old and new Prometheus read the list and ask each source alone, and the exporter about itself.

    A source that is gone after a reload is no target any more.
    """
    exporter = exporter_process("--config.file", fifty)
    config = QUICK + EACH_SOURCE.replace("presence-exporter:10458", exporter.address)
    config = config.replace("/sd\n", "/sd\n        refresh_interval: 1s\n")
    servers = [prometheus_server(config, version=version) for version in (3, 2)]
    for server in servers:
        _wait_until_up(server, SOURCES)
        targets = [each for each in server.targets() if each["labels"]["job"] == "presence"]
        assert sorted(each["scrapeUrl"] for each in targets) == [
            f"http://{exporter.address}/probe?source={source}" for source in SOURCES
        ]
        assert {frozenset(each["labels"]) for each in targets} == {frozenset({"instance", "job"})}
        kinds = {each["labels"]["instance"]: each["discoveredLabels"] for each in targets}
        assert {source: labels["__meta_presence_kind"] for source, labels in kinds.items()} == {
            **dict.fromkeys(VIDEO, "daily"),
            **dict.fromkeys(CHATS, "rocketchat"),
        }
        facts = server.query('presence_participants{job="presence"} or presence_broadcast_disabled')
        assert sorted(each.labels["source"] for each in facts) == SOURCES
        assert all(each.labels["instance"] == each.labels["source"] for each in facts)
        server.wait_for('presence_exporter_build_info{job="presence-exporter"}', seconds=60)
        assert server.query('presence_exporter_build_info{job="presence"}') == []
        assert server.query('presence_up{job="presence-exporter"}') == []
    file = Path(fifty)
    kept = [line for line in file.read_text().splitlines() if f"name: {SOURCES[0]}," not in line]
    file.write_text("\n".join(kept))
    assert httpx.post(f"{exporter.url}/-/reload", trust_env=False, timeout=60).text == "reloaded\n"
    eventually(lambda: _up(servers[0]) == SOURCES[1:], what="the source is no target any more", seconds=60)


def test_replicas_share_the_sources_and_a_dead_list_takes_none_away(
    fifty: str, exporter_process: StartExporter, prometheus_server: StartPrometheus
) -> None:
    """Both list all, each source is asked by one of them, and by the same one for every Prometheus."""
    # The replicas are told apart by number in their address, and have one port.
    port = free_port()
    places = [f"127.0.1.{number}:{port}" for number in range(2)]
    exporters = [exporter_process("--config.file", fifty, "--web.listen-address", place) for place in places]
    config = QUICK + re.sub(r"presence-(\d|\$1):10458", rf"127.0.1.\1:{port}", REPLICAS)
    asked = []
    for server in [prometheus_server(config, version=version) for version in (3, 2)]:
        _wait_until_up(server, SOURCES)
        asked.append({each["labels"]["instance"]: each["scrapeUrl"] for each in server.targets()})
    assert asked[0] == asked[1]
    shares = [
        sorted(source for source, url in asked[0].items() if url.startswith(f"http://{place}/probe?source="))
        for place in places
    ]
    assert sorted(shares[0] + shares[1]) == SOURCES
    assert min(map(len, shares)) > 10
    assert exporters[1].stop() == 0
    later = prometheus_server(config)
    eventually(lambda: _up(later) == shares[0], what="the sources of the other replica are up", seconds=60)
    assert sorted(each["labels"]["instance"] for each in later.targets()) == SOURCES


def test_shards_of_prometheus_keep_their_parts(
    fifty: str, exporter_process: StartExporter, prometheus_server: StartPrometheus
) -> None:
    """Two of them have each source once."""
    exporter = exporter_process("--config.file", fifty)
    first = QUICK + SHARDS.replace("presence-exporter:10458", exporter.address)
    servers = [prometheus_server(first.replace('regex: "0"', f'regex: "{shard}"')) for shard in "01"]
    parts = []
    for server in servers:
        eventually(server.targets, what="there are targets", seconds=60)
        parts.append(sorted(each["labels"]["instance"] for each in server.targets()))
        _wait_until_up(server, parts[-1])

    assert sorted(parts[0] + parts[1]) == SOURCES
    assert min(map(len, parts)) > 10


def test_the_other_configurations_are_scraped_as_well(
    fifty: str, exporter_process: StartExporter, prometheus_server: StartPrometheus
) -> None:
    """All in one, or one job for some collectors and one for others: every target is up."""
    exporter = exporter_process("--config.file", fifty)
    servers = {}
    for example in (ALL_IN_ONE, SOME):
        config = re.sub("scrape_interval: .*", "scrape_interval: 3s", example)
        jobs = tuple(job["job_name"] for job in yaml.safe_load(example)["scrape_configs"])
        servers[jobs] = prometheus_server(QUICK + config.replace("presence-exporter:10458", exporter.address))
    for jobs, server in servers.items():
        for job in jobs:
            server.wait_for(f'up{{job="{job}"}} == 1', seconds=60)
        eventually(partial(_all_present, server), what="each source's presence is known", seconds=60)
        [info] = server.wait_for("presence_exporter_build_info", seconds=60)
        assert info.labels["job"] == jobs[-1]


def _all_present(server: PrometheusServer) -> bool:
    """Whether the first job knows the presence of each source."""
    samples = server.query('presence_collector_success{collector="presence",job="presence"} == 1')
    return sorted(each.labels["source"] for each in samples) == SOURCES


def _up(server: PrometheusServer, metric: str = "up") -> list[str]:
    """The sources for which a metric of the job is 1."""
    samples = server.query(f'{metric}{{job="presence"}} == 1')
    return sorted(each.labels["instance"] for each in samples)


def _wait_until_up(server: PrometheusServer, sources: list[str]) -> None:
    """Until Prometheus has each source as one target, which it could scrape, and which is up itself."""
    eventually(lambda: _up(server) == sources, what="each target is up", seconds=60)
    eventually(lambda: _up(server, "presence_up") == sources, what="each source is up", seconds=60)
    targets = [each for each in server.targets() if each["labels"]["job"] == "presence"]
    assert sorted(each["labels"]["instance"] for each in targets) == sources
    assert {(each["health"], each["lastError"]) for each in targets} == {("up", "")}
