"""What may happen in the simulated world beside its usual days: true figures, and no vendor's failure.

It knows people, rooms and statuses; nothing of HTTP, and nothing of who looks at the figures.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from math import inf
from types import MappingProxyType
from typing import Final

from exporter.demo.chat_wire import CHAT
from exporter.demo.chat_world import CHAT_CALLS, ChatWorkspace, Member, Turn
from exporter.demo.clock import DAY, Clock
from exporter.demo.daily_wire import DAILY
from exporter.demo.daily_world import DAILY_CALLS, DailyDomain
from exporter.demo.dice import derived_uuid
from exporter.demo.people import Person, staff
from exporter.demo.plan import Place
from exporter.demo.rhythms import FAIR, PLACES
from exporter.demo.sessions import Meeting, Stay
from exporter.demo.telling import MOST, Teller, Telling, mildly
from exporter.demo.transport import World

HAPPENINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "oncall_empty": "no member of the on-call group is online, away or busy (Rocket.Chat)",
        "person_alone": "somebody has been alone in a room for twelve hours, and stays (Daily)",
        "room_stuck": "a meeting has been going on for three days, and does not end (Daily)",
        "nobody": "all people have left: rooms are empty, and nobody is online but bots",
        "crowd": "some nine hundred people more are in calls, and 190 users are online",
        "listed_late": "meetings are listed an hour after they began (Daily)",
        "unlimited": "requests may come as often as they like",
    }
)
"""Everything that may happen by its name, and what it is in a line."""

_ONLY_AT: Final[Mapping[str, str]] = MappingProxyType(
    {"oncall_empty": CHAT, "person_alone": DAILY, "room_stuck": DAILY, "listed_late": DAILY}
)

_SIZES: Final = ("nobody", "crowd")
"""How many there are: of two, only one can be."""

_ALONE: Final = 12 * 3600
_STUCK: Final = 3 * DAY
_FOR_GOOD: Final = 3650 * DAY
_FAIR_BEGAN: Final = 4 * 3600
"""Seconds ago; by now each hall is in the middle of its visits."""
_ONLINE: Final = 190


def happens_at(happening: str, vendor: str) -> bool:
    """Say whether it makes a difference in what a vendor's server tells."""
    return _ONLY_AT.get(happening, vendor) == vendor


def changed_world(
    seed: object, *, daily: Sequence[str] = (), chat: Sequence[str] = (), clock: Clock = time.time
) -> World:
    """Give the world of this seed, in which all this has happened by now; of `nobody` and `crowd` the later.

    Until now it was the usual world: its past stays as it was. Names that make no difference are left out.
    """
    now = int(clock())
    turn = Turn(now, _statuses(chat)) if chat else None
    return World(
        seed,
        clock,
        daily=DailyDomain(
            seed,
            clock=clock,
            teller=_teller(seed, late_from=now if "listed_late" in daily else inf),
            places=_places(_size(daily), now=now),
            others=_others(seed, daily, now=now),
            calls=None if "unlimited" in daily else DAILY_CALLS,
        ),
        chat=ChatWorkspace(seed, clock=clock, turn=turn, calls=None if "unlimited" in chat else CHAT_CALLS),
    )


def _size(happenings: Sequence[str]) -> str | None:
    return next((name for name in reversed(happenings) if name in _SIZES), None)


def _places(size: str | None, *, now: int) -> tuple[Place, ...]:
    if size == "nobody":
        return tuple(replace(place, until=now) for place in PLACES)
    if size == "crowd":
        return (*PLACES, *(replace(hall, since=now - _FAIR_BEGAN) for hall in FAIR))
    return PLACES


def _others(seed: object, happenings: Sequence[str], *, now: int) -> list[Stay]:
    """Those who stay longer than the day of a place: a guest who waits, and two who never hung up."""
    found = []
    if "person_alone" in happenings:
        found.append(_stay("waiting-room", Person(None, "Guest"), seed=seed, join=now - _ALONE))
    if "room_stuck" in happenings:
        joined = now - _STUCK
        found += [_stay("open-line", person, seed=seed, join=joined) for person in staff(seed, size=2)]
    return found


def _stay(room: str, person: Person, *, seed: object, join: int) -> Stay:
    ident = derived_uuid(seed, room, person.name, join)
    return Stay(room, ident, person.user_id, person.name, join, join + _FOR_GOOD)


def _teller(seed: object, *, late_from: float) -> Teller:
    usual = mildly(seed)

    def telling(meeting: Meeting) -> Telling:
        return usual(meeting) if meeting.start < late_from else Telling(late=MOST)

    return telling


def _statuses(happenings: Sequence[str]) -> Callable[[Iterable[Member]], Mapping[str, str]]:
    """Give who is in which status for good; bots are always as usual."""
    size = _size(happenings)

    def statuses(members: Iterable[Member]) -> dict[str, str]:
        people = [member for member in members if member.habit != "bot"]
        online = {None: len(people), "nobody": 0, "crowd": _ONLINE}[size]
        found = {} if size is None else {m.id: "offline" for m in people[online:]}
        if size == "crowd":
            found |= {m.id: "online" for m in people[:online]}
        if "oncall_empty" in happenings:
            found |= {m.id: "offline" for m in people if m.habit == "on_call"}
        return found

    return statuses
