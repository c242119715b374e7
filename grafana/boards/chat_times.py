"""Panels of the board "Chat presence" about time and trust: stays in a status, ghosts, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.boards import looks, panels
from grafana.boards.panels import About, Look
from grafana.boards.queries import now, over_time, total

if TYPE_CHECKING:
    from grafana_foundation_sdk.models import dashboard as model

_NO_LISTS = "the source could not be asked, has switched presence off, or is asked for some people only."
_NO_CONNECTIONS = "the source is not asked for its connections (`connections: true`), or could not be then."

_SEEN = ("online", "away", "busy")

_BROADCAST = looks.words({"0": ("on", looks.GOOD), "1": ("switched off", looks.BAD)})
_NEAR = looks.thresholds((0.8, looks.ATTENTION), (1, looks.BAD), base=looks.GOOD)

# Completed stays are seldom: over shorter times most quantiles would be of a few stays, or of none.
_STEP = "10m"


def stays() -> list[list[model.Panel]]:
    """How long people have been in their status, and how long completed stays were."""
    return [[_present(status) for status in _SEEN], [_quantile(0.5, "half"), _quantile(0.9, "nine of ten")]]


def _present(status: str) -> model.Panel:
    # The replica that started first has seen people longest: with it fewest are below each end.
    buckets = (
        f'min by (job, source, le) (presence_current_status_seconds_bucket{{@source, status="{status}"}})'
    )
    return panels.heat(
        About(
            title=f"Users {status} by time",
            question=f"For how long have users who are {status} been seen so, at least? It begins anew when "
            "the exporter starts.",
            absent=_NO_LISTS,
        ),
        over_time(total(buckets, collector="presence", kind="rocketchat", by="le"), "{{le}}", form="heatmap"),
        rows="s",
    )


def _quantile(part: float, name: str) -> model.Panel:
    rates = "rate(presence_status_duration_seconds_bucket{@source}[$__rate_interval])"
    panel = panels.lines(
        About(
            title=f"Completed stays: {name}",
            question=f"{name.capitalize()} of the stays in a status that were completed were at most this "
            "long, as exact as the time between two full lists.",
            absent=f"no stay was completed then, or {_NO_LISTS}",
        ),
        over_time(
            f"histogram_quantile({part}, max by (job, source, status, le) ({rates}))", "{{source}} {{status}}"
        ),
        look=Look(unit="s", least=0, overrides=looks.status_colours(_SEEN)),
    )
    panel.interval = _STEP
    return panel


def ghosts() -> list[model.Panel]:
    """Show accounts that never leave, which are bots or forgotten devices."""
    count = 'max by (job, source) (presence_current_status_seconds_gcount{@source, status="online"})'
    bucket = (
        'min by (job, source) (presence_current_status_seconds_bucket{{@source, status="online", le="{}"}})'
    )
    ends = (("7200.0", "2 hours"), ("14400.0", "4 hours"), ("28800.0", "8 hours"), ("86400.0", "a day"))
    return [
        panels.lines(
            About(
                title="Users online without a break",
                question="How many accounts have been online for longer than that, at least? Who never "
                "leaves is a bot or a forgotten device, and makes a group look reachable.",
                absent=f"{_NO_LISTS} The same where `buckets` have no such end.",
            ),
            *(
                over_time(
                    total(f"{count} - {bucket.format(end)}", collector="presence", kind="rocketchat"),
                    f"longer than {name}",
                )
                for end, name in ends
            ),
        )
    ]


def trust() -> list[list[model.Panel]]:
    """Show what makes the numbers wrong or coarse: presence that is off, rare lists, missed changes."""
    return [[_broadcast(), _near()], [_connections(), _resolution(), _drift()]]


def _broadcast() -> model.Panel:
    return panels.states(
        About(
            title="Was presence switched on?",
            question="When had the server switched presence off? It does so by itself with too many "
            "connections and no licence; then its empty list does not mean that nobody is there.",
            absent="the source could not be asked then.",
        ),
        over_time("max by (job, source) (presence_broadcast_disabled{@source})", "{{source}}"),
        look=Look(words=_BROADCAST, colour=looks.BY_THRESHOLD),
    )


def _near() -> model.Panel:
    return panels.number(
        About(
            title="Part of the limit of connections",
            question="How near is the server to switching presence off?",
            absent=_NO_CONNECTIONS,
        ),
        now(
            "max by (job, source) (presence_server_connections{@source}) "
            "/ max by (job, source) (presence_server_connections_limit{@source})",
            "{{source}}",
        ),
        look=Look(unit="percentunit", decimals=0, colour=looks.BY_THRESHOLD, thresholds=_NEAR, least=0),
    )


def _connections() -> model.Panel:
    return panels.lines(
        About(
            title="Connections and their limit",
            question="How many connections are open, and above how many does the server switch presence off?",
            absent=_NO_CONNECTIONS,
        ),
        over_time("max by (job, source) (presence_server_connections{@source})", "{{source}} open"),
        over_time("max by (job, source) (presence_server_connections_limit{@source})", "{{source}} limit"),
    )


def _resolution() -> model.Panel:
    return panels.lines(
        About(
            title="Time between full lists",
            question="How exact are the times in a status? Stays shorter than this are not seen.",
            absent=f"there have not been two full lists yet, or {_NO_LISTS}",
        ),
        over_time("max by (job, source) (presence_status_resolution_seconds{@source})", "{{source}}"),
        look=Look(unit="s", least=0),
    )


def _drift() -> model.Panel:
    return panels.lines(
        About(
            title="Changes that were missed",
            question="How many users' statuses did a full list correct, within each step? Many mean that the "
            "server does not tell of all changes.",
            absent="the source is not asked for changes (`delta`), or nothing was scraped then.",
        ),
        over_time(
            "max by (job, source) (increase(presence_delta_drift_total{@source}[$__rate_interval]))",
            "{{source}}",
        ),
        look=Look(unit="short", least=0),
    )
