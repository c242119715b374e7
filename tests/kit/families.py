"""Which families each collector's facts are shown as: what must vanish when it fails, and nothing else."""

from typing import Final

ROOM_PRESENCE: Final = frozenset({"presence_room_participants"})

DOMAIN_PRESENCE: Final = ROOM_PRESENCE | {
    "presence_participants",
    "presence_rooms_occupied",
    "presence_rooms_folded",
    "presence_folded_participants",
    "presence_room_group_participants",
    "presence_room_group_occupied",
    "presence_room_size_participants",
    "presence_current_stay_seconds",
    "presence_lone_stay_seconds",
}

MEETINGS: Final = frozenset({
    "presence_meetings_ongoing",
    "presence_meeting_age_seconds",
    "presence_room_meeting_start_timestamp_seconds",
})  # fmt: skip

CHAT_PRESENCE: Final = frozenset({
    "presence_users",
    "presence_group_users",
    "presence_current_status_seconds",
    "presence_status_resolution_seconds",
    "presence_broadcast_disabled",
})  # fmt: skip

CONNECTIONS: Final = frozenset({"presence_server_connections", "presence_server_connections_limit"})

ENDED_MEETINGS: Final = frozenset({
    "presence_join_duration_seconds",
    "presence_meeting_duration_seconds",
    "presence_meeting_peak_participants",
    "presence_ledger_watermark_timestamp_seconds",
    "presence_ledger_pending_meetings",
    "presence_ledger_persistent",
    "presence_ledger_late_meetings_total",
    "presence_ledger_abandoned_meetings_total",
    "presence_ledger_gap_seconds_total",
})  # fmt: skip
"""Of the ledger: these stay whatever fails, but for the ledger itself."""

STATUS_HISTORY: Final = frozenset({"presence_status_duration_seconds", "presence_delta_drift_total"})

KEPT: Final = STATUS_HISTORY | ENDED_MEETINGS
"""Counted over many collections: these stay, whatever vendor fails."""

FACTS: Final = DOMAIN_PRESENCE | MEETINGS | CHAT_PRESENCE | CONNECTIONS | KEPT

ABOUT_COLLECTING: Final = frozenset({
    "presence_up",
    "presence_collector_success",
    "presence_collector_duration_seconds",
    "presence_collector_last_success_timestamp_seconds",
    "presence_source_info",
})  # fmt: skip

_SUFFIXES: Final = ("_bucket", "_gcount", "_gsum", "_count", "_sum")


def family_of(series: str) -> str:
    """The family of a series as it is written on a page."""
    name = series.partition("{")[0]
    for suffix in _SUFFIXES:
        if name.removesuffix(suffix) in FACTS:
            return name.removesuffix(suffix)
    return name
