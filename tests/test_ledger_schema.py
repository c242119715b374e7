"""Empty, older, newer and foreign databases: what becomes of each, on both kinds alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Connection, Table, inspect, text

from exporter.errors import LedgerUnavailable
from exporter.ledger import schema
from exporter.ledger.engine import Database, open_database
from exporter.ledger.store import Store
from exporter.model import LedgerEntry
from tests.kit.logs import Lines, caught_log
from tests.kit.stores import T0, count, meeting, open_store, totals, truth

FIRST = meeting("m1", 30.0)


@pytest.fixture(autouse=True)
def log() -> Iterator[Lines]:
    """Catch what is logged."""
    with caught_log() as lines:
        yield lines


@pytest.fixture(params=["file", pytest.param("postgresql", marks=pytest.mark.system)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
def opened(url: str) -> Iterator[Callable[..., Store]]:
    """Opens the database as a version of the exporter that has these migrations."""
    with ExitStack() as stack:

        def opened(migrations: Sequence[schema.Migration] = schema.MIGRATIONS) -> Store:
            store = Store(open_database(url), migrations)
            stack.callback(store.close)
            return store

        yield opened


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """The database itself."""
    database = open_database(url)
    yield database
    database.close()


@pytest.fixture
def ledger(url: str) -> None:
    """A ledger that has counted one meeting."""
    store = open_store(url, "acme")
    count(store, FIRST)
    store.close()


def execute(database: Database, *statements: str) -> None:
    """Change something behind the ledger's back."""
    with database.writing() as connection:
        for each in statements:
            connection.execute(text(each))


def version(database: Database) -> int | None:
    """Which schema the database has."""
    with database.reading() as connection:
        return schema.version_of(connection)


def fault_of(store: Store) -> str:
    """What is said to who begins with that database."""
    with pytest.raises(LedgerUnavailable) as told:
        store.state("acme", now=T0, since=None)
    return str(told.value)


def add_note(connection: Connection) -> None:
    """A migration: one more column."""
    connection.execute(text("ALTER TABLE presence_source ADD COLUMN note VARCHAR(64)"))
    connection.execute(text("UPDATE presence_source SET note = 'migrated ' || source"))


def add_table(connection: Connection) -> None:
    """Another one."""
    connection.execute(text("CREATE TABLE presence_note (note VARCHAR(64))"))


def break_off(connection: Connection) -> None:
    """One that fails when it has done half of its work."""
    add_table(connection)
    connection.execute(text("ALTER TABLE presence_nothing ADD COLUMN note VARCHAR(64)"))


# A new one


def test_an_empty_database_becomes_a_ledger(opened: Callable[..., Store], database: Database) -> None:
    """With all tables, and the version of today."""
    assert version(database) is None
    assert opened().names() == ()
    assert version(database) == schema.VERSION
    with database.reading() as connection:
        assert set(inspect(connection).get_table_names()) == set(schema.tables.tables)


def test_a_new_database_needs_no_migration(opened: Callable[..., Store], database: Database) -> None:
    """Its tables are those of today already."""
    assert opened([break_off]).names() == ()
    assert version(database) == 2


# An older one


@pytest.mark.usefixtures("ledger")
def test_an_older_ledger_is_brought_up_to_date(opened: Callable[..., Store], database: Database) -> None:
    """Step by step, each once, and what was counted is still there."""
    assert totals(opened([add_note])) == truth([FIRST])
    assert version(database) == 2
    assert totals(opened([add_note, add_table])) == truth([FIRST])
    assert version(database) == 3
    assert opened([add_note, add_table]).names() == ("acme",)

    with database.reading() as connection:
        assert connection.execute(text("SELECT note FROM presence_source")).scalar() == "migrated acme"
        assert "presence_note" in inspect(connection).get_table_names()


@pytest.mark.usefixtures("ledger")
def test_several_steps_are_taken_at_once(opened: Callable[..., Store], database: Database) -> None:
    """By who skipped a release."""
    assert totals(opened([add_note, add_table])) == truth([FIRST])
    assert version(database) == 3


