"""What a source's rows add up to, read so that a reader who comes often pays only for what is new.

Statements that read and nothing else; knows no bucket and no transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from sqlalchemy import Connection, func, select

from exporter.counting import JOIN, MEETING, PEAK
from exporter.ledger import schema as t


@dataclass(frozen=True, slots=True)
class Sums:
    """A source's own row: times are Unix seconds, sums milliseconds and people."""

    domain: str | None
    counting_since: float
    watermark: float
    active_at: float
    revision: int
    join_milliseconds: int
    meeting_milliseconds: int
    peak_participants: int
    late: int
    abandoned: int
    gap_seconds: float


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted up to one revision, and does not change before the next.

    `numbers` are family → value → how often, `exemplars` value → (meeting, when the stay ended).
    """

    numbers: Mapping[str, Mapping[int, int]]
    exemplars: Mapping[int, tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Figures:
    """All that is shown of a source, as one moment of the database has it; `pending` are those followed."""

    sums: Sums
    pending: int
    counted: Counted


NOTHING = Counted({JOIN: {}, MEETING: {}, PEAK: {}}, {})

_SUMS = select(*(t.sources.c[each.name] for each in fields(Sums)))


def read_sums(connection: Connection, source: str) -> Sums | None:
    """The source's own row; None before its counting began."""
    found = connection.execute(_SUMS.where(t.sources.c.source == source)).one_or_none()
    return None if found is None else Sums(*found)


def read_figures(connection: Connection, source: str, *, known: Figures | None) -> Figures | None:
    """All figures; None before the counting began. What did not change since `known` is the same object."""
    sums = read_sums(connection, source)
    if sums is None:
        return None
    pending = connection.execute(
        select(func.count()).select_from(t.followed).where(t.followed.c.source == source)
    ).scalar_one()
    if known is None or not _goes_on(sums, known.sums):
        return Figures(sums, pending, _read_counted(connection, source, after=-1, known=NOTHING))
    if sums.revision == known.sums.revision:
        return replace(known, sums=sums, pending=pending)
    revision = known.sums.revision
    return Figures(sums, pending, _read_counted(connection, source, after=revision, known=known.counted))


def _goes_on(sums: Sums, known: Sums) -> bool:
    """False where the source was reset since, or an older backup restored."""
    return sums.counting_since == known.counting_since and sums.revision >= known.revision


def _read_counted(connection: Connection, source: str, *, after: int, known: Counted) -> Counted:
    numbers = {family: dict(values) for family, values in known.numbers.items()}
    c = t.tallies.c
    new = select(c.family, c.value, c.number).where(c.source == source, c.revision > after)
    for family, value, number in connection.execute(new):
        numbers[family][value] = number
    e = t.exemplars.c
    latest = select(e.value, e.meeting, e.ended_at).where(e.source == source, e.revision > after)
    exemplars = {value: (meeting, ended_at) for value, meeting, ended_at in connection.execute(latest)}
    return Counted(numbers, {**known.exemplars, **exemplars})
