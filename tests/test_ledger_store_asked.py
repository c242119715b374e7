"""The ledger as a source knows it: asked from the event loop, answered by threads, and shown as buckets."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import pytest

from exporter.counting import JOIN, MEETING, PEAK
from exporter.errors import LedgerUnavailable
from exporter.ledger import Layout, Ledger, SourceLedger
from exporter.ledger.figures import Counted, Figures, Sums
from exporter.ledger.shown import show
from exporter.ledger.store import Store
from exporter.model import EndedMeetings, Exemplar, LedgerEntry
from tests.kit.clock import run_virtual
from tests.kit.logs import Lines, caught_log
from tests.kit.stores import T0, meeting, ongoing, open_store, totals, truth

T = TypeVar("T")
P = ParamSpec("P")

LAYOUT = Layout((30.0, 60.0), (300.0, 600.0), (1.0, 2.0))
ENTRY = LedgerEntry(T0 + 700, count=(meeting("m1", 29.5, 30.5, duration=601.0),), watermark=T0 + 10)


@pytest.fixture(autouse=True)
def log() -> Iterator[Lines]:
    """Catch what is logged."""
    with caught_log() as lines:
        yield lines


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """A ledger in memory, with a thread of its own."""
    ledger = Ledger()
    yield ledger
    ledger.close()


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where a ledger may be."""
    return f"sqlite:///{tmp_path}/ledger.db"


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """In a loop of its own."""
    return asyncio.run(coroutine)


async def shown(source: SourceLedger) -> EndedMeetings:
    """What a page shows."""
    page = await source.figures()
    assert page is not None
    return page


# Asking


def test_a_source_has_a_memory(ledger: Ledger) -> None:
    """All that the rules ask for, one after the other."""

    async def ask() -> None:
        source = ledger.of("acme", LAYOUT)
        assert await source.figures() is None
        assert (await source.state(now=T0)).watermark == T0
        assert await source.name_domain("example") == "example"
        assert await source.record(LedgerEntry(T0, follow=(ongoing("m2"),))) == 0
        assert await source.record(ENTRY) == 1
        assert await source.known(["m1", "m2"]) == {"m1"}
        assert await source.known_between(T0, end=T0 + 100) == 2
        state = await source.state(now=T0 + 800)
        assert (state.watermark, state.domain, len(state.followed)) == (T0 + 10, "example", 1)

    run(ask())


def test_a_first_start_may_begin_in_the_past(ledger: Ledger) -> None:
    """As the configuration says for all sources."""
    state = run(ledger.of("acme", LAYOUT, since=3600.0).state(now=T0))

    assert state.counting_since == T0 - 3600


def test_an_entry_of_a_count_that_was_reset_is_refused(ledger: Ledger) -> None:
    """The run that made it began before; the next one goes on with the new count."""

    async def ask() -> int:
        source = ledger.of("acme", LAYOUT)
        await source.state(now=T0)
        ledger.open().reset("acme")
        ledger.open().state("acme", now=T0 + 5, since=None)
        with pytest.raises(LedgerUnavailable, match="reset while"):
            await source.record(ENTRY)
        await source.state(now=T0 + 10)
        return await source.record(ENTRY)

    assert run(ask()) == 1


def test_an_address_that_cannot_be_one_is_told_when_it_is_asked(log: Lines) -> None:
    """The process starts all the same, and whatever is said holds no password."""
    ledger = Ledger("mysql://user:s3cret@host/ledger")
    with pytest.raises(LedgerUnavailable, match=r"^ledger\.url is not one that can be used"):
        run(ledger.of("acme", LAYOUT).state(now=T0))
    ledger.close()
    assert "s3cret" not in log.text + repr(ledger) + str(vars(ledger.of("acme", LAYOUT)))


