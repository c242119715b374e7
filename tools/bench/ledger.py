"""The ledger on SQLite: a backlog that is recorded, and what a scrape pays for it afterwards."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.bench.figures import Case, megabytes, milliseconds, per_second
from tools.bench.processes import Child
from tools.bench.setting import Sizes

SCRAPES: Final = 200

SLOWEST: Final = 20_000.0
"""Participants a second."""

SHARE: Final = 0.003
"""Seconds of a scrape."""


@dataclass(frozen=True, slots=True)
class _Measured:
    """One ledger: seconds by the clock, and the bytes of its files."""

    recording: float
    first_page: float
    pages: Sequence[float]
    runs: Sequence[float]
    size: int


def measure_ledger(sizes: Sizes, folder: Path) -> Case:
    """By the clock: what the disk takes is part of it."""
    people = sizes.meetings * sizes.people
    measured = [_measure(folder / f"ledger-{number}.db", sizes) for number in range(sizes.few_rounds)]
    pages = [page for each in measured for page in each.pages]
    figures = [
        per_second(
            "participants recorded",
            statistics.median(people / each.recording for each in measured),
            least=SLOWEST,
        ),
        milliseconds("the first scrape after that", statistics.median(each.first_page for each in measured)),
        milliseconds("a scrape with nothing new", statistics.median(pages), most=SHARE),
        milliseconds("95 of 100 such scrapes take no longer than", statistics.quantiles(pages, n=20)[-1]),
        milliseconds(
            "a run with nothing new, with its commit",
            statistics.median(run for each in measured for run in each.runs),
        ),
        megabytes("the file and its log", statistics.median(each.size for each in measured)),
    ]
    return Case(f"a ledger of {sizes.meetings:,} meetings × {sizes.people} people", figures)


def _measure(file: Path, sizes: Sizes) -> _Measured:
    arguments = (f"sqlite:///{file}", str(sizes.meetings), str(sizes.people))
    with Child("-m", "tools.bench.ledger_child", *arguments) as child:
        child.line()
        return _Measured(
            recording=float(child.ask("record")),
            first_page=float(child.ask("show")),
            pages=[float(child.ask("show")) for _ in range(SCRAPES)],
            runs=[float(child.ask("run")) for _ in range(SCRAPES)],
            size=sum(each.stat().st_size for each in file.parent.glob(f"{file.name}*")),
        )
