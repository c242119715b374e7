"""Panels of the board "Presence overview" about trust: what is whole, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.boards import frame, looks, panels, tables
from grafana.boards.panels import About, Look
from grafana.boards.queries import over_time
from grafana.boards.tables import Column

if TYPE_CHECKING:
    from grafana_foundation_sdk.models import dashboard as model

PEOPLE = "max by (job, source) (presence_participants{@source})"
OCCUPIED = "max by (job, source) (presence_rooms_occupied{@source})"
MEETINGS = "max by (job, source) (presence_meetings_ongoing{@source})"
ONLINE = 'max by (job, source) (presence_users{@source, status="online"})'
_AGE = f"time() - {frame.ANSWERED}"
_ASKED = ("How it is asked", tables.link_to(frame.EXPORTER, source="Source"))


def history() -> list[model.Panel]:
    """Show when what was whole."""
    return [_whole(), _collectors_then()]


def _whole() -> model.Panel:
    return panels.states(
        About(
            title="When were sources whole?",
            question="When was each source whole, so that all its numbers were there?",
            absent="the source was not scraped then, or only some of its collectors were.",
        ),
        over_time("max by (job, source) (presence_up{@source})", "{{source}}"),
        look=Look(words=looks.SUCCESS, colour=looks.BY_THRESHOLD),
    )


def _collectors_then() -> model.Panel:
    return panels.states(
        About(
            title="When did collectors succeed?",
            question="Which part of a source failed, and when? Only its numbers were unknown then.",
            absent="the source was not scraped then, or this collector was not asked for.",
        ),
        over_time(
            "max by (job, source, collector) (presence_collector_success{@source})",
            "{{source}} {{collector}}",
        ),
        look=Look(words=looks.SUCCESS, colour=looks.BY_THRESHOLD),
    )


def sources() -> model.Panel:
    """Show what each source tells now."""
    return tables.rows(
        About(
            title="Sources now",
            question="What does each source tell now, and is it whole?",
            absent="no exporter is scraped. A cell that is unknown: the collector fails, or this kind of "
            "source has no such number.",
        ),
        Column(name="Source", label="source", link=_ASKED),
        Column(name="Kind", label="kind"),
        Column(
            name="Whole",
            query="max by (job, source) (presence_up{@source})",
            words=looks.SUCCESS,
            coloured=True,
        ),
        Column(
            name="Oldest answer",
            query=f"max by (job, source) ({_AGE})",
            unit="s",
            decimals=0,
            thresholds=looks.AGE,
        ),
        *_numbers(),
        Column(
            name="Configured",
            query="max by (job, source, kind) (last_over_time(presence_source_info{@source}[1h]))",
        ),
        order=tables.Order(by="Source", descending=False, hidden=("Configured",)),
    )


def _numbers() -> list[Column]:
    rooms = tables.link_to(frame.ROOMS, source="Source")
    chat = tables.link_to(frame.CHAT, source="Source")
    return [
        Column(name="People in calls", query=PEOPLE, link=("Rooms", rooms)),
        Column(name="Rooms occupied", query=OCCUPIED),
        Column(name="Meetings", query=MEETINGS),
        Column(name="Users online", query=ONLINE, link=("Chat", chat)),
    ]


def collectors() -> model.Panel:
    """Show how each collector does now."""
    return tables.rows(
        About(
            title="Collectors now",
            question="When did each collector last succeed, and how long did it take the last time?",
            absent="no exporter is scraped. An unknown age: no success since its exporter started.",
        ),
        Column(name="Source", label="source", link=_ASKED),
        Column(name="Collector", label="collector"),
        Column(
            name="State",
            query="max by (job, source, collector) (presence_collector_success{@source})",
            words=looks.SUCCESS,
            coloured=True,
        ),
        Column(name="Last success", query=_AGE, unit="s", decimals=0, thresholds=looks.AGE),
        Column(
            name="Time it took",
            query="max by (job, source, collector) (presence_collector_duration_seconds{@source})",
            unit="s",
            decimals=2,
        ),
        order=tables.Order(by="Last success"),
    )
