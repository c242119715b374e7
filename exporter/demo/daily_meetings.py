"""Daily's `GET /meetings`: filters, pages and rows as the vendor gives them at a moment.

A meeting's row knows nothing of the future: who has not joined for ten seconds is not in it, and while it is
on, its durations are not to be relied upon.
"""

from bisect import bisect_right
from typing import Any, Final
from uuid import UUID

import httpx

from exporter.demo import daily_errors as errors
from exporter.demo.daily_world import DailyDomain
from exporter.demo.sessions import Attendance, peak
from exporter.demo.telling import Told

PAGE: Final = 100
"""The most rows on a page, and how many there are when nothing is asked."""

ENDLESS_TOTAL: Final = 1_000_000_000
"""What an endless list says of its length."""
_ENDLESS_STEP: Final = 1 << 64


def listing(domain: DailyDomain, query: httpx.QueryParams, *, now: float) -> dict[str, Any]:
    """Give one page, newest first; `total_count` counts what the filters let through, whatever the page."""
    limit = errors.whole_number(query, "limit", least=1, most=PAGE, now=now) or PAGE
    found = _filtered(domain, query, now=now)
    page = _page(domain, query, found=found, limit=limit, now=now)
    bare = errors.truth(query, "no_participants", now=now) is True
    return {"total_count": len(found), "data": [_row(told, now=now, bare=bare) for told in page]}


def _filtered(domain: DailyDomain, query: httpx.QueryParams, *, now: float) -> list[Told]:
    """Tests start times alone, as they are told: `start <= start_time < end`."""
    start = errors.whole_number(query, "timeframe_start", now=now)
    end = errors.whole_number(query, "timeframe_end", now=now)
    ongoing = errors.truth(query, "ongoing", now=now)
    found = domain.told_ongoing(now) if ongoing else domain.told(now, since=start, until=end)
    return [
        told
        for told in found
        if (start is None or start <= told.start)
        and (end is None or told.start < end)
        and ("room" not in query or told.meeting.room == query["room"])
        and (ongoing is not False or not told.ongoing)
    ]


def _page(
    domain: DailyDomain, query: httpx.QueryParams, *, found: list[Told], limit: int, now: float
) -> list[Told]:
    """Cursors are places in time, so a meeting that the filters no longer let through still marks one."""
    if "starting_after" in query:
        mark = _mark(domain, query["starting_after"], now=now)
        first = bisect_right(found, mark, key=lambda told: told.place)
        # Fewer again than there are on a page, or paging would never get on.
        first = max(0, first - min(domain.repeats, limit - 1))
        return found[first : first + limit]
    if "ending_before" in query:
        mark = _mark(domain, query["ending_before"], now=now)
        return [told for told in found if told.place < mark][-limit:]
    return found[:limit]


def _mark(domain: DailyDomain, ident: str, *, now: float) -> tuple[int, str]:
    place = domain.find(ident, now)
    if place is None:
        raise errors.refused(400, "invalid-request-error", info="no such meeting id", now=now)
    return place


def _row(told: Told, *, now: float, bare: bool) -> dict[str, Any]:
    meeting = told.meeting
    written = [a for a in meeting.attendances if a.written <= now]
    row = {
        "id": meeting.id,
        "room": meeting.room,
        "start_time": told.start,
        "duration": _unreliable(told, now) if told.ongoing else _final(meeting.end - told.start, told),
        "ongoing": told.ongoing,
        "max_participants": peak(written),
    }
    return row if bare else {**row, "participants": [_participant(a, told, now=now) for a in written]}


def _unreliable(told: Told, now: float) -> int:
    """While a meeting is on, its duration may be 0, or of some time ago: each meeting has its way."""
    age = int(now - told.start)
    return (0, age // 15 * 15, age // 2)[UUID(told.meeting.id).int % 3]


def _final(seconds: int, told: Told) -> float:
    """What is left of a duration that is not whole yet, and the part of a second that the vendor measured."""
    return max(0, seconds - told.lacking) + told.fraction


def _participant(attendance: Attendance, told: Told, *, now: float) -> dict[str, Any]:
    """While the vendor takes the meeting to go on, whoever was there to the end still is."""
    stay = attendance.stay
    if told.ongoing:
        stayed = attendance.leave == told.meeting.end
        duration: float = int(now if stayed else min(attendance.leave, now)) - attendance.join
    else:
        duration = _final(attendance.leave - attendance.join, told)
    return {
        "user_id": stay.user_id,
        "participant_id": stay.participant_id,
        "user_name": stay.user_name,
        "join_time": attendance.join,
        "duration": duration,
    }


def endless_page(query: httpx.QueryParams, *, now: float) -> dict[str, Any]:
    """Give a full page of invented meetings after any cursor: the ids count upwards and never repeat."""
    try:
        last = UUID(query.get("starting_after", "")).int // _ENDLESS_STEP
    except ValueError:
        last = 0
    rows = [_invented(number, query, now=now) for number in range(last + 1, last + 1 + PAGE)]
    return {"total_count": ENDLESS_TOTAL, "data": rows}


def _invented(number: int, query: httpx.QueryParams, *, now: float) -> dict[str, Any]:
    age = number // 10
    row = {
        "id": str(UUID(int=number * _ENDLESS_STEP)),
        "room": f"endless-{number}",
        "start_time": int(now) - age,
        "duration": age,
        "ongoing": query.get("ongoing") != "false",
        "max_participants": 1,
    }
    return row if query.get("no_participants") == "true" else {**row, "participants": []}
