"""The whole exporter on databases that fail: its counters are withheld, the rest is served, and it recovers.

Never from zero: what comes back is what was counted before, and what happened meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

import httpx
import pytest

from exporter.app import Application, Surroundings, build
from exporter.config import BucketSettings, CollectSettings, Config, LedgerSettings
from exporter.demo import DemoTransport, World, accelerated
from exporter.ledger.store import Store
from exporter.web.routes import WebSettings
from tests.kit.families import ENDED_MEETINGS, family_of
from tests.kit.logs import Lines, caught_log
from tests.kit.rig import inline
from tests.kit.scraping import BUILD, daily_source
from tests.system.postgresql import PASSWORD, PostgresqlServer, running_postgresql

pytestmark = pytest.mark.system

STAYS: Final = 'presence_join_duration_seconds_count{source="video"}'
SUCCESS: Final = 'presence_collector_success{{collector="{}",source="video"}}'
FAILURES: Final = (
    'presence_collector_failures_total{collector="ended_meetings",reason="ledger",source="video"}'
)

CLOCK: Final = accelerated(time.time() // 86400 * 86400 - 14 * 3600.0, 60.0)
"""A busy hour of yesterday, at which each second that passes here has a minute: there is always news."""

Break: TypeAlias = Callable[[], AbstractContextManager[object]]


@pytest.fixture
def log() -> Iterator[Lines]:
    """Catch what is logged, from debug up."""
    with caught_log() as lines:
        yield lines


@dataclass(frozen=True, slots=True)
class Exporter:
    """The exporter with one Daily source, of which it counts what ended in the last hours."""

    app: Application

    async def scrape(self) -> dict[str, float]:
        """The samples of a page, which comes whatever fails."""
        transport = httpx.ASGITransport(self.app.web)
        async with httpx.AsyncClient(transport=transport, base_url="http://exporter", timeout=None) as client:
            # The machine may be slow, but nobody waits for a database for ever.
            async with asyncio.timeout(60):
                answer = await client.get("/metrics", headers={"X-Prometheus-Scrape-Timeout-Seconds": "10"})
        assert answer.status_code == 200
        lines = (line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#"))
        return {series: float(value) for series, _, value in lines}

    async def limit_pages(self, most: str) -> None:
        """Let SQLite's file have that many pages; fewer than there are means none more."""
        await self.app.ledger.ask(lambda store: _limit_pages(store, most))

    async def must_count(self, *, counted: float = 0.0) -> float:
        """Scrape until more stays than before are counted, and give how many; never are there fewer.

        A slow machine takes several scrapes, and what failed slowly is not asked again for a second.
        """
        end = time.monotonic() + 60
        while True:
            page = await self.scrape()
            if page[SUCCESS.format("ended_meetings")] == 1:
                assert {family_of(series) for series in page} >= ENDED_MEETINGS
                assert page[STAYS] >= counted
                if page[STAYS] > counted:
                    return page[STAYS]
            assert time.monotonic() < end, "the exporter does not count"
            await asyncio.sleep(0.1)

    async def must_withhold(self, *, counted: float) -> None:
        """Scrape until there is something to write down: nothing of the ledger is shown, and all the rest."""
        end = time.monotonic() + 60
        page = await self.scrape()
        while page[SUCCESS.format("ended_meetings")] == 1:
            assert page[STAYS] >= counted
            assert time.monotonic() < end, "the exporter never noticed"
            page = await self.scrape()
        assert page[SUCCESS.format("presence")] == page[SUCCESS.format("meetings")] == 1
        assert page[FAILURES] > 0
        assert not {family_of(series) for series in page} & ENDED_MEETINGS
        assert page['presence_participants{source="video"}'] > 0


def _limit_pages(store: Store, most: str) -> None:
    with store._database.writing() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {most}")


@asynccontextmanager
async def exporter(url: str) -> AsyncIterator[Exporter]:
    """Start one that counts there."""
    config = Config(
        CollectSettings(min_interval=0.0),
        BucketSettings(),
        (daily_source(),),
        LedgerSettings(inline(url), interval=0.0, since=7200.0, requests_per_minute=6000),
    )
    around = Surroundings(DemoTransport(World("databases", CLOCK)))
    app = build(config, build_info=BUILD, web=WebSettings(), surroundings=around)
    try:
        yield Exporter(app)
    finally:
        await app.aclose()


def told(log: Lines) -> str:
    """What was said of the last failure."""
    return str(log.events("collector failed")[-1]["detail"])


async def goes_wrong_and_well_again(url: str, broken: Break, *, log: Lines) -> tuple[str, str]:
    """Break the database under a running exporter, and before another starts; gives what each said."""
    async with exporter(url) as running:
        counted = await running.must_count()
        before = len(log.events("collector recovered"))
        with broken():
            await running.must_withhold(counted=counted)
            said = told(log)
        await running.must_count(counted=counted)
        assert len(log.events("collector recovered")) == before + 1
    with broken():
        async with exporter(url) as starting:
            await starting.must_withhold(counted=counted)
            said_at_start = told(log)
    async with exporter(url) as after:
        await after.must_count(counted=counted)
    assert len(log.events("counting begins")) == 1
    assert PASSWORD not in log.text
    return said, said_at_start


