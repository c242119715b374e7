"""A script of some 350 meetings over a day and a half, with all that makes them hard to count, and its truth.

What is true: every meeting that ended, by its final start and duration, at or after the start of counting,
with its final stays. A meeting that vanished before it was told to have ended never became a figure of the
vendor's either, so nobody can say how long it was: it is not counted. One that vanished hours after its end
was told like any other by then, and is counted. The script has nothing in between, where the truth would
depend on who looked when; `check` holds it to that, and to telling each ended meeting so that two equal
sights a minute apart are final, which is what the rules rely on.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from exporter.demo import Attendance, DailyDomain, Meeting, Stay, Telling, plainly
from exporter.demo.dice import derived_uuid, dice
from exporter.demo.sessions import peak
from exporter.demo.telling import CORRECTED_EVERY, DATED_BACK, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from exporter.demo.clock import Clock

MINUTE: Final = 60
HOUR: Final = 3600

BASE: Final = 1_735_689_600
"""Unix seconds around which it plays: 1 January 2025, 00:00:00 UTC, in the past for any exporter."""

ENDS: Final = 27 * HOUR
"""Seconds after `BASE` when the last meeting is over."""

SETTLES: Final = 60
"""Seconds between two equal sights that are taken for final."""

LONG_AFTER: Final = 6 * HOUR
"""Seconds after its end at which a meeting vanishes that was told long enough."""

SEEN_BY_ALL: Final = 5 * HOUR
"""Seconds of a meeting that somebody looked at while it went on: no exporter is away for so long."""


@dataclass(frozen=True, slots=True)
class Scripted:
    """A meeting, and how it is told."""

    meeting: Meeting
    telling: Telling

    @property
    def flips(self) -> int:
        """When it is first told to have ended (Unix seconds)."""
        return self.meeting.end + self.telling.lag

    @property
    def ended_in_sight(self) -> bool:
        """Whether it was still listed when it was told to have ended."""
        vanishes = self.telling.vanishes
        return vanishes is None or self.meeting.start + vanishes > self.flips

    @property
    def seconds(self) -> float:
        """How long it was, as it is told in the end."""
        return self.meeting.end - self.meeting.start + self.telling.fraction

    @property
    def stays(self) -> tuple[float, ...]:
        """How long everybody stayed, as it is told in the end."""
        return tuple(each.leave - each.join + self.telling.fraction for each in self.meeting.attendances)


@dataclass(frozen=True, slots=True)
class Truth:
    """What must be counted: every stay and every length in seconds, and every peak."""

    stays: tuple[float, ...]
    durations: tuple[float, ...]
    peaks: tuple[float, ...]

    def series(self, bounds: Mapping[str, Sequence[float]]) -> dict[str, float]:
        """The samples of the three histograms with these bounds, by name and bound, counted one by one."""
        shown = {}
        for family, values in (
            ("presence_join_duration_seconds", self.stays),
            ("presence_meeting_duration_seconds", self.durations),
            ("presence_meeting_peak_participants", self.peaks),
        ):
            for bound in bounds[family]:
                shown[f"{family}_bucket {bound}"] = float(sum(value <= bound for value in values))
            shown[f"{family}_bucket +Inf"] = shown[f"{family}_count"] = float(len(values))
            shown[f"{family}_sum"] = float(sum(values))
        return shown


class Script:
    """All meetings of one seed."""

    def __init__(self, seed: object) -> None:
        self.seed = seed
        rng = dice("script", seed)
        self.scripted = tuple(_Writer(seed, rng).write())
        for each in self.scripted:
            check(each)

    def truth(self, counting_since: float) -> Truth:
        """What a ledger must hold in the end that counts since that moment (Unix seconds)."""
        counted = [
            each
            for each in self.scripted
            if each.ended_in_sight and each.meeting.start + each.seconds >= counting_since
        ]
        return Truth(
            tuple(stay for each in counted for stay in each.stays),
            tuple(each.seconds for each in counted),
            tuple(float(peak(each.meeting.attendances)) for each in counted),
        )


class ScriptedDomain(DailyDomain):
    """The simulated domain, where nothing happens but what the script says."""

    def __init__(self, script: Script, clock: Clock) -> None:
        tellings = {each.meeting.id: each.telling for each in script.scripted}
        super().__init__(
            script.seed,
            clock=clock,
            calls=None,
            repeats=2,
            teller=lambda meeting: tellings.get(meeting.id) or plainly(meeting),
        )
        self._meetings = [each.meeting for each in script.scripted]

    def begun(self, since: float, *, until: float) -> Iterable[Meeting]:
        return [m for m in self._meetings if m.start <= until and m.end >= since]

    def present(self, t: float | None = None) -> dict[str, list[Stay]]:
        now = self.clock() if t is None else t
        stays = [each.stay for meeting in self._meetings for each in meeting.attendances]
        found: dict[str, list[Stay]] = {}
        for stay in stays:
            if stay.join <= now < stay.leave:
                found.setdefault(stay.room, []).append(stay)
        return found

    def session_ids(self, t: float | None = None) -> dict[str, str]:
        return {
            each.stay.participant_id: meeting.id for meeting in self._meetings for each in meeting.attendances
        }


class _Writer:
    """Makes meetings up; times are seconds after `BASE`."""

    def __init__(self, seed: object, rng: random.Random) -> None:
        self._seed = seed
        self._rng = rng
        self._written = 0

    def write(self) -> list[Scripted]:
        rng, between = self._rng, self._rng.randrange
        return [
            # Before anybody counts, and on when the counting starts.
            *self._some(50, lambda: self._one(-between(HOUR, 9 * HOUR), between(MINUTE, 50 * MINUTE))),
            *self._some(8, lambda: self._one(-between(MINUTE, HOUR), between(HOUR, 3 * HOUR))),
            # One runs for a day; some are over before anybody looks; some are hours long.
            self._one(-2 * HOUR, 26 * HOUR, telling=Telling(lag=300)),
            *self._some(30, lambda: self._one(between(26 * HOUR), between(15, 50))),
            *self._some(12, lambda: self._one(between(20 * HOUR), between(2 * HOUR, 6 * HOUR))),
            self._one(5 * HOUR, 6 * HOUR, telling=Telling(lag=30, lacking=(4 * HOUR,))),
            # More than a page of them within the time that is read again and again.
            *self._some(140, lambda: self._one(10 * HOUR + between(35 * MINUTE), between(120, 40 * MINUTE))),
            *self._some(105, lambda: self._one(between(26 * HOUR), rng.randrange(45, 55 * MINUTE))),
            # Listed so late that only an audit finds them.
            *self._some(2, lambda: self._one(between(20 * HOUR), 20 * MINUTE, telling=Telling(late=3300))),
            # One vanishes while it is on, another long after its end.
            self._one(HOUR, 2 * HOUR, telling=Telling(vanishes=HOUR)),
            self._one(3 * HOUR, HOUR, telling=Telling(vanishes=HOUR + LONG_AFTER + 1)),
        ]

    def _some(self, number: int, make: Callable[[], Scripted]) -> list[Scripted]:
        return [make() for _ in range(number)]

    def _one(self, start: int, seconds: int, *, telling: Telling | None = None) -> Scripted:
        self._written += 1
        room = f"room-{self._rng.randrange(200)}"
        first, last = BASE + start, BASE + min(start + seconds, ENDS)
        ident = derived_uuid(self._seed, "scripted", self._written)
        attendances = self._attendances(room, (first, last))
        meeting = Meeting(ident, room, first, last, attendances)
        return Scripted(meeting, self._telling(meeting) if telling is None else telling)

    def _attendances(self, room: str, span: tuple[int, int]) -> tuple[Attendance, ...]:
        """Two to six people; the first waited for the second, so their join lies before the start."""
        rng, (start, end) = self._rng, span
        joins = [start - rng.choice((0, 0, 24, 29)), start]
        joins += [rng.randrange(start, end - 11) for _ in range(rng.choice((0, 0, 0, 1, 2, 4)))]
        stays = []
        for number, join in enumerate(joins):
            leave = end if number < 2 and rng.random() < 0.8 else rng.randrange(join + 10, end + 1)
            # Whoever makes the meeting last is in it to the end.
            leave = end if number == 0 else leave
            who = derived_uuid(self._seed, "who", self._written, number)
            stays.append(Stay(room, who, who, "Ada", join, leave))
        return tuple(Attendance(stay, stay.join, stay.leave) for stay in stays)

    def _telling(self, meeting: Meeting) -> Telling:
        """One of the ways to tell it late or wrongly; a third of them plainly, but for fractions."""
        rng, length = self._rng, meeting.end - meeting.start
        soon = rng.randrange(CORRECTED_EVERY)
        # More only where everybody has seen it go on: an end of an hour ago is believed of any other.
        lacks = rng.randrange(1, 1 + (length if length >= SEEN_BY_ALL else min(length, 40 * MINUTE)))
        lacking = (lacks, lacks // 2)
        fraction = rng.choice((0, 0, 0.25, 0.5, 0.875))
        ways = [
            Telling(fraction=fraction),
            Telling(late=rng.randrange(900), fraction=fraction),
            Telling(started_late=min(DATED_BACK, length), dated_back_after=soon, fraction=fraction),
            Telling(lag=rng.randrange(900), unlisted=rng.random() < 0.5, fraction=fraction),
            Telling(lag=DATED_BACK + soon, fraction=fraction),
            Telling(lag=rng.randrange(120), lacking=lacking, fraction=fraction),
            Telling(late=rng.randrange(600), lag=rng.randrange(300), lacking=(lacks,), fraction=fraction),
        ]
        if length > 2 * DATED_BACK:
            # Set right at some time while it goes on, when it may have been followed for long.
            whenever = rng.randrange(length - DATED_BACK)
            ways.append(Telling(started_late=DATED_BACK, dated_back_after=whenever, fraction=fraction))
        return rng.choice([Telling(fraction=fraction), *ways])


def check(scripted: Scripted) -> None:
    """Hold a meeting to what the truth rests on: each wrong view after its end is set right soon."""
    meeting, telling = scripted.meeting, scripted.telling
    if telling.vanishes is not None:
        vanishes = meeting.start + telling.vanishes
        assert vanishes < meeting.end or vanishes > scripted.flips + LONG_AFTER
    if not telling.lacking and not telling.started_late:
        return
    begin = max(scripted.flips, meeting.listed + telling.late, meeting.start + telling.started_late)
    views = [told(meeting, telling, now=now) for now in range(begin, begin + 3 * SETTLES)]
    same = 1
    for before, after in pairwise(views):
        same = same + 1 if before == after else 1
        final = after is None or (after.lacking == 0 and after.start == meeting.start)
        assert final or same < SETTLES - 1, f"{meeting.id} is told wrongly for too long"
