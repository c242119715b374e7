"""How the past is read: windows that fit, patience with failures, and never more requests than allowed."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from exporter import errors
from exporter.commands.backfill.command import make
from exporter.commands.backfill.reading import Oddities
from exporter.config import LedgerSettings
from exporter.fetch.patience import ATTEMPTS
from exporter.model import Reason, SourceObserver
from exporter.sources import daily
from exporter.sources.daily.past import FIRST_WAIT, MOST, PATIENCE, TRIES, WIDEST, PastReader, Stretch
from tests.kit.clock import loop_time, run_virtual, virtual
from tests.kit.logs import caught_log
from tests.kit.past import DAY, NOW, Held, PastVendor, answer, many, setup_of, wish
from tests.kit.rig import daily_settings, make_fetcher

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.kit.past import Instead

BEGIN = int(NOW) - 30 * DAY
END = BEGIN + 20 * DAY


def reader_of(vendor: httpx.AsyncBaseTransport) -> PastReader:
    """A reader that is not slowed down."""
    maker = replace(daily.vendor(daily_settings()), pace=None)
    return PastReader(make_fetcher(vendor, maker, wall=lambda: NOW), Oddities(), per_minute=60)


async def read_all(reader: PastReader, begin: int = BEGIN, end: int = END) -> list[Stretch]:
    """Every window up to the end."""
    stretches = []
    while begin < end:
        stretches.append(await reader.read(begin, until=end))
        begin = stretches[-1].end
    return stretches


def evenly(number: int, *, begin: int = BEGIN, every: int) -> Sequence[Held]:
    """Meetings a fixed time apart."""
    return [Held(f"m{index}", begin + index * every, 60, stays=(60,), peak=1) for index in range(number)]


def ids(stretches: Sequence[Stretch]) -> list[str]:
    """The meetings of all windows."""
    return sorted(meeting.id for stretch in stretches for meeting in stretch.meetings)


@virtual
async def test_windows_follow_each_other_and_hold_every_meeting_once() -> None:
    """Whatever the density is, and though rows repeat from page to page."""
    held = list(many(9000, begin=BEGIN, seconds=3 * DAY)) + list(
        many(50, begin=BEGIN + 10 * DAY, seconds=9 * DAY, seed=3)
    )
    held = [replace(each, id=f"{index}") for index, each in enumerate(held)]
    vendor = PastVendor(held, repeats=10)
    stretches = await read_all(reader_of(vendor))
    assert ids(stretches) == sorted(each.id for each in held)
    assert [each.start for each in stretches[1:]] == [each.end for each in stretches[:-1]]
    assert (stretches[0].start, stretches[-1].end) == (BEGIN, END)
    assert max(len(each.meetings) for each in stretches) <= MOST
    assert {each.moment for each in stretches} == {NOW}


@virtual
async def test_a_quiet_domain_is_read_by_the_week() -> None:
    """One request each, however long nothing happened."""
    vendor = PastVendor([])
    stretches = await read_all(reader_of(vendor))
    assert [each.end - each.start for each in stretches] == [WIDEST, WIDEST, 20 * DAY - 2 * WIDEST]
    assert len(vendor.asked) == 3


@virtual
async def test_a_busy_domain_costs_a_request_for_each_page_and_few_more() -> None:
    """A window that is too wide is noticed at its first page."""
    vendor = PastVendor(evenly(20_000, every=60))
    await read_all(reader_of(vendor))
    assert len(vendor.asked) <= 200 + 30 + 2


@virtual
async def test_a_second_with_more_meetings_than_a_window_may_have_is_read_whole() -> None:
    """It cannot be cut."""
    held = [Held(f"m{index}", BEGIN + 5, 60) for index in range(1300)]
    stretches = await read_all(reader_of(PastVendor(held)), BEGIN, BEGIN + 10)
    assert ids(stretches) == sorted(each.id for each in held)


@virtual
async def test_meetings_that_are_missing_on_the_pages_are_asked_for_again_and_then_told() -> None:
    """A window is whole, or it is none."""

    def short(times: int) -> Instead:
        page = {"total_count": 3, "data": [Held("a", BEGIN + 1, 2).row()]}
        return lambda number: answer(200, page) if number <= 2 * times else None

    vendor = PastVendor([Held("a", BEGIN + 1, 2)], instead=short(1))
    assert ids(await read_all(reader_of(vendor), BEGIN, BEGIN + DAY)) == ["a"]
    with pytest.raises(errors.AnswerMisshapen, match="missing on the pages"):
        await reader_of(PastVendor([], instead=short(2))).read(BEGIN, until=END)


@pytest.mark.parametrize(
    "failure",
    [
        lambda: answer(429, {}),
        lambda: answer(429, {}, Retry_After="200"),
        lambda: answer(500, {}),
        lambda: answer(503, {}, Retry_After="30"),
        lambda: httpx.ConnectError("no"),
    ],
)
def test_what_may_pass_is_waited_for(failure: Callable[[], httpx.Response | Exception]) -> None:
    """For minutes, and told; the window is read whole afterwards."""

    async def run() -> None:
        recovers = loop_time() + 200

        def instead(_: int) -> httpx.Response | None:
            if loop_time() > recovers:
                return None
            outcome: httpx.Response | Exception = failure()
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        vendor = PastVendor([Held("a", BEGIN + 1, 2)], instead=instead)
        stretch = await reader_of(vendor).read(BEGIN, until=END)
        assert len(stretch.meetings) == 1
        assert loop_time() < recovers + 300

    with caught_log() as lines:
        run_virtual(run())
    assert [line["seconds"] for line in lines.events("reading failed, and is tried again")][:2] == [15, 30]


@virtual
async def test_what_does_not_pass_ends_it_after_some_tries() -> None:
    """About eight minutes, and the last error is the one that is told."""
    vendor = PastVendor([], instead=lambda _: answer(500, {}))
    began = loop_time()
    with pytest.raises(errors.ServerFailed):
        await reader_of(vendor).read(BEGIN, until=END)
    assert 15 * (2 ** (TRIES - 1) - 1) <= loop_time() - began < 600


@virtual
async def test_failures_are_counted_in_a_row() -> None:
    """A vendor that fails now and then is read to the end."""
    vendor = PastVendor(evenly(9000, every=60), instead=lambda n: answer(429, {}) if n % 4 else None)
    assert len(ids(await read_all(reader_of(vendor)))) == 9000


@virtual
async def test_a_refusal_that_asking_again_cannot_change_ends_it_at_once() -> None:
    """Such as a wrong key."""
    vendor = PastVendor([], instead=lambda _: answer(401, {}))
    with pytest.raises(errors.CredentialRefused):
        await reader_of(vendor).read(BEGIN, until=END)
    assert len(vendor.asked) == 1


class Silent(httpx.AsyncBaseTransport):
    """Gives no answer to its third request."""

    def __init__(self, vendor: PastVendor) -> None:
        self.vendor = vendor
        self.asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.asked == 3:
            await asyncio.Future()
        return await self.vendor.handle_async_request(request)


@virtual
async def test_a_page_that_does_not_come_is_asked_for_again() -> None:
    """After a minute, and the pages before it are not asked for again."""
    vendor = PastVendor(evenly(850, every=600))
    silent, began = Silent(vendor), loop_time()
    assert len(ids(await read_all(reader_of(silent)))) == 850
    assert silent.asked == len(vendor.asked) + 1 == 12
    assert loop_time() - began == pytest.approx(PATIENCE + ATTEMPTS + FIRST_WAIT)


@pytest.mark.parametrize("per_minute", [1, 7, 60, 300, 6000])
def test_never_more_requests_than_the_ledger_may_send(tmp_path: Path, per_minute: int) -> None:
    """Retries included; and never more than five in a second, whatever is configured."""
    held = [each for each in many(1500, begin=NOW - 3 * DAY, seconds=DAY) if each.end < NOW - DAY]
    vendor = PastVendor(held, instead=lambda n: answer(500, {}) if n % 5 == 0 else None)
    setup = setup_of(vendor, ledger=LedgerSettings(requests_per_minute=per_minute))
    asked = wish(tmp_path / "o", start=NOW - 3 * DAY, end=NOW - DAY, step="5m")
    make(setup, asked, stream=io.StringIO(), run=run_virtual)
    times = [at for at, _ in vendor.asked]
    assert len(times) > 10
    assert max(sum(at <= other < at + 60 for other in times) for at in times) <= per_minute
    assert max(sum(at <= other < at + 1 for other in times) for at in times) <= 5


def test_oddities_hears_all_that_an_observer_hears() -> None:
    """And counts the odd fields alone."""
    oddities = Oddities()
    observer: SourceObserver = oddities
    observer.responded("/meetings", code="200", seconds=1.0, size=1)
    observer.retried("/meetings", Reason.CONNECT)
    observer.remaining("/meetings", 1.0)
    observer.paused("", until=1.0)
    observer.decoded("/meetings", seconds=1.0)
    observer.drifted("room", 2)
    observer.drifted("duration", 0)
    assert +oddities.rows == {"room": 2}