# SQLite


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that any user can come to, unlike those of pytest."""
    above = Path(tempfile.mkdtemp(prefix="presence-ledger-"))
    above.chmod(0o755)
    (above / "ledger").mkdir()
    yield above / "ledger"
    shutil.rmtree(above)


@contextmanager
def away(folder: Path) -> Iterator[Path]:
    """Put the folder elsewhere for a while, and yield where."""
    elsewhere = folder.with_name("elsewhere")
    folder.rename(elsewhere)
    try:
        yield elsewhere
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        elsewhere.rename(folder)


@contextmanager
def replaced(folder: Path, content: Callable[[bytes], bytes], *, mode: int = 0o644) -> Iterator[None]:
    """Put another file in the ledger's place, made of what the ledger has."""
    with away(folder) as elsewhere:
        folder.mkdir()
        with (
            closing(sqlite3.connect(elsewhere / "ledger.db")) as old,
            closing(sqlite3.connect(":memory:")) as new,
        ):
            old.backup(new)
            (folder / "ledger.db").write_bytes(content(new.serialize()))
        (folder / "ledger.db").chmod(mode)
        yield


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be another process that writes and does not end."""
    with closing(sqlite3.connect(folder / "ledger.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Be a user who may not write the file; root is none."""
    user = os.geteuid()
    with replaced(folder, lambda content: content, mode=0o444):
        folder.chmod(0o777)
        os.seteuid(user or 65534)
        try:
            yield
        finally:
            os.seteuid(user)


@contextmanager
def newer(folder: Path) -> Iterator[None]:
    """Be a later version of the exporter that was here."""
    with closing(sqlite3.connect(folder / "ledger.db", isolation_level=None)) as other:
        other.execute("UPDATE presence_ledger SET version = version + 1")
        yield
        other.execute("UPDATE presence_ledger SET version = version - 1")


def foreign(_: bytes) -> bytes:
    """Another program's database."""
    with closing(sqlite3.connect(":memory:")) as other:
        other.execute("CREATE TABLE notes (mine INTEGER)")
        return other.serialize()


def damaged(content: bytes) -> bytes:
    """All but the first page is lost."""
    return content[:4096] + b"\xff" * (len(content) - 4096)


@pytest.mark.parametrize(
    "broken, said, said_at_start",
    [
        (locked, "another process holds the file's lock; end it", "another process holds the file's lock"),
        (away, "its folder must exist, and let this user write there", "its folder must exist"),
        (
            read_only,
            "the file, its folder or its disk is read-only; let",
            "the file, its folder or its disk is",
        ),
        (
            partial(replaced, content=lambda _: b"notes " * 999),
            "not an SQLite database; name",
            "not an SQLite",
        ),
        (partial(replaced, content=damaged), "the file is damaged; restore a backup", "the file is damaged"),
        (
            partial(replaced, content=foreign),
            "the tables are gone or changed; restore",
            "holds tables that are not",
        ),
        (newer, "has schema 2, and this version of the exporter knows up to 1; run", "has schema 2"),
    ],
    ids=["locked", "no-folder", "read-only", "no-database", "damaged", "foreign", "newer"],
)
def test_a_file_that_fails_withholds_the_counters_and_nothing_else(
    folder: Path,
    log: Lines,
    broken: Callable[[Path], AbstractContextManager[object]],
    said: str,
    said_at_start: str,
) -> None:
    """Under a running exporter, and under one that starts; both come back to what was counted."""
    url = f"sqlite:///{folder}/ledger.db"
    told = asyncio.run(goes_wrong_and_well_again(url, lambda: broken(folder), log=log))

    assert said in told[0]
    assert said_at_start in told[1]


def test_a_full_disk_withholds_the_counters_and_nothing_else(folder: Path, log: Lines) -> None:
    """What did not fit is counted once there is room."""

    async def run() -> None:
        async with exporter(f"sqlite:///{folder}/ledger.db") as running:
            counted = await running.must_count()
            await running.limit_pages("1")
            await running.must_withhold(counted=counted)
            assert "the disk is full; make room: nothing was lost" in told(log)
            await running.limit_pages("1000000")
            await running.must_count(counted=counted)

    asyncio.run(run())


def test_a_ledger_that_was_lost_is_told_before_it_begins_anew(folder: Path, log: Lines) -> None:
    """Not while the exporter runs; and where a new one finds an empty file, its log says what it does."""
    url = f"sqlite:///{folder}/ledger.db"

    async def run() -> None:
        async with exporter(url) as running:
            counted = await running.must_count()
            with replaced(folder, lambda _: b""):
                await running.must_withhold(counted=counted)
                assert "start the exporter again to count anew" in told(log)
                async with exporter(url) as another:
                    await another.must_count()
        assert [line["source"] for line in log.events("counting begins")] == ["video", "video"]

    asyncio.run(run())


