"""Runs are shared between the pulls that come together, each pull leaves on time, and no bug gets through."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from structlog.typing import EventDict

from exporter.collect import GRACE, Collection
from exporter.errors import CredentialRefused, LedgerUnavailable, NotFound
from exporter.journal import Event, Journal
from exporter.model import (
    Answer,
    CollectorSnapshot,
    Deadline,
    Facts,
    Finding,
    Partial,
    Reason,
    Selection,
    Snapshot,
    WatchedRooms,
)
from tests.kit.clock import START, WALL_START, VirtualLoop, WallClock, loop_time, run_virtual
from tests.kit.observer import Runs

T = TypeVar("T")

CANARY = "canary-of-a-person"

Work = Callable[[Deadline], Awaitable[Partial]]


def near(value: Any) -> Any:
    """The value, but for rounding."""
    return pytest.approx(value)


def facts(number: int = 1) -> WatchedRooms:
    """Facts that can be told apart."""
    return WatchedRooms({"room": number})


def takes(seconds: float, *, error: Exception | None = None) -> Work:
    """Work that needs so long, whatever its deadline, and then fails or not."""

    async def work(_deadline: Deadline) -> Partial:
        await asyncio.sleep(seconds)
        if error is not None:
            raise error.with_traceback(None)
        return Partial(facts())

    return work


@dataclass
class Asked:
    """A collector that does one work after the other, the last of them for ever."""

    works: Sequence[Work]
    name: ClassVar[str] = "presence"
    endpoint: ClassVar[str] = "/presence"
    counted: Facts | Exception | None = None
    counts_for: float = 0.0
    interval: float | None = None
    began: list[float] = field(default_factory=list)
    deadlines: list[Deadline] = field(default_factory=list)
    cancelled: int = 0

    async def kept(self) -> Facts | None:
        if self.counts_for:
            await asyncio.sleep(self.counts_for)
        if isinstance(self.counted, Exception):
            raise self.counted.with_traceback(None)
        return self.counted

    async def collect(self, deadline: Deadline) -> Partial:
        work = self.works[min(len(self.began), len(self.works) - 1)]
        self.began.append(loop_time() - START)
        self.deadlines.append(deadline)
        try:
            return await work(deadline)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


class AskedBeside(Asked):
    """Another collector of the same source."""

    name = "meetings"


@dataclass
class Account:
    """A source of such collectors."""

    collectors: Sequence[Asked]
    name: str = "acme"
    kind: str = "daily"
    endpoints: Sequence[str] = ()
    drift_fields: Sequence[str] = ()

    async def examine(self, deadline: Deadline) -> Sequence[Finding]:  # pragma: no cover - for the doctor
        return ()

    async def aclose(self) -> None:
        """Have nothing to close."""


@dataclass
class Bench:
    """A collection of one source with one collector, unless more are given."""

    collectors: Sequence[Asked]
    min_interval: float = 0.0
    runs: Runs = field(default_factory=Runs)
    journal: Journal = field(default_factory=lambda: Journal(wall=WallClock()))

    def __post_init__(self) -> None:
        source, wall = Account(self.collectors), WallClock()
        self.collection = Collection(
            [source], min_interval=self.min_interval, observer=self.runs, wall=wall, journal=self.journal
        )

    async def pull(
        self, seconds: float = 10.0, *, at: float | None = None
    ) -> tuple[float, CollectorSnapshot]:
        """Pull with so many seconds to live, at a moment after the start; gives when the answer came, too."""
        if at is not None:
            await asyncio.sleep(START + at - loop_time())
        snapshot = await self.collection.pull(loop_time() + seconds)
        return loop_time() - START, snapshot.sources[0].collectors[0]

    async def pulls(self, *pulls: tuple[float, float]) -> list[tuple[float, Answer[Facts]]]:
        """Pull at several moments, each with its seconds to live; gives when each answer came, and it."""
        came = await asyncio.gather(*(self.pull(seconds, at=at) for at, seconds in pulls))
        return [(moment, seen.answer) for moment, seen in came]


def bench(*works: Work, min_interval: float = 0.0) -> Bench:
    """A bench whose collector does these works in turn."""
    return Bench([Asked(works)], min_interval=min_interval)


def virtual(run: Callable[[], Coroutine[object, object, T]]) -> tuple[T, list[EventDict]]:
    """Run in virtual time; gives what was logged, too."""
    with capture_logs() as logs:
        return run_virtual(run()), logs


# Sharing


def test_pulls_at_once_are_one_run() -> None:
    """Twenty pulls ask the vendor once, and each gets the same answer; one of them counts as the asker."""

    async def run() -> None:
        with_one = bench(takes(0.3))
        answers = await with_one.pulls(*[(0.0, 10.0)] * 20)

        assert with_one.collectors[0].began == [0.0]
        assert answers == [answers[0]] * 20
        assert answers[0][1] == Answer(facts(), None, near(0.3))
        assert sorted(with_one.runs.pulls) == [("acme", False), *[("acme", True)] * 19]
        assert len(with_one.runs.runs) == 1

    virtual(run)


def test_a_pull_that_comes_later_joins_a_run_that_is_still_going_on() -> None:
    """It does not wait longer than the run needs."""

    async def run() -> None:
        with_one = bench(takes(2.0))
        answers = await with_one.pulls((0.0, 10.0), (1.5, 10.0))

        assert [moment for moment, _ in answers] == near([2.0, 2.0])
        assert with_one.collectors[0].began == [0.0]

    virtual(run)


@pytest.mark.parametrize(
    "pulled, runs", [([0, 1, 9.9], 1), ([0, 10], 2), ([0, 9, 10, 19, 20], 3), ([0, 3, 12, 21.9, 22], 3)]
)
def test_a_good_answer_is_shared_for_the_interval_from_the_start_of_its_run(
    pulled: list[float], runs: int
) -> None:
    """However long the run took; the pull that comes when the interval is over asks anew."""

    async def run() -> None:
        with_one = bench(takes(2.0), min_interval=10.0)
        await with_one.pulls(*((at, 10.0) for at in pulled))

        assert len(with_one.collectors[0].began) == runs
        assert [shared for _, shared in with_one.runs.pulls].count(False) == runs

    virtual(run)


def test_a_shared_answer_says_how_old_it_is() -> None:
    """The moment of the success stays that of the run."""

    async def run() -> None:
        with_one = bench(takes(2.0), min_interval=10.0)
        (_, first), (moment, later) = await asyncio.gather(with_one.pull(at=0), with_one.pull(at=9))

        assert moment == 9.0
        assert first == later
        assert later.last_success == near(WALL_START + 2.0)

    virtual(run)


def test_a_failed_run_is_shared_only_by_pulls_that_overlap_it() -> None:
    """The next pull asks at once, whatever the interval."""

    async def run() -> None:
        with_one = bench(takes(1.0, error=NotFound("gone")), takes(1.0), min_interval=10.0)
        answers = await with_one.pulls((0.0, 10.0), (0.5, 10.0), (1.1, 10.0))

        assert [answer.reason for _, answer in answers] == [Reason.NOT_FOUND, Reason.NOT_FOUND, None]
        assert with_one.collectors[0].began == near([0.0, 1.1])

    virtual(run)


def test_an_answer_in_part_is_a_failure_and_not_shared_later() -> None:
    """What is known is shown with the reason for what is not."""

    async def part(_deadline: Deadline) -> Partial:
        return Partial(facts(7), NotFound("one room is gone"))

    async def run() -> None:
        with_one = bench(part, takes(0.0), min_interval=10.0)
        _, seen = await with_one.pull()
        _, later = await with_one.pull()

        assert seen.answer == Answer(facts(7), Reason.NOT_FOUND, 0.0, "one room is gone")
        assert (seen.answer.success, seen.last_success) == (False, None)
        assert later.answer == Answer(facts(), None, 0.0)

    virtual(run)


def test_what_a_collector_keeps_is_as_new_as_the_pull() -> None:
    """Also where the answer is a shared one or a failure."""

    async def run() -> None:
        collector = Asked([takes(0.0), takes(0.0, error=NotFound("gone"))], counted=facts(1))
        with_one = Bench([collector], min_interval=5.0)
        kept = []
        for at in (0.0, 1.0, 6.0):
            collector.counted = facts(int(at))
            kept.append((await with_one.pull(at=at))[1].kept)

        assert kept == [facts(0), facts(1), facts(6)]

    virtual(run)


def test_what_a_collector_keeps_is_not_waited_for_beyond_the_deadline() -> None:
    """A moment more, and the answer is a failure of the ledger: what the run found is shown all the same."""

    async def run() -> None:
        slow = Bench([Asked([takes(1.0)], counted=facts(7), counts_for=60.0)])
        came, seen = await slow.pull(5.0)
        assert (came, seen.kept) == (near(5.1), None)
        assert (seen.answer.value, seen.answer.reason) == (facts(), Reason.LEDGER)
        assert seen.answer.detail == "ledger: no answer before the scrape's deadline"

    virtual(run)


# Deadlines


def test_a_run_that_does_not_end_fails_at_the_deadline() -> None:
    """The answer is there on the moment, says so, and the collector was told to stop."""

    async def run() -> None:
        with_one = bench(takes(1e9))
        [(moment, answer)] = await with_one.pulls((0.0, 3.0))

        assert moment == near(3.0)
        assert answer == Answer(None, Reason.TIMEOUT, 3.0, "no answer before the scrape's deadline")
        assert with_one.collectors[0].cancelled == 1
        assert with_one.runs.runs == [("acme", "presence", answer)]

    virtual(run)


def test_each_waiter_leaves_at_its_own_deadline_and_the_run_lives_to_the_latest() -> None:
    """The impatient go without an answer; the run goes on for the one with time, and is told how long."""

    async def run() -> None:
        with_one = bench(takes(5.0))
        answers = await with_one.pulls((0.0, 3.0), (2.0, 10.0), (2.5, 1.0))

        assert [moment for moment, _ in answers] == near([3.0 + GRACE, 5.0, 3.5 + GRACE])
        assert [answer.reason for _, answer in answers] == [Reason.TIMEOUT, None, Reason.TIMEOUT]
        assert with_one.collectors[0].deadlines[0].at == START + 12.0
        assert [answer.reason for _, _, answer in with_one.runs.runs] == [None]

    virtual(run)


def test_a_deadline_never_moves_back() -> None:
    """A waiter with less time takes none from the others."""

    async def run() -> None:
        with_one = bench(takes(1e9))
        answers = await with_one.pulls((0.0, 8.0), (1.0, 2.0))

        assert [moment for moment, _ in answers] == near([8.0, 3.0 + GRACE])
        assert with_one.collectors[0].deadlines[0].at == START + 8.0

    virtual(run)


def test_an_answer_that_blocked_the_loop_past_the_deadline_is_not_thrown_away() -> None:
    """Decoding is done in one go: where it ends late, what it gave is as true as before."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)

        async def decode(_deadline: Deadline) -> Partial:
            await asyncio.sleep(2.9)
            loop._pass(0.5)
            return Partial(facts())

        with_one = bench(decode)
        [(moment, answer)] = await with_one.pulls((0.0, 3.0))

        assert moment == near(3.4)
        assert answer == Answer(facts(), None, near(3.4))

    virtual(run)


