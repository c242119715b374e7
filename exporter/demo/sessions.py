"""Daily's rules by which presence becomes meetings; pure, and the one place of the demo that knows them.

"A session starts when one person was alone 30 s, or a second joins before; it ends when the room is empty, or
when one person stayed alone for 10 min. A join is written only after 10 s in the room." What the rules leave
open is settled so: ten minutes alone count from the session's start at the earliest, whoever sat out a
session alone begins no other until somebody joins, and in that next session their attendance counts from its
start, so that no second counts twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from exporter.demo.dice import derived_uuid

ALONE_BEFORE_START = 30
"""Seconds after which one person alone makes a session."""
ALONE_BEFORE_END = 600
"""Seconds alone that end a session while its last participant is still in the room."""
WRITTEN_AFTER = 10
"""Seconds in the room before a join is written; who leaves sooner never appears in a meeting."""


@dataclass(frozen=True, slots=True)
class Stay:
    """One person's unbroken time in a room, from `join` until just before `leave` (Unix seconds)."""

    room: str
    participant_id: str
    user_id: str | None
    user_name: str | None
    join: int
    leave: int


@dataclass(frozen=True, slots=True)
class Attendance:
    """The part of a stay that belongs to one meeting; `written` is when the vendor begins to list it."""

    stay: Stay
    join: int
    leave: int

    @property
    def written(self) -> int:
        """Unix seconds."""
        return self.stay.join + WRITTEN_AFTER


@dataclass(frozen=True, slots=True)
class Meeting:
    """A session and all who attend it until its end, in the order of their joining."""

    id: str
    room: str
    start: int
    end: int
    attendances: tuple[Attendance, ...]

    @property
    def listed(self) -> int:
        """When it first appears: once begun, with one join written (Unix seconds)."""
        return max(self.start, min(a.written for a in self.attendances))


@dataclass(slots=True)
class _Room:
    """A room while time passes over it: who is inside, and whether a session is on."""

    inside: int = 0
    alone_since: int = 0
    started: int | None = None
    spans: list[tuple[int, int]] = field(default_factory=list)

    def waited(self, now: int) -> None:
        """Let happen what time alone brings about until `now`, when the next one comes or goes."""
        if self.inside != 1:
            return
        if self.started is None and now - self.alone_since > ALONE_BEFORE_START:
            self.started = self.alone_since = self.alone_since + ALONE_BEFORE_START
        if self.started is not None and now - self.alone_since >= ALONE_BEFORE_END:
            self._end(self.alone_since + ALONE_BEFORE_END)

    def joined(self, now: int) -> None:
        self.inside += 1
        if self.inside == 1:
            self.alone_since = now
        elif self.started is None:
            self.started = now

    def left(self, now: int) -> None:
        self.inside -= 1
        self.alone_since = now
        if self.inside == 0:
            self._end(now)

    def _end(self, now: int) -> None:
        if self.started is not None:
            self.spans.append((self.started, now))
        self.started = None


def spans(stays: Iterable[Stay]) -> list[tuple[int, int]]:
    """Give begin and end of each session in one room; who leaves goes before who comes in the same second."""
    events = sorted(event for stay in stays for event in ((stay.leave, False), (stay.join, True)))
    room = _Room()
    for now, joins in events:
        room.waited(now)
        if joins:
            room.joined(now)
        else:
            room.left(now)
    return room.spans


def meetings(stays: Sequence[Stay], *, seed: object) -> list[Meeting]:
    """Give the meetings that these stays make, oldest first; one of too short visits alone is none."""
    by_room: defaultdict[str, list[Stay]] = defaultdict(list)
    for stay in stays:
        by_room[stay.room].append(stay)
    found = []
    for room, inside in by_room.items():
        before = 0
        for start, end in spans(inside):
            attending = _attendances(inside, (start, end), before=before)
            if attending:
                found.append(Meeting(derived_uuid(seed, room, start), room, start, end, attending))
            before = end
    return sorted(found, key=lambda meeting: (meeting.start, meeting.id))


def _attendances(stays: Iterable[Stay], span: tuple[int, int], *, before: int) -> tuple[Attendance, ...]:
    start, end = span
    attending = (
        Attendance(stay, stay.join if stay.join >= before else start, min(stay.leave, end))
        for stay in stays
        if stay.join < end and stay.leave > start and stay.leave - stay.join >= WRITTEN_AFTER
    )
    return tuple(sorted(attending, key=lambda a: (a.join, a.stay.participant_id)))


def peak(attendances: Iterable[Attendance]) -> int:
    """Give how many were in the meeting at once, at most."""
    steps = sorted(step for a in attendances for step in ((a.leave, -1), (a.join, 1)))
    highest = inside = 0
    for _, step in steps:
        inside += step
        highest = max(highest, inside)
    return highest
