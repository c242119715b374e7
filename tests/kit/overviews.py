"""Overviews as they come in life: all well, all bad, nothing there, very many; with the longest names."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from exporter.model import Reason
from exporter.web.status import (
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

LONG: Final = "a-very-long-name-without-a-single-blank-" * 3 + "12345678"
"""128 characters, as Daily allows them for a room."""

_VIDEO: Final = SourceLine(
    "video",
    "daily",
    tuple(
        CollectorLine(name, success=True, age=12.0, took=0.25)
        for name in ("presence", "meetings", "ended_meetings")
    ),
    (
        Figure("people in rooms", 1234, 12.0),
        Figure("rooms occupied", 210, 12.0),
        Figure("meetings going on", 208, 12.0),
    ),
    (Group("support", (("people", 9), ("rooms", 6))), Group("visits", (("people", 0), ("rooms", 0)))),
    Budget((EndpointLine("/presence", 4, left=96), EndpointLine("/meetings", 8)), 1200, 4, 8),
    counts=True,
    ledger=LedgerLine(864000.0, 75.0, 208, 12345, 67890, persistent=False, late=3, abandoned=1, gap=7200.0),
)
_CHAT: Final = SourceLine(
    "chat",
    "rocketchat",
    tuple(CollectorLine(name, success=True, age=12.0, took=0.31) for name in ("presence", "connections")),
    (
        *(Figure(f"users {status}", 97, 12.0) for status in ("online", "away", "busy")),
        Figure("connections", 136, 12.0, "of 200"),
    ),
    (Group("oncall", (("online", 1), ("away", 0), ("busy", 2), ("unknown", 0), ("offline", 4))),),
    Budget(
        (
            EndpointLine("/api/v1/users.presence", 8, 10, 2),
            EndpointLine("/api/v1/presence.getConnections", 4, 10),
        ),
        collected=4,
    ),
)
_ROOMS: Final = Rooms(
    tuple(RoomBar("video", f"{LONG[:-2]}{n}", 100 // n) for n in range(1, 11)), 200, 905, age=12.0
)

EMPTY: Final = Overview("Presence exporter", "1.2.3", 1_800_000_000.0)

HEALTHY: Final = replace(
    EMPTY,
    sources=(_VIDEO, _CHAT),
    succeeded=5,
    asked=12.0,
    totals=(*_VIDEO.figures, _CHAT.figures[0]),
    statuses=(Figure("online", 97, 12.0), Figure("away", 25, 12.0), Figure("busy", 0, 12.0)),
    rooms=_ROOMS,
    min_interval=10.0,
    notes=("Nothing here is real.",),
)


def _unknown(figure: Figure, note: str = "") -> Figure:
    return replace(figure, value=None, age=7200.0, note=note)


def _broken(source: SourceLine, reason: Reason) -> SourceLine:
    failing = (replace(each, success=False, reason=str(reason), age=7200.0) for each in source.collectors)
    return SourceLine(
        source.name,
        source.kind,
        tuple(failing),
        tuple(map(_unknown, source.figures)),
        tuple(Group(each.name) for each in source.groups),
        replace(
            source.budget, endpoints=tuple(replace(each, pause=299.2) for each in source.budget.endpoints)
        ),
        counts=source.counts,
    )


def _failures(source: SourceLine, advice: str) -> tuple[Failure, ...]:
    return tuple(
        Failure(source.name, each.name, each.reason, "/meetings: answered 401", advice, each.age)
        for each in source.collectors
    )


_VIDEO_BROKEN: Final = _broken(_VIDEO, Reason.UNEXPECTED_STATUS)
_CHAT_BROKEN: Final = _broken(_CHAT, Reason.PRESENCE_DISABLED)

FAILING: Final = replace(
    HEALTHY,
    sources=(_VIDEO_BROKEN, _CHAT_BROKEN),
    succeeded=0,
    failed=5,
    asked=7200.0,
    totals=tuple(_unknown(each, "at least 123,456, from 1 of 3 sources") for each in HEALTHY.totals),
    statuses=tuple(map(_unknown, HEALTHY.statuses)),
    rooms=Rooms(unknown=1),
    failures=(
        *_failures(_VIDEO_BROKEN, "A redirect, or a status that no rule covers: base_url must be final."),
        *_failures(_CHAT_BROKEN, "The server switched presence off: restart it, or add a licence."),
    ),
    pauses=(PauseLine("chat", tuple(each.path for each in _CHAT_BROKEN.budget.endpoints), 42.0),),
    notes=(),
    reload_fault="sources[0].api_key_file: /run/secrets/daily cannot be read; a readable file",
)


def _many() -> Overview:
    sources = tuple(
        replace(each, name=f"{each.name}-{number}-{LONG[: number * 4]}")
        for number in range(10)
        for each in (_VIDEO, _CHAT, _VIDEO_BROKEN)
    )
    broken = [each for each in sources if not each.collectors[0].success]
    return replace(
        FAILING,
        sources=sources,
        more_sources=970,
        succeeded=50,
        failed=30,
        waiting=2920,
        rooms=_ROOMS,
        failures=tuple(failure for each in broken for failure in _failures(each, "Look at base_url.")),
        pauses=tuple(PauseLine(each.name, ("/presence", "/meetings"), 60.0) for each in broken),
        min_interval=0.0,
    )


MANY: Final = _many()

ALL: Final = {"healthy": HEALTHY, "failing": FAILING, "empty": EMPTY, "many": MANY}
"""By what they are called."""
