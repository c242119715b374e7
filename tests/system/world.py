"""Nine days of the simulated world in a real Prometheus, which goes on scraping a live exporter of the demo.

The days are three lives of an exporter, with half an hour in which it was down, and vendors in bad moods; the
rules of `rules/` are recorded over them. The live exporter has the same job and instance.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from tests.kit.boards import Window, length
from tests.kit.lived import EVERY, INSTANCE, JOB, MOODY, REPAIRED, UNREADABLE, Life, Tape
from tests.kit.rulefiles import ALERTS, RECORDS, groups
from tests.programs import require_prometheus
from tests.system.blocks import lived, record, store
from tests.system.prometheus import start_prometheus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from tests.system.prometheus import PrometheusServer

DAY: Final = 86400.0
DAYS: Final = 9
DOWN: Final = 1800.0
"""Seconds in the middle in which nobody answered."""

RESTARTED: Final = 3.5 * 3600
"""Seconds before the end at which the exporter was started anew."""

ALERTING: Final = (MOODY - UNREADABLE - 300, MOODY - REPAIRED)
"""From when to when before the end an alert fired, since the configuration could not be read."""

FLAGS: Final = ("--storage.tsdb.retention.time=90d",)

ALERT: Final = (
    'ALERTS{alertname="PresenceConfigReloadFailed",alertstate="firing",service="presence",severity="warning"}'
)
"""What a server would have stored of an alert; rules record nothing of the past but figures."""

SCRAPE: Final = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: {job}
    static_configs: [{{targets: ["{address}"]}}]
    relabel_configs: [{{target_label: instance, replacement: "{instance}"}}]
"""

LAST: Final = "presence_status_resolution_seconds"
"""What comes last from a live exporter: it needs two collections."""


@dataclass(frozen=True, slots=True)
class Story:
    """From when to when the days were (Unix seconds), and how many seconds were between two scrapes.

    `seconds` is how long it took to make them, by the clock.
    """

    start: float
    end: float
    every: float
    samples: int
    seconds: float


@dataclass(frozen=True, slots=True)
class StoredWorld:
    """The server; its days began at `start`, and live scrapes followed them after `end` (Unix seconds)."""

    server: PrometheusServer
    start: float
    end: float
    every: float

    def window(self, length: float) -> Window:
        """The last `length` seconds before now, for a data source that scrapes as seldom as the days did."""
        now = time.time()
        return Window(max(now - length, self.start), now, self.every)


def begin(folder: Path, *, shared: Path, address: str, stack: ExitStack) -> StoredWorld:
    """Start a server on a copy of the days, and have it scrape the exporter at `address`.

    Whoever of several processes comes first makes the days, in `shared`; the others wait.
    """
    shared.mkdir(exist_ok=True)
    told = shared / "story.json"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            told.write_text(json.dumps(asdict(_make(shared))), encoding="utf-8")
    story = Story(**json.loads(told.read_text(encoding="utf-8")))
    shutil.copytree(shared / "data", folder / "data")
    config = SCRAPE.format(address=address, job=JOB, instance=INSTANCE, rules=f'"{RECORDS}", "{ALERTS}"')
    server = start_prometheus(require_prometheus(3), config, folder=folder, flags=_flags(story.every))
    stack.callback(server.process.stop)
    server.wait_for(f"timestamp({LAST}) > {story.end:.0f}")
    return StoredWorld(server, story.start, story.end, story.every)


def _flags(every: float) -> tuple[str, ...]:
    """As in life, what a page lacks is gone at once: nothing is looked for further back than one scrape."""
    return (*FLAGS, f"--query.lookback-delta={every:g}s")


def _make(folder: Path) -> Story:
    began = time.monotonic()
    end = float(int(time.time()))
    start = end - DAYS * DAY
    samples = _days(folder, (start, end), every=EVERY)
    record_rules(folder, folder / "data", (start, end), flags=_flags(EVERY))
    return Story(start, end, EVERY, samples, time.monotonic() - began)


def _days(folder: Path, span: tuple[float, float], *, every: float) -> int:
    """Until the outage, after it until a restart, and from then on."""
    start, end = span
    down = start + DAYS / 2 * DAY
    lives = [
        Life(start, down, end, every),
        Life(down + DOWN, end - RESTARTED - every, end, every),
        Life(end - RESTARTED, end, end, every, deltas=False),
    ]
    files, samples = lived(folder, lives)
    rest = folder / "rest.om"
    with rest.open("w", encoding="utf-8") as told:
        tape = Tape(told)
        for moment in Life(down, down + DOWN, end, every).moments():
            tape.silence(moment)
        for moment in Life(end - ALERTING[0], end - ALERTING[1], end, every).moments():
            tape.sample(ALERT, 1, moment=moment)
        told.write("# EOF\n")
    store([*files, rest], folder / "data")
    for file in (*files, rest):
        file.unlink()
    return samples + tape.samples


def record_rules(
    folder: Path, data: Path, span: tuple[float, float], *, flags: Sequence[str] = FLAGS
) -> None:
    """Record what `rules/` says, each rule with a server that knows what those before it recorded."""
    each = [(rule, group["interval"]) for group in groups(RECORDS) for rule in group["rules"]]
    for rule, interval in each:
        server = start_prometheus(require_prometheus(3), "{}", folder=folder, flags=flags)
        try:
            record([rule], data, url=server.url, span=span, every=length(interval))
        finally:
            server.process.stop()
