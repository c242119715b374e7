"""A reload on the whole way of a scrape: whom it is about changes, and nobody else notices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exporter.app.reload import BUG, NAMED, Reloads
from exporter.config import BucketSettings, CollectSettings, Loaded, Origin, Secret, SourceSettings
from exporter.config.fixed import NEEDS_A_RESTART
from exporter.demo import DAILY_KEY
from exporter.errors import ConfigError
from tests.kit.clock import START, loop_time
from tests.kit.families import CONNECTIONS, KEPT, family_of
from tests.kit.logs import Lines, caught_log
from tests.kit.scraping import Exporter, Page, chat_source, daily_source
from tests.kit.threads import run_threaded

CANARY = "canary-of-a-secret"
DURATIONS = frozenset(
    f"presence_upstream_request_duration_seconds{end}" for end in ("_bucket", "_count", "_sum")
)
WORKED = "presence_exporter_config_last_reload_successful"
WHEN = "presence_exporter_config_last_reload_success_timestamp_seconds"


@pytest.fixture(autouse=True)
def log() -> Iterator[Lines]:
    """Catch what is logged."""
    with caught_log() as lines:
        yield lines


def of_source(page: Page, source: str) -> dict[str, float]:
    """The series of one source."""
    return {name: value for name, value in page.series.items() if f'source="{source}"' in name}


def counters(page: Page, source: str) -> dict[str, float]:
    """The series of one source that only ever rise."""
    return {
        name: value
        for name, value in of_source(page, source).items()
        if name.partition("{")[0].endswith("_total") or family_of(name) in KEPT | DURATIONS
    }


# Sources that come, change and go


def test_sources_come_and_go_and_the_others_count_on() -> None:
    """Nothing is left of who is gone; who stays shares its last answer as if nothing had happened."""

    async def run() -> list[Page]:
        exporter = Exporter(daily_source(), chat_source())
        pages = [await exporter.scrape()]
        sent = len(exporter.wire.sent)
        assert (await exporter.reload(daily_source(), daily_source(name="more"))).text == "reloaded\n"
        await exporter.get("/")
        assert len(exporter.wire.sent) == sent
        pages.append(await exporter.scrape())
        assert exporter.wire.paths()[sent:].count("/v1/presence") == 1
        await exporter.reload(chat_source(), daily_source())
        pages.append(await exporter.scrape(at=START + 60))
        return pages

    first, second, third = run_threaded(run())

    assert of_source(second, "chat") == {}
    assert {name.replace("more", "video") for name in of_source(second, "more")} == set(
        of_source(first, "video")
    )
    assert third.value("presence_up", source="chat") == 1
    assert of_source(third, "more") == {}
    assert list(third.of("presence_source_info")) == [
        'presence_source_info{kind="rocketchat",source="chat"}',
        'presence_source_info{kind="daily",source="video"}',
    ]
    assert second.value("presence_exporter_collections_shared_total", source="video") == 1
    for before, after in ((first, second), (second, third)):
        then, now = counters(before, "video"), counters(after, "video")
        assert set(then) <= set(now)
        assert [name for name, value in then.items() if now[name] < value] == []
    assert counters(third, "video") != counters(first, "video")


def test_a_scrape_that_runs_across_a_reload_is_answered_as_it_began() -> None:
    """Also for a source that is gone by then; its client is closed only after that."""

    async def run() -> tuple[Page, Page, list[bool]]:
        exporter = Exporter(daily_source(), daily_source(name="gone", rooms=daily_source().rooms))
        exporter.moods.set("daily", "/presence", "stall")
        gone = exporter.app.sources[1]
        scraping = asyncio.create_task(exporter.scrape(10))
        await asyncio.sleep(2)
        await exporter.reload(daily_source())
        exporter.moods.clear()
        later = await exporter.scrape(5)
        client = gone._fetcher._client  # type: ignore[attr-defined]  # the one thing that must not be closed
        closed = [client.is_closed]
        page = await scraping
        await asyncio.sleep(0)
        return page, later, [*closed, client.is_closed]

    page, later, closed = run_threaded(run())

    assert page.status == later.status == 200
    assert {
        page.value("presence_collector_success", source=each, collector="meetings")
        for each in ("video", "gone")
    } == {1.0}
    assert page.value("presence_collector_success", source="gone", collector="presence") == 0
    assert of_source(later, "gone") == {}
    assert closed == [False, True]


def test_a_changed_source_counts_on_and_shows_what_it_asks_now() -> None:
    """The status watch of a workspace may begin anew, and with it what it kept."""

    async def run() -> list[Page]:
        exporter = Exporter(daily_source(), chat_source(), min_interval=0.0)
        pages = [await exporter.scrape()]
        await exporter.reload(daily_source(meetings=False), chat_source(connections=False))
        pages.append(await exporter.scrape(at=START + 30))
        return pages

    before, after = run_threaded(run())

    assert not after.of(*CONNECTIONS)
    assert 'collector="connections"' not in after.text
    assert "presence.getConnections" not in after.text
    assert 'collector="meetings"' not in after.text
    for source in ("video", "chat"):
        then, now = counters(before, source), counters(after, source)
        kept = {name for name in then if name in now and family_of(name) not in KEPT}
        assert [name for name in kept if now[name] < then[name]] == []
        asked = {"source": source, "collector": "presence"}
        assert after.value("presence_collector_runs_total", **asked) == 2


def test_what_a_source_has_counted_is_there_when_it_comes_back() -> None:
    """The ledger remembers it, though no page shows it meanwhile."""

    async def run() -> list[Page]:
        exporter = Exporter(daily_source(), chat_source())
        pages = []
        for sources in ((daily_source(), chat_source()), (chat_source(),), (daily_source(), chat_source())):
            await exporter.reload(*sources)
            await exporter.scrape()
            await asyncio.sleep(1800)
            await exporter.scrape()
            await asyncio.sleep(120)
            pages.append(await exporter.scrape())
        return pages

    first, away, back = run_threaded(run())
    name = 'presence_meeting_duration_seconds_count{source="video"}'

    assert name not in away.series
    assert 0 < first.series[name] <= back.series[name]


# Pauses and secrets


def test_a_reload_is_no_way_around_a_rate_limit() -> None:
    """Whatever else changes for an account: it is not asked before the pause is over."""

    async def run() -> None:
        exporter = Exporter(daily_source(), min_interval=0.0)
        exporter.moods.set("daily", "*", "rate_limited")
        until = (await exporter.scrape(2)).of("presence_upstream_pause")
        exporter.moods.clear()
        sent = len(exporter.wire.sent)
        for source in (daily_source(name="renamed"), chat_source()):
            await exporter.reload(source)
            await exporter.scrape(2)
        await exporter.reload(daily_source(meetings=False))
        page = await exporter.scrape(2)
        asked = [path for path in exporter.wire.paths()[sent:] if path.startswith("/v1")]
        [ends] = set(until.values())

        assert asked == []
        assert (
            page.value(
                "presence_collector_failures_total",
                source="video",
                collector="presence",
                reason="rate_limited",
            )
            == 1
        )
        assert set(page.of("presence_upstream_pause").values()) == {ends}
        await asyncio.sleep(60)
        assert (await exporter.scrape(5)).value("presence_up", source="video") == 1

    run_threaded(run())


def test_a_rotated_secret_is_read_from_its_file(tmp_path: Path) -> None:
    """By the reload, before anything is refused; a file that is the same keeps its source."""
    file = tmp_path / "key"

    def settings() -> list[SourceSettings]:
        return [daily_source(api_key=Secret(file.read_text(), origin=Origin.FILE, name=str(file)))]

    async def run() -> None:
        file.write_text("old")
        exporter = Exporter(*settings(), min_interval=0.0)
        file.write_text(DAILY_KEY)
        before = exporter.app.sources
        await exporter.reload(*settings())
        after = exporter.app.sources
        page = await exporter.scrape()
        await exporter.reload(*settings())

        assert before != after == exporter.app.sources
        assert page.value("presence_up", source="video") == 1
        keys = {sent.headers["authorization"] for sent in exporter.wire.sent}
        assert keys == {f"Bearer {DAILY_KEY}"}

    run_threaded(run())


# Settings for all


def test_the_largest_answer_is_that_of_the_configuration_in_force() -> None:
    """Also for a source that stays as it is."""

    async def run() -> None:
        exporter = Exporter(daily_source(), min_interval=0.0)
        sources, asked = exporter.app.sources, {"source": "video", "collector": "presence"}
        for size in (1024, 2**20):
            await exporter.reload(
                daily_source(), collect=CollectSettings(min_interval=0.0, max_response_bytes=size)
            )
            page = await exporter.scrape()
            assert page.value("presence_collector_success", **asked) == (size > 1024)
        page = await exporter.scrape()
        assert page.value("presence_collector_failures_total", **asked, reason="too_large") == 1
        assert exporter.app.sources == sources

    run_threaded(run())


def test_a_scrape_without_a_timeout_has_that_of_the_configuration_in_force() -> None:
    """From the next one on."""

    async def run() -> list[float]:
        exporter = Exporter(daily_source(meetings=False))
        exporter.moods.set("daily", "*", "stall")
        seconds = []
        for timeout in (10.0, 3.0):
            await exporter.reload(daily_source(meetings=False), collect=CollectSettings(timeout, 0.0))
            began = loop_time()
            await exporter.get("/metrics")
            seconds.append(loop_time() - began)
        return seconds

    assert run_threaded(run()) == pytest.approx([10.0, 3.0], abs=0.1)


# What cannot be put in force


@pytest.mark.parametrize(
    "spoil, fault",
    [
        (lambda exporter: setattr(exporter, "fault", "sources: is missing"), "sources: is missing"),
        (
            lambda exporter: setattr(exporter, "config", _with_buckets(exporter)),
            f"buckets.join_duration_seconds: {NEEDS_A_RESTART}",
        ),
    ],
)
def test_a_bad_configuration_leaves_the_one_before_in_force(
    spoil: Callable[[Exporter], None], fault: str, log: Lines
) -> None:
    """The answer says why, and so does the log; the gauges tell until a good one comes."""

    async def run() -> list[Page]:
        exporter = Exporter(daily_source())
        good = exporter.config
        pages = [await exporter.scrape()]
        sources = exporter.app.sources
        await asyncio.sleep(20)
        spoil(exporter)
        answer = await exporter.reload(chat_source())
        assert (answer.status_code, answer.text) == (500, f"{fault}\n")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        pages.append(await exporter.scrape())
        assert exporter.app.sources == sources
        exporter.fault, exporter.config = None, good
        assert (await exporter.reload(daily_source())).status_code == 200
        pages.append(await exporter.scrape())
        return pages

    pages = run_threaded(run())
    started = pages[0].series[WHEN]

    assert [page.series[WORKED] for page in pages] == [1, 0, 1]
    assert [page.series[WHEN] - started for page in pages] == [0, 0, 20]
    assert [page.value("presence_up", source="video") for page in pages] == [1, 1, 1]
    [line] = log.events("configuration not reloaded, the one before stays in force")
    assert (line["level"], line["detail"]) == ("error", fault)


def _with_buckets(exporter: Exporter) -> object:
    buckets = BucketSettings(join_duration_seconds=(1.0, 2.0))
    return type(exporter.config)(exporter.config.collect, buckets, exporter.config.sources)


# The log, and reloads that come together


class Reader:
    """Gives configurations one after the other, and says how many readings ran at once."""

    def __init__(self, exporter: Exporter, *faults: Exception | None) -> None:
        self._exporter = exporter
        self._faults = list(faults)
        self.begun: list[str] = []

    def __call__(self) -> Loaded:
        self.begun.append("read")
        fault = self._faults.pop(0) if self._faults else None
        if fault is not None:
            raise fault
        return Loaded(self._exporter.config, ("something could be better",))


def test_the_log_says_what_a_reload_changed(log: Lines) -> None:
    """In one line, beside the warnings; of very many sources some are named."""

    async def run() -> None:
        exporter = Exporter(daily_source(), chat_source())
        many = [daily_source(name=f"n{number}") for number in range(NAMED + 2)]
        await exporter.reload(daily_source(), chat_source(connections=False), *many)
        await exporter.reload(daily_source())

    run_threaded(run())
    names = ("added", "changed", "removed", "kept")

    some = " ".join(f"n{number}" for number in range(NAMED))
    assert [[line[name] for name in names] for line in log.events("configuration reloaded")] == [
        [f"{some} and 2 more", "chat", "", 1],
        ["", "", f"chat {' '.join(some.split()[:-1])} and 3 more", 1],
    ]


def test_warnings_are_logged_and_a_bug_has_no_words(log: Lines) -> None:
    """What nobody foresaw is told by its place, and the next reload works."""

    async def run() -> list[str | None]:
        exporter = Exporter(daily_source())
        reader = Reader(exporter, RuntimeError(CANARY), None)
        reloads = Reloads(reader, fleet=exporter.app.fleet, telemetry=exporter.app.telemetry)
        return [await reloads.reload() for _ in range(2)]

    assert run_threaded(run()) == [BUG, None]
    [bug] = log.events("a reload failed by a bug")
    assert bug["traceback"].startswith("RuntimeError < ")
    assert CANARY not in log.text
    assert [line["detail"] for line in log.events("configuration")] == ["something could be better"]


def test_reloads_that_come_together_take_turns() -> None:
    """Each reads for itself, and none reads before the one before is done."""

    async def run() -> list[str]:
        exporter = Exporter(daily_source())
        reader = Reader(exporter, ConfigError("no"), None, None)
        reloads = Reloads(reader, fleet=exporter.app.fleet, telemetry=exporter.app.telemetry)

        async def one() -> None:
            fault = await reloads.reload()
            reader.begun.append("done" if fault is None else fault)

        await asyncio.gather(*(one() for _ in range(3)))
        return reader.begun

    assert run_threaded(run()) == ["read", "no", "read", "done", "read", "done"]
