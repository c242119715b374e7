"""Pages about one source or some collectors, through the whole exporter: they ask less, and say the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.families import CHAT_PRESENCE, DOMAIN_PRESENCE, ENDED_MEETINGS, MEETINGS, family_of
from tests.kit.logs import caught_log
from tests.kit.scraping import Exporter, Page, chat_source, daily_source
from tests.kit.threads import run_threaded

PRESENCE: Final = "/v1/presence"
LISTED: Final = "/v1/meetings"
USERS: Final = "/api/v1/users.presence"
CONNECTIONS: Final = "/api/v1/presence.getConnections"

SOURCES: Final = {
    "video": ("presence", "meetings", "ended_meetings"),
    "chat": ("presence", "connections"),
}
COLLECTORS: Final = ("presence", "meetings", "ended_meetings", "connections")

OWN: Final = ("presence_exporter_", "presence_collector_runs", "presence_collector_failures")
"""What begins like this is counted by the process and not found out by a collection."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Catch what is logged."""
    with caught_log():
        yield


def path_of(*collectors: str, source: str | None = None) -> str:
    """The page about these collectors, of that source or of all."""
    query = urlencode([("collect[]", name) for name in collectors])
    return f"/probe?source={source}&{query}" if source else f"/metrics?{query}"


def world() -> Exporter:
    """Both vendors, and one collection in ten seconds."""
    return Exporter(daily_source(), chat_source())


async def parts(exporter: Exporter, *paths: str) -> list[Page]:
    """Scrape these pages, one after the other and at one moment."""
    pages = [await exporter.scrape(path=path) for path in paths]
    assert {page.status for page in pages} == {200}
    return pages


def found_out(page: Page, *, source: str | None = None) -> dict[str, float]:
    """What a page says of what was collected, of that source or of all."""
    whose = "" if source is None else f'source="{source}"'
    upstream = "presence_upstream_", "presence_schema_", "presence_build"
    return {
        name: value
        for name, value in page.series.items()
        if not name.startswith((*OWN, *upstream)) and whose in name
    }


# What is asked


@pytest.mark.parametrize(
    "path, asked",
    [
        (path_of("presence"), {PRESENCE, USERS}),
        (path_of("connections"), {CONNECTIONS}),
        (path_of("meetings"), {LISTED}),
        (path_of("exporter"), set()),
        (path_of("exporter", "connections"), {CONNECTIONS}),
        (path_of(source="chat"), {USERS, CONNECTIONS}),
        (path_of("presence", source="chat"), {USERS}),
        (path_of("meetings", source="chat"), set()),
        (path_of("presence", source="video"), {PRESENCE}),
    ],
)
def test_only_the_vendors_of_what_is_on_the_page_are_asked(path: str, asked: set[str]) -> None:
    """Neither the other sources nor the other collectors of the same one."""

    async def run() -> set[str]:
        exporter = world()
        await parts(exporter, path)
        return set(exporter.wire.paths())

    assert run_threaded(run()) == asked


def test_nobody_is_asked_for_a_page_that_there_is_not_or_for_the_list_of_targets() -> None:
    """Nor for the head of a page."""

    async def run() -> tuple[list[int], list[str]]:
        exporter = world()
        answers = [
            await exporter.get(path)
            for path in ("/probe", "/probe?source=http://127.0.0.1/", path_of("x"), "/sd")
        ]
        return [answer.status_code for answer in answers], exporter.wire.paths()

    assert run_threaded(run()) == ([400, 404, 400, 200], [])


# Sharing


def test_a_probe_soon_after_a_scrape_shares_its_collection() -> None:
    """And a scrape soon after a probe asks only what the probe did not."""

    async def run() -> None:
        exporter = world()
        await parts(exporter, "/metrics")
        before = len(exporter.wire.sent)
        await asyncio.sleep(9)
        await parts(exporter, path_of(source="chat"), path_of(source="video"), path_of("meetings"))
        assert len(exporter.wire.sent) == before
        await asyncio.sleep(1)
        await parts(exporter, path_of("presence", source="video"))
        assert exporter.wire.paths()[before:] == [PRESENCE]
        await parts(exporter, "/metrics")

        # Ended meetings are read once in `ledger.interval`.
        assert sorted(exporter.wire.paths()[before:]) == sorted([PRESENCE, LISTED, USERS, CONNECTIONS])

    run_threaded(run())


def test_pages_at_once_are_one_round_whatever_they_are_about() -> None:
    """Each question is asked once, as for two Prometheus servers with several jobs each."""
    pages = ("/metrics", path_of(source="chat"), path_of(source="video"), path_of("presence", "connections"))

    async def run() -> list[str]:
        exporter = world()
        await asyncio.gather(*(exporter.scrape(path=path) for path in pages * 5))
        return exporter.wire.paths()

    asked = run_threaded(run())

    assert sorted(set(asked)) == sorted([PRESENCE, LISTED, USERS, CONNECTIONS, "/v1/"])
    assert [asked.count(path) for path in (PRESENCE, USERS, CONNECTIONS)] == [1, 1, 1]


