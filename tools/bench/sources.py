"""Many small sources in one process: what asking each costs beside its bare request, and one page of all."""

import statistics
from pathlib import Path
from typing import Final

from tools.bench.figures import Case, Figure, beside_floor, exactly, megabytes, seconds
from tools.bench.processes import Child, Exporter, Upstream, cost
from tools.bench.setting import Sizes, daily, measure_pairs, write_config

FLOOR: Final = "tools/bench/floor_sources.py"


def measure_sources(sizes: Sizes, folder: Path) -> Case:
    """Each asks once; collections are measured without the page, since bare requests make none."""
    with Upstream(rooms=2, people=3) as upstream:
        sources = [daily(upstream.url, f"source-{number:04d}") for number in range(sizes.sources)]
        config = write_config(folder, *sources, timeout="60s")
        figures = [*_collections(config, upstream.url, sizes=sizes), *_page(config, sizes)]
    return Case(f"{sizes.sources:,} sources of 2 rooms each", figures)


def _collections(config: str, url: str, *, sizes: Sizes) -> list[Figure]:
    with (
        Child("-m", "tools.bench.sources_child", config) as child,
        Child(FLOOR, f"{url}/presence", str(sizes.sources)) as floor,
    ):
        up = int(child.ask())
        pairs = measure_pairs((child, child.ask), floor, rounds=sizes.rounds)
        contexts = int(child.ask("contexts"))
    return [
        exactly("sources that are up", up, expected=sizes.sources),
        *beside_floor("collecting from all of them", pairs, most=1.5),
        Figure("TLS contexts", str(contexts), "≤ 2", contexts <= 2),
    ]


def _page(config: str, sizes: Sizes) -> list[Figure]:
    with Exporter("--config.file", config) as exporter:
        exporter.scrape()
        costs = [cost(exporter, exporter.scrape) for _ in range(sizes.few_rounds)]
        return [
            seconds("a scrape of all, processor time", statistics.median(each.cpu for each in costs)),
            seconds("a scrape of all by the clock", statistics.median(each.wall for each in costs)),
            seconds("start to ready", exporter.start.wall),
            megabytes("peak memory", exporter.memory("VmHWM")),
        ]
