"""The shapes of Daily's JSON, as far as they are counted, and what is done where a field has another type.

Each body is first decoded in its documented shape; only where that fails is it decoded again with the
fields open, so that one odd row costs its own figure and not everybody's. It knows no request, and no name
or id of a person.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

JOIN_TIME: Final = "joinTime"
ROOM: Final = "room"
START_TIME: Final = "start_time"
ONGOING: Final = "ongoing"
TOTAL_COUNT: Final = "total_count"
DRIFT_FIELDS: Final = (JOIN_TIME, ROOM, START_TIME, ONGOING, TOTAL_COUNT)

PAGE_ROWS: Final = 100
"""The most rows that Daily gives a page of `/meetings`."""

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Count = Annotated[float, msgspec.Meta(ge=0, le=2**53, multiple_of=1)]
"""A whole number, which Daily may write as a float; far larger ones break the arithmetic."""

Drifted = Callable[[str, int], None]


class PresenceRow(msgspec.Struct, gc=False):
    """One person in a room."""

    joinTime: Moment  # noqa: N815 - the vendor's name


class OpenPresenceRow(msgspec.Struct, gc=False):
    """One person in a room, whatever the time looks like."""

    joinTime: Any = None  # noqa: N815 - the vendor's name


class RoomPresence(msgspec.Struct, gc=False):
    """One room: with a `limit`, `data` may be shorter than the count, so only the count is read."""

    total_count: Count


class MeetingRow(msgspec.Struct, gc=False):
    """One meeting session, without its participants."""

    id: str
    room: str
    start_time: float
    ongoing: bool


class OpenMeetingRow(msgspec.Struct, gc=False):
    """One meeting session of which only the id is sure."""

    id: str
    room: Any = None
    start_time: Any = None
    ongoing: Any = None


class MeetingPage(msgspec.Struct, gc=False):
    """One page of `/meetings`; `total_count` ignores paging."""

    data: list[MeetingRow]
    total_count: Count


class OpenMeetingPage(msgspec.Struct, gc=False):
    """The same, of rows of which only the id is sure."""

    data: list[OpenMeetingRow]
    total_count: Any = None


class Meeting(msgspec.Struct, frozen=True, gc=False):
    """One meeting session as it is counted; None for what the answer did not give."""

    id: str
    room: str | None
    start: float | None
    ongoing: bool


class Refusal(msgspec.Struct, gc=False):
    """The body of an error: a stable word in `error`, and free text that is not read."""

    error: str


class Domain(msgspec.Struct, gc=False):
    """`GET /`: the domain that the key belongs to."""

    domain_name: str


_presence = msgspec.json.Decoder(dict[str, list[PresenceRow]])
_open_presence = msgspec.json.Decoder(dict[str, list[OpenPresenceRow]])
_meetings = msgspec.json.Decoder(MeetingPage)
_open_meetings = msgspec.json.Decoder(OpenMeetingPage)
_room = msgspec.json.Decoder(RoomPresence)
_domain = msgspec.json.Decoder(Domain)
_refusal = msgspec.json.Decoder(Refusal)


def presence(body: bytearray, drifted: Drifted) -> dict[str, list[float | None]]:
    """Room → join times in Unix seconds of the people in it; None for a time that cannot be read."""
    try:
        rooms = _presence.decode(body)
    except msgspec.ValidationError:
        return _odd_presence(body, drifted)
    return {room: [row.joinTime.timestamp() for row in rows] for room, rows in rooms.items()}


def _odd_presence(body: bytearray, drifted: Drifted) -> dict[str, list[float | None]]:
    rooms = _open_presence.decode(body)
    joins = {room: [_unix(row.joinTime) for row in rows] for room, rows in rooms.items()}
    drifted(JOIN_TIME, sum(times.count(None) for times in joins.values()))
    return joins


def participants(body: bytearray) -> int:
    """People in one room."""
    return int(_room.decode(body).total_count)


def domain_name(body: bytearray) -> str:
    """The domain that the key belongs to."""
    return _domain.decode(body).domain_name


def error_type(body: bytes) -> str | None:
    """The stable word of an error's body; None where there is none."""
    try:
        return _refusal.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def meetings(body: bytearray, drifted: Drifted) -> tuple[list[Meeting], int | None]:
    """One page of meetings that were asked for as ongoing, and how many there are on all pages."""
    try:
        page = _meetings.decode(body)
    except msgspec.ValidationError:
        return _odd_meetings(body, drifted)
    rows = [Meeting(row.id, row.room, row.start_time, row.ongoing) for row in page.data]
    return rows, int(page.total_count)


def _odd_meetings(body: bytearray, drifted: Drifted) -> tuple[list[Meeting], int | None]:
    page = _open_meetings.decode(body)
    rows = [_odd_meeting(row) for row in page.data]
    drifted(ROOM, sum(row.room is None for row in rows))
    drifted(START_TIME, sum(row.start is None for row in rows))
    drifted(ONGOING, sum(not isinstance(row.ongoing, bool) for row in page.data))
    total = as_type(Count, page.total_count)
    drifted(TOTAL_COUNT, total is None)
    return rows, None if total is None else int(total)


def _odd_meeting(row: OpenMeetingRow) -> Meeting:
    ongoing = row.ongoing if isinstance(row.ongoing, bool) else True
    return Meeting(row.id, as_type(str, row.room), as_type(float, row.start_time), ongoing)


def _unix(value: object) -> float | None:
    moment: datetime | None = as_type(Moment, value)
    return None if moment is None else moment.timestamp()


def as_type(kind: Any, value: object) -> Any:
    """The value as that type, or None where it is of another one."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None
