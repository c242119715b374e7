"""The journal keeps the last of what happened, as much as was promised, and no more."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from exporter.journal import (
    FIRST_STEPS,
    LAST_STEPS,
    MOST_ANSWERS,
    MOST_KEPT,
    Event,
    Journal,
    NotingObserver,
    Outcome,
    Pull,
    Recording,
    RunNote,
    Step,
    Way,
    asked_by,
)
from exporter.model import Answer, Facts, Reason, Unconcerned, WatchedRooms
from tests.kit.observer import Heard

NOW = 1_800_000_000.0
GOOD: Answer[Facts] = Answer(WatchedRooms({}), None, 0.25)


def failed(reason: Reason = Reason.CONNECT, *, detail: str = "no connection") -> Answer[Facts]:
    """An answer that is none."""
    return Answer(None, reason, 0.5, detail)


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


def run_of(journal: Journal, answer: Answer[Facts] | None, *, source: str = "acme") -> Recording:
    """A run that is over."""
    run = journal.begin(source, "presence")
    journal.end(run, answer)
    return run


def one_run(journal: Journal) -> RunNote:
    """The run that began with the latest pull's only answer."""
    (answer,) = journal.view().pulls[0].answers
    assert answer.began is not None
    return answer.began


# Pulls


def test_a_pull_is_told_with_its_page_and_its_answers() -> None:
    """When, which page, how long it had and took, and how each collector came to its answer."""
    clock = Clock()
    journal = Journal(wall=clock)
    older = run_of(journal, GOOD)
    clock.now += 7.0
    with asked_by("/metrics"), journal.pull(allowed=9.5) as pull:
        began = journal.begin("acme", "meetings")
        lines = [
            pull.asked(older, Way.SHARED, shared_for=10.0),
            pull.asked(began, Way.BEGAN, shared_for=10.0),
        ]
        lines[0].answered(GOOD)
        clock.now += 0.5
        journal.end(began, failed())
        lines[1].answered(failed())
    clock.now += 1.0

    notes = journal.view()
    (told,) = notes.pulls
    assert (notes.now, told.at, told.page, told.number) == (NOW + 8.5, NOW + 7.0, "/metrics", 1)
    assert (told.allowed, told.seconds, told.outcome, told.left_out) == (9.5, 0.5, Outcome.FAILURE, 0)
    shared, fresh = told.answers
    assert (shared.collector, shared.way, shared.run, shared.age) == ("presence", Way.SHARED, 1, 7.0)
    assert (shared.outcome, shared.seconds, shared.shared_for, shared.began) == ("success", 0.0, 10.0, None)
    assert (fresh.collector, fresh.way, fresh.run, fresh.age) == ("meetings", Way.BEGAN, 2, 0.0)
    assert (fresh.outcome, fresh.reason, fresh.detail) == ("failure", Reason.CONNECT, "no connection")
    assert fresh.seconds == 0.5
    assert fresh.began is not None
    assert (fresh.began.at, fresh.began.seconds, fresh.began.outcome) == (NOW + 7.0, 0.5, "failure")


def test_a_pull_without_a_failure_is_a_success() -> None:
    """Also one that had nobody to ask; outside of any page there is none to name."""
    journal = Journal(wall=Clock())
    with journal.pull(allowed=1.0):
        pass
    (told,) = journal.view().pulls
    assert (told.outcome, told.page, told.answers) == (Outcome.SUCCESS, "", ())


def test_what_is_under_way_is_told_as_such() -> None:
    """Whoever looks while everything hangs sees what hangs."""
    clock = Clock()
    journal = Journal(wall=clock)
    with journal.pull(allowed=9.5) as pull:
        run = journal.begin("acme", "presence")
        pull.asked(run, Way.BEGAN, shared_for=10.0)
        run.note(Event.REQUEST, "/presence", code="error", seconds=1.0, size=0)
        (told,) = journal.view().pulls
    (answer,) = told.answers
    assert (told.outcome, told.seconds, answer.outcome, answer.seconds) == (
        "under_way",
        None,
        "under_way",
        None,
    )
    assert answer.began is not None
    assert (answer.began.outcome, answer.began.seconds, len(answer.began.steps)) == ("under_way", None, 1)


