"""Many collections of both vendors and the pages they make, in virtual time.

For each line it scrapes as often as the argument says, and prints how long the last page was.
"""

import sys
import time
from collections.abc import Iterator, Mapping
from itertools import chain, cycle
from pathlib import Path

import httpx

from exporter import log
from exporter.app import Application, Surroundings, build
from exporter.config import load_file
from exporter.metrics import families
from exporter.telemetry import BuildInfo
from exporter.web.exposition import render
from exporter.web.negotiate import negotiate
from exporter.web.routes import WebSettings
from tests.kit.clock import WallClock, loop_time, run_virtual
from tests.kit.threads import Inline
from tools.bench.bodies import chat_presence, daily_meetings, daily_presence
from tools.bench.processes import OPENMETRICS


class Vendors(httpx.AsyncBaseTransport):
    """Both vendors, by path; each request gets the next variant of its body."""

    def __init__(self, bodies: Mapping[str, Iterator[bytes]]) -> None:
        self._bodies = bodies

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer without a network."""
        return httpx.Response(200, content=next(self._bodies[request.url.path]))


def bodies(variants: int) -> dict[str, Iterator[bytes]]:
    """Small ones, whose rooms have other names in each variant."""
    now, numbers = time.time(), range(variants)
    return {
        "/": cycle([b'{"domain_name": "bench"}']),
        "/presence": cycle([daily_presence(20, 3, now=now, variant=number) for number in numbers]),
        "/meetings": cycle([daily_meetings(20, now=now)]),
        "/api/v1/users.presence": cycle([chat_presence(50, variant=number) for number in numbers]),
    }


async def main() -> None:
    """Build the application in front of the bodies, and scrape."""
    log.set_up("error", "logfmt")
    config, times, variants = load_file(Path(sys.argv[1]), {}).config, int(sys.argv[2]), int(sys.argv[3])
    around = Surroundings(Vendors(bodies(variants)), WallClock(), ledger_threads=Inline())
    application = build(config, build_info=BuildInfo("", "", ""), web=WebSettings(), surroundings=around)
    for _ in sys.stdin:
        pages = [len(await scrape(application)) for _ in range(times)]
        print(pages[-1], flush=True)


async def scrape(application: Application) -> bytes:
    """Collect and render."""
    snapshot = await application.collection.pull(loop_time() + 9.5)
    if not all(source.up for source in snapshot.sources):
        raise AssertionError("a collector failed")
    form = negotiate(OPENMETRICS)
    facts = families(snapshot, openmetrics=form.openmetrics)
    return render(chain(facts, application.telemetry.families()), form)


run_virtual(main())
