"""A ledger's database that fails: what is said, that nothing is lost, and that it goes on afterwards."""

from __future__ import annotations

import gc
import os
import resource
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import StaticPool

from exporter.errors import LedgerUnavailable
from exporter.ledger.engine import (
    CONNECT_SECONDS,
    Database,
    _configure_sqlite,
    _write_ahead,
    open_database,
    refuse_old_sqlite,
    session_defaults,
)
from exporter.ledger.overview import look
from exporter.ledger.store import Store
from exporter.ledger.words import words_for
from exporter.model import LedgerEntry
from tests.kit.logs import Lines, caught_log
from tests.kit.stores import T0, count, drawn, meeting, open_store, totals, truth

FIRST, SECOND = meeting("m1", 30.0), meeting("m2", 40.0)


@pytest.fixture(autouse=True)
def log() -> Iterator[Lines]:
    """Catch what is logged."""
    with caught_log() as lines:
        yield lines


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that any user can come to, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="presence-ledger-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def file(folder: Path) -> Path:
    """Where the ledger is."""
    return folder / "ledger.db"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    """A ledger that has counted one meeting."""
    with closing(open_store(f"sqlite:///{file}", "acme")) as store:
        count(store, FIRST)
        yield store


@contextmanager
def nobody() -> Iterator[None]:
    """Be a user for whom permissions hold: root is none."""
    user = os.geteuid()
    os.seteuid(user or 65534)
    try:
        yield
    finally:
        os.seteuid(user)


def fault_of(store: Store) -> str:
    """What is said when the second meeting cannot be counted."""
    with pytest.raises(LedgerUnavailable) as told:
        count(store, SECOND)
    return str(told.value)


def fault_at_first(file: Path) -> str:
    """What is said to a process that begins with that file; it must not have become a new ledger."""
    with closing(open_store(f"sqlite:///{file}")) as store:
        with pytest.raises(LedgerUnavailable) as told:
            store.state("acme", now=T0, since=None)
        return str(told.value)


def goes_on(store: Store) -> bool:
    """Whether the second meeting can be counted now, beside the first."""
    return count(store, SECOND) == 1 and totals(store) == truth([FIRST, SECOND])


# Files that fail


def test_a_locked_file_can_be_read_and_is_written_when_it_is_free(store: Store, file: Path) -> None:
    """Whoever holds the lock is waited for a while, and named as the reason then."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert fault_of(store) == (
            "ledger: another process holds the file's lock; end it, since only PostgreSQL can be shared"
        )
        assert totals(store) == truth([FIRST])
        assert "another process holds" in fault_at_first(file)
    assert goes_on(store)


def test_a_writer_that_is_soon_done_is_waited_for(store: Store, file: Path) -> None:
    """Two transactions at the same moment are no fault."""
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.2, lambda: other.execute("COMMIT"))
    timer.start()
    assert goes_on(store)
    timer.join()
    other.close()


def test_a_full_disk_takes_the_whole_entry_back(store: Store) -> None:
    """Nothing of it is left, and all of it is counted once there is room."""
    meetings = drawn(500)
    with store._database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(LedgerUnavailable, match=r"^ledger: the disk is full; make room: nothing was lost, "):
        count(store, *meetings)
    assert totals(store) == truth([FIRST])

    with store._database.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert count(store, *meetings) == 500
    assert totals(store) == truth([FIRST, *meetings])


def test_a_users_quota_takes_the_whole_entry_back(store: Store, file: Path) -> None:
    """The system refuses to write more; it is not the disk that is full."""
    meetings = drawn(500)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = max(each.stat().st_size for each in file.parent.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 4096, before[1]))
    try:
        with pytest.raises(LedgerUnavailable, match=r"the disk cannot be read or written; look at .* quota"):
            count(store, *meetings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert totals(store) == truth([FIRST])
    assert count(store, *meetings) == 500


def test_a_read_only_file_is_told(file: Path) -> None:
    """Whoever may not write it counts nothing, and begins nothing anew."""
    open_store(f"sqlite:///{file}", "acme").close()
    file.chmod(0o444)
    with nobody():
        assert fault_at_first(file) == (
            "ledger: the file, its folder or its disk is read-only; let this user write there"
        )


def test_a_read_only_folder_is_told(file: Path) -> None:
    """SQLite makes files of its own beside the ledger."""
    open_store(f"sqlite:///{file}", "acme").close()
    file.chmod(0o666)
    file.parent.chmod(0o555)
    with nobody():
        assert "its folder or its disk is read-only" in fault_at_first(file)
        assert fault_at_first(file.parent / "new.db") == (
            "ledger: the file cannot be opened; its folder must exist, and let this user write there"
        )


def test_a_folder_that_is_missing_is_told(folder: Path) -> None:
    """It is not made: a volume that was not mounted would be a silent start from zero."""
    missing = folder / "volume" / "ledger.db"
    assert fault_at_first(missing).startswith("ledger: the file cannot be opened; its folder must exist")
    assert not missing.parent.exists()
    assert fault_at_first(folder).startswith("ledger: the file cannot be opened")


def test_what_is_no_database_is_left_as_it_is(file: Path) -> None:
    """A file of something else is never overwritten."""
    file.write_bytes(b"These are my notes.\n" * 100)
    assert fault_at_first(file) == "ledger: the file is not an SQLite database; name another file"
    assert file.read_bytes() == b"These are my notes.\n" * 100


@pytest.mark.parametrize(
    "script, words",
    [
        ("CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine')", "not a ledger's"),
        ("CREATE TABLE presence_ledger (id INTEGER)", "is not a ledger's, or damaged"),
        ("CREATE TABLE presence_ledger (version INTEGER); INSERT INTO presence_ledger VALUES (99)", "99"),
    ],
)
def test_a_database_of_others_is_left_as_it_is(file: Path, script: str, words: str) -> None:
    """To the byte, whether it is served or only looked at: not even its way of keeping a log is changed."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(script)
    before = file.read_bytes(), file.stat().st_mtime_ns

    assert words in fault_at_first(file)
    with pytest.raises(LedgerUnavailable, match=words):
        look(f"sqlite:///{file}", file=file, writable=True)
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_is_being_read_is_written_ahead_a_little_later(file: Path) -> None:
    """That is no failure of the write which came before it."""
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("CREATE TABLE presence_ledger (version INTEGER)")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM presence_ledger").fetchall()
        with closing(open_database(f"sqlite:///{file}")) as database, database._engine.connect() as mine:
            mine.connection.cursor().execute("PRAGMA busy_timeout = 0")
            modes = []
            for command in ("COMMIT", "PRAGMA user_version"):
                _write_ahead(mine)
                reader.execute(command)
                modes.append(reader.execute("PRAGMA journal_mode").fetchone()[0])
    assert modes == ["delete", "wal"]


