"""Many scrapes of one process, one after the other: the last ones cost what the first did."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tools.bench.figures import Case, Figure, megabytes, ratio, seconds
from tools.bench.processes import Child, Exporter, Upstream, cost
from tools.bench.setting import Sizes, chat, daily, write_config

PARTS: Final = 10
VARIANTS: Final = 50
"""Each variant has rooms of its own names: what is kept of a name for ever would show."""

SLOWER: Final = 1.2
"""What machines do that others use too; whatever grows with each scrape comes to more in ten thousand."""

GROWTH: Final = 10**6
"""Bytes. A leak of 120 bytes at each of 9,000 scrapes would be more."""


def measure_steady(sizes: Sizes, folder: Path) -> Case:
    """Over connections without Daily, which is asked 10 times a second at most; with it in virtual time."""
    figures = [*_over_connections(sizes, folder), *_in_virtual_time(sizes, folder)]
    return Case(f"{sizes.scrapes:,} scrapes in a row, small sources", figures)


def _over_connections(sizes: Sizes, folder: Path) -> list[Figure]:
    share = sizes.scrapes // PARTS
    costs: list[float] = []
    memory: list[int] = []
    with (
        Upstream(users=50, variants=VARIANTS) as upstream,
        Exporter("--config.file", write_config(folder, chat(upstream.url))) as exporter,
    ):
        for _ in range(PARTS):
            scrapes = [cost(exporter, exporter.scrape).cpu for _ in range(share)]
            costs.append(statistics.median(scrapes))
            memory.append(exporter.memory("VmRSS"))
    return _compared("over connections", costs, memory=memory)


def _in_virtual_time(sizes: Sizes, folder: Path) -> list[Figure]:
    share = sizes.scrapes // PARTS
    costs: list[float] = []
    memory: list[int] = []
    config = write_config(folder, daily("http://daily.test", meetings=True), chat("http://chat.test"))
    with Child("-m", "tools.bench.steady_child", config, str(share), str(VARIANTS)) as child:
        for _ in range(PARTS):
            costs.append(cost(child, child.ask).cpu / share)
            memory.append(child.memory("VmRSS"))
    return _compared("in virtual time", costs, memory=memory)


def _compared(what: str, costs: Sequence[float], *, memory: Sequence[int]) -> list[Figure]:
    """The first tenth beside the last: of the processor time of one scrape, and of memory after it."""
    return [
        seconds(f"{what}: processor time of a scrape, first tenth", costs[0]),
        seconds("last tenth", costs[-1]),
        ratio("last ÷ first", costs[-1] / costs[0], most=SLOWER),
        megabytes("memory after the first tenth", memory[0]),
        megabytes("growth from there to the end", memory[-1] - memory[0], most=GROWTH),
    ]
