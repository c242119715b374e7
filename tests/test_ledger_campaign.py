"""Whatever dies when: every meeting of a scripted world is counted once, and no counter ever falls."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from tests.campaigns import campaign, soaking
from tests.kit.logs import caught_log
from tests.ledgerworld.campaign import Campaign, Outcome
from tests.ledgerworld.doom import HALFWAY, POINTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.system.postgresql import PostgresqlServer

    Record = Callable[[str, object], None]

INSIDE: Final = (HALFWAY,)
"""Where a transaction has entered some meetings' ids, and not yet added all that they add."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Catch what is logged: the dying have much to say."""
    with caught_log("error"):
        yield


def play(seed: int, folder: Path, *, transactions: bool = True, points: tuple[str, ...] = POINTS) -> Outcome:
    """One campaign on a new file."""
    url = f"sqlite:///{folder}/ledger-{seed}-{transactions}.db"
    return Campaign(seed, url, transactions=transactions, points=points).run()


def record(record_property: Record, *, runs: int, hits: Counter[str]) -> None:
    """Have a report (`--junitxml`) say how many runs there were, and how often exporters died where."""
    record_property("runs", runs)
    for point in POINTS:
        record_property(f"died at {point}", hits[point])


@pytest.mark.soak
def test_every_meeting_is_counted_once_wherever_exporters_die(
    tmp_path: Path, record_property: Record
) -> None:
    """Count, sum and every bucket are the truth's in the end, and each point of death is met often enough."""
    hits, runs = Counter[str](), campaign(sample=8, full=200)
    for seed in range(runs):
        outcome = play(seed, tmp_path)
        assert outcome.faults() == [], f"seed {seed}"
        assert outcome.final["presence_ledger_pending_meetings"] == 0
        assert outcome.final["presence_ledger_gap_seconds_total"] == 0
        hits += outcome.hits
    record(record_property, runs=runs, hits=hits)
    assert min(hits[point] for point in POINTS) >= (10 if soaking() else 3)


@pytest.mark.soak
def test_without_transactions_the_same_campaign_fails(tmp_path: Path, record_property: Record) -> None:
    """Where each statement commits itself, dying between two of them loses meetings, and the truth tells."""
    hits, runs = Counter[str](), campaign(sample=1, full=20)
    for seed in range(runs):
        assert play(seed, tmp_path, points=INSIDE).faults() == [], f"seed {seed}"
        without = play(seed, tmp_path, points=INSIDE, transactions=False)
        assert without.faults() != [], f"seed {seed}"
        assert without.hits.total() > 3
        hits += without.hits
    record(record_property, runs=runs, hits=hits)


@pytest.mark.system
@pytest.mark.soak
def test_a_server_keeps_nothing_of_what_was_not_committed(
    postgresql: PostgresqlServer, record_property: Record
) -> None:
    """The same on PostgreSQL, at the same points of death."""
    hits, runs = Counter[str](), campaign(sample=1, full=20)
    for seed in range(runs):
        outcome = Campaign(seed, postgresql.url(postgresql.create_database())).run()
        assert outcome.faults() == [], f"seed {seed}"
        assert outcome.final["presence_ledger_pending_meetings"] == 0
        hits += outcome.hits
    record(record_property, runs=runs, hits=hits)
