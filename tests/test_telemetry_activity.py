"""What the page for people is told of the last minute: requests, what is left, pauses, and shared pulls."""

from __future__ import annotations

import pytest

from exporter.telemetry import EndpointActivity, SourceActivity, Telemetry
from exporter.telemetry.activity import WINDOW, Recent
from tests.demo_client import Hand
from tests.test_telemetry import NOW, Account, telemetry


@pytest.fixture
def wall() -> Hand:
    """A clock that stands still until it is set."""
    return Hand(NOW)


@pytest.fixture
def counters(wall: Hand) -> Telemetry:
    """The counters of one account."""
    return telemetry(Account(), wall=wall)


def test_requests_of_the_last_minute_are_counted(wall: Hand, counters: Telemetry) -> None:
    """By path, failed ones too; a minute later they are forgotten."""
    observer = counters.observer("acme")
    for seconds, code in ((0, "200"), (0, "error"), (30.5, "200"), (29, "429")):
        wall.now += seconds
        observer.responded("/presence", code=code, seconds=0.1, size=1)

    assert counters.activity("acme").endpoints == (
        EndpointActivity("/presence", 4),
        EndpointActivity("/meetings", 0),
    )
    wall.now += 1
    assert counters.activity("acme").endpoints[0].last_minute == 2
    wall.now += WINDOW
    assert counters.activity("acme").endpoints[0].last_minute == 0


def test_a_path_that_only_the_doctor_asks_is_told_too(counters: Telemetry) -> None:
    """It counts against the same limit."""
    counters.observer("acme").responded("/", code="200", seconds=0.1, size=1)

    assert counters.activity("acme").endpoints[-1] == EndpointActivity("/", 1)


def test_what_the_vendor_leaves_and_its_pause_are_told(wall: Hand, counters: Telemetry) -> None:
    """The last word counts, and a pause that is over is none."""
    observer = counters.observer("acme")
    observer.remaining("/presence", 3.0)
    observer.remaining("/presence", 0.0)
    observer.paused("/presence", until=NOW + 42)
    wall.now += 2

    assert counters.activity("acme").endpoints == (
        EndpointActivity("/presence", 0, remaining=0, pause=40.0),
        EndpointActivity("/meetings", 0),
    )
    wall.now += 40
    assert counters.activity("acme").endpoints[0].pause is None


def test_pulls_are_told_by_how_they_were_answered(counters: Telemetry) -> None:
    """Those that asked, and those that got what others had asked; each source by itself."""
    for shared in (False, True, True):
        counters.pulled("acme", shared=shared)

    assert counters.activity("acme") == SourceActivity(counters.activity("acme").endpoints, 1, 2)
    assert counters.activity("other") == SourceActivity()


def test_memory_does_not_grow_with_what_happens() -> None:
    """A window of seconds is kept, not of requests."""
    recent = Recent()
    for tenth in range(36_000):
        recent.add(NOW + tenth / 10)

    assert len(recent._seconds) == WINDOW + 1
    assert recent.count(NOW + 3599.9) == 600


def test_a_clock_that_is_set_back_leaves_no_future() -> None:
    """What happened at a moment that has not come is not of the last minute."""
    recent = Recent()
    recent.add(NOW + 3600)
    recent.add(NOW)

    assert recent.count(NOW) == 1
