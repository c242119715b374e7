"""Where the live counters take over: the ledger's start of counting (T0), or what is assumed of it.

It reads the ledger and changes nothing in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exporter.commands.backfill.terms import said
from exporter.config import sqlite_file
from exporter.config.units import format_duration
from exporter.errors import ConfigError

if TYPE_CHECKING:
    from exporter.config import LedgerSettings
    from exporter.ledger.overview import Counted


@dataclass(frozen=True, slots=True)
class Seam:
    """T0 (Unix seconds); None where it is not known, and then `assumed` says what is taken for true.

    `domain` is the Daily domain that the ledger counts, None where it does not know that.
    """

    counting_since: float | None
    assumed: str = ""
    domain: str | None = None


def find_seam(source: str, settings: LedgerSettings, *, end: float, now: float) -> Seam:
    """Where the counting of a source began; raises `ConfigError` where that is before `end`.

    Raises `LedgerUnavailable` where the ledger cannot be read.
    """
    if settings.url is None:
        return Seam(
            None,
            "ledger.url is not set, so the exporter counts from its own start, and anew from each: "
            "it is assumed that none was before --end",
        )
    counted = _counted(source, settings.url.reveal())
    if counted is not None:
        begun = counted.counting_since
        if end > begun:
            raise ConfigError(
                f"--end: {source} counts meetings that ended from T0 on, {said(begun)}, and a past must end "
                f"before: --end {said(end)} would count some twice"
            )
        return Seam(begun, domain=counted.domain)
    since = settings.since or 0.0
    if end > now - since:
        raise ConfigError(
            f"--end: {source} is not counted yet, and its first start will count from "
            f"{format_duration(since)} before it on (ledger.since): a past must end by {said(now - since)}"
        )
    return Seam(None, f"the ledger does not count {source} yet: it is assumed to begin after --end")


def _counted(source: str, url: str) -> Counted | None:
    # The library behind it takes longer to import than all the rest.
    from exporter.ledger.overview import look  # noqa: PLC0415 - see above

    overview = look(url, file=sqlite_file(url))
    held = overview.sources if overview else ()
    return next((each for each in held if each.source == source), None)