def test_a_connection_that_cannot_be_used_is_closed(file: Path) -> None:
    """Each run tries again, and descriptors of the process are few."""
    file.write_bytes(b"notes" * 1000)
    connection = sqlite3.connect(file)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        _configure_sqlite(connection, None)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_a_damaged_file_is_told_and_left_as_it_is(store: Store, file: Path) -> None:
    """Nothing is repaired by guessing."""
    count(store, *drawn(500))
    store.close()
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 8192) + whole[-4096:])
    damaged = file.read_bytes()

    assert fault_at_first(file) == (
        "ledger: the file is damaged; restore a backup, or start anew with another file"
    )
    assert file.read_bytes() == damaged


def test_a_file_that_is_deleted_in_use_is_noticed(store: Store, file: Path) -> None:
    """Else counting would go on in a file that nobody can see, and a restart begin at zero."""
    for each in file.parent.iterdir():
        each.unlink()
    gone = (
        "ledger: the tables are gone or changed; restore a backup, or start the exporter again to count anew"
    )
    assert fault_of(store) == gone
    assert fault_of(store) == gone


def test_a_backup_that_is_put_in_its_place_is_gone_on_with(store: Store, file: Path) -> None:
    """Without a restart, from what the backup has."""
    with closing(sqlite3.connect(file)) as live, closing(sqlite3.connect(file.parent / "backup")) as backup:
        live.backup(backup)
    count(store, meeting("m3", 50.0))
    for each in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
        each.unlink()
    (file.parent / "backup").rename(file)

    assert goes_on(store)
    with closing(sqlite3.connect(file)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_survives_whoever_counts_being_killed(store: Store, file: Path) -> None:
    """What was shown is on the disk by then: the log that is synced at each commit, and no copy in memory."""
    with store._database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
    copy = file.parent / "as-it-was"
    copy.mkdir()
    for name in ("ledger.db", "ledger.db-wal"):
        shutil.copy(file.parent / name, copy)

    with closing(open_store(f"sqlite:///{copy}/ledger.db")) as after:
        assert totals(after) == truth([FIRST])


def test_a_file_uses_the_space_of_old_ids_again(store: Store, file: Path) -> None:
    """Nothing grows with the length of the history, without any vacuum."""
    sizes = []
    for day in range(40):
        start = T0 + day * 86400
        meetings = tuple(meeting(f"{day:03}-{each:03}", 30.0, start=start + each) for each in range(200))
        store.record("acme", LedgerEntry(start, count=meetings, watermark=start))
        with store._database.reading() as connection:
            sizes.append(connection.exec_driver_sql("PRAGMA page_count").scalar_one())

    assert sizes[0] < sizes[9]
    assert max(sizes[20:]) <= max(sizes[:20]) + 2


# Addresses


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ledger.db",
        "mysql://user:s3cret@host/ledger",
        "sqlite+nonsense:///ledger.db",
        "postgresql+asyncpg://user:s3cret@host/ledger",
        "postgresql+psycopg://user:s3cret@host:port/ledger",
        "oracle://user:s3cret@host/ledger",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_showing_it(url: str) -> None:
    """A password may stand in it."""
    with pytest.raises(LedgerUnavailable) as told:
        open_database(url)

    assert str(told.value) == (
        "ledger.url is not one that can be used; sqlite:////… or postgresql+psycopg://…"
    )


@pytest.mark.parametrize(
    "url, persistent",
    [
        ("sqlite://", False),
        ("sqlite:///", False),
        ("sqlite:///:memory:", False),
        ("sqlite:////tmp/never-made.db", True),
        ("postgresql+psycopg://127.0.0.1:1/ledger", True),
    ],
)
def test_a_database_is_known_by_whether_a_restart_forgets_it(url: str, *, persistent: bool) -> None:
    """Without connecting."""
    with closing(open_database(url)) as database:
        assert database.persistent == persistent


def test_a_path_may_hold_what_an_address_cannot(folder: Path) -> None:
    """Blanks and other characters come as %-codes."""
    with closing(open_store(f"sqlite:///{folder}/my%20ledger%23.db", "acme")):
        assert (folder / "my ledger#.db").exists()


def test_an_old_sqlite_is_refused_by_its_version() -> None:
    """Before a statement fails that it does not understand."""
    refuse_old_sqlite((3, 35, 0))
    with pytest.raises(LedgerUnavailable, match=r"has SQLite 3\.34\.1 here; 3\.35 is needed"):
        refuse_old_sqlite((3, 34, 1))


# PostgreSQL's connections


def test_only_a_libpq_that_knows_it_is_told_how_long_to_try() -> None:
    """An older one would refuse to connect."""
    old, new = session_defaults(110_022), session_defaults(120_000)

    assert new == old | {"tcp_user_timeout": 3000}
    assert old["connect_timeout"] == CONNECT_SECONDS


@pytest.mark.system
def test_a_session_has_limits_and_a_name(postgresql_url: str) -> None:
    """None waits for ever, and the server's own lists say who it is; the address has the last word."""

    def shown(database: Database, *names: str) -> list[str]:
        with closing(database), database.reading() as connection:
            return [connection.execute(text(f"SHOW {name}")).scalar_one() for name in names]

    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "application_name")
    assert shown(open_database(postgresql_url), *names) == ["3s", "2s", "30s", "presence-exporter"]
    address = f"{postgresql_url}?application_name=mine&options=-c%20statement_timeout%3D1s"
    assert shown(open_database(address), *names) == ["1s", "2s", "30s", "mine"]


