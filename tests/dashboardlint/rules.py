"""All rules, and where a board may break one.

Each exception has its reason, and a test holds that it is still needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.dashboardlint import forms, linter, looks, queries, shape

if TYPE_CHECKING:
    from tests.dashboardlint.reading import Rule

RULES: Final[tuple[Rule, ...]] = (
    *linter.RULES,
    *queries.RULES,
    *forms.RULES,
    *looks.RULES,
    *shape.RULES,
)


@dataclass(frozen=True, slots=True)
class Exemption:
    """One panel of one board that may break one rule."""

    rule: str
    uid: str
    panel: str
    reason: str


_SINCE = "It counts since midnight or the first of the month, which is the whole time of the panel."

EXEMPTIONS: Final[tuple[Exemption, ...]] = (
    Exemption("target_rate_interval", "presence-rooms", "Participant-minutes today", _SINCE),
    Exemption("target_rate_interval", "presence-rooms", "Participant-minutes this month", _SINCE),
    Exemption("target_rate_interval", "presence-rooms", "Part of the plan's minutes this month", _SINCE),
)
