"""Each scenario that docs/alerts.md names for an alert gives the figures on which that alert looks.

When it fires is proved with the rules themselves; here a scenario must not be about something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import pytest

from exporter.commands.simulate.scenarios import moods_of, world_of
from tests.kit.clock import START
from tests.kit.scraping import MOVING, Exporter, Page, chat_source, daily_source
from tests.kit.threads import run_threaded
from tests.programs import PROJECT

TABLE: Final = (PROJECT / "docs" / "alerts.md").read_text(encoding="utf-8").split("## Try them", 1)[1]
TRIED: Final = dict(re.findall(r"^\| (\w+) \| .*`--scenario ([\w:]+)`", TABLE, re.MULTILINE))
"""Alert → scenario."""

MINUTE: Final = 60.0
USUAL: Final = 50
"""More people than are in calls at half past nine, and fewer than in a crowd."""

Shows: TypeAlias = Callable[[Page], bool]


def failing(reason: str) -> Shows:
    """Whether some collector failed for this reason."""
    return lambda page: any(
        f'reason="{reason}"' in name for name in above(page, "presence_collector_failures")
    )


def above(page: Page, family: str, least: float = 0.0) -> list[str]:
    """The series of a family that are above a value."""
    return [name for name, value in page.of(family).items() if value > least]


def without(collector: str) -> Shows:
    """Whether Daily's collector of that name does not succeed."""
    return lambda page: page.value("presence_collector_success", collector=collector, source="video") == 0


def lone(page: Page) -> bool:
    """Whether somebody has been alone for more than four hours."""
    all_of_them = page.of("presence_lone_stay_seconds_count", "presence_lone_stay_seconds_gcount").values()
    short = page.value("presence_lone_stay_seconds_bucket", le="14400.0", source="video")
    return short is not None and sum(all_of_them) > short


def stuck(page: Page) -> bool:
    """Whether a meeting began more than two days ago."""
    begun = page.of('presence_room_meeting_start_timestamp_seconds{room="open-line"').values()
    return any(MOVING.start + page.at - START - moment > 2 * 86400 for moment in begun)


def nobody_on_call(page: Page) -> bool:
    """Whether each status but offline is known, and 0."""
    members = page.of('presence_group_users{group="oncall"')
    there = [value for name, value in members.items() if "offline" not in name]
    return len(there) >= 3 and not any(there)


def people(page: Page) -> float:
    """How many are in calls; the test is of no use where that is unknown."""
    found = page.value("presence_participants", source="video")
    assert found is not None
    return found


SHOWN: Final[dict[str, Shows]] = {
    "PresenceSourceDown": without("presence"),
    "PresenceStale": without("meetings"),
    "PresenceAuthRefused": failing("auth"),
    "PresenceRateLimited": failing("rate_limited"),
    "PresenceSwitchedOff": lambda page: page.value("presence_broadcast_disabled", source="chat") == 1,
    "PresenceSchemaDrift": lambda page: bool(above(page, "presence_schema_drift_total")),
    "PresenceLedgerStuck": without("ended_meetings"),
    "PresenceLedgerLoss": lambda page: bool(above(page, "presence_ledger_late_meetings_total")),
    "PresenceOnCallGroupEmpty": nobody_on_call,
    "PresencePersonAlone": lone,
    "PresenceRoomStuckOpen": stuck,
    "PresenceUnusuallyFewParticipants": lambda page: people(page) == 0,
    "PresenceUnusuallyManyParticipants": lambda page: people(page) > 10 * USUAL,
}


async def scraped(scenarios: Sequence[str], *, every: float, times: int = 3) -> Page:
    """The last page of an exporter that was scraped so often since that began, `every` seconds."""
    world = world_of(scenarios, seed="alerts", clock=MOVING)
    exporter = Exporter(daily_source(), chat_source(), world=world, moods=moods_of(scenarios, seed="alerts"))
    for turn in range(1, times):
        await exporter.scrape(at=START + turn * every)
    return await exporter.scrape(at=START + times * every)


def test_there_is_a_proof_for_each_scenario_that_is_named() -> None:
    """And the page names one for each alert that has one."""
    assert TRIED.keys() == SHOWN.keys()


@pytest.mark.parametrize("alert", SHOWN)
def test_the_scenario_of_an_alert_shows_what_it_looks_at(alert: str) -> None:
    """After some minutes, but for meetings that are listed late: an audit finds these after hours."""
    hours = alert == "PresenceLedgerLoss"
    page = run_threaded(
        scraped([TRIED[alert]], every=5 * MINUTE if hours else MINUTE, times=36 if hours else 3)
    )
    assert SHOWN[alert](page)


def test_on_a_calm_morning_nothing_of_that_is_shown() -> None:
    """So it is the scenario that shows it."""
    page = run_threaded(scraped(["calm"], every=MINUTE))
    assert [alert for alert, shows in SHOWN.items() if shows(page)] == []
