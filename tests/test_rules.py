"""What can be seen of the rules without running them: form, triage, units, and that facts are taken right.

That they ask for metrics, labels and values that exist, and make no number of what is absent, is seen
together with all other queries in `test_query_coverage`; what they do, promtool plays in `system/test_rules`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import promql_parser as promql
import pytest

from exporter.metrics.catalogue import FAMILIES
from tests.dashboardlint.known import SERIES, TYPES
from tests.kit.promql import Node, grouping, nodes, parts
from tests.kit.rulefiles import ALERTS, RECORDS, Rule, groups, rules

RULES: Final = rules(ALERTS)
RECORDED: Final = {rule.name: rule for rule in rules(RECORDS)}

each_alert = pytest.mark.parametrize("alert", RULES, ids=[rule.name for rule in RULES])
each_rule = pytest.mark.parametrize(
    "rule", [*RULES, *RECORDED.values()], ids=[*(rule.name for rule in RULES), *RECORDED]
)

TRIAGE: Final = {
    "presence-exporter": ("PresenceExporterGone", "PresenceExporterDown"),
    "presence-sources": (
        "PresenceSourceDown",
        "PresenceStale",
        "PresenceAuthRefused",
        "PresenceRateLimited",
        "PresenceSwitchedOff",
        "PresenceSchemaDrift",
        "PresenceInternalError",
        "PresenceConfigReloadFailed",
    ),
    "presence-ledger": ("PresenceLedgerStuck", "PresenceLedgerLoss"),
    "presence-people": (
        "PresenceOnCallGroupEmpty",
        "PresencePersonAlone",
        "PresenceRoomStuckOpen",
        "PresenceUnusuallyFewParticipants",
        "PresenceUnusuallyManyParticipants",
    ),
}
"""Names are an interface, for silences and routes."""

RUNBOOK: Final = "https://presence-exporter.example.org/runbooks/{}/"
DASHBOARD: Final = re.compile(
    r"https://grafana\.example\.org/d/presence-(?:overview|rooms|chat|exporter)"
    r"\?var-job=\{\{ \$labels\.job \}\}(?:&var-(source|instance|room)=\{\{ \$labels\.\1 \}\})+"
)
COMPARISONS: Final = {"==", "!=", "<", "<=", ">", ">="}
SCRAPE: Final = 15.0
"""The scrape interval that the windows are made for, in seconds."""

MINUTE: Final = 60.0
BRIDGE: Final = 5 * MINUTE
"""How long a lost scrape is bridged."""

IMPERSONAL: Final = {"job", "instance", "source", "collector", "reason", "field", "group", "room", "loss"}
"""Labels that may be named to people; none of them is a person's."""

README: Final = ALERTS.with_name("README.md")

GROWING: Final = {series for series, name in SERIES.items() if TYPES[name] in {"counter", "histogram"}}
OF_SOURCES: Final = {family.name for family in FAMILIES}
FACTS: Final = {series for series, name in SERIES.items() if name in OF_SOURCES}
"""What replicas show alike."""


def selectors(rule: Rule) -> list[Node]:
    """Where an expression takes series."""
    return [node for node in nodes(rule.expr) if node.series is not None]


def labels_kept(expr: promql.Expr) -> set[str]:
    """The labels that the answer has for certain."""
    kept: set[str] = set()
    match expr:
        case promql.AggregateExpr():
            kept = grouping(expr)
        case promql.VectorSelector(name=str(name)) if name in RECORDED:
            kept = labels_kept(promql.parse(RECORDED[name].expr))
        case promql.Call(func=promql.Function(name="absent")):
            kept = {matcher.name for matcher in expr.args[0].matchers.matchers}
        case promql.Call(func=promql.Function(name="label_replace")):
            kept = labels_kept(expr.args[0]) | {expr.args[1].val}
        case promql.BinaryExpr() if str(expr.op) == "or":
            kept = labels_kept(expr.lhs) & labels_kept(expr.rhs)
        case promql.BinaryExpr():
            kept = labels_kept(expr.lhs) or labels_kept(expr.rhs)
        case _:
            kept = set().union(*map(labels_kept, parts(expr)))
    return kept


