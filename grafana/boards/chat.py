"""The board "Chat presence": who can be reached, for how long, and whether that can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.boards import chat_people, chat_times, frame, variables
from grafana.boards.layout import line, section

if TYPE_CHECKING:
    from grafana_foundation_sdk.models import dashboard as model

_PURPOSE = """\
**Who can be reached in the chat, is somebody there in each group, and can the answer be trusted?** The
server's list has those who are online, away or busy; who is not in it is offline, deactivated or hidden.
Where a source could not be asked, or has switched presence off, its numbers are *unknown*: a gap or that
word, never 0."""


def board() -> model.Dashboard:
    """Put the board together."""
    return frame.board(
        uid=frame.CHAT,
        title="Chat presence",
        description="Who can be reached in the chat, is somebody there in each group, and is that true?",
        variables=variables.common(),
        sections=[
            section("", line(6, frame.guide(_PURPOSE), frame.freshness("rocketchat"), widths=(16, 8))),
            section("Who is here?", line(4, *chat_people.numbers()), line(9, chat_people.users())),
            section("Is somebody there in each group?", *(line(9, *each) for each in chat_people.groups())),
            section("How long do people stay in a status?", *(line(8, *each) for each in chat_times.stays())),
            section("Which accounts are always there?", line(8, *chat_times.ghosts())),
            section("Can the answer be trusted?", *(line(8, *each) for each in chat_times.trust())),
        ],
    )
