"""Many users of a chat workspace, of whom some have another status at each scrape."""

import statistics
from pathlib import Path
from typing import Final

from tools.bench.figures import Case, Figure, beside_floor, exactly, peak, seconds
from tools.bench.processes import Child, Exporter, Upstream, figure_of
from tools.bench.setting import Sizes, chat, measure_pairs, write_config

FLOOR: Final = "tools/bench/floor_chat.py"
PATH: Final = "/api/v1/users.presence"


def measure_chat(sizes: Sizes, folder: Path) -> Case:
    """The exporter follows how long everybody stays in a status; the floor counts statuses."""
    with Upstream(users=sizes.users, variants=3) as upstream:
        payload = upstream.sizes[PATH]
        config = write_config(folder, chat(upstream.url))
        with Exporter("--config.file", config) as exporter, Child(FLOOR, upstream.url + PATH) as floor:
            pairs = measure_pairs((exporter, exporter.scrape), floor, rounds=sizes.rounds)
            page = exporter.scrape()
            shown = [
                f'presence_users{{source="chat",status="{status}"}}' for status in ("online", "away", "busy")
            ]
            ended = 'presence_status_duration_seconds_count{source="chat",status="online"}'
            figures: list[Figure] = [
                exactly("users", sum(figure_of(page, series) for series in shown), expected=sizes.users),
                Figure("stays in the status online that ended meanwhile", f"{figure_of(page, ended):,.0f}"),
                *beside_floor("a scrape", pairs),
                seconds("slowest scrape by the clock", max(mine.wall for mine, _ in pairs), most=10.0),
                seconds("median scrape by the clock", statistics.median(mine.wall for mine, _ in pairs)),
                peak(exporter.memory("VmHWM"), payload=payload),
            ]
    return Case(f"{sizes.users:,} chat users, {payload / 10**6:.1f} MB", figures)