# PostgreSQL


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    """A server of these tests' own, since they break it."""
    with running_postgresql() as server:
        yield server


@contextmanager
def stopped(server: PostgresqlServer, _: str) -> Iterator[None]:
    """End the server and all its connections, as for an upgrade."""
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def crashed(server: PostgresqlServer, _: str) -> Iterator[None]:
    """Kill it in the middle of whatever it does."""
    server.stop(crash=True)
    try:
        yield
    finally:
        server.start()


@contextmanager
def hanging(server: PostgresqlServer, _: str) -> Iterator[None]:
    """Stop all its processes without ending one: connections stay, and nobody answers."""
    server.pause()
    try:
        yield
    finally:
        server.resume()


@contextmanager
def changed(server: PostgresqlServer, database: str, *, to: str, back: str) -> Iterator[None]:
    """Run a statement that breaks something, end all connections, and undo it at the end."""
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    with server.connect() as connection:
        connection.execute(end, (database,))
        connection.execute(to.format(database=database).encode())
        connection.execute(end, (database,))
        try:
            yield
        finally:
            connection.execute(back.format(database=database).encode())
            connection.execute(end, (database,))


@contextmanager
def inside(server: PostgresqlServer, database: str, *, to: str, back: str) -> Iterator[None]:
    """Run statements inside the ledger's database, and others at the end."""
    with server.connect(database) as connection:
        connection.execute(to.encode())
        try:
            yield
        finally:
            connection.execute(back.encode())


WRONG_PASSWORD: Final = partial(
    changed, to="ALTER ROLE exporter PASSWORD 'changed'", back=f"ALTER ROLE exporter PASSWORD '{PASSWORD}'"
)
STANDBY: Final = partial(
    changed,
    to="ALTER DATABASE {database} SET default_transaction_read_only = on",
    back="ALTER DATABASE {database} RESET default_transaction_read_only",
)
RENAMED: Final = partial(
    changed, to="ALTER DATABASE {database} RENAME TO gone", back="ALTER DATABASE gone RENAME TO {database}"
)
LOCKED: Final = partial(
    inside, to="BEGIN; LOCK TABLE presence_source, presence_ledger IN ACCESS EXCLUSIVE MODE", back="COMMIT"
)
DROPPED: Final = partial(
    inside,
    to="ALTER TABLE presence_source RENAME TO elsewhere",
    back="ALTER TABLE elsewhere RENAME TO presence_source",
)
NEWER: Final = partial(
    inside, to="UPDATE presence_ledger SET version = 2", back="UPDATE presence_ledger SET version = 1"
)
FULL: Final = partial(
    inside,
    to="""
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON presence_source EXECUTE FUNCTION full_disk();
    CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON presence_followed EXECUTE FUNCTION full_disk();
    """,
    back="DROP FUNCTION full_disk CASCADE",
)


@pytest.mark.parametrize(
    "broken, said, said_at_start",
    [
        (
            stopped,
            "the server cannot be reached; see that it runs, and look at the host",
            "cannot be reached",
        ),
        (
            crashed,
            "the server cannot be reached; see that it runs, and look at the host",
            "cannot be reached",
        ),
        (hanging, "the database does not answer; look at its load", "the server cannot be reached"),
        (WRONG_PASSWORD, "does not let us in; look at user, password and database", "does not let us in"),
        (RENAMED, "does not let us in; look at user, password and database", "does not let us in"),
        (STANDBY, "the server is a standby or read-only; name the primary", "the server is a standby"),
        (
            LOCKED,
            "another client holds its locks; look at what it is doing",
            "another client holds its locks",
        ),
        (DROPPED, "the tables are gone or changed; restore a backup", "the tables are gone or changed"),
        (NEWER, "has schema 2, and this version of the exporter knows up to 1; run", "has schema 2"),
        (FULL, "the server's disk is full; make room: nothing was lost", "the server's disk is full"),
    ],
    ids=[
        "stopped",
        "crashed",
        "hanging",
        "password",
        "renamed",
        "standby",
        "locked",
        "dropped",
        "newer",
        "full",
    ],
)
def test_a_server_that_fails_withholds_the_counters_and_nothing_else(
    server: PostgresqlServer,
    log: Lines,
    broken: Callable[[PostgresqlServer, str], AbstractContextManager[object]],
    said: str,
    said_at_start: str,
) -> None:
    """Under a running exporter, and under one that starts; both come back without a restart of their own."""
    database = server.create_database()
    told = asyncio.run(
        goes_wrong_and_well_again(server.url(database), lambda: broken(server, database), log=log)
    )

    assert said in told[0]
    assert said_at_start in told[1]


def test_a_server_that_comes_later_is_waited_for(server: PostgresqlServer, log: Lines) -> None:
    """An exporter that starts before its database serves all the rest, and counts as soon as it can."""
    database = server.create_database()
    server.stop()

    async def run() -> None:
        async with exporter(server.url(database)) as running:
            await running.must_withhold(counted=0)
            server.start()
            await running.must_count()
        assert len(log.events("counting begins")) == 1

    asyncio.run(run())