def test_a_run_that_needs_a_moment_to_stop_still_counts_as_failed() -> None:
    """Its waiters do not wait for that; a pull that comes meanwhile begins a run of its own."""

    async def slow_to_stop(deadline: Deadline) -> Partial:
        try:
            return await takes(1e9)(deadline)
        finally:
            await asyncio.sleep(0.5)

    async def run() -> None:
        with_one = bench(slow_to_stop, takes(1.0))
        answers = await with_one.pulls((0.0, 3.0), (3.1, 3.0))

        assert [moment for moment, _ in answers] == near([3.0 + GRACE, 4.1])
        assert [answer.reason for _, answer in answers] == [Reason.TIMEOUT, None]
        assert [answer.reason for _, _, answer in with_one.runs.runs] == [Reason.TIMEOUT, None]

    virtual(run)


# Selections


def only(*collectors: str, source: str | None = None) -> Selection:
    """A pull about these collectors, or all where none is named, of that source or of all."""
    return Selection(frozenset({source}) if source else None, frozenset(collectors) if collectors else None)


@dataclass
class Two:
    """A collection of two sources, one with two collectors."""

    min_interval: float = 0.0
    runs: Runs = field(default_factory=Runs)

    def __post_init__(self) -> None:
        self.presence, self.meetings, self.chat = (kind([takes(1.0)]) for kind in (Asked, AskedBeside, Asked))
        sources = [Account([self.presence, self.meetings]), Account([self.chat], name="chat")]
        self.collection = Collection(
            sources, min_interval=self.min_interval, observer=self.runs, wall=WallClock()
        )

    async def shown(self, selection: Selection) -> dict[str, tuple[tuple[str, ...], bool]]:
        """The collectors of each source on one page, and whether those are all."""
        snapshot = await self.collection.pull(loop_time() + 10, selection)
        return {
            each.source: (tuple(seen.collector for seen in each.collectors), each.whole)
            for each in snapshot.sources
        }

    def asked(self) -> list[int]:
        """How often each collector was asked."""
        return [len(each.began) for each in (self.presence, self.meetings, self.chat)]


