"""The simulated Daily domain: who is in which room at any moment, and which meetings that makes.

Everything is a function of the seed and the moment. It knows nothing of HTTP, and what it says is the truth
against which the vendor's answers can be held.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from exporter.demo.clock import DAY, Clock
from exporter.demo.dice import derived_uuid, dice
from exporter.demo.limits import SlidingLimit
from exporter.demo.people import staff
from exporter.demo.plan import Place, Plan
from exporter.demo.rhythms import PLACES
from exporter.demo.sessions import Meeting, Stay, meetings
from exporter.demo.telling import MOST, Teller, Told, plainly, told

DAILY_KEY: Final = "demo-daily-key"
DOMAIN_NAME: Final = "demo"

DAILY_CALLS: Final = 100
"""Requests in 5 s, as the vendor documents for an account."""

HISTORY_DAYS: Final = 28
"""Whole days before today of whose meetings a domain without a beginning tells, if not told otherwise."""

SETTLED_DAYS: Final = 3
"""Days after whose beginning nothing changes in what is told of the meetings that began on it."""

CALL_ROOMS_DAYS: Final = 3
"""Whole days before today of which the rooms for one call are still there."""

_LASTING_ROOMS_MADE = 1577836800
"""When the rooms that stay were made, in Unix seconds."""

_ROOM_MADE_BEFORE = 300
"""Seconds before its call that a room for one call is made."""


@dataclass(frozen=True, slots=True)
class _Day:
    """One place's day: its stays by their joining, and its meetings, oldest first."""

    stays: tuple[Stay, ...]
    meetings: tuple[Meeting, ...]


