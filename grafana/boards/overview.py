"""The board "Presence overview": how many people are where, and whether that is true.

It stays cheap with 10,000 rooms: rooms are asked for once, for this moment, and only the biggest come back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.boards import frame, looks, overview_trust, panels, tables, variables
from grafana.boards.layout import line, section
from grafana.boards.panels import About, Look
from grafana.boards.queries import now, over_time, total
from grafana.boards.tables import Column

if TYPE_CHECKING:
    from grafana_foundation_sdk.models import dashboard as model

_DAILY = (
    "the collector of a Daily source that is chosen above fails, there is no such source, or nothing is "
    "scraped. Choose a source that is well to see its number."
)
_CHAT = (
    "the collector of a Rocket.Chat source that is chosen above fails, there is no such source, or nothing "
    f"is scraped. Choose a source that is well to see its number.{frame.PEOPLE_ONLY}"
)

_BY_STATUS = "max by (job, source, status) (presence_users{@source})"
_ROOMS = "topk(20, max by (job, source, room) (presence_room_participants{@source}) > 0)"

_PURPOSE = """\
**How many people are in calls and in the chat, where, and is it true?** A number here is what the vendors
answered last. Where a source could not be asked, its numbers are *unknown*: a gap or that word, never 0."""


def board() -> model.Dashboard:
    """Put the board together."""
    return frame.board(
        uid=frame.OVERVIEW,
        title="Presence overview",
        description="How many people are in calls and in the chat, where, and is it true?",
        variables=variables.common(),
        sections=[
            section("", line(6, frame.guide(_PURPOSE), _alerts()), line(4, *_numbers())),
            section(
                "How many?",
                line(8, _people(), _rooms_and_meetings()),
                line(9, _users(), _biggest_rooms()),
            ),
            section(
                "Is it true?",
                line(8, *overview_trust.history()),
                line(8, overview_trust.sources()),
                line(9, overview_trust.collectors()),
            ),
        ],
    )


def _numbers() -> list[model.Panel]:
    return [
        panels.number(
            About(
                title="People now",
                question="How many people are in video rooms now, in all Daily sources?",
                absent=_DAILY + frame.ROOMS_ONLY,
            ),
            now(total(overview_trust.PEOPLE, collector="presence", kind="daily"), "people"),
        ),
        panels.number(
            About(
                title="Rooms now",
                question="In how many rooms is at least one person now?",
                absent=_DAILY + frame.ROOMS_ONLY,
            ),
            now(total(overview_trust.OCCUPIED, collector="presence", kind="daily"), "rooms"),
        ),
        panels.number(
            About(
                title="Meetings now",
                question="How many meetings are going on? Daily lists one after 30 seconds or with its "
                "second person, so there can be fewer than occupied rooms.",
                absent=_DAILY,
            ),
            now(total(overview_trust.MEETINGS, collector="meetings", kind="daily"), "meetings"),
        ),
        panels.number(
            About(title="Users online now", question="How many chat users are online now?", absent=_CHAT),
            now(total(overview_trust.ONLINE, collector="presence", kind="rocketchat"), "users"),
        ),
        _how_many_whole(),
        frame.freshness(),
    ]


def _how_many_whole() -> model.Panel:
    return panels.number(
        About(
            title="Sources that are whole",
            question="In how many sources did every collector succeed? The others have unknown numbers.",
            absent="no source is scraped as a whole: the exporter is gone, or scrapes ask for some "
            "collectors only.",
        ),
        now("sum(max by (job, source) (presence_up{@source}))", "whole"),
        now("count(max by (job, source) (last_over_time(presence_up{@source}[1h])))", "of"),
    )


def _alerts() -> model.Panel:
    return panels.alerts(
        About(
            title="Alerts",
            question="Which alerts about presence fire, or are about to?",
            absent="none does, or the rules are not loaded where Grafana can see them.",
        ),
        label_filter='{service="presence"}',
    )


def _people() -> model.Panel:
    return panels.lines(
        About(
            title="People in calls",
            question="How did the number of people in video rooms move, in each Daily source?",
            absent="the source could not be asked then; a gap is never nobody.",
        ),
        over_time(overview_trust.PEOPLE, "{{source}}"),
    )


def _rooms_and_meetings() -> model.Panel:
    return panels.lines(
        About(
            title="Rooms occupied and meetings",
            question="How many rooms were occupied, and how many meetings did Daily list?",
            absent="the source could not be asked then; a gap is never an empty house.",
        ),
        over_time(overview_trust.OCCUPIED, "{{source}} rooms"),
        over_time(overview_trust.MEETINGS, "{{source}} meetings"),
    )


def _users() -> model.Panel:
    return panels.lines(
        About(
            title="Users by status",
            question="How many chat users were online, away and busy? Together they are all whom the full "
            "list has; who is offline is not in it.",
            absent=_CHAT,
        ),
        over_time(
            total(_BY_STATUS, collector="presence", kind="rocketchat", by="status"),
            "{{status}}",
        ),
        look=Look(least=0, overrides=looks.status_colours(("online", "away", "busy", "unknown"))),
        parts=True,
    )


def _biggest_rooms() -> model.Panel:
    to_room = tables.link_to(frame.ROOMS, source="Source", room="Room")
    to_source = tables.link_to(frame.ROOMS, source="Source")
    return tables.rows(
        About(
            title="Biggest rooms",
            question="Where are most people now? These are the biggest of the rooms with a series of their "
            "own; those that the settings fold or hide are in the totals only.",
            absent="nobody is in a room that is shown, or that is unknown: the age of the data tells which.",
        ),
        Column(name="Room", label="room", counted=True, link=("This room", to_room)),
        Column(name="Source", label="source", link=("Rooms of this source", to_source)),
        Column(name="People", query=_ROOMS, decimals=0),
        order=tables.Order(by="People"),
    )
