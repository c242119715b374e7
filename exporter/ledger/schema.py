"""The ledger's tables, and how an older ledger becomes one of today; knows no meeting and no rule.

One set of statements serves SQLite and PostgreSQL. A database that is not ours, or newer than we are, is
refused: starting from zero beside it would look like a reset of every counter.
"""

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    func,
    inspect,
    select,
)

from exporter.errors import LedgerUnavailable

tables = MetaData()

about = Table("presence_ledger", tables, Column("version", Integer, nullable=False))
"""One row: which schema this is. The table's name tells our databases from others."""

sources = Table(
    "presence_source",
    tables,
    Column("source", String(64), primary_key=True),
    Column("domain", Text),
    Column("counting_since", Float(53), nullable=False),
    Column("watermark", Float(53), nullable=False),
    Column("active_at", Float(53), nullable=False),
    Column("revision", BigInteger, nullable=False, default=0),
    Column("join_milliseconds", BigInteger, nullable=False, default=0),
    Column("meeting_milliseconds", BigInteger, nullable=False, default=0),
    Column("peak_participants", BigInteger, nullable=False, default=0),
    Column("late", BigInteger, nullable=False, default=0),
    Column("abandoned", BigInteger, nullable=False, default=0),
    Column("gap_seconds", Float(53), nullable=False, default=0.0),
)
"""One row a source: since when it counts, up to where all is known, and its sums.

Times are Unix seconds; sums are whole milliseconds, so that the order of additions cannot show. `revision`
rises with each commit that counts a meeting.
"""

tallies = Table(
    "presence_tally",
    tables,
    Column("source", String(64), primary_key=True),
    Column("family", String(16), primary_key=True),
    Column("value", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""How often each value was counted: whole seconds rounded up, or a peak as it is.

Any layout of buckets follows from that. `revision` is the source's own at the last change, so that a reader
takes only what is new to it.
"""

exemplars = Table(
    "presence_exemplar",
    tables,
    Column("source", String(64), primary_key=True),
    Column("value", BigInteger, primary_key=True, autoincrement=False),
    Column("meeting", Text, nullable=False),
    Column("ended_at", Float(53), nullable=False),
    Column("revision", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""For each whole second the meeting whose stay of that length ended last, where exemplars are on."""

seen = Table(
    "presence_seen",
    tables,
    Column("source", String(64), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("start", Float(53), nullable=False),
    Index("presence_seen_start", "source", "start"),
    sqlite_with_rowid=False,
)
"""Meetings that were decided on, counted or not: an id enters once, ever."""

followed = Table(
    "presence_followed",
    tables,
    Column("source", String(64), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("room", Text),
    Column("start", Float(53), nullable=False),
    Column("unseen_since", Float(53)),
    sqlite_with_rowid=False,
)
"""Meetings that go on, or ended and have not settled; `unseen_since` where a look-up did not find one."""

Migration = Callable[[Connection], None]

MIGRATIONS: Final[Sequence[Migration]] = ()
"""The steps from each schema to the next: the first leads from 1 to 2. Once released, none is changed."""

VERSION: Final = 1 + len(MIGRATIONS)
"""The schema of this version of the exporter."""

_ONE_AT_A_TIME: Final = 7_019_336_271
"""Names the lock under which replicas that start together prepare the database one after the other."""

_ANOTHER: Final = "name another database"


def prepare(connection: Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Create the tables in an empty database, or bring older ones up to date; raises `LedgerUnavailable`."""
    newest = 1 + len(migrations)
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    version = version_of(connection)
    if version is None:
        tables.create_all(connection)
        connection.execute(about.insert().values(version=newest))
        return
    check(version, migrations)
    for migrate in migrations[version - 1 :]:
        migrate(connection)
    if version < newest:
        connection.execute(about.update().values(version=newest))


def check(version: int, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Refuse a schema that is newer than the migrations, or never was; raises `LedgerUnavailable`."""
    newest = 1 + len(migrations)
    if not 1 <= version <= newest:
        raise LedgerUnavailable(
            f"ledger: the database has schema {version}, and this version of the exporter knows up to"
            f" {newest}; run the version that wrote it, or restore the backup from before it"
        )


def version_of(connection: Connection) -> int | None:
    """Which schema a database has; None for one without a ledger.

    Raises `LedgerUnavailable` where there is something else instead.
    """
    look = inspect(connection)
    present = set(look.get_table_names())
    if about.name not in present:
        # A server's database may be shared with other tables, a file never is.
        foreign = present if connection.dialect.name == "sqlite" else present & set(tables.tables)
        if foreign:
            raise LedgerUnavailable(f"ledger: the database holds tables that are not a ledger's; {_ANOTHER}")
        return None
    named = {column["name"] for column in look.get_columns(about.name)}
    version = connection.execute(select(func.max(about.c.version))).scalar() if "version" in named else None
    if not isinstance(version, int):
        raise LedgerUnavailable(
            f"ledger: the table {about.name} is not a ledger's, or damaged; restore a backup, or {_ANOTHER}"
        )
    return version
