"""What is noted of a collection: each way to an answer, and each decision, in front of a scripted vendor."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any

import httpx
import pytest

from exporter.config import PresenceMode
from exporter.journal import AnswerNote, Event, Outcome, PullNote, RunNote, Step, Way
from exporter.model import Reason
from tests.kit.clock import WALL_START, loop_time, virtual
from tests.kit.rig import (
    PRESENCE,
    USERS,
    Rig,
    chat_rig,
    daily_rig,
    daily_settings,
    room_path,
    watching,
)
from tests.kit.vendor import STALL, Always, Reply
from tests.kit.vendor import Step as Scripted

NOBODY: Scripted = Reply({})
PATH = "/presence"


def presence(*steps: Scripted) -> Rig:
    """A Daily source whose one collector meets these."""
    return daily_rig({PRESENCE: steps})


def noted(rig: Rig, number: int = 0) -> tuple[PullNote, AnswerNote]:
    """A pull, the newest first, and its only answer."""
    pull = rig.journal.view().pulls[number]
    (answer,) = pull.answers
    return pull, answer


def run_of(rig: Rig, number: int = 0) -> RunNote:
    """The run that this pull began."""
    began = noted(rig, number)[1].began
    assert began is not None
    return began


def events(steps: Sequence[Step]) -> list[Event]:
    """What happened, in a word each."""
    return [step.event for step in steps]


def about(value: Any) -> Any:
    """The value, but for rounding."""
    return pytest.approx(value)


def near(step: Step) -> Step:
    """The step with rounded seconds."""
    seconds = None if step.seconds is None else round(step.seconds, 2)
    return replace(step, after=round(step.after, 2), seconds=seconds)


@virtual
async def test_a_good_run_is_noted_with_its_request() -> None:
    """The documented path, the status, the bytes, the time; and when, with how much time."""
    rig = presence(Reply({}, after=0.5))
    await asyncio.sleep(7)
    await rig.pull(9.5)
    pull, answer = noted(rig)
    assert (pull.at, pull.allowed, pull.outcome) == (WALL_START + 7, 9.5, Outcome.SUCCESS)
    assert (answer.way, answer.run, answer.outcome, answer.age) == (Way.BEGAN, 1, Outcome.SUCCESS, 0.0)
    run = run_of(rig)
    assert (run.source, run.collector, run.at) == ("video", "presence", WALL_START + 7)
    assert run.seconds == answer.seconds == about(0.5)
    assert [near(each) for each in run.steps] == [
        Step(0.5, Event.REQUEST, PATH, code="200", seconds=0.5, size=2)
    ]
    assert rig.journal.view().failures == ()


@virtual
async def test_retries_are_noted_with_their_waits_and_the_end_of_patience() -> None:
    """Each status, why it was asked again and after how long, and that four times are enough."""
    rig = presence(Reply(b"", 500), httpx.ReadError("reset"), Reply(b"", 502), Reply(b"", 503))
    await rig.pull()
    steps = run_of(rig).steps
    assert events(steps) == [Event.REQUEST, Event.RETRY] * 3 + [Event.REQUEST, Event.GAVE_UP]
    assert [step.code for step in steps[::2]] == ["500", "error", "502", "503"]
    retries = steps[1:-1:2]
    assert [step.reason for step in retries] == [Reason.SERVER_ERROR, Reason.CONNECT, Reason.SERVER_ERROR]
    times = [asked.at for asked in rig.script.asked]
    waits = [later - sooner for sooner, later in pairwise(times)]
    assert [step.seconds for step in retries] == about(waits)
    assert (steps[-1].subject, steps[-1].reason, steps[-1].seconds) == (PATH, Reason.SERVER_ERROR, None)
    (failure,) = rig.journal.view().failures
    assert (failure.latest, failure.latest.detail) == (run_of(rig), "/presence: answered 503")


@virtual
async def test_a_wait_that_does_not_fit_and_the_pause_that_follows_are_noted() -> None:
    """Of Rocket.Chat the route pauses; the next scrape asks nobody, and the failures are one."""
    rig = chat_rig({USERS: [Reply(b"{}", 429, headers={"X-RateLimit-Remaining": "0", "Retry-After": "30"})]})
    await rig.pull()
    await asyncio.sleep(10)
    await rig.pull()
    first, second = run_of(rig, 1), run_of(rig, 0)
    path = "/api/v1/users.presence"
    assert [near(each) for each in first.steps] == [
        Step(0.0, Event.REQUEST, path, code="429", seconds=0.0, size=2),
        Step(0.0, Event.USED_UP, path),
        Step(0.0, Event.PAUSE, path, seconds=30.0),
        Step(0.0, Event.GAVE_UP, path, reason=Reason.RATE_LIMITED, seconds=30.05),
    ]
    assert [near(each) for each in second.steps] == [
        Step(0.0, Event.NOT_ASKED, path, reason=Reason.RATE_LIMITED, seconds=20.0)
    ]
    (failure,) = rig.journal.view().failures
    assert (failure.times, failure.first, failure.latest, failure.goes_on) == (2, first, second, True)


@virtual
async def test_a_pause_of_a_daily_domain_is_of_the_whole_source() -> None:
    """It has no path of its own; a wait that fits is a retry."""
    rig = presence(Reply(b"", 429, headers={"Retry-After": "2"}), NOBODY)
    await rig.pull()
    steps = [near(each) for each in run_of(rig).steps]
    assert steps[1:3] == [
        Step(0.0, Event.PAUSE, seconds=2.0),
        Step(0.0, Event.RETRY, PATH, reason=Reason.RATE_LIMITED, seconds=2.05),
    ]
    assert (steps[3].event, steps[3].code, steps[3].after) == (Event.REQUEST, "200", 2.05)


@virtual
async def test_a_pause_begun_by_a_failing_server_is_told_as_such() -> None:
    """A 503 that names a wait is obeyed, and the reason stays the server's."""
    rig = presence(Reply(b"", 503, headers={"Retry-After": "60"}))
    await rig.pull()
    await rig.pull()
    (step,) = run_of(rig).steps
    assert (step.event, step.reason) == (Event.NOT_ASKED, Reason.SERVER_ERROR)