def test_a_pull_that_is_cut_off_is_cancelled() -> None:
    """Its client is gone; that is no failure of a vendor."""
    journal = Journal(wall=Clock())

    def cut_off() -> None:
        with journal.pull(allowed=9.5) as pull:
            pull.asked(journal.begin("acme", "presence"), Way.BEGAN, shared_for=10.0)
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        cut_off()
    (told,) = journal.view().pulls
    assert (told.outcome, told.answers[0].outcome) == (Outcome.CANCELLED, Outcome.UNDER_WAY)
    assert journal.view().failures == ()


def test_the_last_pulls_are_kept_the_newest_first() -> None:
    """Twenty, and their numbers go on."""
    journal = Journal(wall=Clock())
    for _ in range(MOST_KEPT + 5):
        with journal.pull(allowed=1.0):
            pass
    assert [each.number for each in journal.view().pulls] == list(range(MOST_KEPT + 5, 5, -1))


def test_of_many_answers_the_failed_ones_are_kept() -> None:
    """In the order of the sources; how many are missing is said."""
    journal = Journal(wall=Clock())

    def answer(pull: Pull, number: int) -> None:
        result = failed() if number % 10 == 9 else GOOD
        run = run_of(journal, result, source=f"s{number:03}")
        pull.asked(run, Way.BEGAN, shared_for=1.0).answered(result)

    with journal.pull(allowed=1.0) as pull:
        for number in range(3 * MOST_ANSWERS):
            answer(pull, number)
    (told,) = journal.view().pulls
    names = [each.source for each in told.answers]
    assert (len(names), told.left_out) == (MOST_ANSWERS, 2 * MOST_ANSWERS)
    assert names == sorted(names)
    assert sum(each.outcome is Outcome.FAILURE for each in told.answers) == 3 * MOST_ANSWERS // 10
    with journal.pull(allowed=1.0) as pull:
        for number in range(MOST_ANSWERS):
            answer(pull, number)
    assert (len(journal.view().pulls[0].answers), journal.view().pulls[0].left_out) == (MOST_ANSWERS, 0)


# Failures


def test_failures_are_kept_apart_from_what_is_good() -> None:
    """However many good collections follow."""
    journal = Journal(wall=Clock())
    run_of(journal, failed())
    for _ in range(3 * MOST_KEPT):
        with journal.pull(allowed=1.0) as pull:
            pull.asked(run_of(journal, GOOD, source="other"), Way.BEGAN, shared_for=1.0).answered(GOOD)
    (failure,) = journal.view().failures
    assert (failure.latest.source, failure.latest.detail, failure.goes_on) == ("acme", "no connection", True)


def test_the_same_failure_again_and_again_is_one_with_its_first_and_its_latest() -> None:
    """The first run met the refusal, the latest only the pause that it began."""
    clock = Clock()
    journal = Journal(wall=clock)
    run_of(journal, failed(Reason.RATE_LIMITED, detail="answered 429"))
    for _ in range(50):
        clock.now += 15.0
        run_of(journal, failed(Reason.RATE_LIMITED, detail="not asked"))
    (failure,) = journal.view().failures
    assert (failure.times, failure.goes_on) == (51, True)
    assert (failure.first.at, failure.first.detail) == (NOW, "answered 429")
    assert (failure.latest.at, failure.latest.detail) == (NOW + 750.0, "not asked")


def told(journal: Journal) -> list[tuple[Reason | None, int, bool]]:
    """The failures: why, how often, and whether they go on."""
    return [(each.latest.reason, each.times, each.goes_on) for each in journal.view().failures]


def test_only_a_good_run_ends_a_failure() -> None:
    """Another collector's runs say nothing about it, and a run that was cut off says nothing either."""
    journal = Journal(wall=Clock())
    run_of(journal, failed())
    run_of(journal, GOOD, source="other")
    run_of(journal, None)
    assert told(journal) == [(Reason.CONNECT, 1, True)]
    run_of(journal, GOOD)
    assert told(journal) == [(Reason.CONNECT, 1, False)]
    run_of(journal, failed())
    assert told(journal) == [(Reason.CONNECT, 1, True), (Reason.CONNECT, 1, False)]