def test_a_commit_is_whole_though_whoever_asked_is_gone(url: str) -> None:
    """Cancelled in the middle of the transaction, the entry is there all the same, once."""
    began, go_on = threading.Event(), threading.Event()
    ledger = Ledger(url)

    def slowly(store: Store) -> int:
        began.set()
        go_on.wait(30)
        return store.record("acme", ENTRY)

    async def ask() -> None:
        await ledger.of("acme", LAYOUT).state(now=T0)
        task = asyncio.create_task(ledger.ask(slowly))
        await asyncio.to_thread(began.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()

    run(ask())
    ledger.close()
    with closing(open_store(url)) as store:
        assert totals(store) == truth(ENTRY.count)


def test_a_failure_that_nobody_waits_for_is_nobodys_error(ledger: Ledger) -> None:
    """Else the loop would say that an exception was never retrieved."""
    began, go_on = threading.Event(), threading.Event()
    complaints: list[dict[str, Any]] = []

    def fail(_: Store) -> None:
        began.set()
        go_on.wait(30)
        raise LedgerUnavailable("nobody hears this")

    async def ask() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        task = asyncio.create_task(ledger.ask(fail))
        await asyncio.to_thread(began.wait, 30)
        task.cancel()
        await asyncio.wait([task])
        go_on.set()
        # The next question is answered after that one.
        await ledger.ask(Store.names)

    run(ask())
    assert complaints == []


def test_a_database_that_hangs_is_told_before_the_scrape_is_over(url: str) -> None:
    """Whatever waits behind it is not asked any more, so that it cannot pile up."""
    go_on = threading.Event()
    asked: list[str] = []
    ledger = Ledger(url, patience=0.2)

    def hang(_: Store) -> None:
        go_on.wait(30)

    async def ask() -> None:
        for question in (hang, lambda _: asked.append("too late")):
            with pytest.raises(LedgerUnavailable, match="the database does not answer; look at its load"):
                await ledger.ask(question)
        go_on.set()
        # A slow machine may need more than this little patience for an answer as well.
        while "in time" not in asked:
            with suppress(LedgerUnavailable):
                await ledger.ask(lambda _: asked.append("in time"))

    run(ask())
    ledger.close()
    assert set(asked) == {"in time"}


class Later(Executor):
    """No threads: what is handed over is done `seconds` of the loop's time later."""

    seconds = 0.0

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[T] = Future()

        def work() -> None:
            try:
                done.set_result(fn(*args, **kwargs))
            except LedgerUnavailable as fault:
                done.set_exception(fault)

        asyncio.get_running_loop().call_later(self.seconds, work)
        return done


def test_a_failure_that_took_long_answers_the_next_second() -> None:
    """A scrape of many sources waits for their database once; a quick failure may be asked about at once."""
    asked: list[float] = []
    threads = Later()
    ledger = Ledger(threads=threads)

    async def ask(seconds: float) -> float:
        threads.seconds = seconds

        def fail(_: Store) -> None:
            asked.append(seconds)
            raise LedgerUnavailable(f"after {seconds}")

        with pytest.raises(LedgerUnavailable) as told:
            await ledger.ask(fail)
        return float(str(told.value).split()[-1])

    async def several() -> list[float]:
        told = [await ask(0.0), await ask(0.6), await ask(0.1)]
        await asyncio.sleep(0.9)
        told.append(await ask(0.2))
        await asyncio.sleep(0.2)
        return [*told, await ask(0.3)]

    assert run_virtual(several()) == [0.0, 0.6, 0.6, 0.6, 0.3]
    assert asked == [0.0, 0.6, 0.3]
    ledger.close()


def test_closing_ends_what_is_under_way(url: str) -> None:
    """And nothing that waits behind it."""
    began, done = threading.Event(), []
    ledger = Ledger(url)

    def slowly(_: Store) -> None:
        began.set()
        threading.Event().wait(0.1)
        done.append("first")

    async def ask() -> None:
        tasks = [asyncio.create_task(ledger.ask(each)) for each in (slowly, lambda _: done.append("second"))]
        await asyncio.to_thread(began.wait, 30)
        ledger.close()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    run(ask())
    assert done == ["first"]


def test_transactions_run_where_they_are_told_to(url: str) -> None:
    """SQLite has one writer, a server as many as connections are kept."""

    def names(ledger: Ledger, at_once: int) -> set[str]:
        met = threading.Barrier(at_once)

        async def ask() -> set[str]:
            def name(_: Store) -> str:
                met.wait(30)
                return threading.current_thread().name

            return set(await asyncio.gather(*(ledger.ask(name) for _ in range(at_once))))

        with closing(ledger):
            return run(ask())

    assert names(Ledger(url), 1) == {"ledger_0"}
    assert len(names(Ledger("postgresql+psycopg://127.0.0.1:1/none"), 4)) == 4
    mine = ThreadPoolExecutor(2, thread_name_prefix="mine")
    assert names(Ledger(url, threads=mine), 2) == {"mine_0", "mine_1"}


# What cannot be written is not shown


def test_counters_that_cannot_be_written_are_withheld_until_they_can(url: str, tmp_path: Path) -> None:
    """Standing still, they would look like a domain where nobody meets."""

    async def ask() -> None:
        ledger = Ledger(url)
        source, other = ledger.of("acme", LAYOUT), ledger.of("other", LAYOUT)
        for each in (source, other):
            await each.state(now=T0)
        with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            with pytest.raises(LedgerUnavailable, match="another process holds the file's lock"):
                await source.record(ENTRY)
        for _ in range(2):
            with pytest.raises(LedgerUnavailable, match=r"^ledger: another process holds the file's lock"):
                await source.figures()
        await asyncio.sleep(1.1)
        assert (await shown(other)).stays.count == 0
        assert await source.record(ENTRY) == 1
        assert (await shown(source)).stays.count == 2
        ledger.close()

    run(ask())


def test_the_next_run_tries_whether_anything_can_be_written(url: str, tmp_path: Path) -> None:
    """It may have nothing of its own to write down."""

    async def ask() -> None:
        ledger = Ledger(url)
        source = ledger.of("acme", LAYOUT)
        await source.state(now=T0)
        with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            for question in (source.record(ENTRY), source.state(now=T0 + 1)):
                with pytest.raises(LedgerUnavailable, match="another process holds the file's lock"):
                    await question
                await asyncio.sleep(1.1)
        with pytest.raises(LedgerUnavailable, match="another process holds the file's lock"):
            await source.figures()
        await source.state(now=T0 + 2)
        assert (await shown(source)).stays.count == 0
        ledger.close()

    run(ask())


# What is shown


def figures(*, revision: int = 1, pending: int = 0, **changes: Any) -> Figures:
    """Figures of plain values."""
    sums = Sums(
        domain=None,
        counting_since=T0,
        watermark=T0 + 5,
        active_at=T0 + 6,
        revision=revision,
        join_milliseconds=123_456,
        meeting_milliseconds=601_000,
        peak_participants=7,
        late=1,
        abandoned=2,
        gap_seconds=3.5,
    )
    numbers = {JOIN: {30: 1, 31: 2, 60: 1, 61: 4}, MEETING: {601: 1}, PEAK: {2: 1, 5: 1}}
    counted = Counted(numbers, {30: ("m1", T0 + 1), 31: ("m2", T0 + 3), 60: ("m3", T0 + 2), 99: ("m4", T0)})
    return Figures(replace(sums, **changes), pending, counted)


def test_figures_become_buckets() -> None:
    """A value at a bound is in its bucket; sums are seconds and people."""
    page = show(figures(pending=9), LAYOUT, persistent=True).page

    assert page.stays.cumulative == (1, 4, 8)
    assert (page.stays.bounds, page.stays.total) == ((30.0, 60.0), 123.456)
    assert (page.durations.cumulative, page.durations.total) == ((0, 0, 1), 601.0)
    assert (page.peaks.cumulative, page.peaks.total) == ((0, 1, 2), 7)
    assert (page.counting_since, page.watermark, page.pending, page.persistent) == (T0, T0 + 5, 9, True)
    assert (page.late, page.abandoned, page.gap_seconds) == (1, 2, 3.5)


def test_another_layout_shows_the_same_stays() -> None:
    """Changed buckets lose nothing: all is kept by the second."""
    layout = replace(LAYOUT, stays=(29.0, 31.0, 60.0, 61.0))

    assert show(figures(), layout, persistent=True).page.stays.cumulative == (0, 3, 4, 8, 8)


def test_each_bucket_has_the_exemplar_that_ended_last() -> None:
    """With a value inside the bucket, and only where exemplars are wanted."""
    assert show(figures(), LAYOUT, persistent=True).page.exemplars == {}
    page = show(figures(), replace(LAYOUT, exemplars=True), persistent=True).page

    assert page.exemplars == {
        0: Exemplar("m1", 30.0, T0 + 1),
        1: Exemplar("m2", 31.0, T0 + 3),
        2: Exemplar("m4", 99.0, T0),
    }


def test_buckets_are_made_once_for_each_revision() -> None:
    """What moves without counting is new on each page all the same."""
    first = show(figures(), LAYOUT, persistent=True)
    moved = replace(first.figures, sums=figures(watermark=T0 + 9, late=5, abandoned=6, gap_seconds=7.0).sums)
    second = show(replace(moved, pending=8), LAYOUT, persistent=True, before=first)
    third = show(figures(revision=2), LAYOUT, persistent=True, before=second)

    assert second.page.stays is first.page.stays
    assert second.page == replace(
        first.page, watermark=T0 + 9, pending=8, late=5, abandoned=6, gap_seconds=7.0
    )
    assert third.page.stays is not first.page.stays
    assert third.page == first.page


def test_pages_show_what_was_committed_since(ledger: Ledger) -> None:
    """One after the other, from a source that keeps what it showed."""

    async def ask() -> None:
        source = ledger.of("acme", replace(LAYOUT, exemplars=True))
        await source.state(now=T0)
        assert (await shown(source)).stays.cumulative == (0, 0, 0)
        await source.record(ENTRY)
        page = await shown(source)
        assert (page.stays.cumulative, page.durations.cumulative) == ((1, 2, 2), (0, 0, 1))
        assert page.exemplars == {
            0: Exemplar("m1", 30.0, ENTRY.count[0].end),
            1: Exemplar("m1", 31.0, ENTRY.count[0].end),
        }
        assert not page.persistent
        ledger.open().reset("acme")
        assert await source.figures() is None
        await source.state(now=T0 + 50)
        page = await shown(source)
        assert (page.stays.count, page.counting_since, page.exemplars) == (0, T0 + 50, {})

    run(ask())
