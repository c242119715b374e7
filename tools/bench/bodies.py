"""Bodies of any size as the vendors would send them; knows their wire and nothing of the exporter.

A body's variants differ in what changes between two scrapes: the names of the rooms, or some statuses.
"""

import json
from datetime import UTC, datetime
from random import Random
from typing import Final

_LONGEST_STAY: Final = 6 * 3600
_PERSON: Final = (
    '{"room":"%s","id":"%s","userId":"%s","userName":"Participant %08d",'
    '"mtgSessionId":"%s","joinTime":"%s","duration":%d}'
)
_USER: Final = (
    '{"_id":"%s","username":"user.%06d","name":"User %06d","status":"%s","utcOffset":1,"avatarETag":"%s"}'
)
_STATUSES: Final = ("online", "away", "busy")
_RESTLESS: Final = 50
"""Every how manieth user has another status in each variant."""


def daily_presence(rooms: int, people: int, *, now: float, variant: int = 0) -> bytes:
    """`GET /presence`: so many rooms with so many people each, some 260 bytes a person."""
    rng = Random(variant)

    def room(number: int) -> str:
        name = f"room-{variant:02d}-{number:06d}"
        session = _uuid(rng)
        rows = []
        for person in range(people):
            stay = rng.randrange(_LONGEST_STAY * 1000) / 1000
            joined = datetime.fromtimestamp(now - stay, UTC).isoformat(timespec="milliseconds")
            row = (name, _uuid(rng), _uuid(rng), person, session, joined.replace("+00:00", "Z"), int(stay))
            rows.append(_PERSON % row)
        return f'"{name}":[{",".join(rows)}]'

    return f"{{{','.join(room(number) for number in range(rooms))}}}".encode()


def daily_meetings(rooms: int, *, now: float) -> bytes:
    """`GET /meetings?ongoing=true`: one page with a meeting in each of the first rooms."""
    meetings = [
        {"id": f"meeting-{number}", "room": f"room-00-{number:06d}", "start_time": int(now) - 60 * number,
         "duration": 0, "ongoing": True, "max_participants": 2}
        for number in range(min(rooms, 50))
    ]  # fmt: skip
    return json.dumps({"total_count": len(meetings), "data": meetings}).encode()


def chat_presence(users: int, *, variant: int = 0) -> bytes:
    """`GET /api/v1/users.presence`: the full list; one user in fifty has another status in each variant."""
    rng = Random(0)
    rows = []
    for number in range(users):
        turn = variant if number % _RESTLESS == 0 else 0
        status = _STATUSES[(number + turn) % len(_STATUSES)]
        rows.append(_USER % (rng.randbytes(9).hex(), number, number, status, rng.randbytes(8).hex()))
    return f'{{"users":[{",".join(rows)}],"full":true,"success":true}}'.encode()


def _uuid(rng: Random) -> str:
    digits = rng.randbytes(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
