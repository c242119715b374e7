"""Sees to it that past and present are of one Daily domain: that of the key is the one the ledger counts.

It asks before anything is read or kept. Not to learn it fails nothing: where the key is no good, the reading
of the history says so.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from exporter.app import build_fetcher
from exporter.commands.backfill.reading import Oddities
from exporter.commands.wording import printable
from exporter.errors import ConfigError
from exporter.model import Deadline
from exporter.sources import daily
from exporter.sources.daily.domain import SECONDS, ask_domain

if TYPE_CHECKING:
    from exporter.commands.setup import Setup
    from exporter.config import DailySettings


async def refuse_another_domain(counted: str, *, settings: DailySettings, setup: Setup) -> None:
    """Raise `ConfigError` where the key belongs to another domain than the one that is `counted`."""
    fetcher = build_fetcher(
        settings.http,
        daily.vendor(settings),
        max_bytes=lambda: setup.loaded.config.collect.max_response_bytes,
        observer=Oddities(),
        around=setup.surroundings,
    )
    try:
        deadline = Deadline(asyncio.get_running_loop().time() + SECONDS)
        found = await ask_domain(fetcher, deadline=deadline)
    finally:
        await fetcher.aclose()
    if found not in {None, counted}:
        raise ConfigError(
            f"--source: the key of {settings.name} belongs to the Daily domain {found}, and the ledger "
            f"counts {printable(counted)} under this name: the past of one must not join the present of "
            "another. Give the key of the domain that is counted, or the source another name"
        )
