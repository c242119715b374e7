"""The shapes of Daily's history of meetings, and what a meeting is worth whose fields are odd.

As in `wire`: first the documented shape, then with open fields. Of a participant only the stay is decoded:
when it began and how long it was.
"""

from typing import Annotated, Any, Final

import msgspec

from exporter.model import ListedMeeting
from exporter.rooms import ROOM_NAME
from exporter.sources.daily.wire import ONGOING, ROOM, TOTAL_COUNT, Count, Drifted, as_type

DURATION: Final = "duration"
PEAK: Final = "max_participants"
PARTICIPANTS: Final = "participants"
DRIFT_FIELDS: Final = (DURATION, PEAK, PARTICIPANTS)

LONGEST_BELIEVED: Final = 366 * 86400.0
"""Seconds; a longer stay or meeting is a mistake, as is one below 0."""

Id = Annotated[str, msgspec.Meta(pattern=r"\A[!-~]{1,128}\Z")]
"""What can be kept as the id of a meeting; Daily's are UUIDs."""

Peak = Annotated[float, msgspec.Meta(ge=0, le=1_000_000, multiple_of=1)]


class Participant(msgspec.Struct, gc=False):
    """One person's stay in a meeting session; nothing else of them is decoded."""

    duration: float
    join_time: float | None = None


class HistoryRow(msgspec.Struct, gc=False):
    """One meeting session with its participants; `max_participants` and `participants` may be missing."""

    id: Id
    room: str
    start_time: float
    ongoing: bool
    duration: float
    max_participants: Peak | None = None
    participants: list[Participant] | None = None


class OpenHistoryRow(msgspec.Struct, gc=False):
    """The same, of which only id and start are sure: without them it could be counted twice, or lost."""

    id: Id
    start_time: float
    room: Any = None
    ongoing: Any = None
    duration: Any = None
    max_participants: Any = None
    participants: Any = None


class HistoryPage(msgspec.Struct, gc=False):
    """One page of `/meetings` with participants."""

    data: list[HistoryRow]
    total_count: Count


class OpenHistoryPage(msgspec.Struct, gc=False):
    """The same, of odd rows."""

    data: list[OpenHistoryRow]
    total_count: Any = None


_history = msgspec.json.Decoder(HistoryPage)
_open_history = msgspec.json.Decoder(OpenHistoryPage)


def is_id(value: str) -> bool:
    """True for what can be kept as the id of a meeting."""
    return as_type(Id, value) is not None


def room_name(value: str | None) -> str | None:
    """The room, where it has a name that Daily allows."""
    return value if value is not None and ROOM_NAME.fullmatch(value) else None


def history(body: bytearray, drifted: Drifted) -> tuple[list[ListedMeeting], int | None]:
    """One page of meetings with the lengths of all stays, and how many there are on all pages."""
    try:
        page = _history.decode(body)
    except msgspec.ValidationError:
        rows, total = _odd_history(body, drifted)
    else:
        rows, total = page.data, int(page.total_count)
    drifted(ROOM, sum(room_name(row.room) is None for row in rows))
    drifted(DURATION, sum(map(_odd_lengths, rows)))
    return [_listed(row) for row in rows], total


def _odd_history(body: bytearray, drifted: Drifted) -> tuple[list[HistoryRow], int | None]:
    page = _open_history.decode(body)
    total = as_type(Count, page.total_count)
    drifted(TOTAL_COUNT, total is None)
    rows = [_odd_row(row, drifted) for row in page.data]
    return rows, None if total is None else int(total)


def _odd_row(row: OpenHistoryRow, drifted: Drifted) -> HistoryRow:
    """A field that cannot be read is one that was not given, and is told."""
    peak = as_type(Peak, row.max_participants)
    people = row.participants if isinstance(row.participants, list) else None
    drifted(ONGOING, not isinstance(row.ongoing, bool))
    drifted(PEAK, row.max_participants is not None and peak is None)
    drifted(PARTICIPANTS, row.participants is not None and people is None)
    return HistoryRow(
        id=row.id,
        room=as_type(str, row.room) or "",
        start_time=row.start_time,
        ongoing=row.ongoing if isinstance(row.ongoing, bool) else True,
        duration=_length(row.duration),
        max_participants=peak,
        participants=None if people is None else [Participant(_length_of(each)) for each in people],
    )


def _length_of(person: object) -> float:
    return _length(person.get("duration") if isinstance(person, dict) else None)


def _length(value: object) -> float:
    length: float | None = as_type(float, value)
    return -1.0 if length is None else length


def _listed(row: HistoryRow) -> ListedMeeting:
    duration = row.duration if _is_length(row.duration) else None
    people = [each for each in row.participants or () if _is_length(each.duration)]
    people.sort(key=lambda each: (each.duration, each.join_time or 0.0))
    return ListedMeeting(
        id=row.id,
        room=room_name(row.room),
        start=row.start_time,
        ongoing=row.ongoing,
        duration=duration,
        peak=None if row.max_participants is None else int(row.max_participants),
        stays=None if row.participants is None else tuple(each.duration for each in people),
        stay_ends=() if duration is None else _ends(people, row.start_time, end=row.start_time + duration),
    )


def _ends(people: list[Participant], begin: float, *, end: float) -> tuple[float, ...]:
    """When each stay ended, within the meeting, whatever Daily says; empty where it does not say of all."""
    joined = [each.join_time for each in people if each.join_time is not None]
    if len(joined) < len(people):
        return ()
    return tuple(min(max(begin, at + each.duration), end) for at, each in zip(joined, people, strict=True))


def _odd_lengths(row: HistoryRow) -> int:
    """While a meeting goes on its durations are unreliable, so only those of an ended one can be odd."""
    if row.ongoing:
        return 0
    lengths = (row.duration, *(each.duration for each in row.participants or ()))
    return sum(not _is_length(each) for each in lengths)


def _is_length(seconds: float) -> bool:
    return 0 <= seconds <= LONGEST_BELIEVED
