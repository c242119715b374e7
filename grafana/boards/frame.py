"""What all boards have in common: names, links, annotations, and how old the data is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.models import common, prometheus
from grafana_foundation_sdk.models import dashboard as model

from grafana.boards import layout, looks, panels
from grafana.boards.queries import DATASOURCE, now, ours, promql

if TYPE_CHECKING:
    from collections.abc import Sequence

OVERVIEW = "presence-overview"
ROOMS = "presence-rooms"
CHAT = "presence-chat"
EXPORTER = "presence-exporter"
TAG = "presence"

ANSWERED = (
    "max by (job, source, collector) "
    "(last_over_time(presence_collector_last_success_timestamp_seconds{@source}[1h]))"
)
"""When each collector last succeeded; for an hour also of an exporter that is gone."""

ROOMS_ONLY = " A source that is asked only for watched rooms is not in it."
"""Of numbers that are of all rooms: what they leave out."""

PEOPLE_ONLY = " A source that is asked for some people only is not in it."
"""The same of numbers that are of the full list of users."""

# Every minute, as scrapes are advised: more often would only repeat what is known.
_REFRESH = "1m"


def board(
    *,
    uid: str,
    title: str,
    description: str,
    variables: Sequence[model.VariableModel],
    sections: Sequence[layout.Section],
    since: str = "now-6h",
) -> model.Dashboard:
    """Put a board together: without number and version, and read-only, since its file is what counts."""
    for variable in variables:
        variable.auto = variable.auto_min = variable.auto_count = None
    return model.Dashboard(
        uid=uid,
        title=title,
        description=description,
        tags=[TAG],
        timezone="browser",
        editable=False,
        graph_tooltip=model.DashboardCursorSync.CROSSHAIR,
        time=model.DashboardDashboardTime(from_val=since, to="now"),
        timepicker=model.TimePickerConfig(refresh_intervals=["1m", "5m", "15m", "30m", "1h"]),
        refresh=_REFRESH,
        live_now=False,
        templating=model.DashboardDashboardTemplating(list_val=list(variables)),
        annotations=model.AnnotationContainer(list_val=_annotations()),
        links=[_other_boards()],
        panels=layout.arrange(sections),
    )


def guide(text: str) -> model.Panel:
    """Say what the board is for, and where to go on; addresses of other boards keep time and variables."""
    others = " · ".join(
        f"[{name}](d/{uid}?${{__url_time_range}}&${{__all_variables}})"
        for name, uid in (
            ("Overview", OVERVIEW),
            ("Rooms and meetings", ROOMS),
            ("Chat presence", CHAT),
            ("Exporter", EXPORTER),
        )
    )
    return panels.words("What this board is for", f"{text}\n\n{others}")


def freshness(kind: str = "", *, title: str = "Age of the data") -> model.Panel:
    """Tell how old the oldest answers are; `kind` is `daily`, `rocketchat` or nothing for both of them."""
    about = panels.About(
        title=title,
        question="How old is what this board shows? These are the five sources with the oldest answers; more "
        "than a few minutes mean that numbers are missing or stand still, and not that nothing happens.",
        absent="no collector has succeeded for an hour, or nothing is scraped.",
    )
    age = f"time() - min by (job, source) ({ANSWERED})"
    if kind:
        known = f'last_over_time(presence_source_info{{@source, kind="{kind}"}}[1h])'
        age = f"({age}) and on (job, source) {known}"
    look = panels.Look(unit="s", decimals=0, colour=looks.BY_THRESHOLD, thresholds=looks.AGE)
    return panels.number(about, now(f"topk(5, {age})", "{{source}}"), look=look)


def _other_boards() -> model.DashboardLink:
    return model.DashboardLink(
        title="Presence",
        type_val=model.DashboardLinkType.DASHBOARDS,
        tooltip="The other boards about presence",
        tags=[TAG],
        include_vars=True,
        keep_time=True,
    )


def _annotations() -> list[model.AnnotationQuery]:
    # Not by `changes(…)`: a restart that takes longer than its window would leave no mark.
    restarted = ours("time() - process_start_time_seconds{@process} < 120 + $__interval_ms / 1000")
    read = "presence_exporter_config_last_reload_success_timestamp_seconds{@process}"
    return [
        model.AnnotationQuery(
            name="Annotations & Alerts",
            datasource=common.DataSourceRef(type_val="grafana", uid="-- Grafana --"),
            enable=True,
            hide=True,
            icon_color=looks.NEUTRAL,
            type_val="dashboard",
            built_in=1,
        ),
        _event("Restarts", restarted, colour=looks.ATTENTION, text="{{instance}} started anew"),
        _event(
            "Reloads",
            f"changes({read}[$__rate_interval]) > 0",
            colour=looks.NEUTRAL,
            text="{{instance}} read its configuration",
        ),
        _event(
            "Refused configurations",
            "presence_exporter_config_last_reload_successful{@process} == 0",
            colour=looks.ATTENTION,
            text="{{instance}} could not use its new configuration",
        ),
        # An alert has no instance of ours: it is about a source, or about all replicas.
        _event(
            "Alerts",
            'ALERTS{alertstate="firing", service="presence", job=~"$job"}',
            colour=looks.BAD,
            text="{{alertname}} {{source}}",
        ),
    ]


def _event(name: str, expression: str, *, colour: str, text: str) -> model.AnnotationQuery:
    """Mark on all graphs when something happened; switched on and off at the top of the board."""
    return model.AnnotationQuery(
        name=name,
        datasource=DATASOURCE,
        enable=True,
        icon_color=colour,
        title_format=text,
        target=prometheus.Dataquery(
            ref_id="Anno", expr=promql(expression), interval="", legend_format=text, range_val=True
        ),
    )
