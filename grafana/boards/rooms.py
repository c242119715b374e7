"""The board "Rooms and meetings"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.boards import frame, variables
from grafana.boards.layout import line, section

if TYPE_CHECKING:
    from grafana_foundation_sdk.models import dashboard as model


def board() -> model.Dashboard:
    """Put the board together."""
    return frame.board(
        uid=frame.ROOMS,
        title="Rooms and meetings",
        description="Rooms and meetings",
        variables=variables.common(),
        sections=[
            section("", line(4, frame.guide("Rooms and meetings."), frame.freshness(), widths=(16, 8)))
        ],
    )