def test_reasons_that_come_and_go_push_out_nothing() -> None:
    """Each is one failure, however often they change."""
    journal = Journal(wall=Clock())
    run_of(journal, failed(Reason.SCHEMA), source="other")
    for _ in range(MOST_KEPT):
        run_of(journal, failed(Reason.TIMEOUT))
        run_of(journal, failed(Reason.CONNECT))
    each = MOST_KEPT
    assert told(journal) == [
        (Reason.CONNECT, each, True),
        (Reason.TIMEOUT, each, True),
        (Reason.SCHEMA, 1, True),
    ]
    run_of(journal, GOOD)
    assert [goes_on for _, _, goes_on in told(journal)] == [False, False, True]


def test_what_failed_at_a_source_that_is_gone_does_not_go_on() -> None:
    """A reload removed it; what had ended before stays ended."""
    journal = Journal(wall=Clock())
    for source in ("acme", "gone", "recovered"):
        run_of(journal, failed(), source=source)
    run_of(journal, GOOD, source="recovered")
    journal.asks_only(["acme", "recovered"])
    assert [(each.latest.source, each.goes_on) for each in journal.view().failures] == [
        ("recovered", False),
        ("gone", False),
        ("acme", True),
    ]


def test_the_failure_that_happened_last_comes_first_and_the_oldest_is_dropped() -> None:
    """Twenty; one that goes on stays, however long ago it began."""
    journal = Journal(wall=Clock())
    run_of(journal, failed(), source="for ever")
    for number in range(MOST_KEPT + 5):
        run_of(journal, failed(), source=f"s{number}")
        run_of(journal, failed(), source="for ever")
    told = [each.latest.source for each in journal.view().failures]
    assert told == ["for ever", *(f"s{number}" for number in range(MOST_KEPT + 4, 5, -1))]
    assert journal.view().failures[0].times == MOST_KEPT + 6


# Steps


def test_of_many_steps_the_first_and_the_last_are_kept() -> None:
    """How it began, how it ended, and how many are missing between."""
    journal = Journal(wall=Clock())
    run = journal.begin("acme", "meetings")
    for number in range(FIRST_STEPS + LAST_STEPS + 30):
        run.note(Event.DRIFT, "room", count=number)
    steps = run.view().steps
    first, gap, last = steps[:FIRST_STEPS], steps[FIRST_STEPS], steps[FIRST_STEPS + 1 :]
    assert [each.count for each in first] == list(range(FIRST_STEPS))
    assert (gap.event, gap.count) == (Event.LEFT_OUT, 30)
    assert [each.count for each in last] == list(range(FIRST_STEPS + 30, FIRST_STEPS + 30 + LAST_STEPS))


def test_up_to_that_many_steps_none_is_missing() -> None:
    """The numbers of the first and the last add up."""
    run = Journal(wall=Clock()).begin("acme", "meetings")
    for _ in range(FIRST_STEPS + LAST_STEPS):
        run.note(Event.JOINED)
    assert [each.event for each in run.view().steps] == [Event.JOINED] * (FIRST_STEPS + LAST_STEPS)


def test_a_clock_that_is_set_back_makes_no_step_negative() -> None:
    """A step happens after its run has begun, whatever the clock says."""
    clock = Clock()
    journal = Journal(wall=clock)
    with journal.pull(allowed=1.0) as pull:
        run = journal.begin("acme", "presence")
        clock.now -= 3600.0
        line = pull.asked(run, Way.BEGAN, shared_for=1.0)
        run.note(Event.DEADLINE)
        journal.end(run, None)
        line.answered(GOOD)
    (told,) = journal.view().pulls
    assert (told.seconds, told.answers[0].age, told.answers[0].seconds) == (0.0, 0.0, 0.0)
    assert (one_run(journal).seconds, one_run(journal).steps[0].after) == (0.0, 0.0)


# The observer


