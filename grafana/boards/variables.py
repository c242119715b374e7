"""What can be chosen at the top of a board. Their order is the same on every board."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as model

from grafana.boards.queries import DATASOURCE, promql

# On the pages of sources, or on those of the exporter alone: both jobs are offered where they are two.
_ANY = '{__name__=~"presence_source_info|presence_exporter_build_info"'


def datasource() -> model.VariableModel:
    """Which Prometheus is asked."""
    return model.VariableModel(
        type_val=model.VariableType.DATASOURCE,
        name="datasource",
        label="Data source",
        query="prometheus",
        refresh=model.VariableRefresh.ON_DASHBOARD_LOAD,
    )


def chosen(name: str, label: str, *, of: str, description: str) -> model.VariableModel:
    """Offer a label's values, several or all; `of` is `label_values(…)`, with `@` as in queries."""
    query = promql(of)
    return model.VariableModel(
        type_val=model.VariableType.QUERY,
        name=name,
        label=label,
        description=description,
        datasource=DATASOURCE,
        query=query,
        refresh=model.VariableRefresh.ON_TIME_RANGE_CHANGED,
        sort=model.VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC,
        multi=True,
        include_all=True,
        all_value=".+",
        current=model.VariableOption(selected=True, text=["All"], value=["$__all"]),
    )


def job() -> model.VariableModel:
    """Scrape jobs with presence exporters."""
    return chosen("job", "Job", of=f"label_values({_ANY}}}, job)", description="Scrape job of the exporter")


def instance() -> model.VariableModel:
    """Exporters of these jobs, or sources where each is a target."""
    of = f'label_values({_ANY}, job=~"$job"}}, instance)'
    return chosen("instance", "Instance", of=of, description="Exporter, or source where each is a target")


def source() -> model.VariableModel:
    """Sources that these exporters know."""
    of = "label_values(presence_source_info{@process}, source)"
    return chosen("source", "Source", of=of, description="Source by its name in the configuration")


def room() -> model.VariableModel:
    """Rooms with a series of their own within the time range."""
    of = "label_values(presence_room_participants{@source}, room)"
    return chosen("room", "Room", of=of, description="Room that had a series of its own in this time")


def plan_minutes() -> model.VariableModel:
    """Participant-minutes that a plan of Daily includes; where it is no number, its panel has an error."""
    return model.VariableModel(
        type_val=model.VariableType.TEXTBOX,
        name="plan_minutes",
        label="Plan's minutes",
        description="Participant-minutes a month that your plan of Daily includes",
        query="10000",
        current=model.VariableOption(selected=True, text="10000", value="10000"),
    )


def common() -> list[model.VariableModel]:
    """What every board begins with."""
    return [datasource(), job(), instance(), source()]
