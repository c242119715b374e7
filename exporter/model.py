"""The values that travel from the sources to the page, and the small Protocols between the rooms.

Everything here is frozen, but the `Deadline`, which its owner may move. This file knows no network, no
event loop, no clock and no Prometheus; names and ids of people do not fit into any of these values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import repeat
from typing import ClassVar, Final, Generic, Protocol, TypeAlias, TypeVar


class Reason(StrEnum):
    """Why a collector failed: the closed set of values of the label `reason`."""

    AUTH = "auth"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    BAD_REQUEST = "bad_request"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    SCHEMA = "schema"
    TOO_LARGE = "too_large"
    PRESENCE_DISABLED = "presence_disabled"
    LEDGER = "ledger"
    UNEXPECTED_STATUS = "unexpected_status"
    INTERNAL = "internal"


class Deadline:
    """The moment, in the event loop's time, by which a run must be done.

    A run that others join lives to the deadline of the latest of them, so the moment can move, but only
    later.
    """

    __slots__ = ("at",)

    def __init__(self, at: float) -> None:
        self.at = at

    def extend(self, at: float) -> None:
        """Move the deadline to `at`, unless it is later already."""
        self.at = max(self.at, at)


@dataclass(frozen=True, slots=True)
class Distribution:
    """Values counted into buckets: the content of one classic histogram.

    `cumulative[i]` counts the values ≤ `bounds[i]`; its last entry, for +Inf, counts all of them.
    """

    bounds: tuple[float, ...]
    cumulative: tuple[int, ...]
    total: float

    @property
    def count(self) -> int:
        """How many values were counted."""
        return self.cumulative[-1]


@dataclass(frozen=True, slots=True)
class GroupOccupancy:
    """People and occupied rooms in one configured group of rooms."""

    group: str
    participants: int
    rooms: int


@dataclass(frozen=True, slots=True)
class RoomSeries:
    """The rooms that get a series of their own, by label value, and what is folded into the rest."""

    shown: Mapping[str, int]
    folded_rooms: int
    folded_participants: int


@dataclass(frozen=True, slots=True)
class DomainPresence:
    """Who is in the rooms of a Daily domain now, as numbers (`GET /presence`).

    The stays are None where there are people and nobody's time of joining can be read.
    """

    participants: int
    rooms_occupied: int
    rooms: RoomSeries
    groups: tuple[GroupOccupancy, ...]
    room_sizes: Distribution
    current_stays: Distribution | None
    lone_stays: Distribution | None


@dataclass(frozen=True, slots=True)
class WatchedRooms:
    """People in each watched room that could be read (`GET /rooms/{room}/presence`), by label value."""

    participants: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class OngoingMeetings:
    """The meetings going on in a Daily domain (`GET /meetings?ongoing=true`).

    `room_starts` maps a room's label value to the start of its earliest ongoing meeting, in Unix seconds.
    `ages` is None where there are meetings and no start can be read.
    """

    meetings: int
    ages: Distribution | None
    room_starts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ChatPresence:
    """Users of a Rocket.Chat workspace by status (`GET /api/v1/users.presence`).

    Everything but `broadcast_disabled` is None where this run cannot know it. `current` holds, by status,
    for how long users have been seen in it; `resolution` is the seconds between the last two full lists.
    """

    broadcast_disabled: bool
    users: Mapping[str, int] | None = None
    groups: Mapping[str, Mapping[str, int]] | None = None
    current: Mapping[str, Distribution] | None = None
    resolution: float | None = None


@dataclass(frozen=True, slots=True)
class StatusHistory:
    """The stays in each status that the full lists saw end since `counting_since` (Unix seconds).

    `drift` counts the users whose status a full list corrected; None where no deltas are asked.
    """

    completed: Mapping[str, Distribution]
    counting_since: float
    drift: int | None


@dataclass(frozen=True, slots=True)
class ServerConnections:
    """Open connections of a Rocket.Chat server, and how many switch presence off."""

    current: int
    limit: int


@dataclass(frozen=True, slots=True)
class ListedMeeting:
    """A meeting session as a list of meetings shows it, people as numbers only.

    `start` is Unix seconds, `duration` and `stays` are seconds. None: the list does not say, or says what
    cannot be. `stay_ends` are Unix seconds, one for each of `stays`; empty where the list does not say.
    """

    id: str
    room: str | None
    start: float
    ongoing: bool
    duration: float | None = None
    peak: int | None = None
    stays: tuple[float, ...] | None = None
    stay_ends: tuple[float, ...] = ()

    @property
    def end(self) -> float:
        """When it ended, as far as the list tells (Unix seconds)."""
        return self.start + (self.duration or 0.0)

    def ended_stays(self) -> Iterator[tuple[float, float]]:
        """Each stay and when it ended: with the meeting, where the list does not say."""
        stays = self.stays or ()
        return zip(stays, self.stay_ends or repeat(self.end, len(stays)), strict=True)


@dataclass(frozen=True, slots=True)
class FollowedMeeting:
    """A meeting that the ledger follows until it has ended and settled."""

    id: str
    room: str | None
    start: float
    unseen_since: float | None = None


@dataclass(frozen=True, slots=True)
class LedgerState:
    """What a reading goes on with: all meetings that began before `watermark` are decided on or followed.

    Times are Unix seconds; `counting_since` is T0 of the rules, `active_at` the last commit.
    """

    counting_since: float
    watermark: float
    active_at: float
    domain: str | None
    followed: tuple[FollowedMeeting, ...]


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What one reading found, to be written down as one transaction at the moment `now` (Unix seconds).

    `count` enters the histograms, `skip` (id, start) is known and not counted. `late` where an audit made
    the reading: what is new of it was listed late. `watermark` None leaves it where it is.
    """

    now: float
    count: tuple[ListedMeeting, ...] = ()
    skip: tuple[tuple[str, float], ...] = ()
    follow: tuple[ListedMeeting, ...] = ()
    unseen: tuple[str, ...] = ()
    seen_again: tuple[str, ...] = ()
    abandon: tuple[str, ...] = ()
    late: bool = False
    watermark: float | None = None
    gap_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One meeting that stands for a bucket: its id, the stay's seconds and its end (Unix seconds)."""

    meeting: str
    value: float
    ended_at: float


