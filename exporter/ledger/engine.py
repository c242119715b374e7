"""Opens the ledger's database, and turns its failures into ours; knows URLs and drivers, and no table.

Reading and writing are apart. On SQLite every writer begins as one (`BEGIN IMMEDIATE`): by default it reads
first and takes the lock later, and of two writers one loses its update without an error. On PostgreSQL every
reader sees one moment, whatever others commit between its statements.
"""

import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from exporter.errors import LedgerUnavailable
from exporter.ledger.words import words_for

CONNECTIONS: Final = 4
"""How many transactions may run at once on PostgreSQL."""

LOCK_SECONDS: Final = 2.0
"""How long a writer waits for another one."""

CONNECT_SECONDS: Final = 3
ANSWER_SECONDS: Final = 3
"""How long PostgreSQL may take to let us in, and for one statement."""

OLDEST_SQLITE: Final = (3, 35, 0)
"""The first SQLite with `RETURNING`."""

_READS: Final = "ledger_reads"
_AHEAD: Final = "ledger_written_ahead"

_SESSION: Final = (
    f"-c statement_timeout={ANSWER_SECONDS}s"
    f" -c lock_timeout={LOCK_SECONDS:g}s"
    # Of a machine that vanished in the middle of a transaction nobody else should wait for the lock.
    " -c idle_in_transaction_session_timeout=30s"
)

_KNOWS_USER_TIMEOUT: Final = 120_000
"""The first libpq with `tcp_user_timeout`; an older one refuses to connect with it."""


class Database:
    """A database and its connections; every failure of it is a `LedgerUnavailable` that says what to do."""

    def __init__(self, engine: Engine, *, persistent: bool) -> None:
        """`persistent` tells whether the database outlives this process."""
        self.persistent = persistent
        self._engine = engine
        self._is_file = persistent and engine.dialect.name == "sqlite"
        options: dict[str, Any] = {_READS: True}
        if engine.dialect.name == "postgresql":
            options["isolation_level"] = "REPEATABLE READ"
        self._reader = engine.execution_options(**options)
        # Whoever lets go of it unclosed leaves no connection open: Python complains of one from 3.13 on.
        weakref.finalize(self, engine.dispose)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One moment of the database, whose statements agree with each other."""
        with _in_our_words(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, *, at_leisure: bool = False) -> Iterator[Connection]:
        """One transaction, committed at its end; any exception takes all of it back.

        `at_leisure` lets its statements take as long as they need: nobody waits for a scrape meanwhile.
        """
        with _in_our_words(), self._engine.connect() as connection:
            with connection.begin():
                if at_leisure and connection.dialect.name == "postgresql":
                    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                yield connection
            if self._is_file:
                _write_ahead(connection)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


def open_database(url: str) -> Database:
    """The database of a URL, without connecting; raises `LedgerUnavailable` for a URL it cannot be."""
    try:
        address = make_url(url)
        backend = address.get_backend_name()
        if backend not in {"sqlite", "postgresql"}:
            raise ArgumentError(backend)
        return _sqlite(address) if backend == "sqlite" else _postgresql(address)
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        raise LedgerUnavailable(
            "ledger.url is not one that can be used; sqlite:////… or postgresql+psycopg://…"
        ) from error


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise LedgerUnavailable(f"ledger: {words_for(error)}") from error


def refuse_old_sqlite(version: tuple[int, ...]) -> None:
    """Raise `LedgerUnavailable` for an SQLite that does not understand our statements."""
    if version < OLDEST_SQLITE:
        found = ".".join(map(str, version))
        raise LedgerUnavailable(f"ledger: Python has SQLite {found} here; 3.35 is needed, or PostgreSQL")


def _sqlite(address: URL) -> Database:
    refuse_old_sqlite(sqlite3.sqlite_version_info)
    in_memory = address.database in {None, "", ":memory:"}
    engine = create_engine(
        address,
        hide_parameters=True,
        connect_args={"timeout": LOCK_SECONDS, "check_same_thread": False},
        **({"poolclass": StaticPool} if in_memory else {"pool_size": 1, "max_overflow": 0}),
    )
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    if not in_memory:
        _watch_file(engine, Path(address.database or ""))
    return Database(engine, persistent=not in_memory)


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    try:
        # What was shown must survive a power failure too: else counters would step back.
        connection.execute("PRAGMA synchronous=FULL")
    except sqlite3.Error:
        connection.close()
        raise


def _write_ahead(connection: Connection) -> None:
    """Have the file's log written ahead from now on, which it remembers, so that nobody waits for a reader.

    Only after a write of ours: a file that refused it may be another's, and stays as it is. Where somebody
    holds the file the old way is as safe, and the next write tries again.
    """
    if connection.info.get(_AHEAD):
        return
    with suppress(sqlite3.OperationalError):
        [mode] = connection.connection.cursor().execute("PRAGMA journal_mode=WAL").fetchone()
        connection.info[_AHEAD] = mode == "wal"


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get(_READS)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _watch_file(engine: Engine, file: Path) -> None:
    """Connect anew where the file is another one: else we would go on counting in one that was deleted."""

    def identity() -> tuple[int, int] | None:
        try:
            found = file.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def connected(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["file"] = identity()

    def used(_connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
        if record.info["file"] != identity():
            raise DisconnectionError

    event.listen(engine, "connect", connected)
    event.listen(engine, "checkout", used)


def _postgresql(address: URL) -> Database:
    engine = create_engine(
        address,
        hide_parameters=True,
        # A server that was restarted in between is noticed before a transaction, and connected to anew.
        pool_pre_ping=True,
        pool_size=CONNECTIONS,
        max_overflow=0,
    )
    libpq: int = engine.dialect.loaded_dbapi.pq.version()
    defaults = session_defaults(libpq)

    def connect(_dialect: object, _record: object, _arguments: object, parameters: dict[str, Any]) -> None:
        for name, value in defaults.items():
            parameters.setdefault(name, value)
        parameters["options"] = f"{_SESSION} {parameters.get('options', '')}".rstrip()

    event.listen(engine, "do_connect", connect)
    return Database(engine, persistent=True)


def session_defaults(libpq: int) -> dict[str, Any]:
    """What a connection to PostgreSQL is told unless the URL tells it, for that version of libpq."""
    defaults: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "presence-exporter",
        "keepalives_idle": 30,
    }
    if libpq >= _KNOWS_USER_TIMEOUT:
        # A server that vanished must not hold a thread for as long as the kernel tries: a quarter of an hour.
        defaults["tcp_user_timeout"] = ANSWER_SECONDS * 1000
    return defaults
