"""Every family of facts: its name, type, labels and HELP.

A HELP says where the figure is from, how fresh it is, and what absence means. Names are an interface: a
change here is a change for every dashboard. It knows how nothing is computed.
"""

from dataclasses import dataclass
from typing import Final, Literal

FamilyType = Literal["gauge", "gaugehistogram", "histogram", "counter", "info"]

SOURCE: Final = ("source",)


@dataclass(frozen=True, slots=True)
class Family:
    """One metric family; a counter's name is given with its `_total`, an info's with its `_info`."""

    name: str
    type: FamilyType
    labels: tuple[str, ...]
    help: str


_PRESENCE: Final = "Daily /presence, up to 15 s old, shared within collect.min_interval"
_MEETINGS: Final = "Daily /meetings?ongoing=true, about 15 s coarse, shared within collect.min_interval"
_HISTORY: Final = (
    "Daily /meetings, read every ledger.interval and kept in the ledger; absent = the ledger cannot be used"
)
_USERS: Final = "Rocket.Chat users.presence, shared within collect.min_interval"
_CONNECTIONS: Final = "Rocket.Chat presence.getConnections, shared within collect.min_interval"
_UNKNOWN: Final = "absent = unknown, never zero"

PARTICIPANTS: Final = Family(
    "presence_participants",
    "gauge",
    SOURCE,
    f"People present now in all rooms of the domain; {_PRESENCE}; {_UNKNOWN}.",
)
ROOMS_OCCUPIED: Final = Family(
    "presence_rooms_occupied",
    "gauge",
    SOURCE,
    f"Rooms with at least one person now; {_PRESENCE}; {_UNKNOWN}.",
)
ROOM_PARTICIPANTS: Final = Family(
    "presence_room_participants",
    "gauge",
    ("source", "room"),
    "People in the room now, for occupied rooms that the settings show and for watched rooms, empty or not;"
    " Daily /presence or /rooms/{room}/presence, up to 15 s old, shared within collect.min_interval;"
    " absent = empty, folded or unknown, see presence_up.",
)
ROOMS_FOLDED: Final = Family(
    "presence_rooms_folded",
    "gauge",
    SOURCE,
    f"Occupied rooms without a series of their own; {_PRESENCE}; {_UNKNOWN}.",
)
FOLDED_PARTICIPANTS: Final = Family(
    "presence_folded_participants",
    "gauge",
    SOURCE,
    f"People in occupied rooms without a series of their own; {_PRESENCE}; {_UNKNOWN}.",
)
ROOM_GROUP_PARTICIPANTS: Final = Family(
    "presence_room_group_participants",
    "gauge",
    ("source", "group"),
    f"People in the rooms of a configured group; {_PRESENCE}; {_UNKNOWN}.",
)
ROOM_GROUP_OCCUPIED: Final = Family(
    "presence_room_group_occupied",
    "gauge",
    ("source", "group"),
    f"Occupied rooms of a configured group; {_PRESENCE}; {_UNKNOWN}.",
)
ROOM_SIZE: Final = Family(
    "presence_room_size_participants",
    "gaugehistogram",
    SOURCE,
    f"Occupied rooms by the number of people in them now; {_PRESENCE}; {_UNKNOWN}.",
)
CURRENT_STAY: Final = Family(
    "presence_current_stay_seconds",
    "gaugehistogram",
    SOURCE,
    f"People present now by the time since they joined; {_PRESENCE}; {_UNKNOWN}.",
)
LONE_STAY: Final = Family(
    "presence_lone_stay_seconds",
    "gaugehistogram",
    SOURCE,
    f"People alone in their room now by the time since they joined; {_PRESENCE}; {_UNKNOWN}.",
)
MEETINGS_ONGOING: Final = Family(
    "presence_meetings_ongoing",
    "gauge",
    SOURCE,
    f"Meeting sessions going on now; {_MEETINGS}; {_UNKNOWN}.",
)
MEETING_AGE: Final = Family(
    "presence_meeting_age_seconds",
    "gaugehistogram",
    SOURCE,
    f"Ongoing meeting sessions by the time since they began; {_MEETINGS}; {_UNKNOWN}.",
)
ROOM_MEETING_START: Final = Family(
    "presence_room_meeting_start_timestamp_seconds",
    "gauge",
    ("source", "room"),
    "Start of the room's ongoing meeting session, the earliest of several, for watched rooms and the oldest"
    f" others; {_MEETINGS}; absent = no meeting, not shown or unknown.",
)
JOIN_DURATION: Final = Family(
    "presence_join_duration_seconds",
    "histogram",
    SOURCE,
    f"Stays of participants in ended meeting sessions, each counted once, ever; {_HISTORY}.",
)
MEETING_DURATION: Final = Family(
    "presence_meeting_duration_seconds",
    "histogram",
    SOURCE,
    f"Ended meeting sessions by their length, each counted once, ever; {_HISTORY}.",
)
MEETING_PEAK: Final = Family(
    "presence_meeting_peak_participants",
    "histogram",
    SOURCE,
    "Ended meeting sessions by the most people at once, where Daily says it, so that the count may be"
    " lower;"
    f" {_HISTORY}.",
)
USERS: Final = Family(
    "presence_users",
    "gauge",
    ("source", "status"),
    "Users in the full list by status, bots of exclude_ids left out; offline, deactivated and hidden"
    " users are not in it;"
    f" {_USERS}; {_UNKNOWN}.",
)
GROUP_USERS: Final = Family(
    "presence_group_users",
    "gauge",
    ("source", "group", "status"),
    "Members of a configured group by status; offline = not in the answer, so perhaps deactivated or"
    " hidden;"
    f" {_USERS}; {_UNKNOWN}.",
)
STATUS_DURATION: Final = Family(
    "presence_status_duration_seconds",
    "histogram",
    ("source", "status"),
    "Completed stays in a status as the full lists of Rocket.Chat users.presence showed them, as exact as"
    " presence_status_resolution_seconds; counted in memory since the start of the process; absent where no"
    " full lists are asked.",
)
CURRENT_STATUS: Final = Family(
    "presence_current_status_seconds",
    "gaugehistogram",
    ("source", "status"),
    f"Users by how long they have been seen in their present status, at least; {_USERS}; {_UNKNOWN}.",
)
STATUS_RESOLUTION: Final = Family(
    "presence_status_resolution_seconds",
    "gauge",
    SOURCE,
    f"Time between the last two full lists of {_USERS}; absent until there were two, or while they fail.",
)
BROADCAST_DISABLED: Final = Family(
    "presence_broadcast_disabled",
    "gauge",
    SOURCE,
    "1 where the server has switched presence off, so that counts are withheld; Rocket.Chat users.presence"
    " and settings.public, shared within collect.min_interval; absent = unknown.",
)
SERVER_CONNECTIONS: Final = Family(
    "presence_server_connections",
    "gauge",
    SOURCE,
    f"Connections open on the server; {_CONNECTIONS}; {_UNKNOWN}.",
)
SERVER_CONNECTIONS_LIMIT: Final = Family(
    "presence_server_connections_limit",
    "gauge",
    SOURCE,
    f"Connections above which the server switches presence off; {_CONNECTIONS}; {_UNKNOWN}.",
)
DELTA_DRIFT: Final = Family(
    "presence_delta_drift_total",
    "counter",
    SOURCE,
    "Users whose status a full list of Rocket.Chat users.presence corrected after deltas; counted in memory"
    " since the start of the process; absent where no deltas are asked.",
)
LEDGER_WATERMARK: Final = Family(
    "presence_ledger_watermark_timestamp_seconds",
    "gauge",
    SOURCE,
    f"All meeting sessions that began before this are counted or followed; {_HISTORY}.",
)
LEDGER_PENDING: Final = Family(
    "presence_ledger_pending_meetings",
    "gauge",
    SOURCE,
    f"Meeting sessions that are followed until they have ended; {_HISTORY}.",
)
LEDGER_PERSISTENT: Final = Family(
    "presence_ledger_persistent",
    "gauge",
    SOURCE,
    f"1 where the ledger outlives this process, 0 where it is in memory and a restart forgets; {_HISTORY}.",
)
LEDGER_LATE: Final = Family(
    "presence_ledger_late_meetings_total",
    "counter",
    SOURCE,
    f"Meeting sessions that were listed so late that only an audit found them; {_HISTORY}.",
)
LEDGER_ABANDONED: Final = Family(
    "presence_ledger_abandoned_meetings_total",
    "counter",
    SOURCE,
    f"Followed meeting sessions that were not found for a day, and are not counted; {_HISTORY}.",
)
LEDGER_GAP: Final = Family(
    "presence_ledger_gap_seconds_total",
    "counter",
    SOURCE,
    f"Time whose meeting sessions were never read, after an outage longer than ledger.catch_up; {_HISTORY}.",
)
UP: Final = Family(
    "presence_up",
    "gauge",
    SOURCE,
    "1 where every collector of the source succeeded in the collection shown; 0 where one failed; there for"
    " each source of which the page asked all collectors, and absent where collect[] asked for some of them.",
)
COLLECTOR_SUCCESS: Final = Family(
    "presence_collector_success",
    "gauge",
    ("source", "collector"),
    "1 where the collector succeeded in the collection shown; where 0, what it does not know is withheld.",
)
COLLECTOR_DURATION: Final = Family(
    "presence_collector_duration_seconds",
    "gauge",
    ("source", "collector"),
    "How long the collection shown took; one shared within collect.min_interval keeps its time.",
)
COLLECTOR_LAST_SUCCESS: Final = Family(
    "presence_collector_last_success_timestamp_seconds",
    "gauge",
    ("source", "collector"),
    "When the collector last succeeded; absent until it has. The age of its facts is time() minus this.",
)
SOURCE_INFO: Final = Family(
    "presence_source_info",
    "info",
    ("source", "kind"),
    "The configured sources and their kinds: always 1.",
)

