"""Panels of the board "Rooms and meetings" about what has ended: stays, meetings, and minutes of the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.boards import frame, looks, panels
from grafana.boards.panels import About, Look
from grafana.boards.queries import now, over_time, total

if TYPE_CHECKING:
    from grafana_foundation_sdk.models import dashboard as model

_NO_LEDGER = "the ledger of ended meetings could not be used then, or no Daily source is chosen."

_ENOUGH = looks.thresholds((0.8, looks.ATTENTION), (1, looks.BAD), base=looks.GOOD)

# What ends is seldom: over shorter times most quantiles would be of a few stays, or of none.
_STEP = "10m"
_HOUR = "1h"


def _grown(series: str, *, by: str = "") -> str:
    """What was counted within an interval; replicas on one ledger show the same."""
    return f"max by (job, source{by}) (increase({series}{{@source}}[$__rate_interval]))"


def _rows(family: str) -> str:
    return total(_grown(f"{family}_bucket", by=", le"), collector="ended_meetings", kind="daily", by="le")


def _every(panel: model.Panel, *, step: str) -> model.Panel:
    panel.interval = step
    return panel


def stays() -> list[list[model.Panel]]:
    """How long people have been in, and how long they stayed."""
    present = "max by (job, source, le) (presence_current_stay_seconds_bucket{@source})"
    return [
        [
            panels.heat(
                About(
                    title="People present by time since they joined",
                    question="For how long have the people who are in calls been there?",
                    absent=f"a source could not be asked then.{frame.ROOMS_ONLY}",
                ),
                over_time(
                    total(present, collector="presence", kind="daily", by="le"), "{{le}}", form="heatmap"
                ),
                rows="s",
            ),
            _every(
                panels.heat(
                    About(
                        title="Ended stays by length",
                        question="How long were stays in meetings that have ended? They count when their "
                        "meeting has settled; a dot is a meeting, where exemplars are on.",
                        absent=_NO_LEDGER,
                    ),
                    over_time(
                        _rows("presence_join_duration_seconds"), "{{le}}", form="heatmap", exemplars=True
                    ),
                    rows="s",
                ),
                step=_STEP,
            ),
            _quantiles(),
        ]
    ]


def _quantiles() -> model.Panel:
    rates = "rate(presence_join_duration_seconds_bucket{@source}[$__rate_interval])"
    parts = ((0.5, "half"), (0.9, "nine of ten"), (0.99, "99 of 100"))
    return _every(
        panels.lines(
            About(
                title="Length of ended stays",
                question="Half, nine of ten and 99 of 100 stays that ended were at most this long.",
                absent=f"no meeting ended then, or {_NO_LEDGER}",
            ),
            *(
                over_time(
                    f"histogram_quantile({part}, max by (job, source, le) ({rates}))",
                    f"{{{{source}}}} {name}",
                    exemplars=index == 0,
                )
                for index, (part, name) in enumerate(parts)
            ),
            look=Look(unit="s", least=0),
        ),
        step=_STEP,
    )


def meetings() -> list[list[model.Panel]]:
    """How long and how large ended meetings were, and how many there were."""
    length = About(
        title="Ended meetings by length",
        question="How long were the meetings that ended?",
        absent=_NO_LEDGER,
    )
    size = About(
        title="Ended meetings by most people at once",
        question="How large were the meetings that ended, where Daily says it?",
        absent=_NO_LEDGER,
    )
    return [
        [
            _ended(length, "presence_meeting_duration_seconds", unit="s"),
            _ended(size, "presence_meeting_peak_participants", unit="short"),
            _number_ended(),
        ]
    ]


def _ended(about: About, family: str, *, unit: str) -> model.Panel:
    return _every(
        panels.heat(about, over_time(_rows(family), "{{le}}", form="heatmap"), rows=unit), step=_STEP
    )


def _number_ended() -> model.Panel:
    return _every(
        panels.lines(
            About(
                title="Meetings that ended, an hour",
                question="How many meetings end in an hour? 0 was counted.",
                absent=_NO_LEDGER,
            ),
            over_time(
                "max by (job, source) "
                "(rate(presence_meeting_duration_seconds_count{@source}[$__rate_interval])) * 3600",
                "{{source}}",
            ),
            look=Look(unit="short", least=0),
        ),
        step=_STEP,
    )


def _minutes(title: str, *, since: str, question: str, share: bool = False) -> model.Panel:
    """Participant-minutes from the begin of a day or a month until now: `since` is `now/d` or `now/M`."""
    # An exporter that is started elsewhere is another series, which goes on where the first one ended.
    counted = "max by (job, source) (presence_join_duration_seconds_sum{@source})"
    spent = f"increase({counted}[$__range:1m]) / 60"
    look = Look(unit="percentunit", decimals=1, colour=looks.BY_THRESHOLD, thresholds=_ENOUGH, least=0)
    panel = panels.number(
        About(
            title=title,
            question=f"{question} A stay counts when its meeting has ended; before the ledger began, and "
            "longer ago than Prometheus keeps, nothing is counted.",
            absent=f"{_NO_LEDGER} So it is in the first minutes of the time as well."
            + (" A plan's minutes that are no number give an error." if share else ""),
        ),
        now(f"{spent} / $plan_minutes" if share else spent, "{{source}}"),
        look=look if share else Look(unit="short", decimals=0, colour=looks.BY_THRESHOLD),
    )
    panel.time_from = since
    return panel


def today() -> list[model.Panel]:
    """What was spent today and this month."""
    return [
        _minutes(
            "Participant-minutes today",
            since="now/d",
            question="How many participant-minutes were spent since midnight?",
        ),
        _minutes(
            "Participant-minutes this month",
            since="now/M",
            question="How many participant-minutes were spent since the first of the month?",
        ),
    ]


def plan() -> list[list[model.Panel]]:
    """What was spent against what the plan includes, and when it was spent."""
    return [
        [
            _minutes(
                "Part of the plan's minutes this month",
                since="now/M",
                question="How much of the minutes that are written at the top has each source spent "
                "since the first of the month?",
                share=True,
            ),
            _every(
                panels.lines(
                    About(
                        title="Participant-minutes an hour",
                        question="When were minutes spent? They stand where their meeting was counted, after "
                        "its end.",
                        absent=_NO_LEDGER,
                    ),
                    over_time(
                        "max by (job, source) "
                        "(rate(presence_join_duration_seconds_sum{@source}[$__rate_interval])) * 60",
                        "{{source}}",
                    ),
                    look=Look(unit="short", least=0),
                    bars=True,
                ),
                step=_HOUR,
            ),
        ]
    ]
