"""The sheet on which one place's day is drawn up; keeps every stay inside it, so that days are independent.

A place's day begins at an hour of its own and is 24 hours long; its rooms are empty when the next one begins.
So a stay may cross midnight, and still the state at any moment comes from a single day of each place.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from random import Random

from exporter.demo.clock import DAY
from exporter.demo.dice import drawn_uuid
from exporter.demo.people import Person
from exporter.demo.sessions import Stay

CLEARED = 60
"""Seconds before the end of its day at which a place is empty."""


@dataclass(frozen=True, slots=True)
class Place:
    """A room, or a counter that opens one for each call; hours are local, `zone` hours east of Greenwich.

    Nobody comes before `since`, and at `until` all leave for good (Unix seconds).
    """

    name: str
    draw: "Callable[[Plan], None]"
    zone: float = 0.0
    opens: float = 4.0
    one_room: bool = True
    since: float = -inf
    until: float = inf

    def begins(self, day: int) -> int:
        """When the day of that number (days since 1970) begins here, in Unix seconds."""
        return day * DAY + round((self.opens - self.zone) * 3600)

    def day(self, moment: float) -> int:
        """Give the number of the day to which a moment belongs here."""
        return int((moment - self.begins(0)) // DAY)


@dataclass(frozen=True, slots=True)
class Plan:
    """One place's day while it is drawn up: dice, the people at hand, and the stays so far."""

    place: Place
    day: int
    rng: Random
    staff: Sequence[Person]
    stays: list[Stay] = field(default_factory=list)

    @property
    def weekend(self) -> bool:
        """Whether the day is a Saturday or a Sunday; day 0 was a Thursday."""
        return (self.day + 3) % 7 >= 5

    def at(self, hour: float) -> float:
        """Give the moment of a local hour of this day; hours from 24 on are of the next calendar day."""
        return self.day * DAY + (hour - self.place.zone) * 3600

    def colleagues(self, count: int) -> list[Person]:
        """Throw so many different people of the house."""
        return self.rng.sample(self.staff, count)

    def stay(
        self, person: Person, *, join: float, leave: float, room: str | None = None, bot: bool = False
    ) -> None:
        """Put someone into the room; what lies outside the day is cut off."""
        begins = self.place.begins(self.day)
        first = max(int(join), begins)
        last = int(min(leave, begins + DAY - CLEARED, self.place.until))
        ident = drawn_uuid(self.rng)
        if self.place.since <= first < last:
            user_id = ident if bot else person.user_id
            self.stays.append(Stay(room or self.place.name, ident, user_id, person.name, first, last))

    def gathering(
        self, start: float, *, minutes: float, people: Sequence[Person], room: str | None = None
    ) -> None:
        """Let people come and go around a meeting's hours; a few lose the line and come back."""
        end = start + minutes * 60
        for person in people:
            join = start + self.rng.triangular(-120, 240, 0)
            leave = end + self.rng.triangular(-240, 120, 0)
            if self.rng.random() < 0.05:
                lost = self.rng.uniform(join, leave)
                self.stay(person, join=join, leave=lost, room=room)
                join = lost + self.rng.uniform(3, 40)
            self.stay(person, join=join, leave=leave, room=room)
