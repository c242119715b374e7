"""Runs one backfill in a process of its own, in virtual time: to be killed, or to be measured.

`python -m tests.backfill_child OUTPUT MEETINGS DAYS DIE_AT` reads that many meetings of so many days from a
vendor inside the process, and kills itself before it answers request number DIE_AT (0 = never). At the end it
prints the highest memory that it needed, in bytes: with the whole command line, and with what looks into a
ledger.
"""

from __future__ import annotations

import io
import os
import random
import signal
import sys
from bisect import bisect_left
from pathlib import Path
from typing import Final

import httpx

from exporter import cli, log
from exporter.commands.backfill.command import make
from exporter.config import LedgerSettings, Origin, Secret
from tests.kit.clock import run_virtual
from tests.kit.past import DAY, NOW, Held, answer, setup_of, wish

BEGIN: Final = int(NOW) - 12 * DAY
PEOPLE: Final = 10
LABELS: Final = ("job=presence", "instance=a:1")


def held(index: int, *, begin: int) -> Held:
    """The meeting of that index, of so many: it follows from the index, so that none has to be kept."""
    rng = random.Random(index)
    duration = rng.randint(30, 9000)
    stays = tuple(rng.randint(1, duration) for _ in range(PEOPLE))
    return Held(f"m{index:06}", begin, duration, stays=stays, peak=PEOPLE)


class Endless(httpx.AsyncBaseTransport):
    """Answers `/meetings` out of a formula."""

    def __init__(self, number: int, *, span: int, die_at: int) -> None:
        self.number = number
        self.span = span
        self.die_at = die_at
        self.asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.asked == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)  # pragma: no cover - nothing is measured after it
        query = request.url.params
        low, high = (self._index(int(query[f"timeframe_{edge}"])) for edge in ("start", "end"))
        last = int(query["starting_after"][1:]) if "starting_after" in query else high
        page = range(max(low, last - int(query["limit"])), last)
        rows = [held(index, begin=self._begin(index)).row() for index in reversed(page)]
        return answer(200, {"total_count": high - low, "data": rows})

    def _index(self, moment: int) -> int:
        """The first meeting that began then or later."""
        return bisect_left(range(self.number), moment, key=self._begin)

    def _begin(self, index: int) -> int:
        return BEGIN + index * self.span // self.number


def main() -> None:
    """Run it."""
    output, (number, days, die_at) = Path(sys.argv[1]), map(int, sys.argv[2:])
    vendor = Endless(number, span=days * DAY, die_at=die_at)
    asked = wish(output, start=BEGIN, end=BEGIN + days * DAY, step="1m", labels=LABELS)
    url = Secret(f"sqlite:///{output.with_name('no-ledger.db')}", origin=Origin.INLINE)
    setup = setup_of(vendor, ledger=LedgerSettings(url=url, requests_per_minute=6000))
    log.set_up("error", "logfmt")
    make(setup, asked, stream=io.StringIO(), run=run_virtual)
    assert {"sqlalchemy", cli.__name__} <= set(sys.modules)
    sys.stdout.write(str(_highest_memory()))


def _highest_memory() -> int:
    """Bytes; `getrusage` would tell of the process that started this one as well."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":  # pragma: no branch
    main()
