"""Panels of the board "Rooms and meetings" about this moment: rooms, people alone, ongoing meetings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.boards import frame, looks, panels, tables
from grafana.boards.panels import About, Look
from grafana.boards.queries import now, over_time, total
from grafana.boards.tables import Column

if TYPE_CHECKING:
    from grafana_foundation_sdk.models import dashboard as model

_UNKNOWN = "a Daily source that is chosen above cannot be asked, there is none, or nothing is scraped."
_THEN = "the source could not be asked then. A gap is never nobody."

_IN_ROOM = "max by (job, source, room) (presence_room_participants{@room})"
_BEGAN = "max by (job, source, room) (presence_room_meeting_start_timestamp_seconds{@room})"
_BIGGEST = f"topk(50, {_IN_ROOM} > 0)"
_OLDEST = f"bottomk(20, {_BEGAN})"

_WHICH = (
    Column(
        name="Room",
        label="room",
        link=("Only this room", tables.link_to(frame.ROOMS, source="Source", room="Room")),
        counted=True,
    ),
    Column(name="Source", label="source"),
)

_ALONE = "max by (job, source) (presence_lone_stay_seconds_gcount{@source})"
_OPEN_FOR = looks.thresholds((4 * 3600, looks.ATTENTION), (12 * 3600, looks.BAD), base=looks.GOOD)


def numbers() -> list[model.Panel]:
    """How many people, rooms, meetings there are, and how many people wait."""
    return [
        _number("People in calls now", "How many people are in rooms now?", metric="presence_participants"),
        _number(
            "Rooms occupied", "In how many rooms is at least one person?", metric="presence_rooms_occupied"
        ),
        panels.number(
            About(
                title="Meetings going on",
                question="How many meetings does Daily list? It lists one after 30 seconds or with its "
                "second person.",
                absent=_UNKNOWN,
            ),
            now(
                total(
                    "max by (job, source) (presence_meetings_ongoing{@source})",
                    collector="meetings",
                    kind="daily",
                ),
                "Meetings going on",
            ),
        ),
        _waiting(),
    ]


def _number(title: str, question: str, *, metric: str) -> model.Panel:
    fact = f"max by (job, source) ({metric}{{@source}})"
    return panels.number(
        About(title=title, question=question, absent=_UNKNOWN + frame.ROOMS_ONLY),
        now(total(fact, collector="presence", kind="daily"), title),
    )


def _waiting() -> model.Panel:
    return panels.number(
        About(
            title="Alone for more than 5 minutes",
            question="How many people have been alone in their room for more than five minutes?",
            absent=f"{_UNKNOWN}{frame.ROOMS_ONLY} The same where `buckets` have no end at 300 s.",
        ),
        now(total(_longer("300.0"), collector="presence", kind="daily"), "people"),
        look=Look(
            unit="short",
            colour=looks.BY_THRESHOLD,
            thresholds=looks.thresholds((1, looks.ATTENTION), base=looks.GOOD),
        ),
    )


def _longer(than: str) -> str:
    """People who have been alone for longer than the end of a bucket."""
    return f'{_ALONE} - max by (job, source) (presence_lone_stay_seconds_bucket{{@source, le="{than}"}})'


def rooms() -> list[list[model.Panel]]:
    """Show rooms one by one, by their sizes, by their groups, and those without a series of their own."""
    return [[_busiest(), _table()], [_sizes(), _groups(), _folded()]]


def _busiest() -> model.Panel:
    panel = panels.lines(
        About(
            title="People by room",
            question="How many people were in each of the ten biggest rooms, of those that are chosen above?",
            absent="the room was empty, has no series of its own, or the source could not be asked then; the "
            "age of the data and the people in calls tell which. A watched room that is empty is at 0.",
        ),
        over_time(
            f"""{_IN_ROOM} and on (job, source, room) topk(10, max by (job, source, room) (
                max_over_time(presence_room_participants{{@room}}[$__range] @ end())))""",
            "{{source}} {{room}}",
        ),
    )
    # Prometheus reads every room at each step to find these: fewer steps where there are thousands.
    panel.max_data_points = 240
    return panel


def _table() -> model.Panel:
    return tables.rows(
        About(
            title="Biggest rooms now",
            question="Where are most people now, and since when has the room's meeting been going on?",
            absent="nobody is in a room that has a series of its own, or that is unknown. A time that is "
            "unknown: Daily lists no meeting of the room yet, or the settings do not show it.",
        ),
        *_WHICH,
        Column(name="People", query=_BIGGEST, decimals=0),
        Column(
            name="Meeting for",
            query=f"time() - {_BEGAN} and on (job, source, room) {_BIGGEST}",
            unit="s",
            decimals=0,
        ),
        order=tables.Order(by="People"),
    )


def _sizes() -> model.Panel:
    return panels.heat(
        About(
            title="Rooms by size",
            question="How many rooms have how many people in them? The lowest row are those with one person.",
            absent=f"a source could not be asked then.{frame.ROOMS_ONLY}",
        ),
        over_time(_rows("presence_room_size_participants"), "{{le}}", form="heatmap"),
        rows="short",
    )


def _rows(family: str, *, collector: str = "presence") -> str:
    """The buckets of a gauge histogram, which are of this moment and take no rate."""
    buckets = f"max by (job, source, le) ({family}_bucket{{@source}})"
    return total(buckets, collector=collector, kind="daily", by="le")


def _groups() -> model.Panel:
    return panels.lines(
        About(
            title="People by group of rooms",
            question="How many people are in the rooms of each group that the configuration names?",
            absent=f"no groups of rooms are configured, or {_THEN}",
        ),
        over_time(
            "max by (job, source, group) (presence_room_group_participants{@source})",
            "{{source}} {{group}} people",
        ),
        over_time(
            "max by (job, source, group) (presence_room_group_occupied{@source})",
            "{{source}} {{group}} rooms",
        ),
    )


def _folded() -> model.Panel:
    return panels.lines(
        About(
            title="Rooms without a series of their own",
            question="How much is not shown room by room? These rooms are in every total and distribution.",
            absent=f"{_THEN}{frame.ROOMS_ONLY}",
        ),
        over_time("max by (job, source) (presence_rooms_folded{@source})", "{{source}} rooms"),
        over_time("max by (job, source) (presence_folded_participants{@source})", "{{source}} people"),
    )


def alone() -> list[list[model.Panel]]:
    """Show who waits alone, and for how long."""
    ends = (("60.0", "1 min"), ("300.0", "5 min"), ("900.0", "15 min"), ("1800.0", "30 min"))
    return [
        [
            panels.lines(
                About(
                    title="People alone, by how long",
                    question="How many people are alone in their room, and how many of them for longer?",
                    absent=f"{_THEN}{frame.ROOMS_ONLY} The same where `buckets` have no such end.",
                ),
                over_time(total(_ALONE, collector="presence", kind="daily"), "alone"),
                *(
                    over_time(total(_longer(end), collector="presence", kind="daily"), f"longer than {name}")
                    for end, name in ends
                ),
            ),
            panels.heat(
                About(
                    title="People alone by time since they joined",
                    question="For how long have people who are alone been there?",
                    absent=f"a source could not be asked then.{frame.ROOMS_ONLY}",
                ),
                over_time(_rows("presence_lone_stay_seconds"), "{{le}}", form="heatmap"),
                rows="s",
            ),
        ]
    ]


def meetings() -> list[list[model.Panel]]:
    """Show how old ongoing meetings are, and the oldest ones by room."""
    return [
        [
            panels.heat(
                About(
                    title="Meetings by age",
                    question="How many meetings have been going on for how long?",
                    absent="a source could not be asked for its meetings then.",
                ),
                over_time(
                    _rows("presence_meeting_age_seconds", collector="meetings"), "{{le}}", form="heatmap"
                ),
                rows="s",
            ),
            _oldest(),
        ]
    ]


def _oldest() -> model.Panel:
    return tables.rows(
        About(
            title="Oldest meetings now",
            question="Which rooms have had a meeting for longest? One that nobody ended can be hours old.",
            absent="no meeting is going on, its room is not shown, or the meetings are unknown. People that "
            "are unknown: the room has no series of its own.",
        ),
        *_WHICH,
        Column(name="Began", query=f"{_OLDEST} * 1000", unit="dateTimeAsIso"),
        Column(
            name="Open for",
            query=f"time() - {_OLDEST}",
            unit="s",
            decimals=0,
            thresholds=_OPEN_FOR,
            coloured=True,
        ),
        Column(name="People", query=f"{_IN_ROOM} and on (job, source, room) {_OLDEST}", decimals=0),
        order=tables.Order(by="Open for"),
    )
