"""Real promtools make blocks of a backfill, and real servers answer from them as if they had been there."""

from __future__ import annotations

import random
import re
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from tests.commandline import run_process
from tests.kit.past import DAY, Held, answer, truth
from tests.programs import require_prometheus
from tests.system.processes import eventually
from tests.system.prometheus import start_prometheus
from tests.upstream import run_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.system.conftest import ExporterProcess, StartExporter
    from tests.system.prometheus import PrometheusServer
    from tests.upstream import Running

pytestmark = pytest.mark.system

MEETINGS: Final = "presence_meeting_duration_seconds_count"
STAYS: Final = "presence_join_duration_seconds_sum"

PAST: Final = 3 * 3600
"""Seconds of the past: two or three of Prometheus's blocks."""

STEP: Final = 60

CONFIG: Final = """
ledger: {{url: "sqlite:///{folder}/ledger.db", interval: 0s, settle: 0s, requests_per_minute: 600}}
collect: {{min_interval: 0s}}
sources:
  - {{name: acme, kind: daily, base_url: "{url}/v1", api_key: k, presence: off}}
"""

SCRAPE: Final = """
global: {{scrape_interval: 3s, scrape_timeout: 3s}}
scrape_configs:
  - job_name: presence
    static_configs: [{{targets: ["{address}"]}}]
"""


class Domain(httpx.AsyncBaseTransport):
    """Daily in real time: meetings of the past, and some that go on until they are let end."""

    def __init__(self) -> None:
        self.began = int(time.time())
        rng = random.Random(5)
        past = []
        for index in range(500):
            age = rng.randint(900, PAST + 7200)
            past.append(Held(f"m{index}", self.began - age, rng.randint(60, min(age, 6000))))
        # Of the shortest stays there are more in the present than in the past: none may hide the reset.
        self._past = [_with_stays(each, short=index < 3) for index, each in enumerate(past)]
        self.held = self._with_going(86400)

    def let_end(self) -> None:
        """From in three seconds on, one after the other."""
        self.held = self._with_going(int(time.time()) - self.began + 3003)

    def _with_going(self, seconds: float) -> list[Held]:
        going = [Held(f"g{index}", self.began - 3000, seconds + index / 2) for index in range(12)]
        held = [*self._past, *(_with_stays(each, short=True) for each in going)]
        return sorted(held, key=lambda each: (-each.start, each.id))

    def ended(self, *, start: float, end: float) -> dict[str, float]:
        """What histograms of the meetings that ended in [start, end) show."""
        return truth(self.held, start=start, end=end)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        now, query = time.time(), request.url.params
        if request.url.path == "/v1/":
            return answer(200, {"domain_name": "acme"}, now=now)
        first, last = int(query.get("timeframe_start", 0)), int(query.get("timeframe_end", 2**40))
        told = [replace(each, ongoing=each.end > now) for each in self.held if first <= each.start < last]
        found = [each for each in told if each.ongoing or "ongoing" not in query]
        ids = [each.id for each in found]
        begin = ids.index(query["starting_after"]) + 1 if "starting_after" in query else 0
        rows = [each.row() for each in found[begin : begin + int(query["limit"])]]
        return answer(200, {"total_count": len(found), "data": rows}, now=now)


def _with_stays(held: Held, *, short: bool) -> Held:
    return replace(held, stays=(held.duration, 45, *([5] if short else ())), peak=2)


@dataclass(frozen=True, slots=True)
class Joined:
    """The output of a backfill that ends where a running exporter's counting began."""

    exporter: ExporterProcess
    domain: Domain
    output: Path
    start: float
    counting_since: float

    @property
    def moments(self) -> Sequence[int]:
        """Those of samples that show what ended before them."""
        return range(int(self.start), int(self.counting_since) - STEP, STEP)


@pytest.fixture
def vendor() -> Iterator[tuple[Running, Domain]]:
    """The domain, over HTTP."""
    domain = Domain()
    with run_server(domain) as running:
        yield running, domain


@pytest.fixture
def joined(vendor: tuple[Running, Domain], exporter_process: StartExporter, tmp_path: Path) -> Joined:
    """An exporter that began to count, and a backfill up to that moment, which its own refusal names."""
    running, domain = vendor
    file = tmp_path / "presence.yml"
    file.write_text(CONFIG.format(folder=tmp_path, url=running.url))
    file.chmod(0o600)
    exporter = exporter_process("--config.file", str(file))
    assert MEETINGS in _page(exporter)
    # It has begun to count, however long it took to start: what ends now is of the present.
    domain.let_end()
    start, output = float(int(time.time()) - PAST), tmp_path / "past.om"
    command = [
        *("backfill", "--config.file", str(file), "--source", "acme", "--start", str(start)),
        *("--output", str(output), "--label", "job=presence", "--label", f"instance={exporter.address}"),
    ]
    time.sleep(1)
    refused = run_process(*command, "--end", str(time.time()))
    named = re.search(r"from T0 on, [^ ]+ \(([0-9.]+)\)", refused.stderr)
    assert refused.returncode == 2
    assert named is not None, refused.stderr
    made = run_process(*command, "--end", named[1])
    assert made.returncode == 0, made.stderr
    return Joined(exporter, domain, output, start, float(named[1]))


