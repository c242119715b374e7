"""From an overview to HTML: what is the verdict, which failures are one, how long is a bar.

Pure, but for the template that is read once. It asks nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from exporter.web.html import render
from exporter.web.words import counted, span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exporter.web.status.values import Failure, Overview

MOST_FAILURES: Final = 8
"""Collectors that are listed for one reason; the others are counted."""

MOST_PAUSES: Final = 8

OPEN_SOURCES: Final = 4
"""With no more sources than these the details of each stand open."""

OLD: Final = 300.0
"""Seconds after which figures are said to be old: Prometheus itself forgets a series after five minutes."""

NEAR: Final = 0.8
"""The share of a limit from which on it is said to be near: another Prometheus would pass it."""

REFRESHES: Final = (5, 15, 60)
"""Seconds between two loads that a reader may choose; nothing reloads by itself."""


@dataclass(frozen=True, slots=True)
class Links:
    """Where the page leads: paths with what they are called, and the path of a probe, where there is one.

    `home` is the page itself; all of them have their prefix.
    """

    home: str = "/"
    pages: tuple[tuple[str, str], ...] = ()
    probe: str | None = None

    def of(self, source: str) -> str:
        """The probe of a source."""
        return f"{self.probe}?source={quote(source, safe='')}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The page in a sentence; `state` is one of good, bad and none."""

    state: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """One reason, what to do about it, and the collectors that it is about: the first, and how many more."""

    reason: str
    advice: str
    failures: tuple[Failure, ...]
    more: int


def page(overview: Overview, links: Links, *, refresh: int | None = None) -> str:
    """Write the page; `refresh` is the seconds after which the reader has it loaded again."""
    return render(
        "status.html",
        overview=overview,
        links=links,
        verdict=verdict(overview),
        troubles=troubles(overview.failures),
        pauses=overview.pauses[:MOST_PAUSES],
        more_pauses=len(overview.pauses[MOST_PAUSES:]),
        longest_pause=max((each.left for each in overview.pauses), default=0),
        open_all=len(overview.sources) + overview.more_sources <= OPEN_SOURCES,
        old=OLD,
        near=NEAR,
        refresh=refresh,
        refreshes=REFRESHES,
    )


def verdict(overview: Overview) -> Verdict:
    """Whether the figures can be believed."""
    asked, failed = overview.succeeded + overview.failed, overview.failed
    collectors = counted(asked + overview.waiting, "collector")
    if not overview.sources:
        text = "Name one in the configuration file, or by environment variables."
        return Verdict("none", "No source is configured", text)
    if not asked:
        text = "The figures come with the first scrape: the vendors are asked then, and never in between."
        return Verdict("none", f"{collectors}, none asked yet", text)
    last = f"Last asked {span(overview.asked or 0)} ago."
    if overview.waiting:
        last += f" {counted(overview.waiting, 'collector')} not asked yet."
    if (overview.asked or 0) > OLD:
        last += " Nobody has scraped since: the figures are of then."
    if failed:
        return Verdict("bad", f"{failed:,} of {collectors} {'fails' if failed == 1 else 'fail'}", last)
    return Verdict("good", f"{asked:,} of {collectors} succeeded" if overview.waiting else _all(asked), last)


def _all(asked: int) -> str:
    return "The only collector succeeded" if asked == 1 else f"All {asked:,} collectors succeeded"


def troubles(failures: Iterable[Failure]) -> tuple[Trouble, ...]:
    """The failures by what to do about them, as they came: advice for a whole fleet is read once."""
    together: dict[tuple[str, str], list[Failure]] = {}
    for each in failures:
        together.setdefault((each.reason, each.advice), []).append(each)
    return tuple(
        Trouble(reason, advice, tuple(found[:MOST_FAILURES]), len(found[MOST_FAILURES:]))
        for (reason, advice), found in together.items()
    )
