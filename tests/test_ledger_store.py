"""The ledger's transactions, on each kind of database alike: what was written, and what it adds up to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from exporter.errors import LedgerUnavailable
from exporter.ledger.figures import Figures
from exporter.ledger.store import SEEN_SECONDS, Store
from exporter.model import FollowedMeeting, LedgerEntry, LedgerState
from tests.kit.logs import Lines, caught_log
from tests.kit.stores import (
    DAY,
    T0,
    Totals,
    count,
    drawn,
    in_parts,
    meeting,
    ongoing,
    open_store,
    totals,
    truth,
)

NOTHING = truth([])


@pytest.fixture(autouse=True)
def log() -> Iterator[Lines]:
    """Catch what is logged."""
    with caught_log() as lines:
        yield lines


@pytest.fixture(params=["memory", "file", pytest.param("postgresql", marks=pytest.mark.system)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
def opened(url: str) -> Iterator[Callable[..., Store]]:
    """Opens the ledger, each time by connections of its own, with sources that count since `T0`."""
    with ExitStack() as stack:

        def opened(*sources: str) -> Store:
            store = open_store(url, *sources)
            stack.callback(store.close)
            return store

        yield opened


@pytest.fixture
def store(opened: Callable[..., Store]) -> Store:
    """A ledger in which the source `acme` counts since `T0`."""
    return opened("acme")


def state(store: Store, source: str = "acme") -> LedgerState:
    """What the source goes on with."""
    return store.state(source, now=T0 + 1000, since=None)


def figures(store: Store, source: str = "acme", *, known: Figures | None = None) -> Figures:
    """What a page is made of."""
    found = store.figures(source, known=known)
    assert found is not None
    return found


# Beginning


def test_counting_begins_with_the_first_state_and_only_then(opened: Callable[..., Store], log: Lines) -> None:
    """T0 and the watermark are that moment, all counters are 0, and the log says that it begins."""
    store = opened()
    assert store.figures("acme") is None
    assert store.names() == ()

    first = store.state("acme", now=T0, since=None)
    again = store.state("acme", now=T0 + DAY, since=3600.0)

    assert first == again == LedgerState(T0, T0, T0, None, ())
    assert totals(store) == NOTHING
    assert store.names() == ("acme",)
    [line] = log.events("counting begins")
    assert (line["source"], line["since"], line["persistent"]) == ("acme", T0, store.persistent)


def test_a_first_start_may_begin_in_the_past(opened: Callable[..., Store]) -> None:
    """T0 is `since` seconds back, and reading begins a day before, for the meetings that straddle it."""
    store = opened()

    assert store.state("acme", now=T0, since=3600.0) == LedgerState(T0 - 3600, T0 - 3600 - DAY, T0, None, ())


def test_only_a_database_in_memory_forgets(opened: Callable[..., Store], url: str) -> None:
    """What was counted is there for the next process, wherever it can be."""
    first = opened("acme")
    count(first, meeting("m1", 30.0))
    first.close()

    second = opened()
    assert second.persistent == (url != "sqlite://")
    assert (second.names() == ("acme",)) == second.persistent
    assert (
        totals(second) == truth([meeting("m1", 30.0)])
        if second.persistent
        else second.figures("acme") is None
    )


# Counting


def test_a_meeting_adds_its_stays_its_length_and_its_peak(store: Store) -> None:
    """Whole seconds are rounded up, the sums are exact to the millisecond."""
    assert count(store, meeting("m1", 29.5, 61.0, duration=61.25)) == 1

    found = figures(store)
    assert found.counted.numbers == {"join": {30: 1, 61: 1}, "meeting": {62: 1}, "peak": {2: 1}}
    assert (found.sums.join_milliseconds, found.sums.meeting_milliseconds) == (90_500, 61_250)
    assert found.sums.peak_participants == 2


def test_what_a_meeting_does_not_say_adds_nothing(store: Store) -> None:
    """Each histogram has a count of its own."""
    count(store, replace(meeting("m1"), stays=None, duration=None))

    assert totals(store) == NOTHING
    assert store.known("acme", ["m1"]) == {"m1"}


def test_a_meeting_counts_once_however_often_it_comes(store: Store) -> None:
    """Within one entry, in later ones, corrected afterwards, or skipped before: its first entry decides."""
    first, skipped = meeting("m1", 30.0), meeting("m2", 40.0)
    assert store.record("acme", LedgerEntry(T0, skip=((skipped.id, skipped.start),))) == 0

    assert count(store, first, skipped, first) == 1
    assert count(store, meeting("m1", 99.0), skipped) == 0
    assert totals(store) == truth([first])


def test_many_meetings_add_up(store: Store) -> None:
    """More than a database takes values in one statement, in readings that overlap by half."""
    meetings = drawn(4000)

    counted = [count(store, *part) for part in in_parts(meetings, size=2500)]
    counted.append(count(store, *meetings[1000:3500]))

    assert counted == [2500, 1500, 0]
    assert totals(store) == truth(meetings)
    assert store.known("acme", [each.id for each in meetings]) == {each.id for each in meetings}


def test_values_may_be_as_large_as_a_list_can_say(store: Store) -> None:
    """A stay of a month, a crowd of a million million, and an id that no documentation promises."""
    odd = replace(meeting("i" * 2000, 30 * DAY, duration=30 * DAY), peak=10**12)

    assert count(store, odd) == 1
    assert figures(store).counted.numbers == {"join": {86401: 1}, "meeting": {86401: 1}, "peak": {10**12: 1}}


# Sources beside each other


def test_sources_do_not_touch_each_other(opened: Callable[..., Store]) -> None:
    """The same meeting under two names counts in both, and a reset forgets one of them."""
    store = opened("one", "two", "three")
    for source in ("one", "two"):
        assert count(store, meeting("m1", 30.0), source=source) == 1
        store.record(source, LedgerEntry(T0, follow=(ongoing("m2"),), watermark=T0 + 5))
    assert store.name_domain("one", "example") == "example"

    assert store.names() == ("one", "three", "two")
    assert totals(store, "one") == totals(store, "two") == truth([meeting("m1", 30.0)])
    assert totals(store, "three") == NOTHING

    assert store.reset("one")
    assert store.names() == ("three", "two")
    assert totals(store, "two") == truth([meeting("m1", 30.0)])
    assert store.known("two", ["m1"]) == {"m1"}
    assert [each.id for each in state(store, "two").followed] == ["m2"]


def test_after_a_reset_counting_begins_anew(store: Store, log: Lines) -> None:
    """As if the source had never been there; resetting again says that there is nothing."""
    store.name_domain("acme", "example")
    count(store, meeting("m1", 30.0))
    store.record("acme", LedgerEntry(T0, follow=(ongoing("m2"),), watermark=T0 + 500, late=True))

    assert store.reset("acme")
    assert store.figures("acme") is None
    assert not store.reset("acme")
    assert state(store) == LedgerState(T0 + 1000, T0 + 1000, T0 + 1000, None, ())
    assert (totals(store), figures(store).sums.late) == (NOTHING, 0)
    assert store.known("acme", ["m1"]) == frozenset()
    assert len(log.events("counting begins")) == 2


def test_an_entry_that_was_made_before_a_reset_is_refused(store: Store) -> None:
    """It was judged by another T0; also where nobody has begun anew yet, and also the domain's name."""
    old = state(store).counting_since
    store.reset("acme")
    entry = LedgerEntry(T0 + 900, count=(meeting("m1", 30.0),))

    with pytest.raises(LedgerUnavailable, match="reset while"):
        store.record("acme", entry, since=old)
    with pytest.raises(LedgerUnavailable, match="reset while"):
        store.record("acme", entry)
    with pytest.raises(LedgerUnavailable, match="reset while"):
        store.name_domain("acme", "example")
    new = state(store).counting_since
    with pytest.raises(LedgerUnavailable, match="reset while"):
        store.record("acme", entry, since=old)
    assert totals(store) == NOTHING
    assert store.record("acme", entry, since=new) == 1


