"""Questions to Prometheus. Knows the selectors that every one of them has, and no panel.

A board writes PromQL in which `@source`, `@room` and `@process` stand for the selectors of the variables:
`max by (job, source) (presence_users{@source, status="online"})`. Facts are taken by `max by (job,
source, …)`, since replicas show the same ones; what a process counts for itself is summed or shown by
instance. Nothing may turn what is absent into 0.
"""

from __future__ import annotations

from typing import Literal

from grafana_foundation_sdk.models import common, prometheus

DATASOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
"""The data source that the variable chooses."""

_PROCESS = 'job=~"$job", instance=~"$instance"'
_SELECTORS = {
    "@process": _PROCESS,
    "@source": f'{_PROCESS}, source=~"$source"',
    "@room": f'{_PROCESS}, source=~"$source", room=~"$room"',
}

Form = Literal["time_series", "table", "heatmap"]


def promql(text: str) -> str:
    """Fill in the selectors, and put everything on one line."""
    for short, selector in _SELECTORS.items():
        text = text.replace(short, selector)
    return " ".join(text.split())


def ours(expression: str) -> str:
    """Keep of a metric that many programs have, as `process_…`, the series of presence exporters alone.

    The expression's result must have `job` and `instance`.
    """
    return f"({expression}) and on (job, instance) presence_exporter_build_info{{@process}}"


def total(fact: str, *, collector: str, kind: Literal["daily", "rocketchat"], by: str = "") -> str:
    """Sum a fact over all sources of a kind; nothing while one of them is unknown.

    A sum without the source that failed would take what is unknown for 0. A source counts as unknown when its
    collector fails, and for an hour when it is not on any page any more. `by` names labels to keep.
    """
    kept = f" by ({by}) " if by else ""
    succeeded = f'presence_collector_success{{@source, collector="{collector}"}}'
    return f"""
        sum{kept}({fact}) unless on () (
          max by (job, source) (last_over_time({succeeded}[1h]))
          and on (job, source) last_over_time(presence_source_info{{@source, kind="{kind}"}}[1h])
          unless on (job, source) max by (job, source) ({succeeded}) == 1)
    """


def over_time(
    expression: str, legend: str = "", *, form: Form = "time_series", exemplars: bool = False
) -> prometheus.Dataquery:
    """Ask for a range. `exemplars` only where the exporter has some: `presence_join_duration_seconds`."""
    return prometheus.Dataquery(
        datasource=DATASOURCE,
        editor_mode=prometheus.QueryEditorMode.CODE,
        expr=promql(expression),
        format_val=prometheus.PromQueryFormat(form),
        exemplar=exemplars,
        instant=False,
        range_val=True,
        legend_format=legend or "__auto",
    )


def now(expression: str, legend: str = "", *, form: Form = "time_series") -> prometheus.Dataquery:
    """Ask for the values at the end of the time range; tables take `form="table"`."""
    return prometheus.Dataquery(
        datasource=DATASOURCE,
        editor_mode=prometheus.QueryEditorMode.CODE,
        expr=promql(expression),
        format_val=prometheus.PromQueryFormat(form),
        exemplar=False,
        instant=True,
        range_val=False,
        legend_format=legend or "__auto",
    )
