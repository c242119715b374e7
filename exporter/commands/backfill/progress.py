"""What an unfinished backfill has read: an SQLite file beside the output, one transaction for each window.

Whatever ends the process, the file holds whole windows and from where to go on. It is ours alone while a run
is at work. It holds ids of meetings, so that each is counted once, and nothing of people.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from exporter.counting import JOIN, MEETING, PEAK, Addition
from exporter.errors import ConfigError, PresenceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from exporter.commands.backfill.grid import Grid
    from exporter.model import ListedMeeting

MARK: Final = 0x70726573
"""SQLite's `application_id`: tells our files from others."""

FORMAT: Final = 1
"""The tables as they are here; a file of another version is not gone on with."""

_TABLES: Final = (
    "CREATE TABLE term (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE state (cursor INTEGER NOT NULL, written INTEGER NOT NULL)",
    "CREATE TABLE seen (id TEXT PRIMARY KEY, fate TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE tally (
        family TEXT, place INTEGER, value INTEGER, number INTEGER NOT NULL, PRIMARY KEY (family, place, value)
    ) WITHOUT ROWID""",
    """CREATE TABLE total (
        family TEXT, place INTEGER, total INTEGER NOT NULL, PRIMARY KEY (family, place)
    ) WITHOUT ROWID""",
    f"PRAGMA application_id = {MARK}",
    f"PRAGMA user_version = {FORMAT}",
)


class Fate(StrEnum):
    """What becomes of a meeting that was read."""

    COUNTED = "counted"
    OUTSIDE = "outside"
    UNSETTLED = "unsettled"
    ONGOING = "ongoing"


class ProgressLost(PresenceError):
    """The file beside the output cannot be read or written; the text says what to do."""


class Progress:
    """One backfill's way so far; a context manager that closes the file."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self._connection = connection

    @property
    def cursor(self) -> int:
        """All meetings that began before that moment have been read (Unix seconds)."""
        return self._one("SELECT cursor FROM state")

    @property
    def written(self) -> bool:
        """True where the output was complete and only had to take its place."""
        return bool(self._one("SELECT written FROM state"))

    def record(self, fates: Iterable[tuple[ListedMeeting, Fate]], *, grid: Grid, cursor: int) -> None:
        """Count the meetings of one window that were not counted before, and go on from `cursor`."""
        additions: dict[int, Addition] = {}
        with self._transaction() as connection:
            for meeting, fate in fates:
                known = connection.execute("SELECT fate FROM seen WHERE id = ?", (meeting.id,)).fetchone()
                if fate is Fate.OUTSIDE or (known and known[0] == Fate.COUNTED):
                    continue
                connection.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", (meeting.id, str(fate)))
                if fate is Fate.COUNTED:
                    additions.setdefault(grid.place(meeting.end), Addition()).add(meeting)
            for place, addition in additions.items():
                _add(connection, addition, place=place)
            connection.execute("UPDATE state SET cursor = ?", (cursor,))

    def finish(self) -> None:
        """The output is complete, and takes its place next."""
        with self._transaction() as connection:
            connection.execute("UPDATE state SET written = 1")

    def additions(self, family: str) -> Iterator[tuple[int, list[tuple[int, int]], int]]:
        """For each place with meetings, in order: (value, number) pairs, and the sum that they add."""
        with _in_our_words(self.path):
            rows = self._connection.execute(
                "SELECT place, value, number FROM tally WHERE family = ? ORDER BY place, value", (family,)
            )
            for place, group in groupby(rows, itemgetter(0)):
                total = self._connection.execute(
                    "SELECT total FROM total WHERE family = ? AND place = ?", (family, place)
                ).fetchone()
                yield place, [(value, number) for _, value, number in group], total[0]

    def number(self, fate: Fate) -> int:
        """How many meetings met that fate."""
        return self._one("SELECT count(*) FROM seen WHERE fate = ?", str(fate))

    def counted(self, family: str) -> int:
        """How many values a family has in all."""
        return self._one("SELECT coalesce(sum(number), 0) FROM tally WHERE family = ?", family)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def remove(self) -> None:
        """The output is in its place: nothing of the way is needed any more."""
        self.close()
        # SQLite keeps it while the file is ours alone, and does not always get to remove it.
        self.path.with_name(f"{self.path.name}-journal").unlink(missing_ok=True)
        self.path.unlink()

    def __enter__(self) -> Progress:
        """Close at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _one(self, query: str, *values: str) -> int:
        with _in_our_words(self.path):
            return int(self._connection.execute(query, values).fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with _in_our_words(self.path), self._connection:
            self._connection.execute("BEGIN")
            yield self._connection


def open_progress(path: Path, terms: Mapping[str, str], *, begin: int, force: bool) -> Progress:
    """Go on with the file of an earlier run with the same terms, or begin a new one at the moment `begin`.

    Raises `ConfigError` where the earlier run had other terms, unless `force` begins anew; and where the file
    is not one of ours, or of a run that is at work. Raises `ProgressLost`.
    """
    with _in_our_words(path):
        connection = _connect(path)
        try:
            if not _is_ours(connection, path):
                _begin(connection, terms, begin=begin)
            elif differences := _differences(connection, terms):
                if not force:
                    raise ConfigError(
                        f"{path} is of an unfinished run with other values: {'; '.join(differences)}. "
                        "Give the same again to go on with it, or --force to begin anew"
                    )
                connection.close()
                path.unlink()
                connection = _connect(path)
                _begin(connection, terms, begin=begin)
        except BaseException:
            connection.close()
            raise
    return Progress(connection, path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=0.5, isolation_level=None)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    return connection


def _is_ours(connection: sqlite3.Connection, path: Path) -> bool:
    """False for an empty file; locks one of ours for as long as the connection lives."""
    try:
        connection.execute("BEGIN EXCLUSIVE")
        mark = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname == "SQLITE_BUSY":
            raise ConfigError(
                f"{path} is in use: another backfill into the same --output is at work"
            ) from None
        if error.sqlite_errorname != "SQLITE_NOTADB":
            raise
        mark, version, tables = 0, 0, 1
    if not tables:
        return False
    if (mark, version) != (MARK, FORMAT):
        raise ConfigError(
            f"{path} is not what this version keeps of an unfinished run: remove it, or name another --output"
        )
    return True


def _begin(connection: sqlite3.Connection, terms: Mapping[str, str], *, begin: int) -> None:
    connection.execute("BEGIN EXCLUSIVE")
    for statement in _TABLES:
        connection.execute(statement)
    connection.executemany("INSERT INTO term VALUES (?, ?)", terms.items())
    connection.execute("INSERT INTO state VALUES (?, 0)", (begin,))
    connection.execute("COMMIT")


def _differences(connection: sqlite3.Connection, terms: Mapping[str, str]) -> list[str]:
    known = dict(connection.execute("SELECT name, value FROM term"))
    return [
        f"{name} was {known.get(name, '')}, and is {terms[name]}"
        for name in terms
        if known.get(name) != terms[name]
    ]


def _add(connection: sqlite3.Connection, addition: Addition, *, place: int) -> None:
    connection.executemany(
        "INSERT INTO tally VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET number = number + excluded.number",
        [(family, place, value, number) for (family, value), number in addition.numbers.items()],
    )
    totals = {
        JOIN: addition.join_milliseconds,
        MEETING: addition.meeting_milliseconds,
        PEAK: addition.peak_participants,
    }
    connection.executemany(
        "INSERT INTO total VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET total = total + excluded.total",
        [(family, place, total) for family, total in totals.items()],
    )


@contextmanager
def _in_our_words(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        kind = getattr(error, "sqlite_errorname", "") or type(error).__name__
        raise ProgressLost(
            f"{path} cannot be read or written ({kind}): look at its folder, the rights of this user there, "
            "and free space; what was kept before is not lost"
        ) from error
