"""docs/ledger.md and the ledger say the same: its messages, its numbers, and the statements to copy."""

from __future__ import annotations

import inspect
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from exporter import ledger
from exporter.config import LedgerSettings
from exporter.counting import LONGEST, SETTLED_ANYHOW, WAIT_FOR_PARTICIPANTS
from exporter.ledger import PATIENCE, THREADS, engine, schema, store, words
from exporter.model import LedgerEntry
from exporter.sources.daily import domain
from tests.kit.logs import caught_log
from tests.kit.stores import T0, count, meeting, ongoing, open_store, totals, truth
from tests.programs import PROJECT

PAGE = (PROJECT / "docs" / "ledger.md").read_text(encoding="utf-8")
FLOWING = " ".join(PAGE.split())
PAST = " ".join((PROJECT / "docs" / "backfill.md").read_text(encoding="utf-8").split())


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Catch what is logged."""
    with caught_log():
        yield


def documented() -> list[str]:
    """The details of the table of messages."""
    table = PAGE.split("| detail |", 1)[1].split("\n\n", 1)[0]
    return [line.split("|")[1].strip() for line in table.splitlines()[2:]]


def written() -> set[str]:
    """Every sentence of the code that such a message consists of, with … for what is filled in."""
    said = set()
    for module in (ledger, engine, schema, store, words, domain):
        source = re.sub(r'"\s*\n\s*f?"', "", inspect.getsource(module))
        source = source.replace("{_ANOTHER}", schema._ANOTHER).replace("{about.name}", schema.about.name)
        found = re.findall(r'f?"((?:ledger: )?[^"\n]*?)"', source)
        said |= {re.sub(r"\{.*?\}", "…", each.removeprefix("ledger: ")) for each in found}
    return said


def test_every_message_is_documented_and_no_other() -> None:
    """Word by word, so that whoever searches for one finds it."""
    sentences = {each for each in written() if re.search(r"; |starting$", each) and "{" not in each}
    coded = {each for each in sentences if each.split("(")[0].startswith(UNKNOWN)}
    messages = {each for each in sentences - coded if each[0].islower() or each.startswith("Python")}

    assert set(documented()) == messages
    assert len(documented()) == len(messages)
    assert len(coded) == len(UNKNOWN)
    assert all(f"`{each.strip()}`" in FLOWING for each in UNKNOWN)


UNKNOWN = (
    "the server refuses a statement ",
    "the database refuses a statement ",
    "the database cannot be used ",
)
"""What begins a message about an error that has no words of its own."""


def test_the_numbers_are_those_of_the_code() -> None:
    """Limits and waits that users notice."""
    for promise in (
        f"more than {engine.LOCK_SECONDS:g} s for a lock, or {engine.ANSWER_SECONDS} s for a statement",
        f"for more than {engine.LOCK_SECONDS:g} s; perhaps",
        f"for {PATIENCE:g} s; the rest of the scrape",
        f"each exporter keeps up to {THREADS}",
        f"forgotten {store.SEEN_SECONDS / 86400:g} days behind the watermark",
        f"waited for until {WAIT_FOR_PARTICIPANTS / 60:g} min after its end",
        f"at most {LONGEST:,} of either",
    ):
        assert promise in FLOWING
    assert THREADS == engine.CONNECTIONS
    assert (SETTLED_ANYHOW, "where it ended an hour ago") == (3600, "where it ended an hour ago")


def test_past_and_present_lead_to_each_other() -> None:
    """Whoever reads of the one finds the other."""
    assert "](backfill.md)" in FLOWING
    assert "](ledger.md)" in PAST


def test_how_long_a_backfill_waits_is_what_the_ledger_waits() -> None:
    """Until all from before T0 has settled, and is listed as late as may be."""
    assert (SETTLED_ANYHOW, "settles an hour after its end" in PAST) == (3600, True)
    overlap = LedgerSettings().overlap
    assert f"[`ledger.overlap`](configuration.md#ledger) says ({overlap / 60:g} minutes)" in PAST


@pytest.mark.parametrize("kind", ["file", pytest.param("postgresql", marks=pytest.mark.system)])
def test_the_statements_take_a_count_along_to_another_name(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """All of it: what was counted, what is known and what is followed; and no other source's."""
    postgresql = request.getfixturevalue("postgresql") if kind == "postgresql" else None
    name = postgresql.create_database() if postgresql else "ledger.db"
    url = postgresql.url(name) if postgresql else f"sqlite:///{tmp_path}/{name}"
    first, other = meeting("m1", 30.0), meeting("m1", 40.0)
    with closing(open_store(url, "old-name", "other")) as before:
        before.name_domain("old-name", "example")
        before.record("old-name", LedgerEntry(T0, count=(first,), follow=(ongoing("m2"),)), exemplars=True)
        count(before, other, source="other")
        state, figures = before.state("old-name", now=T0, since=None), before.figures("old-name")

    script = PAGE.split("```sql\n", 1)[1].split("```", 1)[0]
    if postgresql:
        with postgresql.connect(name) as connection:
            connection.execute(script.encode())
    else:
        with closing(sqlite3.connect(tmp_path / name)) as file:
            file.executescript(script)

    with closing(open_store(url)) as after:
        assert after.names() == ("new-name", "other")
        assert after.state("new-name", now=T0 + 5, since=None) == state
        assert after.figures("new-name") == figures
        assert after.record("new-name", LedgerEntry(T0 + 5, count=(first,))) == 0
        assert totals(after, "other") == truth([other])


def test_the_backup_that_is_documented_has_all_of_it(tmp_path: Path) -> None:
    """Taken while the exporter runs, the newest commits included."""
    [command] = re.findall(r'^sqlite3 ledger\.db "(.*)"$', PAGE, re.MULTILINE)
    with closing(open_store(f"sqlite:///{tmp_path}/ledger.db", "acme")) as running:
        count(running, meeting("m1", 30.0))
        with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
            other.execute(command.replace("backup.db", f"{tmp_path}/backup.db"))
        count(running, meeting("m2", 30.0))

    with closing(open_store(f"sqlite:///{tmp_path}/backup.db")) as backup:
        assert totals(backup) == truth([meeting("m1", 30.0)])


def test_every_table_of_the_ledger_is_named_with_our_prefix() -> None:
    """As is said of a database that is shared; and each that has sources is in the statements above."""
    names = set(schema.tables.tables)

    assert all(each.startswith("presence_") for each in names)
    assert set(re.findall(r"UPDATE (\w+) SET source", PAGE)) == names - {schema.about.name}
