"""The rules of Grafana's dashboard-linter 0.2.0, written anew and looking at every type of panel.

That program looks at few types (it knows neither heatmaps nor state timelines) and is no part of the checks.
The order is that of its documentation; its two rules for Loki are one here: nothing asks Loki.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from grafana_foundation_sdk.models import units

from tests.dashboardlint.known import is_counted
from tests.dashboardlint.reading import (
    SILENT,
    WINDOWS,
    Complaint,
    asked_by,
    asking,
    panels,
    selectors,
    targets,
    title,
    variables,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dashboardlint.reading import Json, Rule

UNITS: Final = frozenset(
    value for name, value in vars(units).items() if not name.startswith("_") and isinstance(value, str)
)
"""Every unit that Grafana knows, as its own kit lists them."""

OURS: Final = frozenset({"${datasource}", "$datasource"})

WITHOUT_NUMBERS: Final = SILENT | {"heatmap"}
"""Heatmaps have units for an axis and for cells; that is a rule of its own."""

GROWING: Final = frozenset({"rate", "irate", "increase"})


def template_datasource(dashboard: Json) -> list[Complaint]:
    """A variable chooses the data source."""
    found = [each for each in variables(dashboard) if each.get("type") == "datasource"]
    if [each.get("name") for each in found] != ["datasource"]:
        return [Complaint("", "there must be one data source variable, named datasource")]
    [variable] = found
    if (variable.get("query"), variable.get("label")) != ("prometheus", "Data source"):
        return [Complaint("", "the data source variable is one of prometheus, with the label Data source")]
    return []


def template_job(dashboard: Json) -> list[Complaint]:
    """Scrape jobs can be chosen, several or all."""
    return list(_chosen(dashboard, "job"))


def template_instance(dashboard: Json) -> list[Complaint]:
    """Exporters can be chosen, several or all."""
    return list(_chosen(dashboard, "instance"))


def _chosen(dashboard: Json, name: str) -> Iterator[Complaint]:
    variable = next((each for each in variables(dashboard) if each.get("name") == name), None)
    if variable is None:
        yield Complaint("", f"there is no variable {name}")
        return
    if variable.get("type") != "query" or _uid(variable) not in OURS:
        yield Complaint("", f"the variable {name} must ask the data source")
    if not (variable.get("multi") and variable.get("includeAll") and variable.get("allValue") == ".+"):
        yield Complaint("", f"of the variable {name} several can be chosen, and all, which is .+")
    if variable.get("label") != name.capitalize():
        yield Complaint("", f"the variable {name} has the label {name.capitalize()}")


def template_promql(dashboard: Json) -> list[Complaint]:
    """What variables ask is PromQL."""
    found = []
    for variable in variables(dashboard):
        if variable.get("type") == "query":
            try:
                asked_by(variable)
            except ValueError as wrong:
                found.append(Complaint("", f"the variable {variable.get('name')}: {wrong}"))
    return found


def template_reload(dashboard: Json) -> list[Complaint]:
    """Variables are asked again for another time range."""
    return [
        Complaint("", f"the variable {each.get('name')} is not asked again when the time changes")
        for each in variables(dashboard)
        if each.get("type") == "query" and each.get("refresh") != 2
    ]


def panel_datasource(dashboard: Json) -> list[Complaint]:
    """Panels and their queries ask the chosen data source."""
    return [
        Complaint(title(panel), "asks another data source than the chosen one")
        for panel in asking(dashboard)
        for asked in (panel, *panel.get("targets", ()))
        if _uid(asked) not in OURS
    ]


def panel_words(dashboard: Json) -> list[Complaint]:
    """Panels have a title and a description, which a text is itself."""
    return [
        Complaint(title(panel), "needs a title and a description")
        for panel in panels(dashboard)
        if not panel.get("title") or not (panel.get("description") or panel.get("type") == "text")
    ]


def panel_units(dashboard: Json) -> list[Complaint]:
    """Panels say the unit of their numbers; those that write words for values need none."""
    return [
        Complaint(title(panel), "has no unit that Grafana knows")
        for panel in panels(dashboard)
        if panel.get("type") not in WITHOUT_NUMBERS
        for defaults in [panel.get("fieldConfig", {}).get("defaults", {})]
        if defaults.get("unit") not in UNITS and not defaults.get("mappings")
    ]


def panel_targets(dashboard: Json) -> list[Complaint]:
    """Panels ask something."""
    return [Complaint(title(each), "asks nothing") for each in asking(dashboard) if not each.get("targets")]


def target_loki(dashboard: Json) -> list[Complaint]:
    """Nothing asks Loki, for which there are rules of its own."""
    return [
        Complaint(title(panel), "asks something else than Prometheus")
        for panel in panels(dashboard)
        for asked in (panel, *panel.get("targets", ()))
        if asked.get("datasource", {}).get("type", "prometheus") != "prometheus"
    ]


def target_promql(dashboard: Json) -> list[Complaint]:
    """Queries are PromQL that asks for some metric."""
    found = []
    for target in targets(dashboard):
        try:
            asked = selectors(target.expr)
        except ValueError as wrong:
            found.append(Complaint(target.title, f"{target.expr!r} is no PromQL: {wrong}"))
        else:
            if not asked:
                found.append(Complaint(target.title, f"{target.expr!r} asks for no metric"))
    return found


def target_rate_interval(dashboard: Json) -> list[Complaint]:
    """Rates are taken over the interval that suits the scrapes and the screen."""
    return [
        Complaint(target.title, f"the rate of {each.name} is not taken over $__rate_interval")
        for target in targets(dashboard)
        for each in target.selectors()
        if each.functions & GROWING and each.window != WINDOWS["__rate_interval"]
    ]


def target_job(dashboard: Json) -> list[Complaint]:
    """Every selector keeps to the chosen jobs."""
    return _without(dashboard, "job")


def target_instance(dashboard: Json) -> list[Complaint]:
    """Every selector keeps to the chosen exporters."""
    return _without(dashboard, "instance")


def _without(dashboard: Json, label: str) -> list[Complaint]:
    return [
        Complaint(target.title, f'{each.name} is asked without {label}=~"${label}"')
        for target in targets(dashboard)
        for each in target.selectors()
        if (label, "=~", f"${label}") not in each.matchers
    ]


def target_counter(dashboard: Json) -> list[Complaint]:
    """What only grows is shown by its growth."""
    return [
        Complaint(target.title, f"{each.name} only grows: take a rate of it")
        for target in targets(dashboard)
        for each in target.selectors()
        if is_counted(each.name) and not each.functions & GROWING
    ]


def uneditable(dashboard: Json) -> list[Complaint]:
    """What is delivered is not changed by hand."""
    return [] if dashboard.get("editable") is False else [Complaint("", "must not be editable")]


def _uid(asked: Json) -> str:
    datasource = asked.get("datasource") or {}
    return str(datasource.get("uid")) if isinstance(datasource, dict) else str(datasource)


RULES: Final[tuple[Rule, ...]] = (
    template_datasource,
    template_job,
    template_instance,
    template_promql,
    template_reload,
    panel_datasource,
    panel_words,
    panel_units,
    panel_targets,
    target_loki,
    target_promql,
    target_rate_interval,
    target_job,
    target_instance,
    target_counter,
    uneditable,
)