@dataclass(frozen=True, slots=True)
class EndedMeetings:
    """Every meeting that ended since `counting_since`, counted once; as the ledger's last commit has it.

    `exemplars` are by the index of the bucket of `stays`; empty where they are off.
    """

    stays: Distribution
    durations: Distribution
    peaks: Distribution
    counting_since: float
    watermark: float
    pending: int
    persistent: bool
    late: int
    abandoned: int
    gap_seconds: float
    exemplars: Mapping[int, Exemplar] = field(default_factory=dict)


class MeetingLedger(Protocol):
    """The memory of one source's ended meetings; every method may raise `LedgerUnavailable`."""

    async def state(self, *, now: float) -> LedgerState:
        """What there is to go on with; the first call ever starts the counting."""

    async def known(self, ids: Collection[str]) -> frozenset[str]:
        """Those of the ids that were decided on."""

    async def known_between(self, start: float, *, end: float) -> int:
        """How many meetings that began in [start, end) are decided on or followed."""

    async def name_domain(self, domain: str) -> str:
        """Remember the vendor's name of the account, unless one is remembered; gives the one that is."""

    async def record(self, entry: LedgerEntry) -> int:
        """Write down what was found, all or nothing, cancelled or not; gives how many were counted."""

    async def figures(self) -> EndedMeetings | None:
        """What was counted, as it is committed; None before the first state."""


Facts: TypeAlias = (
    DomainPresence
    | WatchedRooms
    | OngoingMeetings
    | EndedMeetings
    | ChatPresence
    | StatusHistory
    | ServerConnections
)

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Answer(Generic[T_co]):
    """What one run of a collector gave: a value, a reason why not, or a part of the value and the reason.

    `seconds` is how long the run took, and `detail` our own words about a failure (empty for a success).
    """

    value: T_co | None
    reason: Reason | None
    seconds: float
    detail: str = ""

    @property
    def success(self) -> bool:
        """True where nothing failed."""
        return self.reason is None


@dataclass(frozen=True, slots=True)
class CollectorSnapshot:
    """One collector's answer at the moment of a pull, when it last succeeded, and what it keeps counting.

    `ran_at` is when the run ended that gave the answer (Unix seconds), None where nobody said.
    """

    collector: str
    answer: Answer[Facts]
    last_success: float | None
    kept: Facts | None = None
    ran_at: float | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """What one pull is about: these sources, and of them these collectors; None means all there are."""

    sources: frozenset[str] | None = None
    collectors: frozenset[str] | None = None

    def has_source(self, name: str) -> bool:
        """True where the pull is about that source."""
        return self.sources is None or name in self.sources

    def has_collector(self, name: str) -> bool:
        """True where the pull is about collectors of that name."""
        return self.collectors is None or name in self.collectors


