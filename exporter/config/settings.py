"""The configuration as frozen values, with their defaults; knows no file and no YAML.

Durations are seconds, sizes are bytes. Secrets stay inside `Secret`, so every `repr` here may be printed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Literal, TypeAlias

from exporter.config.secret import Secret
from exporter.rooms import RoomLabel


class SourceKind(StrEnum):
    """The vendors that can be asked."""

    DAILY = "daily"
    ROCKETCHAT = "rocketchat"


class PresenceMode(StrEnum):
    """What a Daily source asks for presence: the whole domain, each watched room, or nothing."""

    DOMAIN = "domain"
    ROOMS = "rooms"
    OFF = "off"


class ChatPresenceMode(StrEnum):
    """What a Rocket.Chat source asks for presence: the full list, the groups' members, or nothing."""

    FULL = "full"
    IDS = "ids"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class CollectSettings:
    """How a collection behaves: its deadline where the pull names none, its sharing, its largest answer."""

    timeout: float = 10.0
    min_interval: float = 10.0
    max_response_bytes: int = 64 * 2**20


_AGES = (30.0, 60.0, 300.0, 600.0, 900.0, 1800.0, 2700.0, 3600.0, 5400.0, 7200.0, 14400.0, 28800.0, 86400.0)
_SIZES = (1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
_STATUSES = (60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 86400.0)
_REQUESTS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class BucketSettings:
    """The upper bounds of every bucketed family, rising, without +Inf; fields are families without prefix."""

    room_size_participants: tuple[float, ...] = _SIZES
    current_stay_seconds: tuple[float, ...] = _AGES
    lone_stay_seconds: tuple[float, ...] = _AGES
    meeting_age_seconds: tuple[float, ...] = _AGES
    join_duration_seconds: tuple[float, ...] = _AGES
    meeting_duration_seconds: tuple[float, ...] = _AGES
    meeting_peak_participants: tuple[float, ...] = _SIZES
    current_status_seconds: tuple[float, ...] = _STATUSES
    status_duration_seconds: tuple[float, ...] = _STATUSES
    upstream_request_duration_seconds: tuple[float, ...] = _REQUESTS

    def __iter__(self) -> Iterator[str]:
        """The families, without the prefix."""
        return (each.name for each in fields(self))

    def of(self, family: str) -> tuple[float, ...]:
        """The bounds of a family, named with or without `presence_`; raises `KeyError` for any other."""
        name = family.removeprefix("presence_")
        if name not in set(self):
            raise KeyError(family)
        bounds: tuple[float, ...] = getattr(self, name)
        return bounds


ProxySetting: TypeAlias = Literal["environment", "none"] | Secret
"""`environment` = what HTTPS_PROXY and its kin say; a URL is a secret, since it may hold a password."""


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How a vendor is reached; hashable, so that sources with equal settings can share TLS contexts."""

    connect_timeout: float = 3.0
    proxy: ProxySetting = "environment"
    ca_file: Path | None = None
    max_connections: int = 10


@dataclass(frozen=True, slots=True)
class RoomGroup:
    """Rooms that are counted together: those whose whole name fits the pattern."""

    name: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """Which rooms get series of their own, and under which label; `include` None means all."""

    watch: tuple[str, ...] = ()
    include: re.Pattern[str] | None = None
    exclude: re.Pattern[str] | None = None
    groups: tuple[RoomGroup, ...] = ()
    limit: int = 500
    label: RoomLabel = RoomLabel.PLAIN
    hash_key: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DailySettings:
    """One Daily domain."""

    kind: ClassVar[SourceKind] = SourceKind.DAILY
    name: str
    base_url: str = "https://api.daily.co/v1"
    api_key: Secret
    presence: PresenceMode = PresenceMode.DOMAIN
    meetings: bool = True
    rooms: RoomSettings = RoomSettings()
    http: HttpSettings = HttpSettings()


@dataclass(frozen=True, slots=True)
class UserGroup:
    """Users who are counted together, by their ids, which stay out of every `repr`."""

    name: str
    ids: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RocketChatSettings:
    """One Rocket.Chat workspace; `full_every` None means that every collection asks for the full list."""

    kind: ClassVar[SourceKind] = SourceKind.ROCKETCHAT
    name: str
    base_url: str
    user_id: Secret
    auth_token: Secret
    presence: ChatPresenceMode = ChatPresenceMode.FULL
    full_every: float | None = None
    exclude_ids: tuple[str, ...] = field(default=("rocket.cat",), repr=False)
    groups: tuple[UserGroup, ...] = ()
    connections: bool = False
    http: HttpSettings = HttpSettings()


SourceSettings: TypeAlias = DailySettings | RocketChatSettings


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """Where ended meetings are written down, and how the history is read; durations are seconds.

    `url` None means in memory; it is a secret, since it may hold a password. `since` is how far back a
    first start begins to count; None means from then on.
    """

    url: Secret | None = None
    interval: float = 60.0
    settle: float = 60.0
    overlap: float = 1800.0
    catch_up: float = 7 * 86400.0
    requests_per_minute: int = 60
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that the file, or the environment, says."""

    collect: CollectSettings
    buckets: BucketSettings
    sources: tuple[SourceSettings, ...]
    ledger: LedgerSettings = LedgerSettings()
    exemplars: bool = False
