"""A vendor that follows a script, and exporters in processes of their own that share one ledger."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from exporter.demo import DAILY_KEY, DemoTransport, World
from tests.ledgerworld.paced import PacedClock
from tests.ledgerworld.pages import BOUNDS, differences
from tests.ledgerworld.replica import Replica, write_config
from tests.ledgerworld.script import BASE, ENDS, HOUR, MINUTE, Script, ScriptedDomain
from tests.upstream import run_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPEED: Final = 1500.0
"""Seconds of the simulated world in one of ours, while exporters are killed."""

STEPS: Final = 100
"""How many steps of some minutes it may take until nothing waits any more."""

BEGINS: Final = 8 * HOUR
"""When the first exporter starts: it counts back, so that there is a history over several pages to read."""


@dataclass(frozen=True, slots=True)
class Scene:
    """All of it; `clock` is the vendor's."""

    script: Script
    clock: PacedClock
    replicas: list[Replica]

    def let_all_settle(self) -> None:
        """Scrape until the script is over and nothing waits any more, in turn, in steps of the clock."""
        # Short steps: an audit has a day for a late meeting, and scrapes on a loaded machine are cut short.
        self.clock.step(HOUR)
        while self.clock() < BASE + ENDS + HOUR:
            for replica in self.replicas:
                replica.page()
        self.clock.step(5 * MINUTE)
        for _ in range(STEPS):
            if not self.faults():
                return

    def faults(self) -> list[str]:
        """What is not as it must be on each replica's next page, and what fell on one before."""
        return [fault for replica in self.replicas for fault in self._faults_of(replica)]

    def assert_exact(self) -> None:
        """Every replica shows the truth of one count, goes on to, and none ever stepped back."""
        for _ in range(3):
            faults = self.faults()
            assert not faults, "\n".join(faults)
        since = {replica.page()["presence_join_duration_seconds_created"] for replica in self.replicas}
        assert len(since) == 1

    def _faults_of(self, replica: Replica) -> list[str]:
        page = replica.page()
        since = page["presence_join_duration_seconds_created"]
        # It began hours later, and was told to count from about here.
        assert BASE <= since < BASE + 3 * HOUR
        waiting = page["presence_ledger_pending_meetings"]
        return [
            *replica.scraped.fallen,
            *([f"{waiting} meetings still wait"] if waiting else []),
            *differences(page, self.script.truth(since).series(BOUNDS)),
        ]


@contextmanager
def scene(folder: Path, *, seed: int, ledger: str, replicas: int = 1) -> Iterator[Scene]:
    """Set it up; processes that still run at the end are stopped."""
    script = Script(seed)
    clock = PacedClock(BASE + BEGINS, speed=SPEED, lead=2 * HOUR)
    world = World(seed, clock, daily=ScriptedDomain(script, clock))
    with ExitStack() as stack:
        vendor = stack.enter_context(run_server(DemoTransport(world)))
        config = write_config(folder, ledger=ledger, vendor=vendor.url, key=DAILY_KEY)
        made = [Replica(config, f"replica-{number}", clock) for number in range(replicas)]
        for replica in made:
            stack.callback(replica.stop)
        yield Scene(script, clock, made)
