"""What is known of a source as figures for people: each with its age, and None where it is withheld.

Pure: settings and the last answers in, values out. Settings say which figures there should be, since a
collector that fails has none to show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest, nsmallest
from typing import Final

from exporter.config import (
    ChatPresenceMode,
    DailySettings,
    PresenceMode,
    RocketChatSettings,
    SourceSettings,
)
from exporter.model import (
    ChatPresence,
    CollectorSnapshot,
    DomainPresence,
    EndedMeetings,
    Facts,
    OngoingMeetings,
    ServerConnections,
    WatchedRooms,
)
from exporter.web.status import Figure, Group, LedgerLine, RoomBar, Rooms

PEOPLE: Final = "people in rooms"
ROOMS: Final = "rooms occupied"
WATCHED: Final = "people in watched rooms"
MEETINGS: Final = "meetings going on"
CONNECTIONS: Final = "connections"
USERS: Final = "users "
STATUSES: Final = ("online", "away", "busy")
UNKNOWN_STATUS: Final = "unknown"

TOTALS: Final = (PEOPLE, ROOMS, WATCHED, MEETINGS, USERS + STATUSES[0])
"""The figures that are added up over all sources, in the order in which they are told."""

BIGGEST: Final = 10
"""Rooms that are named."""

Known = Mapping[str, CollectorSnapshot]
"""What is known of a source, by collector."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Facts, None where they are withheld, how old they are, and how old the last success is (seconds)."""

    facts: Facts | None = None
    age: float | None = None
    success: float | None = None

    def figure(self, name: str, value: int | None, *, note: str = "") -> Figure:
        """One number of them; where it is not among them, it is as old as the last success."""
        return Figure(name, value, self.success if value is None else self.age, note)


def seen(known: Known, collector: str, *, now: float) -> Seen:
    """The facts of a collector; where it failed in part, those that it has are as new as its last run."""
    snapshot = known.get(collector)
    if snapshot is None:
        return Seen()
    success = age(snapshot.last_success, now=now)
    return Seen(snapshot.answer.value, age(snapshot.ran_at, now=now), success)


def age(moment: float | None, *, now: float) -> float | None:
    """The seconds since a moment; a clock that was set back makes none of them negative."""
    return None if moment is None else max(0.0, now - moment)


def figures(settings: SourceSettings, known: Known, *, now: float) -> tuple[Figure, ...]:
    """The figures that a source with these settings has, known or not."""
    if isinstance(settings, DailySettings):
        return tuple(_of_daily(settings, known, now=now))
    return tuple(_of_chat(settings, known, now=now))


def _of_daily(settings: DailySettings, known: Known, *, now: float) -> Iterator[Figure]:
    if settings.presence is PresenceMode.DOMAIN:
        domain = seen(known, "presence", now=now)
        facts = domain.facts if isinstance(domain.facts, DomainPresence) else None
        yield domain.figure(PEOPLE, facts.participants if facts else None)
        yield domain.figure(ROOMS, facts.rooms_occupied if facts else None)
    if settings.presence is PresenceMode.ROOMS:
        rooms = seen(known, "room_presence", now=now)
        watched = rooms.facts if isinstance(rooms.facts, WatchedRooms) else None
        # Where a room is not known, the sum of the others is not the sum.
        whole = watched is not None and len(watched.participants) == len(settings.rooms.watch)
        yield rooms.figure(WATCHED, sum(watched.participants.values()) if watched and whole else None)
    if settings.meetings:
        ongoing = seen(known, "meetings", now=now)
        meetings = ongoing.facts if isinstance(ongoing.facts, OngoingMeetings) else None
        yield ongoing.figure(MEETINGS, meetings.meetings if meetings else None)


def _of_chat(settings: RocketChatSettings, known: Known, *, now: float) -> Iterator[Figure]:
    if settings.presence is ChatPresenceMode.FULL:
        presence = seen(known, "presence", now=now)
        users = presence.facts.users if isinstance(presence.facts, ChatPresence) else None
        for status in STATUSES:
            yield presence.figure(USERS + status, users[status] if users else None)
        if users and users.get(UNKNOWN_STATUS):
            yield presence.figure(USERS + "of unknown status", users[UNKNOWN_STATUS])
    if settings.connections:
        open_now = seen(known, "connections", now=now)
        facts = open_now.facts if isinstance(open_now.facts, ServerConnections) else None
        yield open_now.figure(
            CONNECTIONS, facts.current if facts else None, note=f"of {facts.limit:,}" if facts else ""
        )


