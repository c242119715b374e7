"""What the cases share: how much of everything, configurations, and measuring in pairs."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from tools.bench.processes import Child, Cost, cost

Pairs: TypeAlias = list[tuple[Cost, Cost]]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything."""

    rooms: int = 10_000
    many_rooms: int = 100_000
    people: int = 10
    users: int = 100_000
    sources: int = 1_000
    meetings: int = 10_000
    scrapes: int = 10_000
    rounds: int = 15
    few_rounds: int = 5
    tiny: bool = False


TINY = Sizes(
    rooms=20,
    many_rooms=40,
    people=3,
    users=50,
    sources=5,
    meetings=50,
    scrapes=40,
    rounds=2,
    few_rounds=2,
    tiny=True,
)
"""Enough to see that everything runs; too little to measure."""


def daily(url: str, name: str = "bench", **more: Any) -> dict[str, Any]:
    """A Daily source at a static server, without meetings."""
    return {"name": name, "kind": "daily", "base_url": url, "api_key": "key", "meetings": False,
            "http": {"proxy": "none"}, **more}  # fmt: skip


def chat(url: str, name: str = "chat") -> dict[str, Any]:
    """A Rocket.Chat source at a static server."""
    return {"name": name, "kind": "rocketchat", "base_url": url, "user_id": "user", "auth_token": "token",
            "http": {"proxy": "none"}}  # fmt: skip


def write_config(folder: Path, *sources: Mapping[str, Any], **collect: Any) -> str:
    """A configuration under which each scrape asks anew, unless `collect` says otherwise; gives its path."""
    path = folder / "config.yml"
    content = {"collect": {"min_interval": "0s", **collect}, "sources": sources}
    path.write_text(json.dumps(content), encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def measure_pairs(
    ours: tuple[Child, Callable[[], object]], floor: Child, *, rounds: int, warm_up: int = 2
) -> Pairs:
    """Have exporter and floor work in turns; the first rounds do not count.

    The order stays, so that both are idle for as long: what waits 5 s between two requests connects anew.
    """
    child, work = ours
    pairs = [(cost(child, work), cost(floor, floor.ask)) for _ in range(warm_up + rounds)]
    return pairs[warm_up:]