@pytest.mark.parametrize(
    "selection, shown, asked",
    [
        (Selection(), {"acme": (("presence", "meetings"), True), "chat": (("presence",), True)}, [1, 1, 1]),
        (only(source="acme"), {"acme": (("presence", "meetings"), True)}, [1, 1, 0]),
        (only("presence"), {"acme": (("presence",), False), "chat": (("presence",), True)}, [1, 0, 1]),
        (only("meetings"), {"acme": (("meetings",), False)}, [0, 1, 0]),
        (only("presence", "meetings", source="acme"), {"acme": (("presence", "meetings"), True)}, [1, 1, 0]),
        (only("meetings", source="chat"), {}, [0, 0, 0]),
        (Selection(frozenset(), None), {}, [0, 0, 0]),
        (Selection(None, frozenset()), {}, [0, 0, 0]),
    ],
)
def test_only_what_is_selected_is_asked_and_shown(
    selection: Selection, shown: dict[str, tuple[tuple[str, ...], bool]], asked: list[int]
) -> None:
    """A source with none of the collectors is left out; one with some of them says that these are not all."""

    async def run() -> None:
        two = Two()

        assert await two.shown(selection) == shown
        assert two.asked() == asked
        assert two.runs.pulls == [(source, False) for source in shown]

    virtual(run)


