"""The board "Presence overview"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.boards import frame, variables
from grafana.boards.layout import line, section

if TYPE_CHECKING:
    from grafana_foundation_sdk.models import dashboard as model


def board() -> model.Dashboard:
    """Put the board together."""
    return frame.board(
        uid=frame.OVERVIEW,
        title="Presence overview",
        description="Presence overview",
        variables=variables.common(),
        sections=[section("", line(4, frame.guide("Presence overview."), frame.freshness(), widths=(16, 8)))],
    )
