"""What the status page tells, put together from what is known; asks nobody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from exporter.advice import advice
from exporter.app.figures import Known, age, figures, groups, ledger, rooms, totals
from exporter.config import Config, DailySettings, SourceSettings
from exporter.limits import LIMITS
from exporter.model import Snapshot, Source
from exporter.telemetry import SourceActivity
from exporter.web.status import (
    Budget,
    CollectorLine,
    EndpointLine,
    Failure,
    Overview,
    PauseLine,
    SourceLine,
)

NAME: Final = "Presence exporter"

MOST_SOURCES: Final = 40
"""Sources that are told one by one; totals, failures and pauses are of all."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One source with its settings, what is known of it, and what its vendor was asked lately."""

    source: Source
    settings: SourceSettings
    known: Known
    activity: SourceActivity

    @property
    def fails(self) -> bool:
        """True where the last run of one of its collectors failed."""
        return any(not each.answer.success for each in self.known.values())


def overview(
    config: Config,
    sources: Sequence[Source],
    *,
    known: Snapshot,
    activity: Callable[[str], SourceActivity],
    now: float,
    version: str,
    notes: tuple[str, ...] = (),
    reload_fault: str | None = None,
) -> Overview:
    """What the page tells of these sources at `now` (Unix seconds); `sources` are those of `config`.

    `reload_fault` is what was wrong with a newer configuration, where there is one that was refused.
    """
    subjects = _subjects(config, sources, known=known, activity=activity)
    runs = [each for subject in subjects for each in subject.known.values()]
    failed = sum(not each.answer.success for each in runs)
    added, statuses = totals(figures(each.settings, each.known, now=now) for each in subjects)
    shown = subjects
    if len(subjects) > MOST_SOURCES:
        # Whoever has many looks for those that fail.
        shown = sorted(subjects, key=lambda each: not each.fails)[:MOST_SOURCES]
    ages = [each for run in runs if (each := age(run.ran_at, now=now)) is not None]
    return Overview(
        NAME,
        version,
        now,
        sources=tuple(_line(each, now=now) for each in shown),
        more_sources=len(subjects) - len(shown),
        succeeded=len(runs) - failed,
        failed=failed,
        waiting=sum(len(each.source.collectors) for each in subjects) - len(runs),
        asked=min(ages, default=None),
        totals=added,
        statuses=statuses,
        rooms=rooms(((each.settings, each.known) for each in subjects), now=now),
        failures=tuple(failure for each in subjects for failure in _failures(each, now=now)),
        pauses=tuple(pause for each in subjects for pause in _pauses(each)),
        min_interval=config.collect.min_interval,
        notes=notes,
        reload_fault=reload_fault or "",
    )


def _subjects(
    config: Config,
    sources: Sequence[Source],
    *,
    known: Snapshot,
    activity: Callable[[str], SourceActivity],
) -> list[Subject]:
    settings = {each.name: each for each in config.sources}
    answers = {each.source: {seen.collector: seen for seen in each.collectors} for each in known.sources}
    return [
        Subject(each, settings[each.name], answers.get(each.name, {}), activity(each.name))
        for each in sources
        if each.name in settings
    ]


def _line(subject: Subject, *, now: float) -> SourceLine:
    source = subject.source
    return SourceLine(
        source.name,
        source.kind,
        tuple(_collector(subject.known, each.name, now=now) for each in source.collectors),
        figures(subject.settings, subject.known, now=now),
        groups(subject.settings, subject.known),
        _budget(source.kind, subject.activity),
        isinstance(subject.settings, DailySettings) and subject.settings.meetings,
        ledger(subject.known, now=now),
    )


def _collector(known: Known, name: str, *, now: float) -> CollectorLine:
    seen = known.get(name)
    if seen is None:
        return CollectorLine(name)
    answer = seen.answer
    since = age(seen.last_success, now=now)
    return CollectorLine(name, answer.success, str(answer.reason or ""), answer.detail, since, answer.seconds)


def _budget(kind: str, activity: SourceActivity) -> Budget:
    limit = LIMITS[kind]
    each = limit.a_minute if limit.each_endpoint else None
    return Budget(
        tuple(
            EndpointLine(line.endpoint, line.last_minute, each, line.remaining, line.pause)
            for line in activity.endpoints
        ),
        None if limit.each_endpoint else limit.a_minute,
        activity.collected,
        activity.shared,
    )


def _failures(subject: Subject, *, now: float) -> list[Failure]:
    source = subject.source
    return [
        Failure(
            source.name,
            seen.collector,
            str(seen.answer.reason),
            seen.answer.detail,
            advice(seen.answer.reason, kind=source.kind, subject=seen.collector),
            age(seen.last_success, now=now),
        )
        for seen in subject.known.values()
        if seen.answer.reason is not None
    ]


def _pauses(subject: Subject) -> list[PauseLine]:
    """The pauses of a source; one that is about several paths is one."""
    together: dict[float, list[str]] = {}
    for line in subject.activity.endpoints:
        if line.pause is not None:
            together.setdefault(line.pause, []).append(line.endpoint)
    return [PauseLine(subject.source.name, tuple(paths), left) for left, paths in together.items()]
