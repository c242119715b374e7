"""Dashboards over many rooms: what Grafana asks when a board is opened, of a real Prometheus.

The stored series are those of the demo, scraped every 30 s, and besides one for each of the rooms.
"""

import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final, TextIO

import pytest

from tests.kit.boards import Board, Question, Window, boards
from tests.kit.lived import Life, Tape
from tests.programs import require_prometheus
from tests.system.asking import ask, offered
from tests.system.blocks import lived, store
from tests.system.prometheus import PrometheusServer, start_prometheus
from tools.bench.figures import Case, Figure, exactly, seconds
from tools.bench.setting import Sizes

BOARD: Final = "overview"
"""The board that everybody opens, and for which a bound is promised."""

TOGETHER: Final = 1.0
"""Seconds for all its queries, one after the other."""

EVERY: Final = 30.0
HOURS: Final = 6.0
TINY_HOURS: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Opened:
    """What opening a board took: seconds by query."""

    board: str
    queries: dict[str, float]

    @property
    def together(self) -> float:
        return sum(self.queries.values())


def measure_dashboards(sizes: Sizes, folder: Path) -> Case:
    """Each board is opened several times, with all sources chosen and its default time range."""
    span = 3600 * (TINY_HOURS if sizes.tiny else HOURS)
    title = f"dashboards, {sizes.rooms:,} rooms, {span / 3600:g} h at {EVERY:g} s"
    try:
        program = require_prometheus(3)
    except pytest.skip.Exception as absent:
        return Case(title, [Figure(str(absent), "not measured")])
    end = float(int(time.time()))
    samples = _store(folder, rooms=sizes.rooms, life=Life(end - span, end, end + 2 * span, EVERY))
    server = start_prometheus(program, "{}", folder=folder)
    try:
        [stored] = server.query(f'count(presence_room_participants{{room=~"bench-.*"}} @ {end - EVERY:.0f})')
        figures = [exactly("rooms with a series", stored.value, expected=sizes.rooms)]
        figures.append(Figure("stored samples", f"{samples:,}"))
        for board in boards():
            opened = [_open(server, board, end=end) for _ in range(1 + sizes.few_rounds)]
            figures += _figures(opened)
    finally:
        server.process.stop()
    return Case(title, figures)


def _figures(opened: Sequence[_Opened]) -> Iterator[Figure]:
    """The first time apart: nothing is in memory then."""
    first, *others = opened
    most = TOGETHER if first.board == BOARD else None
    slowest, took = max(_medians(others).items(), key=lambda each: each[1])
    yield seconds(
        f"{first.board}: all {len(first.queries)} queries",
        statistics.median(o.together for o in others),
        most=most,
    )
    yield seconds("the first time", first.together)
    yield seconds(f"the slowest: {slowest}", took)


def _medians(opened: Iterable[_Opened]) -> dict[str, float]:
    queries: dict[str, list[float]] = {}
    for each in opened:
        for name, took in each.queries.items():
            queries.setdefault(name, []).append(took)
    return {name: statistics.median(times) for name, times in queries.items()}


def _open(server: PrometheusServer, board: Board, *, end: float) -> _Opened:
    """Ask for variables, panels and annotations as Grafana does, but one after the other."""
    window = Window(end - board.range, end - EVERY, EVERY)
    took: dict[str, float] = {}
    for variable in board.variables:
        began = time.perf_counter()
        offered(server, variable, window=window, given=board.given)
        took[f"variable {variable.name}"] = time.perf_counter() - began
    for question in board.questions:
        took[_title(question)] = ask(server, question, window=window, given=board.given).seconds
    return _Opened(board.name, took)


def _title(question: Question) -> str:
    return f"{question.panel}, {question.letter}"


def _store(folder: Path, *, rooms: int, life: Life) -> int:
    """Make the blocks; returns the number of samples."""
    files, samples = lived(folder, [life])
    many = folder / "rooms.om"
    with many.open("w", encoding="utf-8") as file:
        samples += _write_rooms(file, rooms, life=life)
    store([*files, many], folder / "data")
    return samples


def _write_rooms(file: TextIO, rooms: int, *, life: Life) -> int:
    """In each room people come and go, one in ten minutes or so."""
    rng = Random(5)
    tape = Tape(file)
    people = [rng.randint(1, 20) for _ in range(rooms)]
    for moment in life.moments():
        for room in rng.sample(range(rooms), rooms // 20):
            people[room] = max(1, people[room] + rng.choice((-1, 1)))
        for room, present in enumerate(people):
            series = f'presence_room_participants{{source="demo-daily",room="bench-{room}"}}'
            tape.sample(series, present, moment=moment)
    file.write("# EOF\n")
    return tape.samples
