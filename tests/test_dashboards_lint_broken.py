"""Each rule complains of a board that breaks it: what Grafana's linter asks, what is queried and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.dashboardlint import forms, linter, queries
from tests.dashboardlint.rules import RULES
from tests.dashboardlint.sample import (
    ALL,
    HEAT,
    LINES,
    ROW,
    STAT,
    STATES,
    TABLE,
    asked,
    broken,
    good,
)

if TYPE_CHECKING:
    from tests.dashboardlint.reading import Rule

DATASOURCE, JOB, INSTANCE, SOURCE = range(4)


def variable(number: int, key: str, value: Any) -> dict[str, Any]:
    """The good board with another property of one variable."""
    return broken("templating", "list", number, key, to=value)


def query(panel: int, key: str, value: Any) -> dict[str, Any]:
    """The good board with another property of one panel's query."""
    return broken("panels", panel, "targets", 0, key, to=value)


RATE = f"rate(presence_join_duration_seconds_bucket{{{ALL}}}[5m])"

BROKEN: list[tuple[Rule, str, dict[str, Any]]] = [
    (linter.template_datasource, "no variable", broken("templating", "list", DATASOURCE)),
    (linter.template_datasource, "another name", variable(DATASOURCE, "name", "ds")),
    (linter.template_datasource, "Loki", variable(DATASOURCE, "query", "loki")),
    (linter.template_datasource, "another label", variable(DATASOURCE, "label", "Data Source")),
    (linter.template_job, "no variable", broken("templating", "list", JOB)),
    (linter.template_job, "one of them", variable(JOB, "multi", False)),
    (linter.template_job, "not all", variable(JOB, "includeAll", False)),
    (linter.template_job, "all and none", variable(JOB, "allValue", ".*")),
    (linter.template_job, "another label", variable(JOB, "label", "job")),
    (linter.template_instance, "no variable", broken("templating", "list", INSTANCE)),
    (linter.template_instance, "typed by hand", variable(INSTANCE, "type", "textbox")),
    (linter.template_instance, "another data source", variable(INSTANCE, "datasource", "prom")),
    (linter.template_promql, "no PromQL", variable(JOB, "query", "label_values(presence_source_info{, job)")),
    (linter.template_promql, "no function", variable(JOB, "query", {"query": "presence_source_info"})),
    (linter.template_reload, "at the start only", variable(SOURCE, "refresh", 1)),
    (linter.panel_datasource, "of a panel", broken("panels", STAT, "datasource", "uid", to="prom")),
    (linter.panel_datasource, "of a query", query(HEAT, "datasource", None)),
    (linter.panel_words, "no title", broken("panels", STATES, "title")),
    (linter.panel_words, "no description", broken("panels", HEAT, "description", to="")),
    (linter.panel_units, "none", broken("panels", TABLE, "fieldConfig", "defaults", "unit")),
    (linter.panel_units, "unknown", broken("panels", LINES, "fieldConfig", "defaults", "unit", to="people")),
    (linter.panel_targets, "none", broken("panels", HEAT, "targets")),
    (linter.target_loki, "of a query", query(STAT, "datasource", {"type": "loki", "uid": "${datasource}"})),
    (linter.target_loki, "of a panel", broken("panels", STATES, "datasource", "type", to="loki")),
    (linter.target_promql, "open bracket", asked("sum(presence_users")),
    (linter.target_promql, "no metric", asked("1 + 1")),
    (linter.target_rate_interval, "a written time", asked(RATE)),
    (linter.target_rate_interval, "the panel's time", asked(RATE.replace("5m", "$__range"))),
    (linter.target_job, "none", asked("max by (job, source) (presence_up)")),
    (linter.target_job, "a written one", asked('presence_up{job="presence", instance=~"$instance"}')),
    (linter.target_instance, "none", asked('presence_up{job=~"$job"}', panel=STATES)),
    (linter.target_counter, "a counter", asked(f"presence_collector_runs_total{{{ALL}}}")),
    (linter.target_counter, "a histogram", asked(f"presence_join_duration_seconds_bucket{{{ALL}}}")),
    (linter.target_counter, "of the library", asked("process_cpu_seconds_total", panel=LINES)),
    (linter.uneditable, "said so", broken("editable", to=True)),
    (linter.uneditable, "not said", broken("editable")),
    (queries.nothing_becomes_zero, "or vector", asked(f"presence_up{{{ALL}}} or vector(0)")),
    (queries.nothing_becomes_zero, "or on vector", asked(f"presence_up{{{ALL}}} or on () vector(0)")),
    (queries.nothing_becomes_zero, "absent", asked(f"absent(presence_up{{{ALL}}})")),
    (queries.nothing_becomes_zero, "times 0", asked(f"presence_users{{{ALL}}} or presence_up{{{ALL}}} * 0")),
    (queries.nothing_becomes_zero, "fill", asked("presence_up + on (source) fill_right(0) presence_users")),
    (queries.facts_count_once, "summed", asked(f"sum by (job, source) (presence_users{{{ALL}}})")),
    (queries.facts_count_once, "bare", asked(f"presence_users{{{ALL}}}")),
    (queries.facts_count_once, "by source alone", asked(f"max by (source) (presence_users{{{ALL}}})")),
    (queries.facts_count_once, "without", asked(f"max without (job, source) (presence_users{{{ALL}}})")),
    (queries.replicas_are_not_mixed, "summed", asked(f"sum by (source) (presence_up{{{ALL}}})")),
    (queries.replicas_are_not_mixed, "without", asked(f"avg without (source) (presence_up{{{ALL}}})")),
    (queries.metrics_exist, "renamed", asked(f"presence_people{{{ALL}}}")),
    (queries.metrics_exist, "a family", asked(f"presence_join_duration_seconds{{{ALL}}}")),
    (queries.metrics_exist, "a label", asked('presence_users{room="lobby"}')),
    (queries.gauges_have_no_rate, "a gauge", asked("rate(presence_users[$__rate_interval])")),
    (
        queries.gauges_have_no_rate,
        "a gauge histogram",
        asked("increase(presence_lone_stay_seconds_bucket[$__rate_interval])"),
    ),
    (queries.variables_match_by_regex, "equal", asked('presence_up{job="$job"}')),
    (queries.variables_match_by_regex, "another one", asked('presence_up{job=~"$source"}')),
    (queries.sources_can_be_chosen, "all", asked('presence_up{job=~"$job", instance=~"$instance"}')),
    (
        queries.variables_are_used,
        "a room that nobody asks for",
        broken("templating", "list", SOURCE, "name", to="room"),
    ),
    (
        queries.variables_follow_each_other,
        "of all jobs",
        variable(INSTANCE, "query", "label_values(presence_source_info, instance)"),
    ),
    (queries.events_ask, "nothing", broken("annotations", "list", 1, "target")),
    (queries.events_ask, "of all jobs", broken("annotations", "list", 1, "target", to={"expr": "up == 0"})),
    (forms.targets_suit_their_panel, "no letter", broken("panels", STAT, "targets", 0, "refId")),
    (
        forms.targets_suit_their_panel,
        "two of one letter",
        broken("panels", STAT, "targets", to=good()["panels"][STAT]["targets"] * 2),
    ),
    (forms.targets_suit_their_panel, "a series in a heatmap", query(HEAT, "format", "time_series")),
    (forms.targets_suit_their_panel, "a heatmap as a line", query(LINES, "format", "heatmap")),
    (forms.targets_suit_their_panel, "both", query(LINES, "instant", True)),
    (forms.targets_suit_their_panel, "neither", query(STAT, "instant", False)),
    (forms.targets_suit_their_panel, "a range", broken("panels", TABLE, "targets", 0, "instant", to=False)),
    (forms.heatmaps, "own buckets", broken("panels", HEAT, "options", "calculate", to=True)),
    (forms.heatmaps, "0 is not drawn", broken("panels", HEAT, "options", "filterValues", "le", to=1e-9)),
    (forms.heatmaps, "0 is not drawn by itself", broken("panels", HEAT, "options", "filterValues")),
    (forms.heatmaps, "no unit of rows", broken("panels", HEAT, "options", "yAxis")),
    (forms.heatmaps, "no unit of cells", broken("panels", HEAT, "options", "cellValues", "unit", to="x")),
    (forms.heatmaps, "other names", query(HEAT, "legendFormat", "__auto")),
    (
        forms.heatmaps,
        "buckets added up",
        asked("sum by (job) (presence_room_size_participants_bucket)", panel=HEAT),
    ),
    (forms.heatmaps, "no buckets", asked("presence_users", panel=HEAT)),
    (
        forms.exemplars,
        "of another metric",
        broken("panels", LINES, "targets", 0, "exemplar", to=True),
    ),
    (
        forms.exemplars,
        "of one moment",
        broken("panels", ROW, "panels", 0, "targets", 0, "instant", to=True),
    ),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.__name__))
def test_the_sample_keeps_every_rule(rule: Rule) -> None:
    """So that whatever is said of a broken one is said of what was broken."""
    assert rule(good()) == []


@pytest.mark.parametrize("rule, what, board", BROKEN, ids=lambda each: getattr(each, "__name__", None))
def test_the_rule_complains(rule: Rule, what: str, board: dict[str, Any]) -> None:
    """With words, and of nothing else than what was broken."""
    complaints = rule(board)

    assert complaints, what
    assert all(each.text for each in complaints)


def test_every_rule_of_these_files_is_broken_by_something() -> None:
    """A rule that nothing can break looks at nothing."""
    assert {rule for rule, _, _ in BROKEN} == {*linter.RULES, *queries.RULES, *forms.RULES}


def test_what_is_no_promql_is_one_complaint_and_not_one_of_each_rule() -> None:
    """The other rules go by what can be read."""
    unreadable = asked("sum(presence_users")
    unreadable["templating"]["list"][JOB]["query"] = "label_values(presence_source_info{, job)"
    blamed = {rule for rule in (*linter.RULES, *queries.RULES, *forms.RULES) if rule(unreadable)}

    assert blamed == {linter.target_promql, linter.template_promql}