def unit(expr: promql.Expr) -> str:
    """What the value of an alert is: `s`, `share`, or a plain number."""
    said = ""
    match expr:
        case promql.BinaryExpr(lhs=promql.Call(func=promql.Function(name="time"))):
            said = "s"
        case promql.BinaryExpr() if str(expr.op) == "/":
            said = "share"
        case promql.Call(func=promql.Function(name="avg_over_time")) if "_success" in str(expr):
            said = "share"
        case promql.VectorSelector():
            said = "s" if "_seconds_total" in str(expr.name) else ""
        case _:
            said = next(map(unit, parts(expr)), "")
    return said


def compares(expr: promql.Expr) -> bool:
    """Whether each branch of an expression lets only some values through; absence does."""
    inner = [compares(part) for part in parts(expr)]
    match expr:
        case promql.BinaryExpr() if str(expr.op) == "or":
            return all(inner)
        case promql.BinaryExpr() if str(expr.op) in {"and", "unless"}:
            return any(inner)
        case promql.BinaryExpr():
            return str(expr.op) in COMPARISONS
        case promql.Call(func=promql.Function(name="absent")):
            return True
        case _:
            return any(inner)


def test_alerts_are_named_and_ordered_by_triage() -> None:
    """First whether anything is known at all, last what may be known about people."""
    assert {
        group["name"]: tuple(rule["alert"] for rule in group["rules"]) for group in groups(ALERTS)
    } == TRIAGE


@pytest.mark.parametrize("file", [ALERTS, RECORDS], ids=["alerts", "records"])
def test_a_group_has_what_every_prometheus_from_2_42_on_takes(file: Path) -> None:
    """Prometheus 2 refuses labels or an offset of groups; by the minute nothing goes stale between."""
    for group in groups(file):
        assert group.keys() == {"name", "interval", "rules"}
        assert group["interval"] == "1m"


@each_alert
def test_an_alert_is_whole(alert: Rule) -> None:
    """With all that a person or a route needs, and nothing else."""
    assert re.fullmatch(r"Presence(?:[A-Z][a-z]+)+", alert.name)
    assert alert.body.keys() == {"alert", "expr", "for", "keep_firing_for", "labels", "annotations"}
    assert alert.body["labels"].keys() == {"severity", "service"}
    assert alert.body["labels"]["severity"] in {"critical", "warning", "info"}
    assert alert.body["labels"]["service"] == "presence"
    assert list(alert.annotations) == ["summary", "description", "runbook_url", "dashboard_url"]


@each_alert
def test_annotations_are_short_and_lead_on(alert: Rule) -> None:
    """A summary without values, a description in sentences, and both addresses by their pattern."""
    said = alert.annotations

    assert re.fullmatch(r"[A-Z][^{}\n]{10,78}[^.{}\n]", said["summary"])
    assert re.fullmatch(r"[^\n]{80,640}(?:\.|\{\{ end \}\})", said["description"])
    assert "{{ $labels." in said["description"]
    assert said["runbook_url"] == RUNBOOK.format(alert.name)
    assert alert.name == "PresenceExporterGone" or DASHBOARD.fullmatch(said["dashboard_url"])


@each_alert
def test_annotations_name_labels_that_the_alert_has(alert: Rule) -> None:
    """One that it has not would be an empty place; and none of them is a person's."""
    kept = labels_kept(promql.parse(alert.expr))
    named = set(re.findall(r"\$labels\.(\w+)", " ".join(alert.annotations.values())))

    assert "job" in kept
    assert kept & {"source", "instance"} or alert.name == "PresenceExporterGone"
    assert named == kept
    assert kept <= IMPERSONAL