def tell_all(observer: NotingObserver) -> None:
    """Everything that an observer can hear."""
    observer.queued("/a", seconds=0.05)
    observer.queued("/a", seconds=1.5)
    observer.responded("/a", code="429", seconds=0.2, size=12)
    observer.remaining("/a", 3.0)
    observer.remaining("/a", 0.0)
    observer.paused("/a", until=NOW + 30.0)
    observer.paused("", until=NOW - 1.0)
    observer.retried("/a", Reason.RATE_LIMITED)
    observer.backs_off("/a", Reason.RATE_LIMITED, wait=2.0)
    observer.gave_up("/a", Reason.SERVER_ERROR, wait=None)
    observer.not_asked("/a", Reason.RATE_LIMITED, left=28.0)
    observer.decoded("/a", seconds=0.01)
    observer.decoded("/a", seconds=0.4)
    observer.drifted("room", 0)
    observer.drifted("room", 2)


STEPS = [
    Step(0.0, Event.QUEUED, "/a", seconds=1.5),
    Step(0.0, Event.REQUEST, "/a", code="429", seconds=0.2, size=12),
    Step(0.0, Event.USED_UP, "/a"),
    Step(0.0, Event.PAUSE, "/a", seconds=30.0),
    Step(0.0, Event.PAUSE, seconds=0.0),
    Step(0.0, Event.RETRY, "/a", reason=Reason.RATE_LIMITED, seconds=2.0),
    Step(0.0, Event.GAVE_UP, "/a", reason=Reason.SERVER_ERROR),
    Step(0.0, Event.NOT_ASKED, "/a", reason=Reason.RATE_LIMITED, seconds=28.0),
    Step(0.0, Event.DECODED, "/a", seconds=0.4),
    Step(0.0, Event.DRIFT, "room", count=2),
]


def test_what_happens_to_a_request_becomes_a_step_of_the_run_that_makes_it() -> None:
    """Of runs at the same time each has its own; what is usual and quick is none."""
    journal = Journal(wall=Clock())
    observer = NotingObserver(Unconcerned())

    async def run(noise: int) -> Recording:
        recording = journal.begin("acme", "presence")
        recording.attach()
        for _ in range(noise):
            observer.drifted("noise", 1)
            await asyncio.sleep(0)
        tell_all(observer)
        return recording

    async def both() -> tuple[Recording, Recording]:
        return await asyncio.gather(asyncio.create_task(run(2)), asyncio.create_task(run(1)))

    first, second = asyncio.run(both())
    assert list(second.view().steps[1:]) == STEPS
    assert list(first.view().steps[2:]) == STEPS


def test_the_observer_behind_hears_everything_inside_a_run_and_outside() -> None:
    """Word for word: it counts, whoever asks."""

    def heard(*, inside: bool) -> Heard:
        behind = Heard()

        async def go() -> None:
            if inside:
                Journal(wall=Clock()).begin("acme", "presence").attach()
            tell_all(NotingObserver(behind))

        asyncio.run(go())
        return behind

    expected = Heard()
    for method, args, more in (
        ("queued", ("/a",), {"seconds": 0.05}),
        ("queued", ("/a",), {"seconds": 1.5}),
        ("responded", ("/a",), {"code": "429", "seconds": 0.2, "size": 12}),
        ("remaining", ("/a", 3.0), {}),
        ("remaining", ("/a", 0.0), {}),
        ("paused", ("/a",), {"until": NOW + 30.0}),
        ("paused", ("",), {"until": NOW - 1.0}),
        ("retried", ("/a", Reason.RATE_LIMITED), {}),
        ("backs_off", ("/a", Reason.RATE_LIMITED), {"wait": 2.0}),
        ("gave_up", ("/a", Reason.SERVER_ERROR), {"wait": None}),
        ("not_asked", ("/a", Reason.RATE_LIMITED), {"left": 28.0}),
        ("decoded", ("/a",), {"seconds": 0.01}),
        ("decoded", ("/a",), {"seconds": 0.4}),
        ("drifted", ("room", 0), {}),
        ("drifted", ("room", 2), {}),
    ):
        getattr(expected, method)(*args, **more)
    assert heard(inside=True) == heard(inside=False) == expected


def test_who_is_unconcerned_hears_all_and_does_nothing() -> None:
    """The base of observers that are about a part."""
    tell_all(NotingObserver(Unconcerned()))
