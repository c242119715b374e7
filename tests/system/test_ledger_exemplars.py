"""A real Prometheus keeps the exemplars of ended meetings; the start of counting outlives the exporter."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporter.demo import DAILY_KEY, DemoTransport, World, accelerated
from tests.system.processes import eventually
from tests.upstream import run_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.system.conftest import StartExporter, StartPrometheus
    from tests.system.prometheus import PrometheusServer
    from tests.upstream import Running

pytestmark = pytest.mark.system

DAY: Final = 86400.0

Page: TypeAlias = dict[tuple[str, str], Any]
"""Samples by name and `le`."""

Stored: TypeAlias = dict[str, tuple[str, float, float]]
"""The last exemplar by `le`: its meeting, value and moment."""

CONFIG: Final = """
ledger: {{url: "sqlite:///{folder}/ledger.db", interval: 0s, since: 1d}}
exemplars: true
sources:
  - {{name: acme, kind: daily, base_url: "{url}/v1", api_key: {key}}}
"""

SCRAPE: Final = """
global: {{scrape_interval: 2s, scrape_timeout: 2s}}
scrape_configs:
  - job_name: presence
    static_configs: [{{targets: ["{address}"]}}]
"""


@pytest.fixture
def daily() -> Iterator[Running]:
    """A domain on the evening of yesterday."""
    clock = accelerated(time.time() // DAY * DAY - 3600.0, 1.0)
    with run_server(DemoTransport(World("exemplars", clock))) as running:
        yield running


def page_of(url: str) -> Page:
    """The samples of one page in OpenMetrics, by name and `le`."""
    headers = {"Accept": "application/openmetrics-text; version=1.0.0"}
    text = httpx.get(f"{url}/metrics", headers=headers, trust_env=False, timeout=30.0).text
    families = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]  # it has no annotations
    return {
        (sample.name, sample.labels.get("le", "")): sample for family in families for sample in family.samples
    }


def test_exemplars_are_stored_and_counting_goes_on_over_a_restart(
    daily: Running, exporter_process: StartExporter, prometheus_server: StartPrometheus, tmp_path: Path
) -> None:
    """Prometheus 3 gives back each meeting's id, inside its bucket and at the stay's end."""
    file = tmp_path / "presence.yml"
    file.write_text(CONFIG.format(folder=tmp_path, url=daily.url, key=DAILY_KEY))
    file.chmod(0o600)
    exporter = exporter_process("--config.file", str(file))
    stays = "presence_join_duration_seconds_count"
    eventually(lambda: page_of(exporter.url)[stays, ""].value > 50, what="the day's stays are counted")
    server = prometheus_server(
        SCRAPE.format(address=exporter.address), flags=["--enable-feature=exemplar-storage"]
    )
    server.wait_for(f"{stays} > 50")
    shown, stored = eventually(
        lambda: _agreed(exporter.url, server), what="the server has the exemplars of a page, and no others"
    )
    written = _exemplars(shown)
    assert len(written) > 3
    for le, (_, value, ended_at) in stored.items():
        assert value <= float(le)
        assert ended_at == pytest.approx(float(written[le].timestamp), abs=0.001)

    exporter.stop()
    again = page_of(exporter_process("--config.file", str(file)).url)
    created = "presence_join_duration_seconds_created"
    assert again[created, ""].value == shown[created, ""].value < time.time() - DAY
    assert again[stays, ""].value >= shown[stays, ""].value


def _exemplars(page: Page) -> dict[str, Any]:
    return {le: each.exemplar for (_, le), each in page.items() if each.exemplar is not None}


def _agreed(url: str, server: PrometheusServer) -> tuple[Page, Stored] | None:
    """A page, and what the server stored of its exemplars; None where one of them is newer just now."""
    page = page_of(url)
    stored = _stored(server.get, begin=time.time() - 3 * DAY)
    written = {le: (each.labels["meeting_id"], each.value) for le, each in _exemplars(page).items()}
    agree = written == {le: (meeting, value) for le, (meeting, value, _) in stored.items()}
    return (page, stored) if agree else None


def _stored(get: Any, *, begin: float) -> Stored:
    """The last exemplar of each bucket that the server has: its meeting, value and moment."""
    query = {"query": "presence_join_duration_seconds_bucket", "start": begin, "end": time.time()}
    found = eventually(lambda: get("query_exemplars", **query), what="exemplars are stored")
    return {
        each["seriesLabels"]["le"]: (
            each["exemplars"][-1]["labels"]["meeting_id"],
            float(each["exemplars"][-1]["value"]),
            each["exemplars"][-1]["timestamp"],
        )
        for each in found
    }
