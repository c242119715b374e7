"""The same hours told by one exporter, by two replicas on one ledger, and to two servers that scrape one.

All in virtual time in front of one simulated world, written down as Prometheus would have stored it:

- `one`: a single exporter.
- `two`: replicas `a` and `b` that share a ledger. `b` starts later, and cannot reach its vendors for a while.
- `moved`: the same as `one`, but for a new name of its instance in the middle, as a replaced pod has.
- `first` and `second`: what two servers store of a single exporter that they scrape two seconds apart.
"""

import asyncio
from pathlib import Path
from typing import Final, TextIO

from exporter.config import LedgerSettings, Origin, Secret
from exporter.demo import CHAT, DAILY
from tests.kit.lived import Exporter, Tape, demo_world

EVERY: Final = 60.0
"""Seconds between two scrapes."""

APART: Final = 2.0
"""Seconds between the scrapes of the two servers, which share what was collected."""

JOINS: Final = 20
"""The number of the scrape at which `b` is there."""

CUT_OFF: Final = range(50, 60)
"""The scrapes during which `b` reaches nobody."""


async def live(
    file: TextIO, *, start: float, scrapes: int, ledger: Path, joins: int = JOINS, cut_off: range = CUT_OFF
) -> int:
    """Live through so many scrapes; `ledger` begins the paths of two new files. Gives how many samples."""
    world = demo_world(start)
    shared, alone = (
        LedgerSettings(url=Secret(f"sqlite:///{ledger}-{name}.db", origin=Origin.INLINE), interval=EVERY / 2)
        for name in ("shared", "alone")
    )

    def started(settings: LedgerSettings) -> Exporter:
        return Exporter(start, full_every=2 * EVERY, world=world, ledger=settings)

    def told(tape: Tape, page: str, *, moment: float) -> None:
        began = start + joins * EVERY if tape.instance == "b" else start
        tape.page(page, moment=moment, instead={"process_start_time_seconds": began})

    one, a = started(alone), started(shared)
    exporters = {"one": one, "a": a}
    tapes = {"one": Tape(file, "one", "only"), "a": Tape(file, "two", "a"), "b": Tape(file, "two", "b")}
    servers = [Tape(file, "first", "only"), Tape(file, "second", "only")]
    moved = [Tape(file, "moved", "old"), Tape(file, "moved", "new")]
    try:
        for number in range(scrapes):
            moment = start + number * EVERY
            await asyncio.sleep(moment - one.wall())
            if number == joins:
                exporters["b"] = started(shared)
            if "b" in exporters:
                _cut(exporters["b"], off=number in cut_off)
            pages = {name: await each.scrape() for name, each in exporters.items()}
            for name, page in pages.items():
                told(tapes[name], page, moment=moment)
            told(moved[2 * number // scrapes], pages["one"], moment=moment)
            told(servers[0], pages["one"], moment=moment)
            await asyncio.sleep(moment + APART - one.wall())
            told(servers[1], await one.scrape(), moment=moment + APART)
    finally:
        for each in exporters.values():
            await each.aclose()
    return sum(tape.samples for tape in (*tapes.values(), *moved, *servers))


def _cut(exporter: Exporter, *, off: bool) -> None:
    exporter.moods.clear()
    if off:
        exporter.moods.set(DAILY, "*", "refuse")
        exporter.moods.set(CHAT, "*", "refuse")
