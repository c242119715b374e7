"""Two exporters that share a ledger on PostgreSQL: both count, both show the same, whichever is killed."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.campaigns import campaign
from tests.ledgerworld.pages import Scraped
from tests.ledgerworld.scene import scene

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.ledgerworld.scene import Scene

pytestmark = [pytest.mark.system, pytest.mark.soak]


def compare(stage: Scene, together: Scraped) -> None:
    """Scrape one after the other: they show one count, so that no later page has less, whoever gives it."""
    for replica in [*stage.replicas, *stage.replicas]:
        together.compare(replica.page())
    assert together.fallen == []


def test_replicas_count_each_meeting_once_between_them(
    tmp_path: Path, postgresql_url: str, record_property: Callable[[str, object], None]
) -> None:
    """Scraped at once, one killed and replaced at random: exact in the end, and always of one mind."""
    rng, seed, together = random.Random(3), 3, Scraped()
    with (
        scene(tmp_path, seed=seed, ledger=postgresql_url, replicas=2) as stage,
        ThreadPoolExecutor(2) as threads,
    ):
        for replica in stage.replicas:
            replica.begin()
        compare(stage, together)
        for _ in range(campaign(sample=3, full=20)):
            for replica in stage.replicas:
                replica.be_ready()
            victim, seconds = rng.choice(stage.replicas), rng.uniform(0.1, 2.5)
            scraping = [
                threads.submit(each.scrape_until, seconds, then_kill=each is victim)
                for each in stage.replicas
            ]
            for each in scraping:
                each.result()
            victim.begin()
            compare(stage, together)
        stage.let_all_settle()
        stage.assert_exact()
        for replica in stage.replicas:
            record_property(f"kills of {replica.name}", replica.kills)
