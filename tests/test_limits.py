"""Every vendor's limit is known."""

from __future__ import annotations

from exporter.config import SourceKind
from exporter.limits import LIMITS


def test_every_vendor_has_a_limit() -> None:
    """By the names that sources have as their kind."""
    assert set(LIMITS) == set(map(str, SourceKind))


def test_a_limit_is_told_by_the_minute() -> None:
    """Daily's is named by the second, Rocket.Chat's by the minute."""
    assert {kind: limit.a_minute for kind, limit in LIMITS.items()} == {"daily": 1200, "rocketchat": 10}