def total(name: str, parts: Sequence[Figure]) -> Figure:
    """A figure over several sources: unknown where one of them is, since the rest is not the sum."""
    known = [each.value for each in parts if each.value is not None]
    if len(known) == len(parts):
        ages = [each.age for each in parts if each.age is not None]
        return Figure(name, sum(known), max(ages, default=None))
    ages_of_unknown = [each.age for each in parts if each.value is None]
    last = max((each for each in ages_of_unknown if each is not None), default=None)
    note = f"at least {sum(known):,}, from {len(known):,} of {len(parts):,} sources" if known else ""
    return Figure(name, None, None if None in ages_of_unknown else last, note)


def totals(every: Iterable[Sequence[Figure]]) -> tuple[tuple[Figure, ...], tuple[Figure, ...]]:
    """All sources' figures added up: those of `TOTALS`, and users by status."""
    together: dict[str, list[Figure]] = {}
    for figures_of_one in every:
        for each in figures_of_one:
            together.setdefault(each.name, []).append(each)
    added = {name: total(name, parts) for name, parts in together.items()}
    statuses = tuple(
        Figure(name.removeprefix(USERS), each.value, each.age, each.note)
        for name, each in added.items()
        if name.startswith(USERS)
    )
    return tuple(added[name] for name in TOTALS if name in added), statuses


def rooms(every: Iterable[tuple[SourceSettings, Known]], *, now: float) -> Rooms | None:
    """The biggest rooms of all sources, under their labels; None where no source is asked for rooms."""
    bars: list[RoomBar] = []
    ages: list[float] = []
    asked = occupied = people = 0
    for settings, known in every:
        if not isinstance(settings, DailySettings) or settings.presence is PresenceMode.OFF:
            continue
        asked += 1
        name = "presence" if settings.presence is PresenceMode.DOMAIN else "room_presence"
        presence = seen(known, name, now=now)
        if isinstance(facts := presence.facts, DomainPresence):
            shown = facts.rooms.shown
            occupied += facts.rooms_occupied
            people += facts.participants
        elif isinstance(facts, WatchedRooms):
            shown = facts.participants
            occupied += sum(each > 0 for each in shown.values())
            people += sum(shown.values())
        else:
            continue
        ages.append(presence.age or 0.0)
        bars += [RoomBar(settings.name, room, each) for room, each in _biggest(shown)]
    if not asked:
        return None
    named = nlargest(BIGGEST, bars, key=lambda bar: bar.people)
    people -= sum(each.people for each in named)
    unknown = asked - len(ages)
    return Rooms(tuple(named), occupied - len(named), people, unknown, max(ages, default=None))


def _biggest(shown: Mapping[str, int]) -> list[tuple[str, int]]:
    """The biggest first, equals by name, so that two looks at the same rooms show the same."""
    occupied = ((room, people) for room, people in shown.items() if people)
    return nsmallest(BIGGEST, occupied, key=lambda each: (-each[1], each[0]))


def groups(settings: SourceSettings, known: Known) -> tuple[Group, ...]:
    """The configured groups, known or not."""
    facts = known["presence"].answer.value if "presence" in known else None
    parts: dict[str, tuple[tuple[str, int], ...]] = {}
    match facts:
        case DomainPresence():
            parts = {
                each.group: (("people", each.participants), ("rooms", each.rooms)) for each in facts.groups
            }
        case ChatPresence(groups=dict() as found):
            parts = {name: tuple(_told(by_status)) for name, by_status in found.items()}
        case _:
            pass
    named = settings.rooms.groups if isinstance(settings, DailySettings) else settings.groups
    return tuple(Group(each.name, parts.get(each.name, ())) for each in named)


def _told(by_status: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """All statuses, but for the unknown one where nobody has it, which is as it should be."""
    return ((status, users) for status, users in by_status.items() if users or status != UNKNOWN_STATUS)


def ledger(known: Known, *, now: float) -> LedgerLine | None:
    """How far the counting of ended meetings is; None where nothing is known of it."""
    kept = known["ended_meetings"].kept if "ended_meetings" in known else None
    if not isinstance(kept, EndedMeetings):
        return None
    return LedgerLine(
        counting_for=max(0.0, now - kept.counting_since),
        lag=max(0.0, now - kept.watermark),
        pending=kept.pending,
        meetings=kept.durations.count,
        stays=kept.stays.count,
        persistent=kept.persistent,
        late=kept.late,
        abandoned=kept.abandoned,
        gap=kept.gap_seconds,
    )
