"""Rules for what panels ask, beyond Grafana's linter: what is unknown stays so, and facts count once.

Knows PromQL, the exporter's metrics and how Grafana reads answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import promql_parser as promql

from tests.dashboardlint.known import (
    FOREIGN_PREFIXES,
    PROMETHEUS_OWN,
    family,
    is_about_collecting,
    is_counted,
    is_fact,
    labels,
)
from tests.dashboardlint.linter import GROWING
from tests.dashboardlint.reading import (
    Complaint,
    asked_by,
    nodes,
    panels,
    query_of,
    selectors,
    targets,
    variables,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dashboardlint.reading import Json, Rule

EVERYWHERE: Final = frozenset({"job", "instance", "__name__", "le"})

LEAST: Final = frozenset({"presence_current_status_seconds_bucket"})
"""Facts of which the oldest replica knows most, which makes its figures the least ones."""

AVERAGING: Final = frozenset({"sum", "avg", "count", "quantile", "stddev", "stdvar", "group"})


def nothing_becomes_zero(dashboard: Json) -> list[Complaint]:
    """No query makes a number of what is absent."""
    found = []
    for target in targets(dashboard):
        try:
            parts = nodes(target.expr)
        except ValueError:
            continue
        found += [Complaint(target.title, f"{word} makes a number of nothing") for word in _inventing(parts)]
    return found


def _inventing(parts: list[promql.Expr]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, promql.Call) and part.func.name in {"vector", "absent", "absent_over_time"}:
            yield f"{part.func.name}()"
        elif isinstance(part, promql.BinaryExpr):
            filled = part.modifier and part.modifier.fill_values
            if filled and (filled.lhs is not None or filled.rhs is not None):
                yield "fill()"
            if str(part.op) == "*" and any(
                isinstance(each, promql.NumberLiteral) and each.val == 0 for each in (part.lhs, part.rhs)
            ):
                yield "* 0"


def facts_count_once(dashboard: Json) -> list[Complaint]:
    """Replicas show the same facts: the first thing done to one is a max by (job, source, …), or a min."""
    found = []
    for target in targets(dashboard):
        for each in target.selectors():
            first = next(iter(each.aggregations), None)
            one = "min" if each.name in LEAST else "max"
            once = (
                first and first.name == one and not first.without and {"job", "source"} <= (first.by or set())
            )
            if is_fact(each.name) and not once:
                found.append(
                    Complaint(target.title, f"{each.name} is not taken by {one} by (job, source, …) first")
                )
    return found


def replicas_are_not_mixed(dashboard: Json) -> list[Complaint]:
    """What each process says of its collections is shown by instance, or the best or worst of them is."""
    return [
        Complaint(target.title, f"{each.name} is mixed over replicas by {first.name}")
        for target in targets(dashboard)
        for each in target.selectors()
        if is_about_collecting(each.name)
        for first in each.aggregations[:1]
        if first.name in AVERAGING and (first.without or "instance" not in (first.by or ()))
    ]


def metrics_exist(dashboard: Json) -> list[Complaint]:
    """Every metric is the exporter's, its client library's or Prometheus's own, with labels that it has."""
    found = []
    for target in targets(dashboard):
        for each in target.selectors():
            if each.name.startswith(FOREIGN_PREFIXES) or each.name in PROMETHEUS_OWN:
                continue
            if family(each.name) is None:
                found.append(Complaint(target.title, f"there is no metric {each.name}"))
                continue
            strange = {label for label, _, _ in each.matchers} - labels(each.name) - EVERYWHERE
            found += [
                Complaint(target.title, f"{each.name} has no label {label}") for label in sorted(strange)
            ]
    return found


def gauges_have_no_rate(dashboard: Json) -> list[Complaint]:
    """What goes up and down, a gauge histogram too, is shown as it is."""
    return [
        Complaint(target.title, f"{each.name} does not only grow: take no rate of it")
        for target in targets(dashboard)
        for each in target.selectors()
        if each.functions & GROWING and not is_counted(each.name)
    ]


def variables_match_by_regex(dashboard: Json) -> list[Complaint]:
    """Variables of which several can be chosen are regular expressions in selectors."""
    return [
        Complaint(target.title, f'{each.name} is asked with {label}{operator}"{value}"')
        for target in targets(dashboard)
        for each in target.selectors()
        for label, operator, value in sorted(each.matchers)
        if value.startswith("$") and (operator != "=~" or value != f"${label}")
    ]


def sources_can_be_chosen(dashboard: Json) -> list[Complaint]:
    """What has a source keeps to the chosen sources, and what has a room to the chosen rooms."""
    offered = {str(each.get("name")) for each in variables(dashboard)} & {"source", "room"}
    return [
        Complaint(target.title, f'{each.name} is asked without {label}=~"${label}"')
        for target in targets(dashboard)
        for each in target.selectors()
        for label in sorted(offered & labels(each.name))
        if (label, "=~", f"${label}") not in each.matchers
    ]


def variables_are_used(dashboard: Json) -> list[Complaint]:
    """Whatever can be chosen makes a difference."""
    text = " ".join([str(target.query) for target in targets(dashboard)] + [str(panels(dashboard))])
    unused = [each for each in variables(dashboard) if f"${{{each['name']}" not in text]
    return [
        Complaint("", f"the variable {each['name']} is not used")
        for each in unused
        if f"${each['name']}" not in text
    ]


def variables_follow_each_other(dashboard: Json) -> list[Complaint]:
    """Each variable offers only what belongs to those that were chosen before it."""
    found = []
    chosen: list[str] = []
    for variable in variables(dashboard):
        if variable.get("type") != "query":
            continue
        try:
            asked = asked_by(variable)
        except ValueError:
            continue
        found += [
            Complaint("", f"{query_of(variable)} offers what {before} did not choose")
            for before in chosen
            if not all((before, "=~", f"${before}") in each.matchers for each in asked)
        ]
        chosen.append(str(variable["name"]))
    return found


def events_ask(dashboard: Json) -> list[Complaint]:
    """Annotations are PromQL as well, of the chosen jobs, and nothing that Grafana only knew before."""
    found = []
    for each in dashboard.get("annotations", {}).get("list", ()):
        if each.get("builtIn") == 1:
            continue
        try:
            asked = selectors(str(each.get("target", {}).get("expr", "")))
        except ValueError:
            asked = []
        if not asked or any(("job", "=~", "$job") not in selector.matchers for selector in asked):
            found.append(Complaint("", f'{each.get("name")} must ask with job=~"$job"'))
    return found


RULES: Final[tuple[Rule, ...]] = (
    nothing_becomes_zero,
    facts_count_once,
    replicas_are_not_mixed,
    metrics_exist,
    gauges_have_no_rate,
    variables_match_by_regex,
    sources_can_be_chosen,
    variables_are_used,
    variables_follow_each_other,
    events_ask,
)
