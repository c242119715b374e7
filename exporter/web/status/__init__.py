"""The page for people: what is known now and since when, what fails and what to do about it.

Pure: an `Overview` in, HTML out. It knows no source, no clock and no room; nothing in it needs JavaScript.
"""

from exporter.web.status.page import REFRESHES, Links, page
from exporter.web.status.values import (
    Budget,
    CollectorLine,
    EndpointLine,
    Failure,
    Figure,
    Group,
    LedgerLine,
    Overview,
    PauseLine,
    RoomBar,
    Rooms,
    SourceLine,
)

__all__ = [
    "REFRESHES",
    "Budget",
    "CollectorLine",
    "EndpointLine",
    "Failure",
    "Figure",
    "Group",
    "LedgerLine",
    "Links",
    "Overview",
    "PauseLine",
    "RoomBar",
    "Rooms",
    "SourceLine",
    "page",
]
