"""The delivered rules over nine days of the world: what is recorded is there, and each fault is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.kit.rulefiles import ALERTS, RECORDS, rules
from tests.system.world import DAY, DAYS

if TYPE_CHECKING:
    from tests.system.world import StoredWorld

pytestmark = pytest.mark.system

MINUTE: Final = 60.0

NOT_IN_THIS_STORY: Final = {
    "PresenceExporterDown": "there is one exporter only",
    "PresenceInternalError": "there is no bug to be met",
    "PresenceLedgerStuck": "no bad mood lasts two hours",
    "PresenceLedgerLoss": "the ledger in memory begins anew, and no outage is longer than it catches up",
    "PresenceUnusuallyFewParticipants": "one week is much like the other",
    "PresenceUnusuallyManyParticipants": "one week is much like the other",
}
"""Alerts of which perhaps nothing is seen here, and why; their own tests have all of them."""

OFTEN_TRUE: Final = {
    "PresenceRoomStuckOpen": "two rooms of the demo are open all day",
    "PresencePersonAlone": "in the demo there is often somebody who waits",
}
"""Alerts whose condition is true for much of the time in the demo, and why."""


def seen(world: StoredWorld, expr: str) -> int:
    """At how many minutes an expression is true, for all its series; the server must remark nothing."""
    found = 0
    # A server gives 11,000 points at most.
    for day in range(DAYS):
        start = world.start + day * DAY
        body, _ = world.server.ask(
            "query_range", query=expr, start=start, end=start + DAY - MINUTE, step=MINUTE
        )
        assert not body.get("warnings"), (expr, body["warnings"])
        assert not body.get("infos"), (expr, body["infos"])
        found += sum(len(series["values"]) for series in body["data"]["result"])
    return found


def test_everything_that_is_to_be_recorded_is_there_for_nearly_all_of_the_time(
    stored_world: StoredWorld,
) -> None:
    """Where people are known it has the same figure; a week later there is something to compare with."""
    for name in (rule.name for rule in rules(RECORDS)):
        assert seen(stored_world, name) > 0.8 * DAYS * DAY / MINUTE
        assert seen(stored_world, f"{name} and {name} offset 1w") > 0.8 * DAY / MINUTE


def test_every_fault_of_these_days_is_noticed_by_its_alert(stored_world: StoredWorld) -> None:
    """Bad moods of vendors, an outage, an unreadable configuration."""
    unseen = {rule.name for rule in rules(ALERTS) if not seen(stored_world, rule.expr)}
    assert unseen <= NOT_IN_THIS_STORY.keys() <= {rule.name for rule in rules(ALERTS)}


def test_no_alert_is_true_for_much_of_the_time(stored_world: StoredWorld) -> None:
    """An alert that always fires is none; a bad mood lasts sixteen minutes of five hours here."""
    minutes = DAYS * DAY / MINUTE
    often = {rule.name for rule in rules(ALERTS) if seen(stored_world, rule.expr) > 0.3 * minutes}
    assert often <= OFTEN_TRUE.keys()