EVERYTHING: Final = Selection()


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be asked of one source: the names of its collectors."""

    source: str
    kind: str
    collectors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceSnapshot:
    """The answers of one source's collectors; `whole` is False where only some of them were asked."""

    source: str
    kind: str
    collectors: tuple[CollectorSnapshot, ...]
    whole: bool = True

    @property
    def up(self) -> bool | None:
        """True where every collector of the source succeeded; None where not all of them were asked."""
        return all(each.answer.success for each in self.collectors) if self.whole else None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one pull shows: every source at one moment."""

    sources: tuple[SourceSnapshot, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's table: what was asked, and what came of it."""

    source: str
    subject: str
    reason: Reason | None
    detail: str


@dataclass(frozen=True, slots=True)
class Partial:
    """Facts, and the error that kept them from being whole (None where they are)."""

    facts: Facts | None
    error: Exception | None = None


class Collector(Protocol):
    """One question to a vendor, asked anew at each run; raises `CollectorError`, or answers in part.

    `name` is the value of the label `collector`, `endpoint` the vendor's documented path. A good run is
    shared for `interval` seconds; None means `collect.min_interval`.
    """

    name: ClassVar[str]
    endpoint: ClassVar[str]
    interval: float | None = None

    async def kept(self) -> Facts | None:
        """What it has counted over many runs, shown whatever becomes of the present one; may raise."""
        return None

    async def collect(self, deadline: Deadline) -> Partial:
        """Ask the vendor, and be done by the deadline."""


class SourceObserver(Protocol):
    """Hears what happens between one source and its vendor; must not raise and must not wait."""

    def responded(self, endpoint: str, *, code: str, seconds: float, size: int) -> None:
        """One request is over; `code` is its HTTP status or `error`, `size` the decoded bytes of its body."""

    def queued(self, endpoint: str, *, seconds: float) -> None:
        """A request had to wait for its turn so long: behind others of ours, or to keep the vendor's pace."""

    def retried(self, endpoint: str, reason: Reason) -> None:
        """The same request will be sent again, because of `reason`."""

    def backs_off(self, endpoint: str, reason: Reason, *, wait: float) -> None:
        """It will be sent after `wait` seconds."""

    def gave_up(self, endpoint: str, reason: Reason, *, wait: float | None) -> None:
        """It could be, and will not: the `wait` does not fit into the deadline; None: enough was tried."""

    def not_asked(self, endpoint: str, reason: Reason, *, left: float) -> None:
        """A request is not sent: a pause that was begun for `reason` goes on for `left` seconds."""

    def remaining(self, endpoint: str, requests: float) -> None:
        """The vendor said how many requests are left in the present window of its limit."""

    def paused(self, scope: str, *, until: float) -> None:
        """Nothing is asked until that Unix time: of the endpoint `scope`, or of any where it is empty."""

    def decoded(self, endpoint: str, *, seconds: float) -> None:
        """Turning the body of one answer into facts took so long, and nothing else could run meanwhile."""

    def drifted(self, field: str, rows: int) -> None:
        """So many rows of an answer lacked that field, or had an odd one, and were used all the same."""


class Unconcerned(SourceObserver):
    """Hears all and does nothing: the base of those who are about a part of it."""

    def responded(self, endpoint: str, *, code: str, seconds: float, size: int) -> None:
        """Do nothing."""

    def queued(self, endpoint: str, *, seconds: float) -> None:
        """Do nothing."""

    def retried(self, endpoint: str, reason: Reason) -> None:
        """Do nothing."""

    def backs_off(self, endpoint: str, reason: Reason, *, wait: float) -> None:
        """Do nothing."""

    def gave_up(self, endpoint: str, reason: Reason, *, wait: float | None) -> None:
        """Do nothing."""

    def not_asked(self, endpoint: str, reason: Reason, *, left: float) -> None:
        """Do nothing."""

    def remaining(self, endpoint: str, requests: float) -> None:
        """Do nothing."""

    def paused(self, scope: str, *, until: float) -> None:
        """Do nothing."""

    def decoded(self, endpoint: str, *, seconds: float) -> None:
        """Do nothing."""

    def drifted(self, field: str, rows: int) -> None:
        """Do nothing."""


class Source(Protocol):
    """One configured vendor account: its name, its kind and its collectors."""

    @property
    def name(self) -> str:
        """The value of the label `source`."""

    @property
    def kind(self) -> str:
        """`daily` or `rocketchat`."""

    @property
    def collectors(self) -> Sequence[Collector]:
        """The questions that this source asks at each pull."""

    @property
    def endpoints(self) -> Sequence[str]:
        """The vendor's documented paths that the collectors ask: the values of the label `endpoint`."""

    @property
    def drift_fields(self) -> Sequence[str]:
        """The fields that may drift without failing a collector: the values of the label `field`."""

    async def examine(self, deadline: Deadline) -> Sequence[Finding]:
        """Ask what a collection does not ask, for the doctor."""

    async def aclose(self) -> None:
        """Give the connections back."""
