"""A small board that keeps every rule, and a way to break it at one place."""

from __future__ import annotations

import copy
from typing import Any, Final

DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}

ALL: Final = 'job=~"$job", instance=~"$instance", source=~"$source"'

GONE: Final = object()

TEXT, STAT, LINES, HEAT, STATES, TABLE, ROW = range(7)
"""Where each panel stands in the list; the row is closed and has one inside."""


def broken(*path: str | int, to: Any = GONE) -> dict[str, Any]:
    """Return the good board with another value at one place, or without it."""
    board = good()
    place: Any = board
    for step in path[:-1]:
        place = place[step]
    if to is GONE:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return board


def asked(expr: str, *, panel: int = STAT) -> dict[str, Any]:
    """Return the good board with another query on one panel."""
    return broken("panels", panel, "targets", 0, "expr", to=expr)


def good() -> dict[str, Any]:
    """Return the board that keeps every rule, each time a new one."""
    return copy.deepcopy(_BOARD)


def _query(expr: str, **more: Any) -> dict[str, Any]:
    asked_for = {"refId": "A", "format": "time_series", "instant": False, "range": True, "exemplar": False}
    return {"datasource": DATASOURCE, "expr": expr, **asked_for, **more}


def _panel(kind: str, number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "type": kind,
        "title": f"The {kind}",
        "description": "How many? No data: nobody knows.",
        "datasource": DATASOURCE,
        "gridPos": {"x": 0, "y": number * 4, "w": 24, "h": 4},
        "fieldConfig": {"defaults": {"unit": "short"}, "overrides": []},
        **more,
    }


def _variable(name: str, query: str) -> dict[str, Any]:
    return {
        "type": "query",
        "name": name,
        "label": name.capitalize(),
        "datasource": DATASOURCE,
        "query": query,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "refresh": 2,
    }


def _states(**more: Any) -> dict[str, Any]:
    results = {"1": {"text": "ok", "color": "#009E73"}, "0": {"text": "failed", "color": "#D55E00"}}
    mappings = [
        {"type": "value", "options": results},
        {"type": "special", "options": {"match": "null", "result": {"text": "unknown"}}},
    ]
    return {"defaults": {"mappings": mappings, **more}, "overrides": []}


_VARIABLES: Final = [
    {"type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus"},
    _variable("job", "label_values(presence_source_info, job)"),
    _variable("instance", 'label_values(presence_source_info{job=~"$job"}, instance)'),
    _variable("source", 'query_result(presence_source_info{job=~"$job", instance=~"$instance"})'),
]

_FRESH: Final = f"time() - max by (job, source) (presence_collector_last_success_timestamp_seconds{{{ALL}}})"

_USERS: Final = f"sum by (status) (max by (job, source, status) (presence_users{{{ALL}}}))"

_SIZES: Final = f"sum by (le) (max by (job, source, le) (presence_room_size_participants_bucket{{{ALL}}}))"

_ENDED: Final = f"""histogram_quantile(0.9, sum by (le) (max by (job, source, le)
    (rate(presence_join_duration_seconds_bucket{{{ALL}}}[$__rate_interval]))))"""

_ROOMS: Final = f"topk(10, max by (job, source, room) (presence_room_participants{{{ALL}}}))"

_LINK: Final = "/d/presence-rooms?${__url_time_range}&${datasource:queryparam}"

_PANELS: Final = [
    {
        **_panel("text", 1),
        "options": {"content": "What for. [Rooms](d/presence-rooms?${__url_time_range}&${__all_variables})"},
    },
    _panel("stat", 2, targets=[_query(_FRESH, instant=True, range=False)]),
    _panel(
        "timeseries",
        3,
        targets=[_query(_USERS)],
        options={"legend": {"showLegend": True}},
        fieldConfig={
            "defaults": {"unit": "none", "custom": {"spanNulls": False, "stacking": {"mode": "normal"}}},
            "overrides": [
                {
                    "matcher": {"id": "byRegexp", "options": "/failed/"},
                    "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": "#D55E00"}}],
                }
            ],
        },
    ),
    _panel(
        "heatmap",
        4,
        targets=[_query(_SIZES, format="heatmap", legendFormat="{{le}}")],
        options={
            "calculate": False,
            "filterValues": {"le": -1},
            "yAxis": {"unit": "short"},
            "cellValues": {"unit": "none"},
        },
    ),
    _panel(
        "state-timeline",
        5,
        targets=[_query(f"max by (job, source) (presence_up{{{ALL}}})")],
        options={"showValue": "auto"},
        fieldConfig=_states(),
    ),
    _panel(
        "table",
        6,
        targets=[_query(_ROOMS, format="table", instant=True, range=False)],
        fieldConfig={
            "defaults": {"unit": "none"},
            "overrides": [
                {
                    "matcher": {"id": "byName", "options": "Room"},
                    "properties": [
                        {"id": "links", "value": [{"title": "More", "url": _LINK}]},
                        {"id": "unit", "value": "s"},
                    ],
                }
            ],
        },
    ),
    {
        "id": 7,
        "type": "row",
        "title": "How long do they stay?",
        "gridPos": {"x": 0, "y": 28, "w": 24, "h": 1},
        "panels": [
            _panel(
                "timeseries",
                8,
                title="Stays",
                targets=[_query(_ENDED, exemplar=True)],
                options={"legend": {"showLegend": True}},
                fieldConfig={"defaults": {"unit": "s", "custom": {"spanNulls": False}}, "overrides": []},
            )
        ],
    },
]

_BOARD: Final[dict[str, Any]] = {
    "uid": "presence-rooms",
    "title": "Rooms",
    "tags": ["presence"],
    "schemaVersion": 42,
    "editable": False,
    "refresh": "1m",
    "timepicker": {"refresh_intervals": ["1m", "1h"]},
    "links": [
        {"type": "dashboards", "tags": ["presence"], "keepTime": True, "includeVars": True},
        {"type": "link", "title": "About", "url": "https://presence-exporter.example.org/"},
    ],
    "annotations": {
        "list": [
            {
                "builtIn": 1,
                "datasource": {"type": "grafana", "uid": "-- Grafana --"},
                "enable": True,
                "hide": True,
            },
            {
                "name": "Restarts",
                "datasource": DATASOURCE,
                "enable": True,
                "target": {"expr": 'changes(process_start_time_seconds{job=~"$job"}[$__rate_interval]) > 0'},
            },
        ]
    },
    "templating": {"list": _VARIABLES},
    "panels": _PANELS,
}
