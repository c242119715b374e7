"""Rows of the vendors' answers in their documented shape; a change of `...` leaves a field out."""

from datetime import UTC, datetime
from typing import Any

from tests.kit.clock import WALL_START


def person(room: str, *, here_for: float = 60.0, **changes: Any) -> dict[str, Any]:
    """A row of Daily's presence: somebody who joined `here_for` seconds before the clocks start."""
    row = {
        "room": room,
        "id": "aaaaaaaa-0000-0000-0000-000000000001",
        "userId": None,
        "userName": "Somebody",
        "mtgSessionId": "16e9701a-93e0-4933-83c9-223e7c40d552",
        "joinTime": iso(WALL_START - here_for),
        "duration": int(here_for),
    }
    return _changed(row, changes)


def people(room: str, *stays: float) -> list[dict[str, Any]]:
    """Rows of several people in one room, by how long they are there."""
    return [person(room, here_for=stay, id=f"{room}-{n}") for n, stay in enumerate(stays)]


def meeting(name: str, *, room: str = "my-room", age: float = 60.0, **changes: Any) -> dict[str, Any]:
    """A row of Daily's meetings, without its participants: one that goes on."""
    row = {
        "id": name,
        "room": room,
        "start_time": int(WALL_START - age),
        "duration": int(age),
        "ongoing": True,
        "max_participants": 2,
    }
    return _changed(row, changes)


def page(rows: list[dict[str, Any]], total: int | None = None) -> dict[str, Any]:
    """A page of Daily's meetings; `total` None is the number of its rows."""
    return {"total_count": len(rows) if total is None else total, "data": rows}


def user(name: str, status: str = "online", **changes: Any) -> dict[str, Any]:
    """A row of Rocket.Chat's users.presence."""
    row = {
        "_id": name,
        "name": "Somebody",
        "username": "somebody",
        "status": status,
        "utcOffset": 0,
        "avatarETag": "5BB9B5ny5DkKdrwkq",
    }
    return _changed(row, changes)


def users(*rows: dict[str, Any], full: bool = True) -> dict[str, Any]:
    """An answer of users.presence."""
    return {"users": list(rows), "full": full, "success": True}


def setting(*, disabled: object) -> dict[str, Any]:
    """An answer of settings.public about the one that was asked for."""
    row = {"_id": "Presence_broadcast_disabled", "value": disabled}
    return {"settings": [row], "count": 1, "offset": 0, "total": 1, "success": True}


def iso(moment: float) -> str:
    """Unix seconds as both vendors write them, with milliseconds."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _changed(row: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in (row | changes).items() if value is not ...}
