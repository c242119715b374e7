"""The sources in force: what stays is the very same, what goes is closed when unused, all or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.app.fleet import Changes, Fleet
from exporter.app.members import Member, PausesOf
from exporter.collect import Collection
from exporter.config import (
    BucketSettings,
    CollectSettings,
    Config,
    DailySettings,
    LedgerSettings,
    Origin,
    Secret,
    SourceSettings,
)
from exporter.errors import ConfigError
from exporter.model import Deadline, Facts, Finding, Partial, Reason, WatchedRooms
from exporter.pauses import FIRST_UNNAMED
from exporter.sources import daily
from exporter.telemetry import BuildInfo, Telemetry
from tests.kit.clock import START, WALL_START, WallClock, loop_time, run_virtual, virtual
from tests.kit.logs import caught_log
from tests.kit.rig import daily_settings, inline

CANARY = "canary-of-a-secret"
PAUSE = "presence_upstream_pause_until_timestamp_seconds"


@dataclass(eq=False)
class Account:
    """A source whose one collector needs `seconds`, and must not be closed meanwhile."""

    settings: DailySettings
    seconds: float = 1.0
    kind: str = "daily"
    endpoints: Sequence[str] = ("/presence",)
    drift_fields: Sequence[str] = ()
    closed: int = 0
    users: int = 0
    bug: Exception | None = None
    collectors: Sequence[Any] = ()

    def __post_init__(self) -> None:
        self.collectors = [Presence(self)]

    @property
    def name(self) -> str:
        return self.settings.name

    async def examine(self, deadline: Deadline) -> Sequence[Finding]:  # pragma: no cover - for the doctor
        return ()

    async def aclose(self) -> None:
        assert self.users == 0, "closed while it is used"
        self.closed += 1
        if self.bug is not None:
            raise self.bug


@dataclass
class Presence:
    """The one question."""

    source: Account
    name: ClassVar[str] = "presence"
    endpoint: ClassVar[str] = "/presence"
    interval: float | None = None

    async def kept(self) -> Facts | None:
        return None

    async def collect(self, _deadline: Deadline) -> Partial:
        self.source.users += 1
        try:
            assert not self.source.closed
            await asyncio.sleep(self.source.seconds)
            assert not self.source.closed
        finally:
            self.source.users -= 1
        return Partial(WatchedRooms({}))


@dataclass
class Maker:
    """Makes such accounts, unless the name is among the broken; remembers all that it made."""

    telemetry: Telemetry
    seconds: float = 1.0
    broken: frozenset[str] = frozenset()
    fault: Exception = field(default_factory=lambda: ConfigError("http.ca_file: cannot be used"))
    made: list[Account] = field(default_factory=list)

    def fits(self, member: Member, settings: SourceSettings) -> bool:
        return member.settings == settings

    def make(self, settings: SourceSettings, pauses_of: PausesOf) -> Member:
        if settings.name in self.broken:
            raise self.fault
        assert isinstance(settings, DailySettings)
        vendor, source = daily.vendor(settings), Account(settings, self.seconds)
        self.made.append(source)
        line = self.telemetry.line(settings.name, kind="daily")
        return Member(settings, "", source, vendor, pauses_of(vendor), line)


def account(name: str, key: str = "k", **changes: Any) -> DailySettings:
    """One account by the name of its source and its key."""
    return daily_settings(name=name, api_key=inline(key), **changes)


def config(*sources: SourceSettings, **changes: Any) -> Config:
    """A configuration of these."""
    return replace(Config(CollectSettings(min_interval=0.0), BucketSettings(), sources), **changes)


class Yard:
    """A fleet, what it is made with, and the pages that it would give."""

    def __init__(self, first: Config, *, seconds: float = 1.0) -> None:
        wall = WallClock()
        build = BuildInfo("1", "r", "3")
        self.telemetry = Telemetry(build, request_buckets=(1.0,), process_metrics=False, wall=wall)
        self.collection = Collection((), min_interval=9.0, observer=self.telemetry, wall=wall)
        self.maker = Maker(self.telemetry, seconds)
        self.fleet = Fleet(
            first, maker=self.maker, collection=self.collection, telemetry=self.telemetry, wall=wall
        )

    async def pull(self, seconds: float = 9.0) -> list[tuple[str, bool | None]]:
        """One scrape: the sources in its answer, and whether they were up."""
        snapshot = await self.collection.pull(loop_time() + seconds)
        return [(each.source, each.up) for each in snapshot.sources]

    def member(self, name: str) -> Member:
        """What is in force under that name."""
        return next(each for each in self.fleet._members if each.settings.name == name)

    def series(self, family: str) -> dict[str, float]:
        """The samples of a family by source."""
        return {
            sample.labels["source"]: sample.value
            for metric in self.telemetry.families()
            for sample in metric.samples
            if sample.name == family
        }


# What changes and what does not


@virtual
async def test_only_what_changed_is_made_anew() -> None:
    """In the order of the new configuration; the changes are told by name."""
    yard = Yard(config(account("a"), account("b"), account("c")))
    a, b, c = yard.fleet.sources
    now = config(account("d"), account("c"), account("b", "other"))
    changes = await yard.fleet.adopt(now)
    d, still_c, new_b = yard.fleet.sources

    assert changes == Changes(added=("d",), changed=("b",), removed=("a",), kept=1)
    assert yard.fleet.config is now
    assert still_c is c
    assert new_b is not b
    assert [each.source for each in yard.collection.offers()] == ["d", "c", "b"]
    await asyncio.sleep(0)
    assert [each.closed for each in yard.maker.made] == [1, 1, 0, 0, 0]
    assert yard.maker.made == [a, b, c, d, new_b]
    await yard.fleet.aclose()
    assert [each.closed for each in yard.maker.made] == [1] * 5


@virtual
async def test_the_interval_between_collections_is_that_of_the_configuration_in_force() -> None:
    """From the start on, and after a reload."""
    yard = Yard(config(account("a"), collect=CollectSettings(min_interval=30.0)))
    for _ in range(2):
        await yard.pull()
    assert yard.series("presence_exporter_collections_total") == {"a": 1}
    await yard.fleet.adopt(config(account("a"), collect=CollectSettings(min_interval=0.0)))
    await yard.pull()
    assert yard.series("presence_exporter_collections_total") == {"a": 2}


# All or nothing


@pytest.mark.parametrize("fault", [ConfigError("no"), RuntimeError(CANARY)])
def test_what_cannot_be_made_leaves_all_as_it_is(fault: Exception) -> None:
    """What was made for it before is closed again; what is in force goes on."""

    async def run() -> None:
        yard = Yard(config(account("a"), account("b")))
        before, in_force = yard.fleet.sources, yard.fleet.config
        yard.maker.broken, yard.maker.fault = frozenset({"z"}), fault
        with pytest.raises(type(fault)):
            await yard.fleet.adopt(config(account("new"), account("a"), account("b", "other"), account("z")))

        assert (yard.fleet.sources, yard.fleet.config) == (before, in_force)
        assert [(each.name, each.closed) for each in yard.maker.made[2:]] == [("new", 1), ("b", 1)]
        assert [each.closed for each in yard.maker.made[:2]] == [0, 0]
        assert await yard.pull() == [("a", True), ("b", True)]
        assert set(yard.series("presence_exporter_collections_total")) == {"a", "b"}

    run_virtual(run())


@pytest.mark.parametrize(
    "change, key",
    [
        ({"exemplars": True}, "exemplars"),
        ({"buckets": BucketSettings(join_duration_seconds=(1.0,))}, "buckets.join_duration_seconds"),
        ({"ledger": LedgerSettings(inline("sqlite:///x.db"))}, "ledger.url"),
        ({"ledger": LedgerSettings(interval=1.0)}, "ledger.interval"),
    ],
)
def test_what_needs_a_restart_is_refused_by_its_key(change: dict[str, Any], key: str) -> None:
    """Before anything is made."""

    async def run() -> None:
        yard = Yard(config(account("a")))
        with pytest.raises(ConfigError, match=f"^{key}: has changed, which needs a restart; "):
            await yard.fleet.adopt(config(account("b"), **change))
        assert [each.name for each in yard.fleet.sources] == ["a"]
        assert len(yard.maker.made) == 1

    run_virtual(run())


# Who is still used


@virtual
async def test_a_source_that_goes_is_closed_when_its_last_scrape_has_its_answer() -> None:
    """The scrape that runs is answered with it, and the next one without."""
    yard = Yard(config(account("stays"), account("goes")), seconds=4.0)
    goes = yard.maker.made[1]
    pulling = asyncio.create_task(yard.pull())
    await asyncio.sleep(1)
    await yard.fleet.adopt(config(account("stays")))
    assert await yard.pull() == [("stays", True)]
    assert (loop_time(), goes.closed) == (START + 4, 0)
    assert await pulling == [("stays", True), ("goes", True)]
    await asyncio.sleep(0)
    assert goes.closed == 1
    assert yard.series("presence_exporter_collections_total") == {"stays": 1}


@virtual
async def test_closing_waits_for_nobody() -> None:
    """The server has ended, and who still collects is not waited for."""
    yard = Yard(config(account("a")), seconds=0.0)
    yard.maker.made[0].seconds = 50.0
    pulling = asyncio.create_task(yard.pull(60.0))
    await asyncio.sleep(1)
    await yard.fleet.adopt(config(account("b")))
    yard.maker.made[0].users = 0
    await yard.fleet.aclose()

    assert [each.closed for each in yard.maker.made] == [1, 1]
    pulling.cancel()
    await asyncio.wait([pulling])


@virtual
async def test_a_source_that_cannot_be_closed_harms_no_other() -> None:
    """The log has the place, and not the words."""
    with caught_log() as lines:
        yard = Yard(config(account("a"), account("b"), account("c")))
        for each in yard.maker.made[:2]:
            each.bug = RuntimeError(CANARY)
        await yard.fleet.adopt(config(account("b"), account("c")))
        await asyncio.sleep(0)
        await yard.fleet.aclose()

        assert [each.closed for each in yard.maker.made] == [1, 1, 1]
        told = lines.events("a source could not be closed")
        assert [each["source"] for each in told] == ["a", "b"]
        assert CANARY not in lines.text


# Pauses


@virtual
async def test_a_pause_outlives_the_change_of_its_source() -> None:
    """It is of the account, and on the page; so is how long the next unnamed one would be."""
    yard = Yard(config(account("a")))
    yard.member("a").pauses.begin("", wait=None, now=loop_time())
    await yard.fleet.adopt(config(account("a", meetings=True)))
    pauses = yard.member("a").pauses

    assert pauses.in_force(now=loop_time())[""].left == FIRST_UNNAMED
    assert yard.series(PAUSE) == {"a": WALL_START + FIRST_UNNAMED}
    assert pauses.begin("", wait=None, now=loop_time() + 20) == 2 * FIRST_UNNAMED


@pytest.mark.parametrize(
    "now, paused",
    [
        (account("renamed"), True),
        (account("a", "another"), False),
        (account("a", base_url="https://elsewhere.test/v1"), False),
    ],
    ids=["name", "key", "address"],
)
def test_a_pause_is_of_the_account_and_not_of_the_name(now: DailySettings, paused: bool) -> None:
    """Another key or address is another account, which nobody asked to wait."""

    async def run() -> None:
        yard = Yard(config(account("a")))
        line = yard.member("a").line
        yard.member("a").pauses.begin("", wait=60.0, now=loop_time(), reason=Reason.SERVER_ERROR)
        line.paused("", until=WALL_START + 60)
        await yard.fleet.adopt(config(now))

        assert bool(yard.member(now.name).pauses.in_force(now=loop_time())) is paused
        assert yard.series(PAUSE) == {now.name: WALL_START + 60 if paused else 0.0}

    run_virtual(run())


def test_a_pause_follows_a_key_that_the_source_read_again_by_itself(tmp_path: Path) -> None:
    """After a 401 it asks with the new key; the reload that brings the same key brings the same account."""
    file = tmp_path / "key"
    file.write_text("old")

    def settings() -> DailySettings:
        key = Secret(file.read_text(), origin=Origin.FILE, name=str(file))
        return daily_settings(name="a", api_key=key)

    async def run() -> None:
        yard = Yard(config(settings()))
        file.write_text("new")
        yard.member("a").vendor.credential.refused()
        yard.member("a").pauses.begin("", wait=60.0, now=loop_time())
        changes = await yard.fleet.adopt(config(settings()))

        assert changes.changed == ("a",)
        assert yard.member("a").pauses.in_force(now=loop_time())[""].left == 60.0

    run_virtual(run())


@virtual
async def test_a_pause_outlives_that_its_source_is_away() -> None:
    """Removed by one reload and back with the next one: until the pause would have ended anyway."""
    yard = Yard(config(account("a"), account("b", "other")))
    yard.member("a").pauses.begin("", wait=60.0, now=loop_time())
    for seconds, left in ((20, {"": 40.0}), (39, {"": 1.0}), (2, {})):
        await yard.fleet.adopt(config(account("b", "other")))
        await asyncio.sleep(seconds)
        await yard.fleet.adopt(config(account("b", "other"), account("a")))
        pauses = yard.member("a").pauses.in_force(now=loop_time())
        assert {scope: pause.left for scope, pause in pauses.items()} == left


@virtual
async def test_a_pause_that_the_last_request_of_a_gone_source_meets_is_handed_on() -> None:
    """To whoever is of that account now."""
    yard = Yard(config(account("a"), account("b", "other")), seconds=4.0)
    old = yard.member("a")
    pulling = asyncio.create_task(yard.pull())
    await asyncio.sleep(1)
    await yard.fleet.adopt(config(account("a", meetings=True), account("b", "other"), account("c")))
    old.pauses.begin("", wait=60.0, now=loop_time())
    await pulling
    await asyncio.sleep(0)

    assert {name: bool(yard.member(name).pauses.in_force(now=loop_time())) for name in "abc"} == {
        "a": True,
        "b": False,
        "c": True,
    }
    assert yard.series(PAUSE) == {"a": WALL_START + 61, "b": 0.0, "c": WALL_START + 61}


# Random company

NAMES = ("a", "b", "c", "broken")
CONFIGS = st.lists(
    st.builds(account, st.sampled_from(NAMES), st.sampled_from(["k", "l"])),
    max_size=4,
    unique_by=lambda each: each.name,
)
STEPS = st.lists(
    st.one_of(
        CONFIGS,
        st.tuples(st.just("pull"), st.integers(1, 8)),
        st.tuples(st.just("wait"), st.integers(0, 5)),
    ),
    max_size=14,
)


@given(first=CONFIGS, steps=STEPS, seconds=st.sampled_from([0.0, 1.0, 6.0]))
def test_whatever_is_reloaded_nobody_is_disturbed(first: list[Any], steps: list[Any], seconds: float) -> None:
    """Who is kept stays the same, none is closed in use, all are in the end, and no counter falls."""

    async def run() -> None:
        yard = Yard(config(*(each for each in first if each.name != "broken")), seconds=seconds)
        yard.maker.broken = frozenset({"broken"})
        pulls = [asyncio.create_task(yard.pull())]
        for step in steps:
            if isinstance(step, list):
                await checked_reload(yard, config(*step))
            elif step[0] == "pull":
                pulls.append(asyncio.create_task(yard.pull(step[1])))
                await asyncio.sleep(0)
            else:
                await asyncio.sleep(step[1])
        answers = await asyncio.gather(*pulls)
        await asyncio.sleep(0)
        in_force = [id(each) for each in yard.fleet.sources]
        assert [each.closed for each in yard.maker.made] == [
            int(id(each) not in in_force) for each in yard.maker.made
        ]
        await yard.fleet.aclose()
        assert {each.closed for each in yard.maker.made} <= {1}
        assert all(up for answer in answers[:1] for _, up in answer)

    run_virtual(run())


async def checked_reload(yard: Yard, now: Config) -> None:
    """Adopt it, and hold what becomes of the sources to what should."""
    before = {each.name: each for each in yard.maker.made if each in yard.fleet.sources}
    counted = yard.series("presence_exporter_collections_total")
    faulty = any(each.name == "broken" for each in now.sources)
    try:
        await yard.fleet.adopt(now)
    except ConfigError:
        assert faulty
        assert list(yard.fleet.sources) == [before[each.name] for each in yard.fleet.sources]
    else:
        assert not faulty
        assert [each.name for each in yard.fleet.sources] == [each.name for each in now.sources]
        kept = [each for each in now.sources if each.name in before and before[each.name].settings == each]
        assert all(before[each.name] in yard.fleet.sources for each in kept)
    after = yard.series("presence_exporter_collections_total")
    assert set(after) == {each.name for each in yard.fleet.sources}
    assert all(after[name] >= counted.get(name, 0.0) for name in after)
    assert all(not each.closed for each in yard.maker.made if each in yard.fleet.sources)
