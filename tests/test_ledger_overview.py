"""What a ledger is seen to hold, and that looking at it makes and changes nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from exporter.errors import LedgerUnavailable
from exporter.ledger.overview import Overview, look
from exporter.ledger.schema import VERSION
from tests.filledledger import ACME, OTHER, fill

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def rows(file: Path) -> list[Sequence[object]]:
    """All that the file holds, in its own words."""
    with closing(sqlite3.connect(file)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        return [row for (name,) in names.fetchall() for row in connection.execute(f"SELECT * FROM {name}")]


def looked(file: Path, *, writable: bool = False) -> Overview | None:
    """What is seen in that file."""
    return look(f"sqlite:///{file}", file=file, writable=writable)


@pytest.mark.parametrize("writable", [False, True])
def test_a_ledger_is_seen_as_it_is(tmp_path: Path, writable: bool) -> None:
    """Each source with what was counted, by name; and it stays as it was, tried or not."""
    file = tmp_path / "ledger.db"
    fill(f"sqlite:///{file}")
    before = rows(file)
    assert looked(file, writable=writable) == Overview(VERSION, (ACME, OTHER))
    assert rows(file) == before


@pytest.mark.system
def test_a_ledger_on_a_server_is_seen_as_it_is(postgresql_url: str) -> None:
    """None before the exporter has made its tables, which looking does not do either."""
    for _ in range(2):
        assert look(postgresql_url, file=None, writable=True) is None
    fill(postgresql_url)
    for writable in (False, True):
        assert look(postgresql_url, file=None, writable=writable) == Overview(VERSION, (ACME, OTHER))


@pytest.mark.parametrize("place", ["ledger.db", "absent/ledger.db", "file/ledger.db"])
def test_where_there_is_no_file_none_is_made(tmp_path: Path, place: str) -> None:
    """A mistyped path must not become a ledger."""
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    assert looked(tmp_path / place, writable=True) is None
    assert sorted(tmp_path.rglob("*")) == before


def test_an_empty_database_gets_no_tables(tmp_path: Path) -> None:
    """Those are the exporter's to make."""
    file = tmp_path / "ledger.db"
    file.touch()
    assert looked(file, writable=True) is None
    assert rows(file) == []


def test_a_path_that_cannot_be_looked_at_is_refused_by_the_database(tmp_path: Path) -> None:
    """It may well be there: nobody is told that there is no ledger."""
    with pytest.raises(LedgerUnavailable, match="cannot be opened"):
        looked(tmp_path / ("x" * 300))


def test_tables_of_others_are_no_ledger(tmp_path: Path) -> None:
    """Though the name of one of them is that of ours."""
    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE presence_source (id INTEGER)")
    with pytest.raises(LedgerUnavailable, match="not a ledger's"):
        looked(file)


def test_a_ledger_of_another_version_is_not_guessed_at(tmp_path: Path) -> None:
    """Its tables may mean something else."""
    file = tmp_path / "ledger.db"
    fill(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE presence_ledger SET version = 99")
        connection.commit()
    with pytest.raises(LedgerUnavailable) as caught:
        looked(file)
    assert str(caught.value) == (
        f"ledger: the database has schema 99, and this version of the exporter reads {VERSION}; "
        "use the version that wrote it, or serve with this one, which brings an older schema up to date"
    )


def test_a_ledger_that_somebody_else_writes_to_can_be_seen_and_not_tried(tmp_path: Path) -> None:
    """The exporter goes on while people look; only who tries to write waits for it, and gives up."""
    file = tmp_path / "ledger.db"
    fill(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert looked(file) == Overview(VERSION, (ACME, OTHER))
        with pytest.raises(LedgerUnavailable, match="lock"):
            looked(file, writable=True)
