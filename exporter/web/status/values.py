"""What the status page tells, as values: figures with their ages, failures, pauses, requests, the ledger.

Ages and spans are seconds. None stands for what is not known, and is never 0. It knows no source, no clock
and no markup.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and its age; where it is withheld, `value` is None and `age` that of the last one there was.

    `note` is said beside it, as what it is a part of.
    """

    name: str
    value: int | None = None
    age: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class RoomBar:
    """A room as its label has it, and who is in it as a number."""

    source: str
    room: str
    people: int


@dataclass(frozen=True, slots=True)
class Group:
    """A configured group of rooms or of users; no parts where they are not known."""

    name: str
    parts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class CollectorLine:
    """What one collector came to last.

    `success` is None before its first run; `reason` and `detail` say why a run failed; `age` is the seconds
    since its last success, None where there was none; `took` is how long the last run took.
    """

    name: str
    success: bool | None = None
    reason: str = ""
    detail: str = ""
    age: float | None = None
    took: float | None = None


@dataclass(frozen=True, slots=True)
class EndpointLine:
    """A vendor's documented path: requests of the last minute, what may be, what is left, the pause's rest.

    `allowed` is None where the limit is that of the whole account, `left` and `pause` where there is none.
    """

    path: str
    requests: int
    allowed: int | None = None
    left: int | None = None
    pause: float | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """The requests of one source in the last minute; `allowed` None = each endpoint has a limit of its own.

    `collected` and `shared` are the pulls since the start that asked something, and that asked nothing.
    """

    endpoints: tuple[EndpointLine, ...] = ()
    allowed: int | None = None
    collected: int = 0
    shared: int = 0

    @property
    def requests(self) -> int:
        """All of them."""
        return sum(each.requests for each in self.endpoints)


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """How far the counting of ended meetings is: since when, and how far back the reading is."""

    counting_for: float
    lag: float
    pending: int
    meetings: int
    stays: int
    persistent: bool
    late: int = 0
    abandoned: int = 0
    gap: float = 0.0


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One configured source; `counts` where it keeps a ledger, of which None says that nothing is known."""

    name: str
    kind: str
    collectors: tuple[CollectorLine, ...] = ()
    figures: tuple[Figure, ...] = ()
    groups: tuple[Group, ...] = ()
    budget: Budget = Budget()
    counts: bool = False
    ledger: LedgerLine | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A collector whose last run failed, and what to do; `age` is the seconds since its last success."""

    source: str
    collector: str
    reason: str
    detail: str
    advice: str
    age: float | None = None


@dataclass(frozen=True, slots=True)
class PauseLine:
    """Nothing is asked at these paths of a source for so many more seconds."""

    source: str
    paths: tuple[str, ...]
    left: float


@dataclass(frozen=True, slots=True)
class Rooms:
    """The biggest rooms, and occupied rooms and people beside them; `unknown` sources say nothing now.

    `age` is that of the oldest answer, None where there is none.
    """

    biggest: tuple[RoomBar, ...] = ()
    other_rooms: int = 0
    other_people: int = 0
    unknown: int = 0
    age: float | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page tells: `notes` are sentences that stand above all else, as that nothing here is real.

    `sources` may be fewer than there are, `more_sources` says how many are left out; all else is about all.
    `runs` counts collectors by what they came to: True, False, None = not asked yet. `asked` is the age of
    the newest run, `now` the moment of all this (Unix seconds). `rooms` None: no source knows rooms.
    `reload_fault` is what is wrong with a configuration that was refused; another one is in force then.
    """

    name: str
    version: str
    now: float = 0.0
    sources: tuple[SourceLine, ...] = ()
    more_sources: int = 0
    succeeded: int = 0
    failed: int = 0
    waiting: int = 0
    asked: float | None = None
    totals: tuple[Figure, ...] = ()
    statuses: tuple[Figure, ...] = ()
    rooms: Rooms | None = None
    failures: tuple[Failure, ...] = ()
    pauses: tuple[PauseLine, ...] = ()
    min_interval: float = 0.0
    notes: tuple[str, ...] = ()
    reload_fault: str = ""