def test_runs_are_shared_whatever_is_selected() -> None:
    """By collector: one that was asked for another page is not asked again, one that was not is."""

    async def run() -> None:
        two = Two(min_interval=10.0)
        await two.shown(only("presence", source="acme"))
        await two.shown(Selection())
        await two.shown(only(source="acme"))
        assert two.asked() == [1, 1, 1]
        await asyncio.sleep(10)
        await asyncio.gather(two.shown(only("presence")), two.shown(Selection()), two.shown(only("meetings")))

        assert two.asked() == [2, 2, 2]
        # Whoever began a run of one collector of a source did not merely share.
        first, later = two.runs.pulls[:4], sorted(two.runs.pulls[4:])
        assert first == [("acme", False), ("acme", False), ("chat", False), ("acme", True)]
        assert later == [("acme", False)] * 2 + [("acme", True), ("chat", False), ("chat", True)]

    virtual(run)


def test_a_source_that_was_asked_in_part_is_neither_up_nor_down() -> None:
    """What was not asked might fail; what was asked says itself that it did."""

    async def run() -> None:
        gone = Asked([takes(0.0, error=NotFound("gone"))])
        both = Bench([gone, AskedBeside([takes(0.0)])])

        async def up(*collectors: str) -> bool | None:
            [source] = (await both.collection.pull(loop_time() + 1, only(*collectors))).sources
            return source.up

        assert [await up(), await up("meetings"), await up("presence")] == [False, None, None]
        assert await up("presence", "meetings") is False

    virtual(run)


# All have gone


def test_a_run_is_cancelled_when_all_have_gone() -> None:
    """Not before the last of them; and a new pull begins a new run at once."""

    async def run() -> None:
        with_one = bench(takes(5.0))
        first, second = (asyncio.create_task(with_one.pull(at=at)) for at in (0.0, 0.5))
        await asyncio.sleep(1.0)
        first.cancel()
        await asyncio.sleep(1.0)
        assert with_one.collectors[0].cancelled == 0
        second.cancel()
        await asyncio.wait([second])
        moment, seen = await with_one.pull()
        gone = await asyncio.gather(first, second, return_exceptions=True)

        assert with_one.collectors[0].cancelled == 1
        assert with_one.collectors[0].began == near([0.0, 2.0])
        assert (moment, seen.answer.reason) == (near(7.0), None)
        assert [type(each) for each in gone] == [asyncio.CancelledError] * 2
        assert [answer.reason for _, _, answer in with_one.runs.runs] == [None]

    virtual(run)