@each_alert
def test_values_stand_in_the_description_alone_in_their_unit(alert: Rule) -> None:
    """A value in a label would make another alert of each value."""
    others = [*alert.body["labels"].values(), *(alert.annotations[key] for key in alert.annotations)]
    others.remove(alert.annotations["description"])
    shown = re.findall(r"\{\{ \$value (.*?)\}\}", alert.annotations["description"])
    forms = {"s": "| humanizeDuration", "share": "| humanizePercentage", "": '| printf "%.'}

    assert not any("$value" in other for other in others)
    assert alert.annotations["description"].count("$value") == len(shown)
    assert all(each.startswith(tuple(forms.values())) for each in shown)
    assert not shown or shown[0].startswith(forms[unit(promql.parse(alert.expr))])


@each_alert
def test_an_alert_compares(alert: Rule) -> None:
    """Each branch of it: without a comparison it would fire on any value."""
    assert compares(promql.parse(alert.expr))


@each_rule
def test_counters_are_taken_as_growth_and_nothing_else_is(rule: Rule) -> None:
    """Over at least four scrapes. A gauge that falls would look like a counter that began anew."""
    for node in selectors(rule):
        growth = [name for name in node.functions if name in {"rate", "increase", "irate", "delta", "deriv"}]
        assert growth == [] if node.series not in GROWING else growth in (["rate"], ["increase"])
    for node in nodes(rule.expr):
        if isinstance(node.expr, promql.MatrixSelector):
            assert node.expr.range.total_seconds() >= 4 * SCRAPE


@each_rule
def test_what_is_fragile_is_not_used(rule: Rule) -> None:
    """The order of values, the moment of evaluation, subqueries, and divisions inside of aggregations."""
    for node in nodes(rule.expr):
        if isinstance(node.expr, promql.AggregateExpr):
            assert str(node.expr.op) in {"max", "min", "sum"}
            assert node.expr.modifier is not None
            assert node.expr.modifier.type == promql.AggModifierType.By
            assert "job" in grouping(node.expr)
        assert not isinstance(node.expr, promql.SubqueryExpr)
        divides = isinstance(node.expr, promql.BinaryExpr) and str(node.expr.op) == "/"
        assert not (divides and node.aggregations)
        if isinstance(node.expr, promql.VectorSelector):
            assert node.expr.at is None
            assert not any("_over_time" in name for name in node.functions[:-1])


@each_rule
def test_only_what_prometheus_says_of_its_targets_is_chosen_by_job(rule: Rule) -> None:
    """Our metrics have names of their own, so that they may come from several jobs."""
    for node in selectors(rule):
        assert node.labels & {"job", "instance", "source"} == ({"job"} if node.series == "up" else set())


@each_rule
def test_facts_of_replicas_count_once(rule: Rule) -> None:
    """All replicas show the same, so what is done first with a fact is max; sums come outside of it."""
    for node in selectors(rule):
        if node.series in FACTS - GROWING or "_ledger_" in str(node.series):
            assert str(node.aggregations[-1].op) == "max", node.series
            assert "instance" not in grouping(node.aggregations[-1])
    for node in nodes(rule.expr):
        if isinstance(node.expr, promql.AggregateExpr) and rule.name not in _ABOUT_TARGETS:
            assert {"job", "source"} <= grouping(node.expr)


_ABOUT_TARGETS: Final = {"PresenceExporterGone", "PresenceExporterDown", "PresenceConfigReloadFailed"}


def windows(alert: Rule) -> list[tuple[str, float]]:
    """The functions that look back, each with how many seconds."""
    return [
        (node.functions[-1], node.expr.range.total_seconds())
        for node in nodes(alert.expr)
        if isinstance(node.expr, promql.MatrixSelector)
    ]


@each_alert
def test_times_outlast_a_lost_scrape(alert: Rule) -> None:
    """Nothing fires on what was seen once and then lost: `for` is longer than what is bridged."""
    after = alert.seconds("for")
    bridged = {seconds for function, seconds in windows(alert) if function == "last_over_time"}
    # An age goes on growing whether it is seen or not.
    is_age = unit(promql.parse(alert.expr)) == "s"

    assert alert.seconds("keep_firing_for") >= BRIDGE
    assert bridged <= {BRIDGE}
    assert not bridged or after > BRIDGE or (is_age and after == BRIDGE)
    assert after >= 2 * MINUTE if "absent(" in alert.expr else after >= MINUTE