def test_servers_answer_from_the_past_and_count_right_over_the_seam(joined: Joined, tmp_path: Path) -> None:
    """Old and new, each with the blocks of its own promtool; the live series are the same ones."""
    live = joined.domain.ended(start=joined.counting_since, end=joined.domain.began + 1e6)
    counted = f'{MEETINGS}{{source="acme"}} {live[MEETINGS]:.1f}'
    eventually(lambda: counted in _page(joined.exporter), what="what was going on has ended, and is counted")
    with ExitStack() as stack:
        servers = {}
        for version in (3, 2):
            server = _server_with_blocks(joined, version, folder=tmp_path / f"prometheus-{version}")
            stack.callback(server.process.stop)
            servers[version] = server
        for server in servers.values():
            server.wait_for(f"{MEETINGS} == {live[MEETINGS]}")
        for server in servers.values():
            _must_know_the_past(server, joined)
            _must_count_over_the_seam(server, joined)
        _must_count_exactly_over_the_seam(servers[3], joined)


def _page(exporter: ExporterProcess) -> str:
    return httpx.get(f"{exporter.url}/metrics", trust_env=False).text


def _server_with_blocks(joined: Joined, version: int, *, folder: Path) -> PrometheusServer:
    program = require_prometheus(version)
    folder.mkdir()
    command = [program.with_name("promtool"), "tsdb", "create-blocks-from", "openmetrics"]
    made = subprocess.run(
        [*map(str, command), str(joined.output), str(folder / "data")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert made.stderr == ""
    flags = ["--storage.tsdb.retention.time=10y"]
    if version == 3:
        flags.append("--enable-feature=promql-extended-range-selectors")
    config = SCRAPE.format(address=joined.exporter.address)
    return start_prometheus(program, config, folder=folder, flags=flags)


def _must_know_the_past(server: PrometheusServer, joined: Joined) -> None:
    """Every sample at some moments, and what `increase` makes of two of them."""
    selector = '{__name__=~"presence_(join|meeting)_.*_(bucket|count|sum)"}'
    for moment in (joined.moments[0], *joined.moments[7::40], joined.moments[-1]):
        stored = {_name(each.labels): each.value for each in server.query(selector, moment=moment)}
        assert stored == joined.domain.ended(start=joined.start, end=moment), moment
    later, earlier = joined.moments[-5], joined.moments[-65]
    for name in (MEETINGS, STAYS):
        grown = _one(server.query(f"increase({name}[1h1ms])", moment=later))
        ends = [joined.domain.ended(start=joined.start, end=moment)[name] for moment in (earlier, later)]
        assert grown == pytest.approx(ends[1] - ends[0], rel=1e-4)
        assert grown > 0


def _must_count_over_the_seam(server: PrometheusServer, joined: Joined) -> None:
    """One series for past and present, which falls once, and loses and doubles nothing by that."""
    all_of_it = joined.domain.ended(start=joined.start, end=joined.domain.began + 1e6)
    assert all_of_it[MEETINGS] > joined.domain.ended(start=joined.start, end=joined.counting_since)[MEETINGS]
    for name in (MEETINGS, STAYS):
        assert _one(server.query(f"resets({name}[1d])")) == 1
        assert _one(server.query(f"increase({name}[1d])")) == pytest.approx(all_of_it[name], rel=0.001)
        per_second = _one(server.query(f"rate({name}[1d])"))
        assert per_second * DAY == pytest.approx(all_of_it[name], rel=0.001)
    series = server.query(f"count_over_time({MEETINGS}[1d])")
    assert [dict(each.labels) for each in series] == [
        {"source": "acme", "job": "presence", "instance": joined.exporter.address}
    ]


def _must_count_exactly_over_the_seam(server: PrometheusServer, joined: Joined) -> None:
    """Without extrapolation, for every series: from the last sample that is an hour old or older."""
    now = time.time()
    begin = max(moment for moment in joined.moments if moment <= now - 3600)
    expected = joined.domain.ended(start=begin, end=now)
    for name, value in expected.items():
        series, _, bound = name.partition(" ")
        selector = f'{series}{{le="{bound.replace("inf", "+Inf")}"}}' if bound else series
        grown = _one(server.query(f"increase({selector}[1h] anchored)", moment=now))
        assert grown == pytest.approx(value), name


def _name(labels: Any) -> str:
    return f"{labels['__name__']} {float(labels['le'])}" if "le" in labels else labels["__name__"]


def _one(samples: Sequence[Any]) -> float:
    [sample] = samples
    return float(sample.value)
