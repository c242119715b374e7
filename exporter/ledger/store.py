"""The ledger's questions: each method is one transaction, and only what is committed is ever shown.

Synchronous, to be called in a thread. It knows no vendor and no loop.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import structlog
from sqlalchemy import Connection, delete, func, select, update

from exporter.errors import LedgerUnavailable
from exporter.ledger import schema as t
from exporter.ledger.engine import Database
from exporter.ledger.figures import Figures, read_figures, read_sums
from exporter.ledger.rows import Lock, Rows
from exporter.model import FollowedMeeting, LedgerEntry, LedgerState

log = structlog.get_logger(__name__)

SEEN_SECONDS: Final = 7 * 86400.0
"""How long behind the watermark ids are kept; nothing is read again behind that."""

STRADDLE_SECONDS: Final = 86400.0
"""How long before `since` reading begins, to find the meetings that were going on then."""

_RESET = "ledger: the source was reset while it was being read; the next run starts anew"


class Store:
    """One database with the ledgers of any number of sources; replicas may share it if it is PostgreSQL."""

    def __init__(self, database: Database, migrations: Sequence[t.Migration] = t.MIGRATIONS) -> None:
        """`migrations` lead from the first schema to the one that is used here."""
        self._database = database
        self._migrations = migrations
        self._prepared = False

    @property
    def persistent(self) -> bool:
        """Whether what is counted outlives this process."""
        return self._database.persistent

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()

    def state(self, source: str, *, now: float, since: float | None) -> LedgerState:
        """What a source has to go on with; its first call starts the counting, `since` seconds back."""
        with self._reading() as connection:
            state = _state(connection, source)
        if state is not None:
            return state
        start = now if since is None else now - since
        watermark = start if since is None else start - STRADDLE_SECONDS
        with self._writing() as connection:
            rows = Rows(connection, source)
            began = rows.begin(counting_since=start, watermark=watermark, now=now)
            state = _state(connection, source)
        if state is None:
            raise LedgerUnavailable(_RESET)
        if began:
            # A ledger that was lost would begin like this as well: nobody should have to guess.
            log.info("counting begins", source=source, since=start, persistent=self.persistent)
        return state

    def known(self, source: str, ids: Collection[str]) -> frozenset[str]:
        """Those of the ids that were decided on."""
        with self._reading() as connection:
            return frozenset(Rows(connection, source).among(t.seen, ids))

    def known_between(self, source: str, start: float, *, end: float) -> int:
        """How many meetings that began in [start, end) were decided on or are followed."""
        with self._reading() as connection:
            return sum(
                connection.execute(
                    select(func.count())
                    .select_from(table)
                    .where(table.c.source == source, table.c.start >= start, table.c.start < end)
                ).scalar_one()
                for table in (t.seen, t.followed)
            )

    def name_domain(self, source: str, domain: str) -> str:
        """Remember which domain a source counts, where none is remembered; gives the one that is."""
        unnamed = (t.sources.c.source == source) & t.sources.c.domain.is_(None)
        with self._writing() as connection:
            connection.execute(update(t.sources).where(unnamed).values(domain=domain))
            sums = read_sums(connection, source)
        if sums is None or sums.domain is None:
            raise LedgerUnavailable(_RESET)
        return sums.domain

    def record(
        self, source: str, entry: LedgerEntry, *, since: float | None = None, exemplars: bool = False
    ) -> int:
        """Write down what one reading found, all of it or nothing; gives how many meetings were counted.

        Of two writers that bring the same meeting only the one that enters its id counts it. An entry that
        was made for another count, which did not start at `since`, raises `LedgerUnavailable`.
        """
        with self._writing() as connection:
            rows = Rows(connection, source)
            lock = self._lock(rows, since=since)
            revision = 1 + lock.revision
            ended = {meeting.id: meeting for meeting in entry.count}
            decided = dict(entry.skip) | {each: meeting.start for each, meeting in ended.items()}
            for each in _forgotten(rows, decided, before=lock.watermark - SEEN_SECONDS):
                del decided[each]
            entered = rows.enter(decided)
            counted = [meeting for each, meeting in ended.items() if each in entered]
            if counted:
                rows.add(counted, revision=revision)
                if exemplars:
                    rows.remember_exemplars(counted, revision=revision)
            rows.unfollow(decided)
            abandoned = rows.unfollow(entry.abandon)
            found = entered | rows.follow(entry.follow)
            rows.note_sights(entry)
            rows.note(entry.now, late=len(found) if entry.late else 0, abandoned=abandoned)
            if entry.watermark is not None:
                rows.move(entry.watermark, gap=entry.gap_seconds > 0)
                rows.prune(entry.watermark - SEEN_SECONDS)
        return len(counted)

    def try_to_write(self, source: str) -> None:
        """Write without changing anything, to see whether that is possible."""
        with self._writing() as connection:
            mine = update(t.sources).where(t.sources.c.source == source)
            connection.execute(mine.values(revision=t.sources.c.revision))

    def figures(self, source: str, *, known: Figures | None = None) -> Figures | None:
        """What was counted up to the last commit; None before the first state.

        What was read before may be given, and only what is new since then is read.
        """
        with self._reading() as connection:
            return read_figures(connection, source, known=known)

    def reset(self, source: str) -> bool:
        """Forget a source altogether; its next state starts the counting anew. False where there was none."""
        with self._writing(at_leisure=True) as connection:
            Rows(connection, source).lock()
            for table in (t.seen, t.followed, t.tallies, t.exemplars):
                connection.execute(delete(table).where(table.c.source == source))
            return connection.execute(delete(t.sources).where(t.sources.c.source == source)).rowcount > 0

    def names(self) -> tuple[str, ...]:
        """The sources that the ledger holds."""
        with self._reading() as connection:
            return tuple(
                connection.execute(select(t.sources.c.source).order_by(t.sources.c.source)).scalars()
            )

    def _lock(self, rows: Rows, *, since: float | None) -> Lock:
        """Be the one writer of this source until the transaction ends."""
        lock = rows.lock()
        if lock is None or since not in {None, lock.counting_since}:
            raise LedgerUnavailable(_RESET)
        # A newer replica may have brought the schema further while this one was running.
        t.check(lock.version, self._migrations)
        return lock

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        self._prepare()
        with self._database.reading() as connection:
            yield connection

    @contextmanager
    def _writing(self, *, at_leisure: bool = False) -> Iterator[Connection]:
        self._prepare()
        with self._database.writing(at_leisure=at_leisure) as connection:
            yield connection

    def _prepare(self) -> None:
        """Once is enough, and the tables of a database that lost them are not made anew behind its back."""
        if not self._prepared:
            with self._database.writing(at_leisure=True) as connection:
                t.prepare(connection, self._migrations)
            self._prepared = True


def _forgotten(rows: Rows, decided: Mapping[str, float], *, before: float) -> set[str]:
    """Of meetings and their starts those that were decided on, and whose ids are gone.

    All that began so early and is not followed any more was: a replica that fell behind while the watermark
    moved on may bring it again.
    """
    old = [each for each, start in decided.items() if start < before]
    return set(old) - rows.among(t.followed, old)


def _state(connection: Connection, source: str) -> LedgerState | None:
    sums = read_sums(connection, source)
    if sums is None:
        return None
    c = t.followed.c
    followed = select(c.id, c.room, c.start, c.unseen_since).where(c.source == source)
    return LedgerState(
        counting_since=sums.counting_since,
        watermark=sums.watermark,
        active_at=sums.active_at,
        domain=sums.domain,
        followed=tuple(
            FollowedMeeting(*each) for each in connection.execute(followed.order_by(c.start, c.id))
        ),
    )
