"""The doctor's look at the ledger: whether its database can be used, and what it holds for each source.

The database is asked beside the collectors, and nothing is counted by it.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from exporter.commands.ledger import IN_MEMORY, database_url
from exporter.commands.wording import ago, some
from exporter.config import DailySettings, LedgerSettings, sqlite_file
from exporter.errors import LedgerUnavailable
from exporter.model import Finding, Reason

if TYPE_CHECKING:
    from pathlib import Path

    from exporter.commands.setup import Setup
    from exporter.config import Config
    from exporter.ledger.overview import Counted, Overview

SUBJECT: Final = "ledger"

NOTHING_YET: Final = "nothing is counted yet: that begins with the first scrape"


def in_memory(setup: Setup) -> Setup:
    """The same with a ledger that is forgotten: no database is written, and no long history read."""
    loaded = setup.loaded
    config = replace(loaded.config, ledger=LedgerSettings())
    return replace(setup, loaded=replace(loaded, config=config))


def examine_ledger(config: Config, *, now: float) -> list[Finding]:
    """A line for each source that counts ended meetings."""
    names = [each.name for each in config.sources if isinstance(each, DailySettings) and each.meetings]
    url = database_url(config)
    if not names:
        return []
    if url is None:
        return [Finding(name, SUBJECT, None, IN_MEMORY) for name in names]
    try:
        overview = _overview(url)
    except LedgerUnavailable as fault:
        return [Finding(name, SUBJECT, Reason.LEDGER, str(fault)) for name in names]
    held = {each.source: each for each in overview.sources} if overview else {}
    return [Finding(name, SUBJECT, None, _told(held.get(name), now=now)) for name in names]


def _overview(url: str) -> Overview | None:
    # The library behind it takes longer to import than all the rest.
    from exporter.ledger.overview import look  # noqa: PLC0415

    file = sqlite_file(url)
    overview = look(url, file=file, writable=True)
    if overview is None and file is not None:
        _try_folder(file)
    return overview


def _try_folder(file: Path) -> None:
    """Raise where the file that is not there yet could not be made."""
    folder = file.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise LedgerUnavailable("ledger: the file's folder does not exist, or this user may not write there")


def _told(counted: Counted | None, *, now: float) -> str:
    if counted is None:
        return NOTHING_YET
    return (
        f"{some(counted.stays, 'stay')} in {some(counted.meetings, 'meeting')}, "
        f"all known up to {ago(counted.watermark, now=now)} ago"
    )