@pytest.mark.usefixtures("ledger")
def test_a_migration_that_fails_leaves_the_ledger_as_it_was(
    opened: Callable[..., Store], database: Database
) -> None:
    """The earlier steps too: the older version can still go on with it."""
    assert fault_of(opened([add_note, break_off])).startswith("ledger: the tables are gone or changed")

    assert version(database) == 1
    with database.reading() as connection:
        assert "note" not in {each["name"] for each in inspect(connection).get_columns("presence_source")}
        assert "presence_note" not in inspect(connection).get_table_names()
    assert totals(opened()) == truth([FIRST])


# A newer one


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("found", [0, 2, 99])
def test_a_schema_that_is_not_known_is_refused(
    opened: Callable[..., Store], database: Database, found: int
) -> None:
    """A newer one after a downgrade, or one that never was; with the way back."""
    execute(database, f"UPDATE presence_ledger SET version = {found}")
    assert fault_of(opened()) == (
        f"ledger: the database has schema {found}, and this version of the exporter knows up to 1; run the"
        " version that wrote it, or restore the backup from before it"
    )
    execute(database, "UPDATE presence_ledger SET version = 1")
    assert totals(opened()) == truth([FIRST])


@pytest.mark.usefixtures("ledger")
def test_a_running_exporter_notices_that_a_newer_one_has_come(opened: Callable[..., Store]) -> None:
    """It stops writing what it does not understand any more, as in a rolling update."""
    old = opened()
    assert totals(old) == truth([FIRST])
    opened([add_note]).names()

    with pytest.raises(LedgerUnavailable, match="the database has schema 2, and this version"):
        old.record("acme", LedgerEntry(T0, count=(meeting("m2", 40.0),)))
    assert totals(old) == truth([FIRST])


# A foreign one


def test_tables_of_our_names_that_are_not_ours_are_refused(
    opened: Callable[..., Store], database: Database
) -> None:
    """And left alone."""
    execute(database, "CREATE TABLE presence_seen (mine INTEGER)")
    assert fault_of(opened()) == (
        "ledger: the database holds tables that are not a ledger's; name another database"
    )
    with database.reading() as connection:
        assert inspect(connection).get_table_names() == ["presence_seen"]


def test_a_file_with_other_tables_is_refused_and_a_server_is_shared(
    opened: Callable[..., Store], database: Database, url: str
) -> None:
    """Another program's file is not for us to write in."""
    execute(database, "CREATE TABLE notes (mine INTEGER)")
    if url.startswith("sqlite"):
        assert "holds tables that are not a ledger's" in fault_of(opened())
        assert version_is_refused(database)
    else:
        assert opened().names() == ()
        assert version(database) == schema.VERSION


def version_is_refused(database: Database) -> bool:
    """Whether who only looks is told as well."""
    with pytest.raises(LedgerUnavailable, match="not a ledger's"):
        version(database)
    return True


@pytest.mark.parametrize("statement", ["DELETE FROM presence_ledger", "DROP TABLE presence_ledger"])
@pytest.mark.usefixtures("ledger")
def test_a_ledger_that_lost_its_version_is_refused(
    opened: Callable[..., Store], database: Database, statement: str
) -> None:
    """Its other tables may hold anything."""
    execute(database, statement)
    assert "not a ledger's" in fault_of(opened())


def test_another_table_of_that_name_is_refused(opened: Callable[..., Store], database: Database) -> None:
    """It has no version."""
    execute(database, "CREATE TABLE presence_ledger (mine INTEGER)")
    assert fault_of(opened()) == (
        "ledger: the table presence_ledger is not a ledger's, or damaged; restore a backup, or name another"
        " database"
    )


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("table", [each for each in schema.tables.sorted_tables if each is not schema.about])
def test_tables_that_vanish_are_not_made_anew(
    opened: Callable[..., Store], database: Database, table: Table
) -> None:
    """Neither while running nor by a restart: counting from zero would look like a reset."""

    def run(store: Store) -> None:
        store.state("acme", now=T0, since=None)
        store.record("acme", LedgerEntry(T0, count=(meeting("m2", 40.0),)), exemplars=True)

    running = opened()
    assert running.names() == ("acme",)
    execute(database, f"DROP TABLE {table.name}")
    for store in (running, opened()):
        with pytest.raises(LedgerUnavailable, match="the tables are gone or changed; restore a backup"):
            run(store)