FAMILIES: Final[tuple[Family, ...]] = (
    PARTICIPANTS,
    ROOMS_OCCUPIED,
    ROOM_PARTICIPANTS,
    ROOMS_FOLDED,
    FOLDED_PARTICIPANTS,
    ROOM_GROUP_PARTICIPANTS,
    ROOM_GROUP_OCCUPIED,
    ROOM_SIZE,
    CURRENT_STAY,
    LONE_STAY,
    MEETINGS_ONGOING,
    MEETING_AGE,
    ROOM_MEETING_START,
    JOIN_DURATION,
    MEETING_DURATION,
    MEETING_PEAK,
    USERS,
    GROUP_USERS,
    STATUS_DURATION,
    CURRENT_STATUS,
    STATUS_RESOLUTION,
    BROADCAST_DISABLED,
    SERVER_CONNECTIONS,
    SERVER_CONNECTIONS_LIMIT,
    DELTA_DRIFT,
    LEDGER_WATERMARK,
    LEDGER_PENDING,
    LEDGER_PERSISTENT,
    LEDGER_LATE,
    LEDGER_ABANDONED,
    LEDGER_GAP,
    UP,
    COLLECTOR_SUCCESS,
    COLLECTOR_DURATION,
    COLLECTOR_LAST_SUCCESS,
    SOURCE_INFO,
)
"""In the order of the page."""
