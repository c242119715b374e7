"""Many rooms: each scrape downloads, decodes, counts and renders a whole domain."""

import statistics
from functools import partial
from pathlib import Path
from typing import Final

from tools.bench.figures import Case, Figure, beside_floor, exactly, peak, seconds
from tools.bench.processes import OPENMETRICS, TEXT, Child, Exporter, Upstream, cost, figure_of
from tools.bench.setting import Sizes, daily, measure_pairs, write_config

FLOOR: Final = "tools/bench/floor_rooms.py"
PATH: Final = "/presence"


def measure_rooms(sizes: Sizes, folder: Path) -> Case:
    """Every room has a series of its own."""
    figures: list[Figure] = []
    with Upstream(rooms=sizes.rooms, people=sizes.people) as upstream:
        url, payload = upstream.url + PATH, upstream.sizes[PATH]
        config = write_config(folder, daily(upstream.url, rooms={"limit": sizes.rooms}))
        with Exporter("--config.file", config) as exporter:
            shown = exporter.scrape().count("\npresence_room_participants{")
            figures.append(exactly("rooms with a series", shown, expected=sizes.rooms))
            for form, accept in (("openmetrics", OPENMETRICS), ("text", TEXT)):
                with Child(FLOOR, url, form, "all") as floor:
                    work = (exporter, partial(exporter.scrape, accept))
                    pairs = measure_pairs(work, floor, rounds=sizes.rounds)
                    figures += beside_floor(f"a scrape as {form}", pairs, most=1.5)
                    figures.append(
                        seconds("the same by the clock", statistics.median(a.wall for a, _ in pairs))
                    )
            with Child(FLOOR, url, "openmetrics", "counts") as floor:
                pairs = measure_pairs((exporter, exporter.scrape), floor, rounds=sizes.rounds)
                figures += beside_floor("beside a floor that knows no stays", pairs)[1:]
            figures.append(peak(exporter.memory("VmHWM"), payload=payload))
    return Case(f"{sizes.rooms:,} rooms × {sizes.people} people, {payload / 10**6:.1f} MB", figures)


def measure_many_rooms(sizes: Sizes, folder: Path) -> Case:
    """Far more than fits a page: the answer is in time, and its totals are exact."""
    figures: list[Figure] = []
    with Upstream(rooms=sizes.many_rooms, people=sizes.people) as upstream:
        payload = upstream.sizes[PATH]
        for limit in (500, sizes.many_rooms):
            source = daily(upstream.url, rooms={"limit": limit})
            config = write_config(folder, source, max_response_bytes="512MiB")
            with Exporter("--config.file", config) as exporter:
                costs = [cost(exporter, exporter.scrape) for _ in range(sizes.few_rounds)]
                page = exporter.scrape()
                participants = figure_of(page, 'presence_participants{source="bench"}')
                rooms = figure_of(page, 'presence_rooms_occupied{source="bench"}')
                figures += [
                    exactly(
                        f"rooms.limit {limit:,}: people",
                        participants,
                        expected=sizes.many_rooms * sizes.people,
                    ),
                    exactly("rooms", rooms, expected=sizes.many_rooms),
                    seconds("slowest scrape by the clock", max(each.wall for each in costs), most=10.0),
                    seconds("processor time", statistics.median(each.cpu for each in costs)),
                    peak(exporter.memory("VmHWM"), payload=payload),
                ]
    return Case(f"{sizes.many_rooms:,} rooms × {sizes.people} people, {payload / 10**6:.1f} MB", figures)