@virtual
async def test_waiting_for_a_turn_is_noted() -> None:
    """Daily is asked at a pace: of many watched rooms the later ones have to wait."""
    rooms = [f"room-{number}" for number in range(60)]
    settings = daily_settings(presence=PresenceMode.ROOMS, rooms=watching(*rooms))
    rig = daily_rig(
        {room_path(room): Always(Reply({"total_count": 0, "data": []})) for room in rooms}, settings
    )
    await rig.pull(60.0)
    steps = run_of(rig).steps
    queued = [step for step in steps if step.event is Event.QUEUED]
    assert queued
    assert {step.subject for step in steps if step.subject} == {"/rooms/{room}/presence"}
    assert sum(step.count or 1 for step in steps if step.event is not Event.QUEUED) >= len(rooms)


@virtual
async def test_a_deadline_that_passes_is_noted_with_the_request_that_was_cut_off() -> None:
    """The vendor never answered."""
    rig = presence(STALL)
    await rig.pull(3.0)
    run = run_of(rig)
    assert [near(each) for each in run.steps] == [
        Step(3.0, Event.REQUEST, PATH, code="error", seconds=3.0, size=0),
        Step(3.0, Event.DEADLINE),
    ]
    assert (run.outcome, run.reason, run.detail) == (
        Outcome.FAILURE,
        Reason.TIMEOUT,
        "no answer before the scrape's deadline",
    )


@virtual
async def test_a_pull_that_joins_a_run_is_noted_on_both_sides() -> None:
    """The later pull has the number of the run and its age; the run, that it was joined."""
    rig = presence(Reply({}, after=2.0))
    first = asyncio.create_task(rig.pull())
    await asyncio.sleep(0.5)
    await rig.pull()
    await first
    _, joined = noted(rig, 0)
    assert (joined.way, joined.run, joined.age, joined.began) == (Way.JOINED, 1, about(0.5), None)
    assert joined.seconds == about(1.5)
    assert events(run_of(rig, 1).steps) == [Event.JOINED, Event.REQUEST]


@virtual
async def test_a_waiter_that_leaves_early_is_noted_and_the_run_goes_on() -> None:
    """Its own deadline is over: its answer is a failure, the run's is not."""
    rig = presence(Reply({}, after=5.0))
    first = asyncio.create_task(rig.pull(1.0))
    await asyncio.sleep(0.1)
    await rig.pull(9.0)
    await first
    early, late = noted(rig, 1)[1], noted(rig, 0)[1]
    assert (early.outcome, early.reason, early.seconds) == ("failure", Reason.TIMEOUT, about(1.02))
    assert (late.outcome, late.way) == (Outcome.SUCCESS, Way.JOINED)
    assert events(run_of(rig, 1).steps) == [Event.JOINED, Event.LEFT, Event.REQUEST]
    assert run_of(rig, 1).outcome is Outcome.SUCCESS
    assert rig.journal.view().failures == ()


@pytest.mark.parametrize("after", [0.0, 0.5])
@virtual
async def test_a_run_that_nobody_waits_for_is_cancelled_and_noted(after: float) -> None:
    """Also one that had not come to its first line; the client's leaving is no failure."""
    rig = presence(STALL)
    pull = asyncio.create_task(rig.pull())
    await asyncio.sleep(after)
    pull.cancel()
    with suppress(asyncio.CancelledError):
        await pull
    await asyncio.sleep(1)
    told, answer = noted(rig)
    assert (told.outcome, answer.outcome, answer.seconds) == (Outcome.CANCELLED, Outcome.UNDER_WAY, None)
    run = run_of(rig)
    assert run.outcome is Outcome.CANCELLED
    assert run.steps[-1].event is Event.CANCELLED
    assert rig.journal.view().failures == ()


@virtual
async def test_a_result_that_is_shared_is_noted_with_its_age() -> None:
    """Within the interval nobody is asked, and the run is the older pull's."""
    rig = presence(NOBODY)
    rig.collection.replace([rig.source], min_interval=10.0)
    await rig.pull()
    await asyncio.sleep(4)
    await rig.pull()
    pull, answer = noted(rig, 0)
    assert (answer.way, answer.run, answer.age, answer.shared_for) == (
        Way.SHARED,
        1,
        about(4.0),
        10.0,
    )
    assert (answer.began, answer.outcome, pull.outcome) == (None, Outcome.SUCCESS, Outcome.SUCCESS)
    assert len(rig.script.asked) == 1


@virtual
async def test_a_field_that_drifts_is_noted() -> None:
    """By the name that the vendor documents, and how many rows."""
    rig = presence(Reply({"lobby": [{"joinTime": 5}, {}]}))
    await rig.pull()
    drift = [step for step in run_of(rig).steps if step.event is Event.DRIFT]
    assert [(step.subject, step.count) for step in drift] == [("joinTime", 2)]


@virtual
async def test_the_time_of_a_pull_is_what_is_left_of_its_deadline() -> None:
    """A deadline that is over already leaves less than nothing."""
    rig = presence(STALL)
    await rig.collection.pull(loop_time() - 1.0)
    assert noted(rig)[0].allowed == about(-1.0)