def test_a_reset_at_the_moment_of_the_first_state_is_told(opened: Callable[..., Store]) -> None:
    """Another process may be quicker than the next statement; the next run begins."""
    store = opened()
    begun = []

    def interfere(_connection: object, cursor: Any, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO presence_source"):
            begun.append(statement)
        elif len(begun) == 1:
            begun.append(statement)
            cursor.execute("DELETE FROM presence_source")

    event.listen(store._database._engine, "before_cursor_execute", interfere)
    with pytest.raises(LedgerUnavailable, match="reset while"):
        state(store)
    assert state(store).watermark == T0 + 1000


# Following


def test_what_goes_on_is_followed_until_it_is_decided(store: Store) -> None:
    """Oldest first, under the room and start that were listed last."""
    store.record("acme", LedgerEntry(T0, follow=(ongoing("m2", start=T0 + 9), ongoing("m1"))))
    store.record("acme", LedgerEntry(T0, follow=(ongoing("m1", start=T0 - 600, room=None),)))

    assert state(store).followed == (
        FollowedMeeting("m1", None, T0 - 600),
        FollowedMeeting("m2", "lobby", T0 + 9),
    )
    assert figures(store).pending == 2

    store.record("acme", LedgerEntry(T0, count=(meeting("m1", 30.0),), skip=(("m2", T0 + 9),)))
    assert state(store).followed == ()
    assert figures(store).pending == 0


def test_what_was_decided_is_not_followed_again(store: Store) -> None:
    """A list that another replica read before the meeting ended comes too late."""
    count(store, meeting("m1", 30.0))
    store.record("acme", LedgerEntry(T0, follow=(ongoing("m1"), ongoing("m2"))))

    assert [each.id for each in state(store).followed] == ["m2"]


def test_since_when_a_followed_meeting_is_missing_is_remembered(store: Store) -> None:
    """From the first look-up that did not find it, until one does."""
    store.record("acme", LedgerEntry(T0, follow=(ongoing("m1"), ongoing("m2"), ongoing("m3"))))
    store.record("acme", LedgerEntry(T0 + 10, unseen=("m1", "m2", "m3")))
    store.record("acme", LedgerEntry(T0 + 20, unseen=("m1",), seen_again=("m2",)))
    store.record("acme", LedgerEntry(T0 + 30, follow=(ongoing("m3"),)))

    assert [each.unseen_since for each in state(store).followed] == [T0 + 10, None, None]


def test_what_is_given_up_is_told_once(store: Store) -> None:
    """By two replicas too; should it come back, it is new."""
    store.record("acme", LedgerEntry(T0, follow=(ongoing("m1"), ongoing("m2"))))
    for _ in range(2):
        store.record("acme", LedgerEntry(T0 + DAY, abandon=("m1",)))

    assert figures(store).sums.abandoned == 1
    assert [each.id for each in state(store).followed] == ["m2"]
    assert count(store, meeting("m1", 30.0)) == 1


# The watermark


def test_the_watermark_never_goes_back(store: Store) -> None:
    """A replica that is behind does not move it, nor the moment of the last commit."""
    store.record("acme", LedgerEntry(T0 + 50, watermark=T0 + 40))
    store.record("acme", LedgerEntry(T0 + 45, watermark=T0 + 30))
    store.record("acme", LedgerEntry(T0 + 46))

    assert (state(store).watermark, state(store).active_at) == (T0 + 40, T0 + 50)


def test_a_gap_is_what_the_watermark_passed_over(store: Store) -> None:
    """Two replicas that skip the same gap say it once."""
    store.record("acme", LedgerEntry(T0 + 5000, watermark=T0 + 1000, gap_seconds=1000.0))
    store.record("acme", LedgerEntry(T0 + 5001, watermark=T0 + 1001, gap_seconds=1001.0))
    store.record("acme", LedgerEntry(T0 + 5002, watermark=T0 + 900, gap_seconds=900.0))
    store.record("acme", LedgerEntry(T0 + 5003, watermark=T0 + 4000))

    assert (state(store).watermark, figures(store).sums.gap_seconds) == (T0 + 4000, 1001.0)


def test_what_an_audit_finds_is_late_once(store: Store) -> None:
    """Whether it counts, is skipped or goes on; what was known before is not late."""
    count(store, meeting("m1", 30.0))
    store.record("acme", LedgerEntry(T0, follow=(ongoing("m2"),)))
    found = LedgerEntry(
        T0,
        count=(meeting("m1", 30.0), meeting("m3", 40.0)),
        skip=(("m4", T0 - 5),),
        follow=(ongoing("m2"), ongoing("m5")),
        late=True,
    )
    for _ in range(2):
        store.record("acme", found)

    assert figures(store).sums.late == 3
    assert totals(store) == truth([meeting("m1", 30.0), meeting("m3", 40.0)])


def test_ids_are_pruned_a_week_behind_the_watermark_and_followed_meetings_never(store: Store) -> None:
    """What was counted stays counted."""
    edge = T0 + 10.0
    early, late = meeting("early", 30.0, start=edge - 1), meeting("late", 30.0, start=edge)
    count(store, early, late)
    store.record("acme", LedgerEntry(T0, follow=(ongoing("endless", start=T0 - 100 * DAY),)))

    store.record("acme", LedgerEntry(T0, watermark=edge + SEEN_SECONDS - 1.0))
    assert store.known("acme", ["early", "late"]) == {"early", "late"}
    store.record("acme", LedgerEntry(T0, watermark=edge + SEEN_SECONDS))
    assert store.known("acme", ["early", "late"]) == {"late"}
    assert [each.id for each in state(store).followed] == ["endless"]
    assert totals(store) == truth([early, late])


def test_what_a_replica_brings_after_its_id_was_forgotten_does_not_count_again(store: Store) -> None:
    """It fell behind while the watermark moved on; what is followed since then counts, however old."""
    early, endless = meeting("early", 30.0, start=T0), meeting("endless", 40.0, start=T0)
    store.record("acme", LedgerEntry(T0, follow=(ongoing("endless", start=T0),)))
    count(store, early)
    store.record("acme", LedgerEntry(T0, watermark=T0 + SEEN_SECONDS + 1))
    assert store.known("acme", ["early"]) == set()

    again = LedgerEntry(T0, count=(early, endless), skip=(("gone", T0),), watermark=T0 + 60)
    assert [store.record("acme", again) for _ in range(2)] == [1, 0]
    assert totals(store) == truth([early, endless])


def test_many_ids_are_pruned_some_at_a_time(store: Store) -> None:
    """After a long outage they are millions: no statement may take so long that it never succeeds."""
    skip = tuple((f"m{number:05d}", T0) for number in range(25_000))
    store.record("acme", LedgerEntry(T0, skip=skip))
    left = []
    for number in range(3):
        store.record("acme", LedgerEntry(T0, watermark=T0 + SEEN_SECONDS + 1 + number))
        left.append(store.known_between("acme", T0, end=T0 + 1))

    assert left == [15_000, 5_000, 0]


def test_a_ledger_does_not_grow_with_its_history(store: Store) -> None:
    """After the week that is remembered, the space of old ids is used for the new ones."""
    sizes = []
    for day in range(40):
        start = T0 + day * DAY
        meetings = (meeting(f"{day}-{each}", 30.0, start=start + each) for each in range(100))
        store.record("acme", LedgerEntry(start, count=tuple(meetings), watermark=start))
        sizes.append(store.known_between("acme", 0, end=start + DAY))
    found = figures(store)

    assert sizes[10:] == [800] * 30
    assert found.counted.numbers == {"join": {30: 4000}, "meeting": {600: 4000}, "peak": {1: 4000}}


def test_known_meetings_of_a_window_are_counted_by_their_start(store: Store) -> None:
    """Decided or followed; the window's end is not in it."""
    count(store, meeting("m1", start=T0), meeting("m2", start=T0 + 60))
    store.record("acme", LedgerEntry(T0, skip=(("m3", T0 + 59.9),), follow=(ongoing("m4", start=T0 + 1),)))

    assert store.known_between("acme", T0, end=T0 + 60) == 3
    assert store.known_between("acme", T0 + 60, end=T0 + 120) == 1
    assert store.known_between("other", T0, end=T0 + 60) == 0


def test_the_first_name_of_a_domain_stays(store: Store) -> None:
    """Whoever comes with another one hears it."""
    assert store.name_domain("acme", "example") == "example"
    assert store.name_domain("acme", "other") == "example"
    assert state(store).domain == "example"


# Reading what is new


def test_who_reads_often_gets_what_did_not_change_as_it_was(store: Store) -> None:
    """The same object, while the watermark and the followed meetings are those of now."""
    count(store, meeting("m1", 30.0))
    before = figures(store)
    store.record("acme", LedgerEntry(T0, follow=(ongoing("m2"),), watermark=T0 + 5))
    after = figures(store, known=before)

    assert after.counted is before.counted
    assert (before.sums.watermark, before.pending) == (T0, 0)
    assert (after.sums.watermark, after.pending) == (T0 + 5, 1)


def test_who_reads_often_sees_what_who_reads_once_sees(store: Store) -> None:
    """Only what is new is read, and it adds up to the whole."""
    known: Figures | None = None
    for number, part in enumerate(in_parts(drawn(300), size=50)):
        entry = LedgerEntry(T0 + number, count=part)
        store.record("acme", entry, exemplars=number != 2)
        known = figures(store, known=known)
        assert known == figures(store)


def test_a_reset_is_seen_even_where_the_revision_is_the_same(store: Store) -> None:
    """Figures of the count before are not mixed with those of the new one."""
    count(store, meeting("m1", 30.0))
    before = figures(store)
    store.reset("acme")
    state(store)
    count(store, meeting("m2", 40.0))
    after = figures(store, known=before)

    assert after.sums.revision == before.sums.revision
    assert after == figures(store)
    assert after.counted.numbers["join"] == {40: 1}


def test_a_step_back_is_seen(store: Store) -> None:
    """A restored backup has fewer revisions, and is read from its beginning."""
    count(store, meeting("m1", 30.0))
    older = figures(store)
    ahead = replace(older, sums=replace(older.sums, revision=older.sums.revision + 1))

    assert figures(store, known=ahead) == older
    assert figures(store, known=ahead).counted is not older.counted


# Exemplars


def test_an_exemplar_is_the_stay_of_its_length_that_ended_last(store: Store) -> None:
    """Whatever order they come in; where exemplars are off, none is kept."""
    ended = [
        replace(meeting("m1", 30.0, 29.5), stay_ends=(T0 + 50, T0 + 40)),
        replace(meeting("m2", 30.0, 61.0), stay_ends=(T0 + 60, T0 + 90)),
    ]
    store.record("acme", LedgerEntry(T0, count=tuple(ended)), exemplars=True)
    assert figures(store).counted.exemplars == {30: ("m2", T0 + 60), 61: ("m2", T0 + 90)}

    earlier = replace(meeting("m3", 30.0, 45.0), stay_ends=(T0 + 10, T0 + 10))
    later = replace(meeting("m4", 61.0), stay_ends=(T0 + 100,))
    store.record("acme", LedgerEntry(T0, count=(earlier, later)), exemplars=True)
    count(store, replace(meeting("m5", 30.0), stay_ends=(T0 + 999,)))
    assert figures(store).counted.exemplars == {
        30: ("m2", T0 + 60),
        45: ("m3", T0 + 10),
        61: ("m4", T0 + 100),
    }


def test_a_meeting_without_stays_leaves_no_exemplar(store: Store) -> None:
    """There is nothing that it could stand for."""
    store.record("acme", LedgerEntry(T0, count=(meeting("m1"),)), exemplars=True)

    assert figures(store).counted.exemplars == {}


# All or nothing

EVERYTHING = LedgerEntry(
    T0 + 800,
    count=(meeting("m2", 40.0), meeting("m3", 50.0, 60.0)),
    skip=(("m4", T0 + 2),),
    follow=(ongoing("m5"), ongoing("m6", start=T0 + 3)),
    unseen=("m7",),
    seen_again=("m8",),
    abandon=("m9",),
    late=True,
    watermark=T0 + 700 + SEEN_SECONDS,
)


def prepared(opened: Callable[..., Store]) -> Store:
    """A ledger in which every statement of `EVERYTHING` has something to do."""
    store = opened("acme")
    count(store, meeting("m1", 30.0, start=T0 + 1))
    store.record("acme", LedgerEntry(T0, follow=tuple(ongoing(f"m{each}") for each in range(2, 10))))
    store.record("acme", LedgerEntry(T0 + 5, unseen=("m8",)))
    return store


def all_of(store: Store) -> tuple[Totals, LedgerState, Figures, frozenset[str]]:
    """Everything that can be asked."""
    ids = [f"m{each}" for each in range(10)]
    return totals(store), state(store), figures(store), store.known("acme", ids)


def test_an_error_at_any_statement_leaves_nothing(opened: Callable[..., Store]) -> None:
    """Whatever statement it is, and the commit itself; the same entry can be recorded afterwards."""
    store = prepared(opened)
    before = all_of(store)
    engine = store._database._engine
    left = math.inf

    def strike(*_: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise RuntimeError("power cut")

    def recorded(survived: int) -> bool:
        nonlocal left
        left = survived
        try:
            store.record("acme", EVERYTHING, exemplars=True)
        except RuntimeError:
            return False
        finally:
            left = math.inf
        return True

    event.listen(engine, "before_cursor_execute", strike)
    event.listen(engine, "commit", strike)
    survived = 0
    while not recorded(survived):
        assert all_of(store) == before, f"something was left after {survived} statements"
        survived += 1

    assert survived > 10
    assert totals(store) == truth([meeting("m1", 30.0), meeting("m2", 40.0), meeting("m3", 50.0, 60.0)])
    assert figures(store).sums.late == 1 + 2
    assert [each.id for each in state(store).followed] == ["m6", "m5", "m7", "m8"]


def test_a_value_that_cannot_be_counted_takes_its_whole_entry_back(store: Store) -> None:
    """Its ids have been entered by then."""
    with pytest.raises(ValueError, match="NaN"):
        count(store, meeting("m1", 30.0), meeting("m2", math.nan))

    assert store.known("acme", ["m1", "m2"]) == frozenset()
    assert totals(store) == NOTHING
