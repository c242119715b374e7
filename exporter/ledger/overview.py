"""What a ledger holds, for people to read: one moment of a database that stays as it is.

A `Ledger` makes the tables that are missing, and its first question starts the counting; here a mistyped
address stays as it was found. It knows no command and no configuration.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select

from exporter.counting import JOIN, MEETING
from exporter.errors import LedgerUnavailable
from exporter.ledger import schema as t
from exporter.ledger.engine import Database, open_database


@dataclass(frozen=True, slots=True)
class Counted:
    """What one source has counted; times are Unix seconds, durations seconds.

    `meetings` are those whose length is known, as the histogram of lengths has them.
    """

    source: str
    domain: str | None
    counting_since: float
    watermark: float
    followed: int
    meetings: int
    stays: int
    stay_seconds: float
    late: int
    abandoned: int
    gap_seconds: float


@dataclass(frozen=True, slots=True)
class Overview:
    """A whole ledger: its schema's version, and its sources by name."""

    version: int
    sources: tuple[Counted, ...]


def look(url: str, *, file: Path | None, writable: bool = False) -> Overview | None:
    """What the database of that URL holds, None where it holds nothing yet; raises `LedgerUnavailable`.

    `file` is where SQLite has it. With `writable` it is tried whether a transaction that changes nothing can
    be committed.
    """
    if file is not None and _absent(file):
        return None
    database = open_database(url)
    try:
        with database.reading() as connection:
            version = _version(connection)
            found = None if version is None else Overview(version, tuple(_counted(connection)))
        if writable and found is not None:
            _write_nothing(database)
    finally:
        database.close()
    return found


def _absent(file: Path) -> bool:
    """True where SQLite would make the file; one that may not be looked at is for the database to refuse."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _version(connection: Connection) -> int | None:
    version = t.version_of(connection)
    if version in {None, t.VERSION}:
        return version
    raise LedgerUnavailable(
        f"ledger: the database has schema {version}, and this version of the exporter reads {t.VERSION}; "
        "use the version that wrote it, or serve with this one, which brings an older schema up to date"
    )


def _counted(connection: Connection) -> list[Counted]:
    numbers: dict[tuple[str, str], int] = {
        (source, family): int(number)
        for source, family, number in connection.execute(
            select(t.tallies.c.source, t.tallies.c.family, func.sum(t.tallies.c.number)).group_by(
                t.tallies.c.source, t.tallies.c.family
            )
        )
    }
    per_source = select(t.followed.c.source, func.count()).group_by(t.followed.c.source)
    followed: dict[str, int] = {row[0]: row[1] for row in connection.execute(per_source)}
    return [
        Counted(
            source=row.source,
            domain=row.domain,
            counting_since=row.counting_since,
            watermark=row.watermark,
            followed=followed.get(row.source, 0),
            meetings=numbers.get((row.source, MEETING), 0),
            stays=numbers.get((row.source, JOIN), 0),
            stay_seconds=row.join_milliseconds / 1000,
            late=row.late,
            abandoned=row.abandoned,
            gap_seconds=row.gap_seconds,
        )
        for row in connection.execute(select(t.sources).order_by(t.sources.c.source))
    ]


def _write_nothing(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(t.about.update().values(version=t.about.c.version))