class DailyDomain:
    """A domain of some sixty rooms, or of other places; `began` (Unix seconds) is before all in them."""

    def __init__(
        self,
        seed: object,
        *,
        clock: Clock = time.time,
        api_key: str = DAILY_KEY,
        began: float | None = None,
        history: int = HISTORY_DAYS,
        calls: int | None = DAILY_CALLS,
        teller: Teller = plainly,
        repeats: int = 0,
        places: Sequence[Place] = PLACES,
        others: Sequence[Stay] = (),
    ) -> None:
        """Make a domain that answers `calls` requests in 5 s (None = any number).

        It tells of `history` whole days before today; `teller` says how late and how wrongly each meeting is
        told. Each page of meetings begins with the last `repeats` rows of the one before. The `others` are in
        rooms of their own, and may stay for longer than the day of a place.
        """
        self.clock = clock
        self.api_key = api_key
        self.limit = SlidingLimit(calls, seconds=5) if calls else None
        self.repeats = repeats
        self._seed = seed
        self._began = began
        self._teller = teller
        self._places = tuple(places)
        self._others = _Day(tuple(others), tuple(meetings(others, seed=seed)))
        self._staff = staff(seed, size=160)
        self._history_days = history
        self._day = lru_cache(maxsize=4096)(self._drawn_day)
        self._past = lru_cache(maxsize=512)(self._told_on)

    def present(self, t: float | None = None) -> dict[str, list[Stay]]:
        """Give who is in each occupied room at `t` (Unix seconds; now, if left out), by name and joining."""
        now = self._moment(t)
        found: dict[str, list[Stay]] = {}
        for day in self._days(now):
            for stay in day.stays:
                if stay.join <= now < stay.leave:
                    found.setdefault(stay.room, []).append(stay)
        return dict(sorted(found.items()))

    def stays(self, place: Place, day: int) -> tuple[Stay, ...]:
        """Give the stays of one day (days since 1970) of a place, by their joining."""
        return self._day(place, day).stays

    def begun(self, since: float, *, until: float) -> Iterable[Meeting]:
        """Give the meetings that were on at some time in [since, until], and more of the days around it."""
        yield from self._others.meetings
        for place in self._places:
            for day in range(place.day(since), place.day(until) + 1):
                yield from self._day(place, day).meetings

    def meetings(self, t: float | None = None, *, since: float | None = None) -> list[Meeting]:
        """Give the meetings that could be listed by `t`, newest first; with `since`, few of before."""
        now = self._moment(t)
        history = self._history(now)
        first = history if since is None else max(since, history)
        return newest_first(
            [m for m in self.begun(first, until=now) if m.listed <= now and m.start >= history]
        )

    def told(
        self, t: float | None = None, *, since: float | None = None, until: float | None = None
    ) -> list[Told]:
        """Give the meetings as they are told at `t`, newest first; begun in [since, until), as it is told."""
        now = self._moment(t)
        first = self._history(now) if since is None else max(since, self._history(now))
        last = now + 1 if until is None else min(until, now + 1)
        found = []
        for day in range(int((last - 1) // DAY), int(first // DAY) - 1, -1):
            if (day + SETTLED_DAYS) * DAY <= now:
                found += [each for each in self._past(day) if first <= each.start < last]
            else:
                found += self._told_between(max(first, day * DAY), min(last, (day + 1) * DAY), now=now)
        return found

    def told_ongoing(self, t: float | None = None) -> list[Told]:
        """Give the meetings that the list of ongoing ones shows at `t`, newest first."""
        now = self._moment(t)
        near = (m for m in self.begun(now - MOST, until=now) if m.start <= now <= m.end + MOST)
        return [each for each in self._told(near, now) if each.ongoing and not each.unlisted]

    def find(self, ident: str, t: float | None = None) -> tuple[int, str] | None:
        """Give a meeting's place in the list, even that of one that vanished; None for an unknown id."""
        now = self._moment(t)
        for day in range(int(now // DAY), int(self._history(now) // DAY) - 2, -1):
            for meeting in self.begun(day * DAY, until=min(now, (day + 1) * DAY)):
                if meeting.id == ident and meeting.listed <= now:
                    shown = told(meeting, self._teller(meeting), now=now)
                    return shown.place if shown else (-meeting.start, ident)
        return None

    def ongoing(self, t: float | None = None) -> list[Meeting]:
        """Give the meetings that are on at `t`, newest first."""
        now = self._moment(t)
        found = (meeting for day in self._days(now) for meeting in day.meetings)
        return newest_first([meeting for meeting in found if meeting.listed <= now < meeting.end])

    def session_ids(self, t: float | None = None) -> dict[str, str]:
        """Give, by participant, the session that each one present is in, or waits for, perhaps in vain."""
        now = self._moment(t)
        found = {}
        for day in self._days(now):
            coming: dict[str, list[Meeting]] = {}
            for meeting in day.meetings:
                if now < meeting.end:
                    coming.setdefault(meeting.room, []).append(meeting)
            for stay in day.stays:
                if stay.join <= now < stay.leave:
                    nexts = (
                        meeting.id for meeting in coming.get(stay.room, ()) if meeting.start < stay.leave
                    )
                    found[stay.participant_id] = next(nexts, derived_uuid(self._seed, stay.participant_id))
        return found

    def rooms(self, t: float | None = None) -> dict[str, int]:
        """Give the rooms that exist at `t`, oldest first, with the moment each was made (Unix seconds)."""
        now = self._moment(t)
        lasting = [place.name for place in self._places if place.one_room]
        made = dict.fromkeys((*lasting, *(stay.room for stay in self._others.stays)), _LASTING_ROOMS_MADE)
        for stay in self._calls(now):
            made.setdefault(stay.room, stay.join - _ROOM_MADE_BEFORE)
        return dict(sorted(made.items(), key=lambda room: (room[1], room[0])))

    def _calls(self, now: float) -> Iterator[Stay]:
        for place in self._places:
            if not place.one_room:
                for day in range(place.day(self._first_call(now)), place.day(now) + 1):
                    yield from (s for s in self.stays(place, day) if s.join - _ROOM_MADE_BEFORE <= now)

    def _days(self, now: float) -> Iterator[_Day]:
        """What a moment is part of: a day of each place, and what goes on beside these."""
        yield self._others
        for place in self._places:
            yield self._day(place, place.day(now))

    def _moment(self, t: float | None) -> float:
        return self.clock() if t is None else t

    def _history(self, now: float) -> float:
        return (now // DAY - self._history_days) * DAY if self._began is None else self._began

    def _first_call(self, now: float) -> float:
        return (now // DAY - CALL_ROOMS_DAYS) * DAY if self._began is None else self._began

    def _told(self, meetings: Iterable[Meeting], now: float) -> list[Told]:
        each = (told(meeting, self._teller(meeting), now=now) for meeting in meetings)
        return sorted((one for one in each if one is not None), key=lambda one: one.place)

    def _told_between(self, first: float, last: float, *, now: float) -> list[Told]:
        begun = self.begun(first - MOST, until=min(last, now))
        shown = self._told((m for m in begun if first - MOST <= m.start < last), now)
        return [each for each in shown if first <= each.start < last]

    def _told_on(self, day: int) -> list[Told]:
        """Give the meetings of a day long ago, as they are told for ever."""
        return self._told_between(day * DAY, (day + 1) * DAY, now=(day + SETTLED_DAYS) * DAY)

    def _drawn_day(self, place: Place, day: int) -> _Day:
        plan = Plan(place, day, dice(self._seed, place.name, day), self._staff)
        place.draw(plan)
        stays = [stay for stay in plan.stays if self._began is None or stay.join >= self._began]
        stays.sort(key=lambda stay: (stay.join, stay.participant_id))
        return _Day(tuple(stays), tuple(meetings(stays, seed=self._seed)))


def newest_first(found: list[Meeting]) -> list[Meeting]:
    """Sort as the vendor does; ids decide between meetings of the same second."""
    return sorted(found, key=lambda meeting: (-meeting.start, meeting.id))
