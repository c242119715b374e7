"""How the members of the simulated workspace spend a day; knows statuses and habits, no endpoint, no clock.

A member's day begins at an hour of its own and lasts 24 hours, so that the status at any moment comes from a
single day.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from exporter.demo.clock import DAY

STATUSES: Final = ("online", "away", "busy", "offline")


@dataclass(frozen=True, slots=True)
class Spell:
    """A status from a moment on (Unix seconds), with what newer servers say about where it comes from."""

    since: float
    status: str
    source: str | None = None
    text: str | None = None
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A member's day while it is drawn up: dice, midnight where the member lives, and the spells so far."""

    rng: Random
    midnight: float
    weekend: bool
    spells: list[Spell]

    def at(self, hour: float) -> float:
        """Give the moment of a local hour."""
        return self.midnight + hour * 3600

    def spell(self, hour: float, status: str) -> None:
        """Begin a status at a local hour."""
        self.spells.append(Spell(self.at(hour), status))

    def busy(self, hour: float, *, until: float) -> None:
        """Begin a busy spell: in a call, by the calendar, or chosen by hand and then perhaps with a text."""
        source = self.rng.choice(("internal", "external", "manual"))
        text = (
            self.rng.choice((None, "Do not disturb", "Writing, back at noon")) if source == "manual" else None
        )
        expires = self.at(until) if source == "external" else None
        self.spells.append(Spell(self.at(hour), "busy", source, text, expires))

    def work(self, hour: float, *, until: float) -> None:
        """Fill the hours with being there, being away from the desk, and being in meetings; then offline."""
        while hour < until:
            self.spell(hour, "online")
            hour += self.rng.uniform(0.1, 1.6)
            if hour >= until:
                break
            length = self.rng.uniform(0.1, 0.9)
            if self.rng.random() < 0.45:
                self.busy(hour, until=min(hour + length, until))
            else:
                self.spell(hour, "away")
            hour += length
        self.spell(until, "offline")


def worker(sheet: Sheet) -> None:
    """Office hours with a pause at noon; some are ill, some forget to log out."""
    rng = sheet.rng
    if rng.random() < (0.92 if sheet.weekend else 0.08):
        if rng.random() < 0.5:
            sheet.spells[0] = replace(sheet.spells[0], text="Back on Monday")
        return
    sheet.work(rng.gauss(8.7, 0.5), until=rng.uniform(11.8, 12.4))
    leaves = rng.gauss(17.2, 0.8)
    sheet.work(rng.uniform(12.6, 13.2), until=leaves)
    if rng.random() < 0.06:
        sheet.spells[-1] = Spell(sheet.at(leaves), "away")
        sheet.spell(rng.uniform(22, 24), "offline")


def visitor(sheet: Sheet) -> None:
    """Looks in at any hour, on any day."""
    hour = 4 + sheet.rng.expovariate(1 / 5)
    while hour < 26:
        end = hour + sheet.rng.uniform(0.2, 2.5)
        sheet.work(hour, until=min(end, 27.9))
        hour = end + sheet.rng.expovariate(1 / 6)


def on_call(sheet: Sheet) -> None:
    """Eight hours every day from the beginning of the own day, and a little longer, for the handover."""
    sheet.work(0.05, until=8.2)


def always(sheet: Sheet) -> None:
    """Never anything but online."""
    sheet.spell(0, "online")


def never(sheet: Sheet) -> None:
    """Has an account, and that is all."""
    sheet.spell(0, "offline")


@dataclass(frozen=True, slots=True)
class Habit:
    """A way to spend the days; `opens` is the local hour at which they begin."""

    draw: Callable[[Sheet], None]
    opens: float = 4.0


HABITS: Final[Mapping[str, Habit]] = {
    "worker": Habit(worker),
    "visitor": Habit(visitor),
    "on_call": Habit(on_call, opens=0.0),
    "ghost": Habit(always, opens=0.0),
    "bot": Habit(always, opens=0.0),
    "gone": Habit(never, opens=0.0),
}


def drawn(habit: Habit, rng: Random, *, zone: float, day: int) -> tuple[Spell, ...]:
    """Draw up a day (days since 1970) for someone `zone` hours east of Greenwich; it begins offline."""
    midnight = day * DAY - zone * 3600
    sheet = Sheet(rng, midnight, (day + 3) % 7 >= 5, [Spell(midnight + habit.opens * 3600, "offline")])
    habit.draw(sheet)
    return tuple(sorted(sheet.spells, key=lambda spell: spell.since))
