"""One source's rows within one transaction: every statement of the ledger that writes, and what they read.

Statements are made once and given many rows at a time, since making one costs more than running it. Rows are
written in sorted order: of two writers that take them in different orders, PostgreSQL would fail one. It
knows no transaction.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Table, bindparam, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from exporter.counting import Addition, whole_seconds
from exporter.ledger import schema as t
from exporter.model import LedgerEntry, ListedMeeting

IDS: Final = 10_000
"""Ids in one statement: SQLite allows 32,766 variables, PostgreSQL twice as many."""


class Lock(NamedTuple):
    """What a writer is sure of while it holds a source: since when it counts, how far, its last revision."""

    counting_since: float
    watermark: float
    revision: int
    version: int


_LOCK: Final = (
    select(
        t.sources.c.counting_since,
        t.sources.c.watermark,
        t.sources.c.revision,
        select(func.max(t.about.c.version)).scalar_subquery(),
    )
    .where(t.sources.c.source == bindparam("of"))
    .with_for_update(of=t.sources)
)
"""SQLite has no such lock and needs none: there is one writer."""

_ENTER: Final = insert(t.seen).on_conflict_do_nothing().returning(t.seen.c.id)

_new_tally: Final = insert(t.tallies)
_TALLY: Final = _new_tally.on_conflict_do_update(
    index_elements=list(t.tallies.primary_key),
    set_={
        "number": t.tallies.c.number + _new_tally.excluded.number,
        "revision": _new_tally.excluded.revision,
    },
)

_new_exemplar: Final = insert(t.exemplars)
_EXEMPLAR: Final = _new_exemplar.on_conflict_do_update(
    index_elements=list(t.exemplars.primary_key),
    set_={name: _new_exemplar.excluded[name] for name in ("meeting", "ended_at", "revision")},
    # Prometheus refuses an exemplar that is older than the series' last one.
    where=t.exemplars.c.ended_at < _new_exemplar.excluded.ended_at,
)

_new_followed: Final = insert(t.followed)
_FOLLOW: Final = _new_followed.on_conflict_do_update(
    index_elements=list(t.followed.primary_key),
    set_={"room": _new_followed.excluded.room, "start": _new_followed.excluded.start, "unseen_since": None},
)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one source, over a connection that is in a transaction."""

    connection: Connection
    source: str

    def lock(self) -> Lock | None:
        """Keep other writers of this source waiting until the transaction ends; None where nothing counts."""
        found = self.connection.execute(_LOCK, {"of": self.source}).one_or_none()
        return None if found is None else Lock(*found)

    def begin(self, *, counting_since: float, watermark: float, now: float) -> bool:
        """Start the counting; False where it was started before."""
        new = {
            "source": self.source,
            "counting_since": counting_since,
            "watermark": watermark,
            "active_at": now,
        }
        started = insert(t.sources).on_conflict_do_nothing().returning(t.sources.c.source)
        return self.connection.execute(started, new).one_or_none() is not None

    def among(self, table: Table, ids: Collection[str]) -> set[str]:
        """Those of the ids that are in `seen` or `followed`."""
        return {
            each
            for some in _parts(sorted(ids))
            for each in self.connection.execute(
                select(table.c.id).where(table.c.source == self.source, table.c.id.in_(some))
            ).scalars()
        }

    def enter(self, decided: Mapping[str, float]) -> set[str]:
        """Enter ids (with the meetings' starts) for ever; gives those that were new."""
        rows = [{"source": self.source, "id": each, "start": decided[each]} for each in sorted(decided)]
        # The statement's own count of rows says -1 of an insert that may do nothing.
        return set(self.connection.execute(_ENTER, rows).scalars()) if rows else set()

    def add(self, counted: Sequence[ListedMeeting], *, revision: int) -> None:
        """Add meetings to the tallies and the sums."""
        addition = Addition()
        for meeting in counted:
            addition.add(meeting)
        rows = [
            {"source": self.source, "family": family, "value": value, "number": number, "revision": revision}
            for (family, value), number in sorted(addition.numbers.items())
        ]
        if rows:
            self.connection.execute(_TALLY, rows)
        c = t.sources.c
        self._update(
            revision=revision,
            join_milliseconds=c.join_milliseconds + addition.join_milliseconds,
            meeting_milliseconds=c.meeting_milliseconds + addition.meeting_milliseconds,
            peak_participants=c.peak_participants + addition.peak_participants,
        )

    def remember_exemplars(self, counted: Sequence[ListedMeeting], *, revision: int) -> None:
        """Keep of each length of a stay the meeting in which such a stay ended last."""
        latest: dict[int, tuple[float, str]] = {}
        for meeting in counted:
            for stay, ended_at in meeting.ended_stays():
                value = whole_seconds(stay)
                latest[value] = max(latest.get(value, (ended_at, meeting.id)), (ended_at, meeting.id))
        rows = [
            {"source": self.source, "value": value, "meeting": meeting, "ended_at": at, "revision": revision}
            for value, (at, meeting) in sorted(latest.items())
        ]
        if rows:
            self.connection.execute(_EXEMPLAR, rows)

    def follow(self, meetings: Sequence[ListedMeeting]) -> set[str]:
        """Follow what is not decided on, under its present start; gives those not followed before."""
        ids = [meeting.id for meeting in meetings]
        decided, before = self.among(t.seen, ids), self.among(t.followed, ids)
        wanted = {meeting.id: meeting for meeting in meetings if meeting.id not in decided}
        rows = [
            {"source": self.source, "id": each, "room": wanted[each].room, "start": wanted[each].start}
            for each in sorted(wanted)
        ]
        if rows:
            self.connection.execute(_FOLLOW, rows)
        return wanted.keys() - before

    def unfollow(self, ids: Collection[str]) -> int:
        """Follow these no longer; gives how many were followed."""
        return sum(
            self.connection.execute(
                delete(t.followed).where(t.followed.c.source == self.source, t.followed.c.id.in_(some))
            ).rowcount
            for some in _parts(sorted(ids))
        )

    def note_sights(self, entry: LedgerEntry) -> None:
        """Remember since when a followed meeting is not found, and forget it where it was."""
        mine = t.followed.c.source == self.source
        for some in _parts(sorted(entry.unseen)):
            first = mine & t.followed.c.id.in_(some) & t.followed.c.unseen_since.is_(None)
            self.connection.execute(update(t.followed).where(first).values(unseen_since=entry.now))
        for some in _parts(sorted(entry.seen_again)):
            again = mine & t.followed.c.id.in_(some)
            self.connection.execute(update(t.followed).where(again).values(unseen_since=None))

    def note(self, now: float, *, late: int, abandoned: int) -> None:
        """Remember when the source was last written, and what was found late or given up."""
        c = t.sources.c
        self._update(
            active_at=case((c.active_at < now, now), else_=c.active_at),
            late=c.late + late,
            abandoned=c.abandoned + abandoned,
        )

    def move(self, watermark: float, *, gap: bool) -> None:
        """Move the watermark, never back; `gap` says that what it passes over was not read."""
        c = t.sources.c
        passed = {"gap_seconds": c.gap_seconds + (watermark - c.watermark)} if gap else {}
        self.connection.execute(
            update(t.sources)
            .where(c.source == self.source, c.watermark < watermark)
            .values(watermark=watermark, **passed)
        )

    def prune(self, before: float) -> None:
        """Forget ids of meetings that began so early that they are never read again, some at a time."""
        c = t.seen.c
        old = select(c.id).where(c.source == self.source, c.start < before).limit(IDS)
        self.connection.execute(delete(t.seen).where(c.source == self.source, c.id.in_(old)))

    def _update(self, **values: Any) -> None:
        self.connection.execute(update(t.sources).where(t.sources.c.source == self.source).values(**values))


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + IDS] for start in range(0, len(ids), IDS))