def test_a_pull_that_is_gone_takes_nothing_from_the_others() -> None:
    """Who stays gets the answer of the same run."""

    async def run() -> None:
        with_one = bench(takes(5.0))
        leaving = asyncio.create_task(with_one.pull())
        staying = asyncio.create_task(with_one.pull())
        await asyncio.sleep(1.0)
        leaving.cancel()
        moment, seen = await staying

        assert (moment, seen.answer.reason) == (near(5.0), None)
        assert with_one.collectors[0].began == [0.0]

    virtual(run)


# Random company


@dataclass(frozen=True)
class Company:
    """Pulls at random moments with random patience, some of which leave early, and works of random length."""

    pulls: list[tuple[float, float, float | None]]
    works: list[tuple[float, bool]]
    min_interval: float


MOMENTS = st.integers(0, 120).map(lambda quarter: quarter / 4)
SECONDS = st.integers(1, 40).map(lambda quarter: quarter / 4 + 0.1)
COMPANIES = st.builds(
    Company,
    pulls=st.lists(st.tuples(MOMENTS, SECONDS, st.none() | SECONDS), min_size=1, max_size=12),
    works=st.lists(st.tuples(SECONDS, st.booleans()), min_size=1, max_size=4),
    min_interval=st.sampled_from([0.0, 3.0, 10.0]),
)


@given(company=COMPANIES)
def test_whoever_comes_and_goes_no_promise_is_broken(company: Company) -> None:
    """One run at a time, nobody waits past their deadline, nothing runs for nobody, nothing old is shared."""

    async def run() -> None:
        going = 0

        def work(seconds: float, *, good: bool) -> Work:
            async def counted(_deadline: Deadline) -> Partial:
                nonlocal going
                going += 1
                assert going == 1
                try:
                    return await takes(seconds, error=None if good else NotFound("gone"))(_deadline)
                finally:
                    going -= 1

            return counted

        works = [work(seconds, good=good) for seconds, good in company.works]
        with_one = bench(*works, min_interval=company.min_interval)

        async def visit(at: float, *, seconds: float, leaves: float | None) -> None:
            pulling = asyncio.create_task(with_one.pull(seconds, at=at))
            if leaves is not None:
                await asyncio.sleep(at + leaves)
                pulling.cancel()
            [came] = await asyncio.gather(pulling, return_exceptions=True)
            if isinstance(came, asyncio.CancelledError):
                return
            assert not isinstance(came, BaseException)
            moment, seen = came
            assert moment <= at + seconds + GRACE + 1e-6
            if seen.answer.reason is None:
                # It joined a run, which takes 10.1 s at most, or was given the last good one's answer.
                oldest = at - max(company.min_interval, 10.2)
                assert any(oldest < began <= moment for began in with_one.collectors[0].began)
                assert seen.last_success is not None

        await asyncio.gather(
            *(visit(at, seconds=seconds, leaves=leaves) for at, seconds, leaves in company.pulls)
        )
        await asyncio.sleep(0)
        assert going == 0
        began = [False for _, shared in with_one.runs.pulls if not shared]
        assert len(began) <= len(with_one.collectors[0].began) <= len(company.pulls)

    virtual(run)


# Failures


@pytest.mark.parametrize(
    "error", [RuntimeError(CANARY), KeyError(CANARY), ExceptionGroup(CANARY, [ValueError()])]
)
def test_a_bug_is_internal_and_leaves_the_others_unharmed(error: Exception) -> None:
    """The log gets where and what type, and not the words, which may hold anything."""

    async def run() -> Snapshot:
        collectors = [Asked([takes(0.1, error=error)]), AskedBeside([takes(1.0)])]
        return await Bench(collectors).collection.pull(loop_time() + 5)

    snapshot, logs = virtual(run)
    [source] = snapshot.sources
    presence, meetings = source.collectors

    assert presence.answer == Answer(None, Reason.INTERNAL, near(0.1))
    assert meetings.answer.success
    assert not source.up
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("collector failed by a bug", "error")
    ]
    assert logs[0]["traceback"].startswith(f"{type(error).__name__} < ")
    assert "in work" not in logs[0]["traceback"]
    assert f"{__file__}:" in logs[0]["traceback"]
    assert CANARY not in str(logs) + str(snapshot)


