"""The journal as a page for people: what fails comes first, then every collection, the newest open."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from exporter.advice import ADVICE
from exporter.journal import MOST_KEPT, Outcome, Way
from exporter.web import html
from exporter.web.inside.telling import about, span, step_text, way_text

if TYPE_CHECKING:
    from exporter.journal import Notes, PullNote

TEMPLATE = "collections.html"


def page(notes: Notes, *, home: str) -> str:
    """Write it; `home` is where the status page is."""
    return html.render(
        TEMPLATE,
        notes=notes,
        home=home,
        most=MOST_KEPT,
        advice=ADVICE,
        clock=_clock,
        exactly=span,
        about=about,
        step_text=step_text,
        way_text=way_text,
        summary=_summary,
    )


def _clock(seconds: float) -> str:
    """The time of day in UTC, to the tenth of a second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S.%f")[:-5]


def _summary(pull: PullNote) -> str:
    """What came of the collectors, and how many of them were not asked for this."""
    outcomes = Counter(each.outcome for each in pull.answers)
    ways = Counter(each.way for each in pull.answers)
    good = outcomes[Outcome.SUCCESS] and outcomes[Outcome.SUCCESS] + pull.left_out
    results = (
        (outcomes[Outcome.FAILURE], "failed"),
        (outcomes[Outcome.UNDER_WAY], "without an answer"),
        (good, "good"),
    )
    shared = ((ways[Way.SHARED], "shared"), (ways[Way.JOINED], "joined"))
    parts = (", ".join(f"{number} {word}" for number, word in each if number) for each in (results, shared))
    return " · ".join(part for part in parts if part) or "nobody to ask"
