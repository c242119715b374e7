"""Real exporters before the simulated vendor, killed at any moment: no meeting is lost, none counts twice."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.campaigns import campaign
from tests.ledgerworld.scene import scene

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Record = Callable[[str, object], None]

pytestmark = [pytest.mark.system, pytest.mark.soak]


def kill_again_and_again(folder: Path, record: Record, *, seed: int, ledger: str) -> None:
    """Kill one exporter after the other while it is scraped, and hold the last one's figures to the truth."""
    rng = random.Random(seed)
    with scene(folder, seed=seed, ledger=ledger) as stage:
        (replica,) = stage.replicas
        replica.begin()
        # The counting has begun: whoever is killed from here on leaves something.
        replica.page()
        for number in range(campaign(sample=3, full=20)):
            # Some die while they start, most of them at work.
            if number % 4:
                replica.be_ready()
            replica.scrape_until(rng.uniform(0.1, 2.5), then_kill=True)
            replica.begin()
        stage.let_all_settle()
        stage.assert_exact()
        record("kills", replica.kills)
        record("pages", replica.scraped.pages)


def test_a_file_survives_kills(tmp_path: Path, record_property: Record) -> None:
    """SQLite, with the process gone between any two instructions."""
    kill_again_and_again(tmp_path, record_property, seed=1, ledger=f"sqlite:///{tmp_path / 'ledger.db'}")


def test_a_server_survives_the_kills_of_its_client(
    tmp_path: Path, postgresql_url: str, record_property: Record
) -> None:
    """PostgreSQL, which finds out by itself that nobody will commit."""
    kill_again_and_again(tmp_path, record_property, seed=2, ledger=postgresql_url)
