"""The board "Rooms and meetings": which rooms are busy, who waits alone, how long meetings and stays are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.boards import frame, rooms_ended, rooms_now, variables
from grafana.boards.layout import line, section

if TYPE_CHECKING:
    from grafana_foundation_sdk.models import dashboard as model

_PURPOSE = """\
**Which rooms are busy, is somebody waiting alone, and how long do meetings and stays last?** What goes on
is as Daily answered last; what has ended is counted once, some minutes after its end. Where a source could
not be asked, its numbers are *unknown*: a gap or that word, never 0. Choose a room in a table, or at the top,
to see only that one; totals and distributions are always of all rooms."""


def board() -> model.Dashboard:
    """Put the board together."""
    return frame.board(
        uid=frame.ROOMS,
        title="Rooms and meetings",
        description="Which rooms are busy, who waits alone, and how long do meetings and stays last?",
        variables=[*variables.common(), variables.room(), variables.plan_minutes()],
        sections=[
            section("", line(6, frame.guide(_PURPOSE), frame.freshness("daily"), widths=(16, 8))),
            section(
                "How much is going on now?",
                line(4, *rooms_now.numbers(), *rooms_ended.today(), widths=(4,) * 6),
            ),
            section("Which rooms are busy?", *(line(9, *each) for each in rooms_now.rooms())),
            section("Is somebody waiting alone?", *(line(8, *each) for each in rooms_now.alone())),
            section("Which meetings are going on?", *(line(9, *each) for each in rooms_now.meetings())),
            section("How long do people stay?", *(line(8, *each) for each in rooms_ended.stays())),
            section(
                "How long and how large are meetings?", *(line(8, *each) for each in rooms_ended.meetings())
            ),
            section("Is the plan enough?", *(line(7, *each) for each in rooms_ended.plan())),
        ],
    )