@each_alert
def test_a_value_is_not_smoothed_and_waited_for_over_the_same_time(alert: Rule) -> None:
    """Which would make the time twice as long as it looks."""
    assert alert.seconds("for") not in {
        seconds for function, seconds in windows(alert) if function != "last_over_time"
    }


GUARDED: Final = [rule for rule in RULES if rule.group == "presence-people" and "avg1h" not in rule.expr]


@pytest.mark.parametrize("alert", GUARDED, ids=[rule.name for rule in GUARDED])
def test_a_fact_about_people_counts_where_its_collector_succeeded(alert: Rule) -> None:
    """By the same page, so that a fact that is withheld ends at once, while a lost scrape is bridged."""
    facts = [node for node in selectors(alert) if node.series != "presence_collector_success"]
    [guard] = [node for node in selectors(alert) if node.series == "presence_collector_success"]
    [both] = [each for each in guard.around if isinstance(each, promql.BinaryExpr) and str(each.op) == "and"]

    assert " and on (job, instance, source) " in str(both)
    assert str(both.rhs).endswith(" == 1")
    assert facts
    assert all(str(both) in map(str, node.around) for node in facts)


@pytest.mark.parametrize("name", RECORDED)
def test_a_record_is_named_by_what_it_is(name: str) -> None:
    """level:metric:operations, and an alert or another record needs it."""
    level, metric, operations = name.split(":")
    kept = labels_kept(promql.parse(RECORDED[name].expr))
    users = [rule.name for rule in [*RULES, *RECORDED.values()] if name in rule.expr]

    assert level == "_".join(sorted(kept))
    assert metric in {family.name for family in FAMILIES}
    assert re.fullmatch(r"(?:[a-z]+\d+[smhdw]_)*[a-z]+", operations)
    assert users
    assert RECORDED[name].body.keys() == {"record", "expr"}


def test_the_readme_tells_of_every_group_and_file() -> None:
    """And of no other."""
    text = README.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)

    assert rows == [
        ALERTS.name,
        RECORDS.name,
        "tests",
        *TRIAGE,
        *(group["name"] for group in groups(RECORDS)),
    ]
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert (README.parent / target).exists(), target
    assert set(re.findall(r"`(Presence\w+)`", text)) <= {rule.name for rule in RULES}


# What the checks above rest on can tell.


@pytest.mark.parametrize(
    "expr, said",
    [
        ("a > 1", True),
        ("(a and b) > 1 or c < 1", True),
        ("a unless b == 0", True),
        ("max by (job) (a == 1)", True),
        ("a", False),
        ("a > 1 or b", False),
        ("a and b", False),
        ("a - 1", False),
    ],
)
def test_a_comparison_is_found_where_there_is_one(expr: str, said: bool) -> None:
    """In each branch, however deep."""
    assert compares(promql.parse(expr)) is said


@pytest.mark.parametrize(
    "expr, kept, said",
    [
        ("time() - max by (job, source) (a) > 900", {"job", "source"}, "s"),
        ("sum by (job) (rate(a[5m])) / sum by (job) (rate(b[5m])) > 0.2", {"job"}, "share"),
        ("max by (job, source) (increase(a_seconds_total[1d])) > 0", {"job", "source"}, "s"),
        ('label_replace(max by (job) (a), "loss", "gap", "", "") > 0', {"job", "loss"}, ""),
        ('max by (job) (up) == 0 or absent(up{job="x", source="y"})', {"job"}, ""),
        ("job_source:presence_participants:max > 1", {"job", "source"}, ""),
        ("a > 1", set(), ""),
    ],
)
def test_labels_and_unit_of_an_answer_are_told_from_its_query(expr: str, kept: set[str], said: str) -> None:
    """Labels that only some answers have are not certain."""
    assert labels_kept(promql.parse(expr)) == kept
    assert unit(promql.parse(expr)) == said