@pytest.mark.system
def test_who_works_at_leisure_has_no_limit(postgresql_url: str) -> None:
    """A migration or a reset may take longer than a scrape; the next transaction may not."""
    with closing(open_database(postgresql_url)) as database:
        limits = []
        for at_leisure in (True, False):
            with database.writing(at_leisure=at_leisure) as connection:
                limits.append(connection.execute(text("SHOW statement_timeout")).scalar_one())
    assert limits == ["0", "3s"]


# Words


@pytest.mark.parametrize(
    "error, words",
    [
        (psycopg.errors.DiskFull(), "the server's disk is full; "),
        (psycopg.errors.TooManyConnections(), "the server has no connection left; "),
        (psycopg.errors.InsufficientPrivilege(), "the user may not create or change the tables; "),
        (psycopg.errors.InvalidSchemaName(), "the user may not create or change the tables; "),
        (psycopg.errors.ReadOnlySqlTransaction(), "the server is a standby or read-only; name the primary"),
        (
            psycopg.errors.LockNotAvailable(),
            "the database takes too long or another client holds its locks; ",
        ),
        (psycopg.errors.QueryCanceled(), "the database takes too long or another client holds its locks; "),
        (psycopg.errors.CannotConnectNow(), "the server is stopping or starting"),
        (psycopg.errors.AdminShutdown(), "the server is stopping or starting"),
        (psycopg.errors.UndefinedTable(), "the tables are gone or changed; "),
        (psycopg.errors.DivisionByZero(), "the server refuses a statement (code 22012); "),
        (psycopg.OperationalError("connection refused"), "the server cannot be reached; "),
        (psycopg.OperationalError("FATAL: no entry in pg_hba.conf"), "the server does not let us in; "),
        (psycopg.OperationalError("no password supplied"), "the server does not let us in; "),
        (sqlite3.InterfaceError("odd"), "the database refuses a statement (InterfaceError); "),
        (TimeoutError("odd"), "the database cannot be used (TimeoutError); "),
    ],
)
def test_each_failure_has_words_of_ours(error: Exception, words: str) -> None:
    """What to do; whether the driver's error comes as it is or wrapped."""
    assert words_for(error).startswith(words)
    assert words_for(OperationalError("SELECT 'secret'", {}, error)).startswith(words)


def test_a_database_that_nobody_holds_leaves_no_connection_open() -> None:
    """Also where nobody has closed it."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    database = Database(engine, persistent=False)
    with database.writing() as connection:
        held: Any = connection.connection.dbapi_connection
    assert held.execute("SELECT 1").fetchall() == [(1,)]

    del database
    gc.collect()

    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        held.execute("SELECT 1")
