"""The shapes of Rocket.Chat's JSON, as far as they are counted, and what an odd status becomes.

Of a user only the id and the status are decoded: ids decide who is a member, left out, or the same as
before, and never leave the source. It knows no request.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec

STATUS: Final = "status"
DRIFT_FIELDS: Final = (STATUS,)

ONLINE, AWAY, BUSY, OFFLINE, UNKNOWN = "online", "away", "busy", "offline", "unknown"
KNOWN: Final = {status: status for status in (ONLINE, AWAY, BUSY, OFFLINE)}
"""To itself, so that 100,000 users share a few words: each row brings its own copy of its status."""

BROADCAST_SETTING: Final = "Presence_broadcast_disabled"

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Drifted = Callable[[str, int], None]

_NAMED_WAIT: Final = re.compile(rb"must wait ([0-9]{1,6}) seconds")


class UserRow(msgspec.Struct, gc=False):
    """One user of `users.presence`."""

    id: str = msgspec.field(name="_id")
    status: str


class OpenUserRow(msgspec.Struct, gc=False):
    """One user of whom only the id is sure."""

    id: str = msgspec.field(name="_id")
    status: Any = None


class PresenceBody(msgspec.Struct, gc=False):
    """`users.presence`; `full` tells a list of all from an answer about some."""

    users: list[UserRow]
    full: bool


class OpenPresenceBody(msgspec.Struct, gc=False):
    """The same, of users of whom only the id is sure."""

    users: list[OpenUserRow]
    full: bool


class Setting(msgspec.Struct, gc=False):
    """One public setting."""

    id: str = msgspec.field(name="_id")
    value: Any = None


class SettingsBody(msgspec.Struct, gc=False):
    """`settings.public`."""

    settings: list[Setting]


class ConnectionsBody(msgspec.Struct, gc=False):
    """`presence.getConnections`."""

    current: Count
    max: Count


@dataclass(frozen=True, slots=True)
class Listing:
    """User id → status, as one of `KNOWN` or `unknown`; `full` where the server calls it the list of all."""

    full: bool
    statuses: Mapping[str, str]


_presence = msgspec.json.Decoder(PresenceBody)
_open_presence = msgspec.json.Decoder(OpenPresenceBody)
_settings = msgspec.json.Decoder(SettingsBody)
_connections = msgspec.json.Decoder(ConnectionsBody)


def presence(body: bytearray, drifted: Drifted) -> Listing:
    """The users of one answer; a status that is missing, odd or new counts as `unknown`."""
    answer: PresenceBody | OpenPresenceBody
    try:
        answer = _presence.decode(body)
        statuses = {row.id: KNOWN.get(row.status, UNKNOWN) for row in answer.users}
    except msgspec.ValidationError:
        answer = _open_presence.decode(body)
        statuses = {row.id: _status(row.status) for row in answer.users}
    drifted(STATUS, list(statuses.values()).count(UNKNOWN))
    return Listing(answer.full, statuses)


def broadcast_disabled(body: bytearray) -> bool | None:
    """Whether presence is switched off; None where the setting is not among the answer's."""
    for setting in _settings.decode(body).settings:
        if setting.id == BROADCAST_SETTING and isinstance(setting.value, bool):
            return setting.value
    return None


def connections(body: bytearray) -> tuple[int, int]:
    """Open connections, and the number at which presence is switched off."""
    answer = _connections.decode(body)
    return answer.current, answer.max


def wait_in_refusal(body: bytes) -> float | None:
    """The seconds that the text of a 429 names; there is no header for them."""
    found = _NAMED_WAIT.search(body)
    return float(found[1]) if found else None


def _status(status: object) -> str:
    return KNOWN.get(status, UNKNOWN) if isinstance(status, str) else UNKNOWN
