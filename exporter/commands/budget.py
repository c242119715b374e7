"""`budget`: holds what scraping would ask of each vendor against the vendor's limit.

It asks every collector once, through the application that would serve, counts what that took, and reckons
from there; only the ledger is another one, in memory. It knows the limits as `limits` has them.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click
from tabulate import tabulate

from exporter.commands.ledgercheck import in_memory
from exporter.commands.pulling import Pulls, most_runs_a_minute
from exporter.commands.setup import assemble, set_up
from exporter.commands.wording import printable, some, span
from exporter.limits import LIMITS
from exporter.model import Selection
from exporter.web.routes import WebSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exporter.app import Application
    from exporter.commands.flags import Flags
    from exporter.config import Config
    from exporter.model import Collector, Reason, Source

HEADERS: Final = (
    "source",
    "collector",
    "requests a run",
    "KiB a run",
    "runs a minute",
    "requests a minute",
    "KiB a minute",
)

ENDED: Final = "ended_meetings"
"""The collector that reads a history: it asks what its own setting allows, however often it is pulled."""

REQUESTS: Final = "presence_upstream_requests_total"
BYTES: Final = "presence_upstream_response_bytes_total"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of a collector took: requests by documented path, bytes, and why it failed.

    `runs` is how often it runs a minute at most, and `most` the requests a minute that its setting allows.
    """

    source: str
    kind: str
    collector: str
    endpoint: str
    requests: Mapping[str, int]
    bytes: int
    reason: Reason | None
    runs: float
    most: int | None = None

    @property
    def by_endpoint(self) -> dict[str, float]:
        """Requests a minute at most."""
        if self.most is not None:
            return {self.endpoint: float(self.most)}
        return {endpoint: number * self.runs for endpoint, number in self.requests.items()}

    @property
    def bytes_a_minute(self) -> float:
        """Bytes a minute; of what reads a history, those of its present runs."""
        return self.bytes * self.runs


@dataclass(frozen=True, slots=True)
class Use:
    """What is asked of one limit; `requests` a minute at most of `allowed`."""

    source: str
    endpoint: str
    requests: float
    allowed: int

    @property
    def over(self) -> bool:
        """True where the limit does not allow it."""
        return self.requests > self.allowed


def budget(flags: Flags, environ: Mapping[str, str], *, pulls: Pulls) -> int:
    """Print the table: 0 within all limits, 1 over one, or where a collector fails; raises `ConfigError`."""
    setup = set_up(flags, environ)
    for note in setup.notes:
        click.echo(note, err=True)
    config = setup.loaded.config
    application = assemble(in_memory(setup), web=WebSettings())
    costs = asyncio.run(measure(application, config, pulls=pulls))
    uses = held_against_limits(costs)
    click.echo(told(costs, uses, pulls=pulls))
    return 1 if any(cost.reason for cost in costs) or any(use.over for use in uses) else 0


async def measure(application: Application, config: Config, *, pulls: Pulls) -> list[Cost]:
    """Run every collector once, one after the other, so that each request is known to be its own."""
    costs = []
    try:
        for source in application.sources:
            for collector in source.collectors:
                before = _spent(application, source.name)
                until = asyncio.get_running_loop().time() + config.collect.timeout
                asked = Selection(frozenset({source.name}), frozenset({collector.name}))
                snapshot = await application.collection.pull(until, asked)
                reason = snapshot.sources[0].collectors[0].answer.reason
                spent = _spent(application, source.name) - before
                costs.append(_cost(source, collector, config=config, spent=spent, reason=reason, pulls=pulls))
    finally:
        await application.aclose()
    return costs


def held_against_limits(costs: Sequence[Cost]) -> list[Use]:
    """What all collectors of a source take together of each limit that they share."""
    sums: dict[tuple[str, str, int], float] = defaultdict(float)
    for cost in costs:
        limit = LIMITS[cost.kind]
        for endpoint, requests in cost.by_endpoint.items():
            where = endpoint if limit.each_endpoint else "all endpoints"
            sums[cost.source, where, limit.a_minute] += requests
    return [Use(source, where, requests, allowed) for (source, where, allowed), requests in sums.items()]


def told(costs: Sequence[Cost], uses: Sequence[Use], *, pulls: Pulls) -> str:
    """The table, and a line for each limit."""
    rows = [
        (
            cost.source,
            cost.collector,
            f"failed: {cost.reason}" if cost.reason else str(sum(cost.requests.values())),
            f"{cost.bytes / 1024:.1f}",
            f"{cost.runs:.1f}",
            _requests(cost),
            f"{cost.bytes_a_minute / 1024:.1f}",
        )
        for cost in costs
    ]
    servers = some(pulls.servers, "Prometheus server")
    lines = [
        f"At most, with {servers} and a pull every {span(pulls.interval)} each:",
        "",
        tabulate(rows, HEADERS, tablefmt="simple", disable_numparse=True),
        "",
        *(_line(use) for use in uses),
    ]
    failed = sum(cost.reason is not None for cost in costs)
    if failed:
        lines.append(f"{some(failed, 'collector')} failed: what these take cannot be told (see `check`)")
    return "\n".join(lines)


def _cost(
    source: Source,
    collector: Collector,
    *,
    config: Config,
    spent: Counter[tuple[str, str]],
    reason: Reason | None,
    pulls: Pulls,
) -> Cost:
    shared_for = config.collect.min_interval if collector.interval is None else collector.interval
    most = config.ledger.requests_per_minute if collector.name == ENDED else None
    requests = {endpoint: count for (what, endpoint), count in spent.items() if what == REQUESTS and count}
    return Cost(
        source.name,
        str(source.kind),
        collector.name,
        collector.endpoint,
        requests=requests,
        bytes=sum(count for (what, _), count in spent.items() if what == BYTES),
        reason=reason,
        runs=most_runs_a_minute(pulls, shared_for=shared_for),
        most=most,
    )


def _spent(application: Application, source: str) -> Counter[tuple[str, str]]:
    """Requests and bytes by endpoint so far, as the metrics page would show them."""
    spent: Counter[tuple[str, str]] = Counter()
    for family in application.telemetry.families():
        for sample in family.samples:
            if sample.name in {REQUESTS, BYTES} and sample.labels["source"] == source:
                spent[sample.name, sample.labels["endpoint"]] += int(sample.value)
    return spent


def _requests(cost: Cost) -> str:
    number = sum(cost.by_endpoint.values())
    return f"up to {number:.0f}" if cost.most is not None else f"{number:.1f}"


def _line(use: Use) -> str:
    verdict = "OVER the limit" if use.over else f"{100 * use.requests / use.allowed:.0f} % of the limit"
    where = printable(use.endpoint)
    return f"{use.source}, {where}: {use.requests:.1f} of {use.allowed} requests a minute, {verdict}"