def test_a_slow_collector_delays_no_other() -> None:
    """Each has its run, and only the pull waits for both."""

    async def run() -> None:
        quick, slow = Asked([takes(0.1)]), AskedBeside([takes(1e9)])
        both = Bench([quick, slow])
        snapshot = await both.collection.pull(loop_time() + 3)

        assert [(seen.collector, seen.answer.reason) for seen in snapshot.sources[0].collectors] == [
            ("presence", None),
            ("meetings", Reason.TIMEOUT),
        ]
        assert [(name, answer.seconds) for _, name, answer in both.runs.runs] == [
            ("presence", near(0.1)),
            ("meetings", 3.0),
        ]

    virtual(run)


def test_nothing_is_known_before_the_first_run_and_the_last_one_after_it() -> None:
    """Telling what is known asks nobody."""

    async def run() -> None:
        with_one = bench(takes(0.0), takes(0.0, error=NotFound("gone")))
        known = with_one.collection.known
        assert [source.collectors for source in known().sources] == [()]
        await with_one.pull()
        assert known().sources[0].collectors[0].answer == Answer(facts(), None, 0.0)
        await with_one.pull()
        [seen] = known().sources[0].collectors

        assert seen.answer == Answer(None, Reason.NOT_FOUND, 0.0, "gone")
        assert seen.last_success == WALL_START
        assert len(with_one.collectors[0].began) == 2

    virtual(run)


def test_what_is_known_says_when_it_was_so() -> None:
    """The end of the last run, also of a failed one; and what was kept at the last pull."""

    async def run() -> None:
        collector = Asked([takes(0.0), takes(2.0, error=NotFound("gone"))], counted=facts(5))
        with_one = Bench([collector])
        await with_one.pull()
        await asyncio.sleep(10)
        await with_one.pull()
        [seen] = with_one.collection.known().sources[0].collectors

        assert (seen.ran_at, seen.last_success, seen.kept) == (WALL_START + 12, WALL_START, facts(5))

    virtual(run)


def test_what_a_collector_could_not_keep_is_known_as_a_failure() -> None:
    """Although its run went well: whoever looks must not take the counters for good ones."""

    async def run() -> None:
        collector = Asked([takes(0.0)], counted=LedgerUnavailable("ledger: gone"))
        with_one = Bench([collector])
        await with_one.pull()
        [seen] = with_one.collection.known().sources[0].collectors

        assert (seen.answer.reason, seen.answer.detail) == (Reason.LEDGER, "ledger: gone")
        assert seen.kept is None
        (failure,) = with_one.journal.view().failures
        assert (failure.times, failure.latest.reason, failure.latest.detail) == (
            1,
            Reason.LEDGER,
            "ledger: gone",
        )
        assert [step.event for step in failure.latest.steps] == [Event.KEPT]

    virtual(run)


def test_a_run_that_failed_itself_is_no_second_failure_where_nothing_is_kept_either() -> None:
    """Where the ledger is gone both fail, for one reason."""

    async def run() -> None:
        gone = LedgerUnavailable("ledger: gone")
        with_one = Bench([Asked([takes(0.0, error=gone)], counted=gone)])
        await with_one.pull()
        (failure,) = with_one.journal.view().failures
        assert (failure.times, failure.latest.reason, failure.latest.steps) == (1, Reason.LEDGER, ())

    virtual(run)


# Sources that come and go


def collection_of(*sources: Account, min_interval: float = 10.0, runs: Runs | None = None) -> Collection:
    """A collection of these sources."""
    return Collection(sources, min_interval=min_interval, observer=runs or Runs(), wall=WallClock())


def test_a_source_that_stays_keeps_its_runs_wherever_it_stands() -> None:
    """Its good answer is shared as before; what is new is asked, what is gone is not."""

    async def run() -> None:
        stays, goes, comes = (Account([Asked([takes(0.0)])], name=name) for name in ("b", "a", "c"))
        collection = collection_of(goes, stays)
        await collection.pull(loop_time() + 5)
        gone = collection.replace([comes, stays], min_interval=10.0)
        snapshot = await collection.pull(loop_time() + 5)

        assert [each.source for each in gone] == [goes]
        assert [source.source for source in snapshot.sources] == ["c", "b"]
        assert [source.source for source in collection.known().sources] == ["c", "b"]
        assert [len(each.collectors[0].began) for each in (stays, goes, comes)] == [1, 1, 1]

    virtual(run)


