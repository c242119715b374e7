"""The board "Chat presence"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.boards import frame, variables
from grafana.boards.layout import line, section

if TYPE_CHECKING:
    from grafana_foundation_sdk.models import dashboard as model


def board() -> model.Dashboard:
    """Put the board together."""
    return frame.board(
        uid=frame.CHAT,
        title="Chat presence",
        description="Chat presence",
        variables=variables.common(),
        sections=[section("", line(4, frame.guide("Chat presence."), frame.freshness(), widths=(16, 8)))],
    )
