"""A ledger as the exporter leaves it behind: two sources, meetings counted and followed.

Knows the ledger and no vendor.
"""

from typing import Final

from exporter.ledger import Ledger
from exporter.ledger.overview import Counted
from exporter.model import LedgerEntry, ListedMeeting

START: Final = 1_800_000_000.0
"""When counting began: 15 January 2027, 08:00:00 UTC."""

ACME: Final = Counted(
    source="acme",
    domain="acme-video",
    counting_since=START,
    watermark=START + 7200,
    followed=1,
    meetings=2,
    stays=3,
    stay_seconds=990.0,
    late=0,
    abandoned=1,
    gap_seconds=5400.0,
)
OTHER: Final = Counted(
    source="other",
    domain=None,
    counting_since=START + 60,
    watermark=START + 60,
    followed=0,
    meetings=0,
    stays=0,
    stay_seconds=0.0,
    late=0,
    abandoned=0,
    gap_seconds=0.0,
)


def fill(url: str) -> None:
    """Let two sources count into the database of that URL."""
    ledger = Ledger(url)
    store = ledger.open()
    store.state("acme", now=START, since=None)
    store.name_domain("acme", "acme-video")
    follow = (_meeting("a", ongoing=True), _meeting("b", ongoing=True), _meeting("c", ongoing=True))
    store.record("acme", LedgerEntry(START + 1, follow=follow))
    count = (_meeting("a", 300.0, 600.0), _meeting("d", 90.0))
    store.record("acme", LedgerEntry(START + 2, count, abandon=("b",), watermark=START + 1800))
    store.record("acme", LedgerEntry(START + 3, watermark=START + 7200, gap_seconds=5400.0))
    store.state("other", now=START + 60, since=None)
    ledger.close()


def _meeting(name: str, *stays: float, ongoing: bool = False) -> ListedMeeting:
    """A meeting that began with the counting and lasted as long as the longest stay."""
    duration = max(stays, default=0.0)
    return ListedMeeting(name, "room", START, ongoing=ongoing, duration=duration, peak=2, stays=stays)