def test_a_pull_under_way_ends_with_the_sources_that_it_began_with() -> None:
    """Whatever is replaced meanwhile; a run of a source that stays is joined by those who come later."""

    async def run() -> None:
        stays, goes = (Account([Asked([takes(4.0)])], name=name) for name in ("stays", "goes"))
        collection = collection_of(stays, goes)
        pulling = asyncio.create_task(collection.pull(loop_time() + 5))
        await asyncio.sleep(1)
        collection.replace([stays], min_interval=10.0)
        later = await collection.pull(loop_time() + 5)
        sooner = await pulling

        assert [(source.source, source.up) for source in sooner.sources] == [("stays", True), ("goes", True)]
        assert [(source.source, source.up) for source in later.sources] == [("stays", True)]
        assert (loop_time(), stays.collectors[0].began) == (START + 4, [0.0])

    virtual(run)


def test_another_interval_counts_for_the_answers_that_are_there() -> None:
    """From the next pull on."""

    async def run() -> None:
        source = Account([Asked([takes(0.0)])])
        collection = collection_of(source, min_interval=100.0)
        await collection.pull(loop_time() + 5)
        await asyncio.sleep(20)
        collection.replace([source], min_interval=30.0)
        await collection.pull(loop_time() + 5)
        await asyncio.sleep(20)
        await collection.pull(loop_time() + 5)

        assert source.collectors[0].began == near([0.0, 40.0])

    virtual(run)


def test_a_source_that_is_gone_is_used_until_its_last_pull_and_run_are_over() -> None:
    """A run that was given up may take a while to end; nobody is to close what it still works with."""

    async def slow_to_stop(deadline: Deadline) -> Partial:
        try:
            return await takes(1e9)(deadline)
        finally:
            await asyncio.sleep(2)

    async def run() -> None:
        source = Account([Asked([slow_to_stop]), AskedBeside([takes(0.0)], counts_for=4.0)])
        collection = collection_of(source)
        leaving = asyncio.create_task(collection.pull(loop_time() + 10))
        await asyncio.sleep(1)
        [gone] = collection.replace([], min_interval=10.0)
        unused = asyncio.create_task(gone.users.none())
        await asyncio.sleep(1.9)
        leaving.cancel()
        await asyncio.sleep(1.9)
        assert not unused.done()
        await unused
        assert loop_time() == near(START + 4.9)

    virtual(run)


def test_a_source_that_nobody_uses_is_free_at_once() -> None:
    """Also after it was used."""

    async def run() -> None:
        source = Account([Asked([takes(1.0)])])
        collection = collection_of(source)
        await collection.pull(loop_time() + 5)
        [gone] = collection.replace([], min_interval=10.0)
        await gone.users.none()
        assert loop_time() == START + 1

    virtual(run)


# The log


def test_the_log_has_a_line_for_each_change_and_none_for_each_pull() -> None:
    """A failure when it begins, each further reason once, and the recovery; nothing while all is well."""
    gone, refused, good = NotFound("gone"), CredentialRefused("not accepted"), None
    errors = [good, good, gone, gone, refused, gone, good, good, gone]

    async def run() -> None:
        with_one = bench(*(takes(0.0, error=error) for error in errors))
        for _ in errors:
            await with_one.pull()

    _, logs = virtual(run)
    failed = {"event": "collector failed", "log_level": "warning", "source": "acme", "collector": "presence"}

    assert logs == [
        failed | {"reason": "not_found", "detail": "gone"},
        failed | {"reason": "auth", "detail": "not accepted"},
        {"event": "collector recovered", "log_level": "info", "source": "acme", "collector": "presence"},
        failed | {"reason": "not_found", "detail": "gone"},
    ]


def test_a_bug_that_goes_on_is_logged_once_and_another_one_too() -> None:
    """A traceback at each pull would hide the one that matters."""

    async def other(_deadline: Deadline) -> Partial:
        raise ValueError(CANARY)

    async def run() -> None:
        bug = takes(0.0, error=RuntimeError(CANARY))
        with_one = bench(bug, bug, other, bug, takes(0.0), bug)
        for _ in range(6):
            await with_one.pull()

    _, logs = virtual(run)
    bug, recovery = "collector failed by a bug", "collector recovered"

    assert [entry["event"] for entry in logs] == [bug, bug, recovery, bug]
    assert "ValueError" in logs[1]["traceback"]
