"""Several writers of one ledger at once: each meeting counts once, none waits for ever, and readers agree."""

from __future__ import annotations

import multiprocessing
import random
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from tenacity import Retrying, retry_if_exception_message, stop_after_attempt

from exporter.ledger.store import Store
from exporter.model import LedgerEntry
from tests.kit.logs import Lines, caught_log
from tests.kit.stores import T0, count, drawn, in_parts, meeting, ongoing, open_store, totals, truth

WRITERS = 2
MEETINGS = 600

patiently = Retrying(
    retry=retry_if_exception_message(match=".* holds .* locks?;"), stop=stop_after_attempt(10), reraise=True
)
"""Does it again where another writer had the lock for too long, as the next run does."""


@pytest.fixture(autouse=True)
def log() -> Iterator[Lines]:
    """Catch what is logged."""
    with caught_log() as lines:
        yield lines


@pytest.fixture(params=["file", pytest.param("postgresql", marks=pytest.mark.system)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database that more than one can write."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return f"sqlite:///{tmp_path}/ledger.db"


def write_all(url: str, seed: int) -> int:
    """Read all meetings in an order and in windows of the seed's; gives how many this writer counted."""
    chance = random.Random(seed)
    meetings = drawn(MEETINGS)
    chance.shuffle(meetings)
    store = patiently(lambda: open_store(url, "acme"))
    counted = 0
    for part in in_parts(meetings, size=chance.randrange(20, 60)):
        follow = LedgerEntry(T0, follow=tuple(ongoing(each.id) for each in chance.sample(meetings, 20)))
        patiently(partial(store.record, "acme", follow))
        counted += patiently(partial(count, store, *part))
    # What the last readings followed has been counted by then, or is now.
    counted += patiently(partial(count, store, *meetings))
    store.close()
    return counted


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_writers_of_the_same_meetings_count_each_once(url: str, kind: str) -> None:
    """In whatever order they come; also the very first question may be asked by all at once."""
    pool: Executor = (
        ThreadPoolExecutor(WRITERS)
        if kind == "threads"
        else ProcessPoolExecutor(WRITERS, multiprocessing.get_context("spawn"))
    )
    with pool:
        counted = list(pool.map(write_all, [url] * WRITERS, range(WRITERS)))

    store = open_store(url)
    assert sum(counted) == MEETINGS
    assert totals(store) == truth(drawn(MEETINGS))
    assert store.state("acme", now=T0, since=None).followed == ()
    store.close()


@pytest.mark.system
def test_writers_in_opposite_orders_do_not_deadlock(postgresql_url: str) -> None:
    """Each ends what the other begins, over and over; of two that wait crosswise one would fail."""
    begun = threading.Barrier(WRITERS)
    names = [f"m{number:03d}" for number in range(200)]

    def write(seed: int) -> None:
        store = open_store(postgresql_url, "acme")
        chance = random.Random(seed)
        begun.wait(30)
        for _ in range(40):
            some, others = chance.sample(names, 50), chance.sample(names, 50)
            store.record(
                "acme",
                LedgerEntry(
                    T0,
                    count=tuple(meeting(each, chance.uniform(1, 90)) for each in chance.sample(names, 2)),
                    follow=tuple(ongoing(each) for each in others),
                    unseen=tuple(chance.sample(names, 50)),
                    abandon=tuple(some),
                ),
            )
        store.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        assert list(pool.map(write, range(WRITERS))) == [None] * WRITERS


def test_all_who_begin_at_once_agree_when_it_was(url: str) -> None:
    """One of them starts the counting, and each hears that one's T0."""
    begun = threading.Barrier(4)

    def begin(number: int) -> float:
        store = open_store(url)
        begun.wait(30)
        since = store.state("acme", now=T0 + number, since=None).counting_since
        store.close()
        return since

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(begin, range(4)))) == 1


def test_readers_see_whole_commits_and_no_step_back(url: str) -> None:
    """Sums and buckets belong together, also where the writer commits between two statements of a reader."""
    one = meeting("one", 1.0, 1.0, duration=1.0)
    ended = threading.Event()

    def write() -> None:
        store = open_store(url, "acme")
        for number in range(150):
            count(store, replace(one, id=f"m{number}"))
        store.close()
        ended.set()

    def read(store: Store) -> Iterator[tuple[int, int, int]]:
        while not ended.is_set():
            figures = store.figures("acme")
            assert figures is not None
            numbers, sums = figures.counted.numbers, figures.sums
            yield (
                sum(numbers["join"].values()),
                sums.join_milliseconds // 1000,
                2 * sums.meeting_milliseconds // 1000,
            )

    store = open_store(url, "acme")
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(write)
        seen = list(read(store))
        written.result()

    assert all(stays == seconds == twice for stays, seconds, twice in seen)
    assert seen == sorted(seen)
    assert len(set(seen)) > 5, "the reader never met the writer"
    store.close()


def test_the_sources_of_a_ledger_are_written_at_once(url: str) -> None:
    """None waits for another's meetings, and none counts them."""
    sources = [f"source{number}" for number in range(WRITERS)]

    def write(source: str) -> None:
        store = patiently(lambda: open_store(url, source))
        for part in in_parts(drawn(200), size=20):
            patiently(partial(count, store, *part, source=source))
        store.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, sources))
    store = open_store(url)
    assert [totals(store, each) for each in sources] == [truth(drawn(200))] * WRITERS
    store.close()
