"""Turns a snapshot into finished families: every metric of facts, and whether they are true.

Pure: a snapshot in, families out, built afresh for each page. Facts of a failed collector are not in the
snapshot, so they cannot be on the page. It knows no network, no loop and no clock.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from prometheus_client import Metric

from exporter.metrics import catalogue as c
from exporter.metrics.page import Page, Section
from exporter.model import (
    ChatPresence,
    CollectorSnapshot,
    DomainPresence,
    EndedMeetings,
    Facts,
    OngoingMeetings,
    ServerConnections,
    Snapshot,
    StatusHistory,
    WatchedRooms,
)


def families(snapshot: Snapshot, *, openmetrics: bool) -> Iterable[Metric]:
    """The families of one page, in stable order; `openmetrics` adds what only that format can carry."""
    page = Page(openmetrics=openmetrics)
    for source in snapshot.sources:
        section = Section(page, source.source)
        # Of a source that was asked in part only, nobody knows.
        if source.up is not None:
            section.value(c.UP, source.up)
        section.value(c.SOURCE_INFO, 1, source.kind)
        for collector in source.collectors:
            _show_collector(section, collector)
    return page.finished()


def _show_collector(section: Section, seen: CollectorSnapshot) -> None:
    section.value(c.COLLECTOR_SUCCESS, seen.answer.success, seen.collector)
    section.value(c.COLLECTOR_DURATION, seen.answer.seconds, seen.collector)
    if seen.last_success is not None:
        section.value(c.COLLECTOR_LAST_SUCCESS, seen.last_success, seen.collector)
    for facts in (seen.answer.value, seen.kept):
        if facts is not None:
            _SHOWN[type(facts)](section, facts)


def _show_domain(section: Section, facts: DomainPresence) -> None:
    section.value(c.PARTICIPANTS, facts.participants)
    section.value(c.ROOMS_OCCUPIED, facts.rooms_occupied)
    section.values(c.ROOM_PARTICIPANTS, facts.rooms.shown)
    section.value(c.ROOMS_FOLDED, facts.rooms.folded_rooms)
    section.value(c.FOLDED_PARTICIPANTS, facts.rooms.folded_participants)
    for group in facts.groups:
        section.value(c.ROOM_GROUP_PARTICIPANTS, group.participants, group.group)
        section.value(c.ROOM_GROUP_OCCUPIED, group.rooms, group.group)
    section.gauge_histogram(c.ROOM_SIZE, facts.room_sizes)
    if facts.current_stays is not None:
        section.gauge_histogram(c.CURRENT_STAY, facts.current_stays)
    if facts.lone_stays is not None:
        section.gauge_histogram(c.LONE_STAY, facts.lone_stays)


def _show_watched(section: Section, facts: WatchedRooms) -> None:
    section.values(c.ROOM_PARTICIPANTS, facts.participants)


def _show_meetings(section: Section, facts: OngoingMeetings) -> None:
    section.value(c.MEETINGS_ONGOING, facts.meetings)
    if facts.ages is not None:
        section.gauge_histogram(c.MEETING_AGE, facts.ages)
    section.values(c.ROOM_MEETING_START, facts.room_starts)


def _show_ended(section: Section, facts: EndedMeetings) -> None:
    since = facts.counting_since
    section.histogram(c.JOIN_DURATION, facts.stays, since=since, exemplars=facts.exemplars)
    section.histogram(c.MEETING_DURATION, facts.durations, since=since)
    section.histogram(c.MEETING_PEAK, facts.peaks, since=since)
    section.value(c.LEDGER_WATERMARK, facts.watermark)
    section.value(c.LEDGER_PENDING, facts.pending)
    section.value(c.LEDGER_PERSISTENT, facts.persistent)
    section.value(c.LEDGER_LATE, facts.late)
    section.value(c.LEDGER_ABANDONED, facts.abandoned)
    section.value(c.LEDGER_GAP, facts.gap_seconds)


def _show_chat(section: Section, facts: ChatPresence) -> None:
    section.value(c.BROADCAST_DISABLED, facts.broadcast_disabled)
    section.values(c.USERS, facts.users or {})
    for group, statuses in (facts.groups or {}).items():
        section.values(c.GROUP_USERS, statuses, group)
    for status, values in (facts.current or {}).items():
        section.gauge_histogram(c.CURRENT_STATUS, values, status)
    if facts.resolution is not None:
        section.value(c.STATUS_RESOLUTION, facts.resolution)


def _show_history(section: Section, facts: StatusHistory) -> None:
    for status, values in facts.completed.items():
        section.histogram(c.STATUS_DURATION, values, status, since=facts.counting_since)
    if facts.drift is not None:
        section.value(c.DELTA_DRIFT, facts.drift)


def _show_connections(section: Section, facts: ServerConnections) -> None:
    section.value(c.SERVER_CONNECTIONS, facts.current)
    section.value(c.SERVER_CONNECTIONS_LIMIT, facts.limit)


_SHOWN: Final[Mapping[type[Facts], Callable[[Section, Any], None]]] = {
    DomainPresence: _show_domain,
    WatchedRooms: _show_watched,
    OngoingMeetings: _show_meetings,
    ChatPresence: _show_chat,
    StatusHistory: _show_history,
    EndedMeetings: _show_ended,
    ServerConnections: _show_connections,
}
