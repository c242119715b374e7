"""How often a collector runs when several Prometheus servers pull, and each result is shared for a while.

Pure arithmetic; it knows no vendor and no configuration. Sharing: docs/http.md.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

PARTS: Final = 12
"""Into how many parts an interval is cut, to try when the servers may pull."""

MOST_TRIED: Final = 4
"""Of more servers the phases are not tried: they pull at nearly every moment."""

INTERVALS: Final = 60
"""For how many intervals pulls are followed, or for five times as long as a result is shared."""


@dataclass(frozen=True, slots=True)
class Pulls:
    """So many Prometheus servers, each of which pulls every `interval` seconds."""

    interval: float
    servers: int


def most_runs_a_minute(pulls: Pulls, *, shared_for: float) -> float:
    """How often a collector runs each minute at most, whenever the servers pull within their interval.

    A run that succeeds is shared for `shared_for` seconds from its start; pulls at the same moment share one.
    """
    most = 60.0 * pulls.servers / pulls.interval
    if shared_for > 0:
        most = min(most, 60.0 / shared_for)
    if pulls.servers > MOST_TRIED:
        return most
    return min(most, max(_runs_a_minute(phases, pulls, shared_for=shared_for) for phases in _phases(pulls)))


def _phases(pulls: Pulls) -> Iterator[Sequence[float]]:
    """Every way in which the servers may follow each other, the first at 0."""
    for others in combinations(range(1, PARTS), pulls.servers - 1):
        yield [part * pulls.interval / PARTS for part in (0, *others)]


def _runs_a_minute(phases: Sequence[float], pulls: Pulls, *, shared_for: float) -> float:
    runs: list[float] = []
    for turn in range(max(INTERVALS, math.ceil(5 * shared_for / pulls.interval))):
        for phase in phases:
            moment = turn * pulls.interval + phase
            if not runs or moment >= runs[-1] + shared_for:
                runs.append(moment)
    # How it begins is not how it goes on.
    settled = runs[len(runs) // 2 :]
    return (len(settled) - 1) * 60.0 / (settled[-1] - settled[0])