def test_each_probe_leaves_at_its_own_deadline() -> None:
    """A stalled vendor delays no page that is not about it, and a page about it no longer than it may."""

    async def run() -> tuple[Page, Page]:
        exporter = world()
        exporter.moods.set("rocketchat", "*", "stall")
        stalled, quick = await asyncio.gather(
            exporter.scrape(4.0, path=path_of(source="chat")), exporter.scrape(path=path_of(source="video"))
        )
        return stalled, quick

    stalled, quick = run_threaded(run())

    assert stalled.seconds == pytest.approx(3.5, abs=0.1)
    assert stalled.value("presence_up", source="chat") == 0
    assert stalled.of("presence_users") == {}
    assert quick.seconds < 3
    assert quick.value("presence_up", source="video") == 1


# What is shown


def test_the_probes_together_say_what_the_whole_page_says() -> None:
    """Of each source the same, and of the exporter nothing."""

    async def run() -> list[Page]:
        return await parts(world(), "/metrics", *(path_of(source=source) for source in SOURCES))

    whole, *probes = run_threaded(run())

    for source, page in zip(SOURCES, probes, strict=True):
        assert page.series == found_out(whole, source=source)
        assert page.value("presence_up", source=source) == 1


def test_a_part_has_its_families_and_whether_they_are_true() -> None:
    """But not whether the source is up: what was not asked might fail."""

    async def run() -> list[Page]:
        return await parts(
            world(), path_of("presence"), path_of("meetings"), path_of("ended_meetings", source="video")
        )

    presence, meetings, ended = ({family_of(name) for name in page.series} for page in run_threaded(run()))
    told = {
        "presence_source_info",
        "presence_collector_success",
        "presence_collector_duration_seconds",
        "presence_collector_last_success_timestamp_seconds",
    }

    # The domain has no second list of users yet, whose distance the first page could tell.
    shown_at_once = CHAT_PRESENCE - {"presence_status_resolution_seconds"}
    assert presence == DOMAIN_PRESENCE | shown_at_once | {"presence_status_duration_seconds"} | told
    assert meetings == MEETINGS | told
    assert ended == ENDED_MEETINGS | told


def test_a_source_of_which_all_is_asked_says_whether_it_is_up() -> None:
    """However that was said."""

    async def run() -> list[Page]:
        everything = path_of(*SOURCES["chat"], source="chat")
        return await parts(world(), everything, path_of(*SOURCES["chat"]))

    probe, page = run_threaded(run())

    assert probe.value("presence_up", source="chat") == page.value("presence_up", source="chat") == 1
    assert page.value("presence_up", source="video") is None


def test_a_source_without_such_a_collector_is_an_empty_page() -> None:
    """One list of collectors does for all targets of a job; OpenMetrics ends as it must."""

    async def run() -> list[str]:
        exporter, path = world(), path_of("meetings", source="chat")
        openmetrics = "application/openmetrics-text;version=1.0.0"
        return [(await exporter.scrape(path=path, accept=accept)).text for accept in ("*/*", openmetrics)]

    assert run_threaded(run()) == ["", "# EOF\n"]


SUBSETS: Final = st.lists(
    st.tuples(
        st.none() | st.sampled_from(list(SOURCES)),
        st.sets(st.sampled_from(COLLECTORS)).map(sorted),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40)
@given(
    wishes=SUBSETS,
    whole_at=st.integers(0, 6),
    moods=st.sets(st.sampled_from([("daily", "/meetings"), ("daily", "/presence"), ("rocketchat", "*")])),
)
def test_a_part_says_nothing_but_what_the_whole_page_says(
    wishes: list[tuple[str | None, list[str]]], whole_at: int, moods: set[tuple[str, str]]
) -> None:
    """Whatever is asked in which order, and whoever fails: the same series with the same values."""

    async def run() -> tuple[Page, list[Page]]:
        exporter = world()
        for vendor, path in moods:
            exporter.moods.set(vendor, path, "forbidden")
        paths = [path_of(*collectors, source=source) for source, collectors in wishes]
        paths.insert(min(whole_at, len(paths)), "/metrics")
        pages = await asyncio.gather(*(exporter.scrape(path=path) for path in paths))
        return pages.pop(min(whole_at, len(wishes))), pages

    whole, pages = run_threaded(run())

    assert whole.status == 200
    known = found_out(whole)
    for (source, collectors), page in zip(wishes, pages, strict=True):
        assert page.status == 200
        said = found_out(page)
        assert said.items() <= known.items()
        assert {name: known[name] for name in said if "_up{" in name} == ups(known, source, collectors)


def ups(known: dict[str, float], source: str | None, collectors: Sequence[str]) -> dict[str, float]:
    """Which sources say whether they are up: those of which every collector is on the page."""
    return {
        f'presence_up{{source="{name}"}}': known[f'presence_up{{source="{name}"}}']
        for name, own in SOURCES.items()
        if source in {None, name} and set(own) <= set(collectors or COLLECTORS)
    }
